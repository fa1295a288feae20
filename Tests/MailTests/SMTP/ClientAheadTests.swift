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
        #expect(!driver.isReusable, "what lies there would answer the next transaction")
    }

    @Test("a refusal of the first of two recipients with more behind it: the second is not asked for here")
    func refusalOfOne() throws {
        var driver = try ClientDriver(to: ["a@b.example", "c@b.example"])
        _ = driver.hello()
        _ = driver.reply("250 ok")
        let end = driver.reply("550 no", pendingBytes: 8)
        #expect(end == "finish bounced remote-reply 550, next-host protocol-error", "\(end)")
    }

    @Test("a refusal of content with more behind it stands, and the connection is of no use")
    func refusalOfContent() throws {
        var driver = try ClientDriver()
        _ = driver.hello()
        _ = driver.replies("250 ok", "250 ok", "354 go")
        _ = driver.on(.contentSent)
        #expect(driver.reply("554 no", pendingBytes: 8).hasPrefix("done bounced"))
        #expect(!driver.isReusable)
    }

    @Test("a refusal of EHLO with more behind it: HELO would take that for its answer")
    func refusalOfHello() throws {
        var driver = try ClientDriver()
        _ = driver.on(.connected)
        _ = driver.reply("220 mx.example")
        #expect(driver.reply("502 no", pendingBytes: 8) == "finish next-host protocol-error")
    }
}
