import Testing

@testable import Mail

/// A host that answers before it is asked: replies would be matched with the wrong commands.
@Suite("Replies ahead of their commands")
struct ClientAheadTests {
    @Test("at the greeting, at EHLO and at MAIL: nothing more is said, the next host is tried")
    func early() throws {
        var greeting = try ClientDriver()
        _ = greeting.on(.connected)
        #expect(greeting.reply("220 mx.example", pendingBytes: 8) == "finish next-host protocol-error")

        var hello = try ClientDriver()
        _ = hello.on(.connected)
        _ = hello.reply("220 mx.example")
        #expect(hello.reply("250 mx.example", pendingBytes: 1) == "finish next-host protocol-error")

        var mail = try ClientDriver()
        #expect(mail.hello() == "MAIL FROM:<s@t.example>")
        #expect(mail.reply("250 ok", pendingBytes: 24) == "finish next-host protocol-error")
    }

    @Test("behind 354: the answer to content that was not sent counts for nothing")
    func content() throws {
        var driver = try ClientDriver()
        _ = driver.hello()
        _ = driver.replies("250 ok", "250 ok")
        #expect(driver.reply("354 go", pendingBytes: 8) == "finish next-host protocol-error")
    }

    @Test("replies to a group come together: only what lies behind the last of them is too much")
    func group() throws {
        var driver = try ClientDriver()
        _ = driver.hello("PIPELINING")
        #expect(driver.reply("250 ok", pendingBytes: 16) == "read command")
        #expect(driver.reply("250 ok", pendingBytes: 8) == "read dataStart")
        #expect(driver.reply("354 go", pendingBytes: 0) == "content")
        _ = driver.on(.contentSent)
        #expect(driver.reply("250 taken", pendingBytes: 3) == "done delivered 250")
        #expect(!driver.isReusable, "what is settled stands, and the connection is of no use")
    }

    @Test("a refusal with 421 behind it is a refusal")
    func refusal() throws {
        var driver = try ClientDriver()
        _ = driver.hello()
        #expect(driver.reply("550 no", pendingBytes: 20).hasPrefix("done bounced"))
    }
}
