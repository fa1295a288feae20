import Testing

@testable import Mail

/// `receiving-mx-helo`: the name a host gives itself (RPTC-20).
struct ServerNameTests {
    @Test(
        "RPTC-20 RPTF-27 The name is the first word of the first reply to EHLO, made safe for a report",
        arguments: [
            ("250 mx.example", "mx.example", "the name alone"),
            ("250 mx.example Hello relay, pleased to meet you", "mx.example", "and a greeting"),
            ("250-mx.example at your service\r\n250-SIZE 10\r\n250 PIPELINING", "mx.example", "of several lines"),
            ("250 [192.0.2.1]", "[192.0.2.1]", "an address literal"),
            ("250 \"quoted\\name", "\"quoted\\name", "JSON escapes it, not we"),
            ("250", nil, "nothing"), ("250 ", nil, "a blank"),
        ] as [(String, String?, String)])
    func name(reply: String, name: String?, why: String) throws {
        var client = try ClientDriver()
        _ = client.on(.connected)
        _ = client.reply("220 greeting.example ESMTP")
        #expect(client.session.serverName == nil, "a greeting is no reply to EHLO")
        _ = client.reply(reply)
        #expect(client.session.serverName == name, "\(why)")
    }

    @Test("RPTC-20 A name is kept up to its limit, and cut one past it")
    func limit() throws {
        for (length, kept) in [(254, 254), (255, 255), (256, 255), (480, 255)] {
            var client = try ClientDriver()
            _ = client.on(.connected)
            _ = client.reply("220 x")
            _ = client.reply("250 " + String(repeating: "a", count: length))
            #expect(client.session.serverName?.utf8.count == kept)
        }
        #expect(ClientSession.serverNameLimit == 255)
    }

    @Test("RPTC-20 What the host calls itself inside TLS does not replace its first name")
    func insideTLS() throws {
        var client = try ClientDriver(level: .opportunistic)
        _ = client.on(.connected)
        _ = client.reply("220 x")
        #expect(client.reply("250-first.example\r\n250 STARTTLS") == "STARTTLS")
        _ = client.reply("220 go")
        _ = client.on(.secured(ClientSessionTests.facts))
        _ = client.on(.mayProceed)
        _ = client.reply("250 second.example")
        #expect(client.session.serverName == "first.example")
    }

    @Test("RPTC-20 A host that knows no EHLO says its name in its reply to HELO")
    func helo() throws {
        var client = try ClientDriver()
        _ = client.on(.connected)
        _ = client.reply("220 x")
        #expect(client.reply("502 what is EHLO") == "HELO relay.example")
        #expect(client.session.serverName == nil, "a refusal is no name")
        _ = client.reply("250 old.example")
        #expect(client.session.serverName == "old.example")
    }

    @Test("RPTF-27 Controls and octets that are no UTF-8 do not get into a report")
    func strange() throws {
        var client = try ClientDriver()
        _ = client.on(.connected)
        _ = client.reply("220 x")
        _ = client.on(
            .replied(Reply(250, nil, "a\u{1B}[31m\u{202E}b\u{7F}c rest"), pendingBytes: 0))
        #expect(client.session.serverName == "a[31mbc")
    }
}
