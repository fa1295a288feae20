import Testing

@testable import Mail

struct ClientAuthTests {
    /// RFC 4954 §4.1: the credentials of its examples.
    static let credentials = Credentials(user: "test", password: "1234")

    func client(
        _ level: TLSRequirement.Level = .authenticated, requireTLS: TLSRequirement.RequireTLSUse = .no,
        security: ClientSession.TLSStart = .startTLS, credentials: Credentials? = Self.credentials
    ) throws -> ClientDriver {
        try ClientDriver(
            level: level, requireTLS: requireTLS, security: security, credentials: credentials)
    }

    @Test("CLI-27 PLAIN with its initial response, then MAIL with AUTH=<>")
    func plain() throws {
        var client = try client()
        #expect(client.secureHello("SIZE 1000", "AUTH LOGIN PLAIN") == "AUTH PLAIN AHRlc3QAMTIzNA==")
        #expect(client.reply("235 2.7.0 ok") == "MAIL FROM:<s@t.example> SIZE=100 AUTH=<>")
        #expect(client.replies("250 ok", "250 ok", "354 go") == "content")
        _ = client.on(.contentSent)
        _ = client.reply("250 ok")
        // Once for the connection.
        #expect(
            client.on(.transactionGiven(try ClientDriver.transaction())) == "MAIL FROM:<s@t.example> SIZE=100 AUTH=<>")
    }

    @Test(
        "CLI-27 LOGIN where there is no PLAIN: one answer to each challenge",
        arguments: ["AUTH LOGIN", "auth cram-md5 login"])
    func login(offer: String) throws {
        var client = try client()
        #expect(client.secureHello(offer) == "AUTH LOGIN")
        #expect(client.reply("334 VXNlcm5hbWU6") == "dGVzdA==")
        #expect(client.reply("334 UGFzc3dvcmQ6") == "MTIzNA==")
        #expect(client.reply("235 ok") == "MAIL FROM:<s@t.example> AUTH=<>")
    }

    @Test("CLI-27 PLAIN that does not fit a command line waits for 334", arguments: [(366, true), (367, false)])
    func longPlain(length: Int, fits: Bool) throws {
        // 13 of the 512 octets are the command, a blank and CRLF; the 499 left hold the base64 of 372, six of them around the
        // password.
        let long = Credentials(user: "test", password: String(repeating: "x", count: length))
        var client = try client(credentials: long)
        let first = client.secureHello("AUTH PLAIN")
        #expect(first.hasPrefix("AUTH PLAIN AHRlc3QAe") == fits)
        #expect(first.utf8.count + 2 <= 512)
        if !fits {
            #expect(first == "AUTH PLAIN")
            #expect(client.reply("334 ").hasPrefix("AHRlc3QAe"))
        }
        #expect(client.reply("235 ok") == "MAIL FROM:<s@t.example> AUTH=<>")
    }

    @Test(
        "CLI-27 No credentials leave in the clear, whatever level and verdict say",
        arguments: TLSRequirement.Level.allCases)
    func neverInClear(level: TLSRequirement.Level) throws {
        for (offer, reply) in [(["AUTH PLAIN"], nil), (["AUTH PLAIN", "STARTTLS"], "454 no"), (nil, nil)]
            as [([String]?, String?)]
        {
            var client = try client(level)
            #expect(client.session.requirement.level == max(level, .encrypted))
            var action: String
            if let offer {
                action = client.hello(offer)
            } else {
                _ = client.on(.connected)
                _ = client.reply("220 x")
                action = client.reply("502 no EHLO")
            }
            if let reply { action = client.reply(reply) }
            #expect(action.hasPrefix("judge"))
            #expect(client.on(.mayProceed) == "QUIT quit")
            #expect(client.reply("221 x") == "finish next-host starttls-missing" + (reply == nil ? "" : " 454"))
        }
    }

    @Test("CLI-27 In clear only where the operator's rule rules TLS out, not where a failed handshake has led there")
    func clearByRule() throws {
        for (basis, action) in [
            (TLSRequirement.Basis.local, "AUTH PLAIN AHRlc3QAMTIzNA=="), (nil, "judge not offered"),
        ] {
            var client = try ClientDriver(level: .none, by: basis, credentials: Self.credentials)
            #expect(client.session.requirement.level == (basis == nil ? .encrypted : .none))
            #expect(client.hello("AUTH PLAIN") == action)
        }
        let implicit = try ClientDriver(level: .none, by: .local, security: .implicitTLS, credentials: Self.credentials)
        #expect(implicit.session.requirement.level == .encrypted)
    }

    @Test(
        "CLI-27 Not before the verdict, and not against it", arguments: [ClientSession.TLSStart.startTLS, .implicitTLS])
    func verdict(security: ClientSession.TLSStart) throws {
        var client = try client(security: security)
        if security == .startTLS {
            #expect(client.hello("STARTTLS", "AUTH PLAIN") == "STARTTLS")
            #expect(client.reply("220 go") == "startTLS")
        } else {
            #expect(client.on(.connected) == "startTLS")
        }
        #expect(client.on(.secured(ClientDriver.facts)) == "judge established")
        let end = client.on(.mustAbandon(Reason(.certificateInvalid, "no")))
        #expect(end == (security == .startTLS ? "QUIT quit" : "finish next-host certificate-invalid"))
    }

    @Test("CLI-27 Over implicit TLS as over STARTTLS")
    func implicit() throws {
        var client = try client(security: .implicitTLS)
        _ = client.on(.connected)
        _ = client.on(.secured(ClientDriver.facts))
        _ = client.on(.mayProceed)
        _ = client.reply("220 x")
        #expect(client.reply("250-x\r\n250 AUTH PLAIN") == "AUTH PLAIN AHRlc3QAMTIzNA==")
    }

    @Test("CLI-05 CLI-27 The mechanisms of the EHLO in the clear are forgotten")
    func clearMechanisms() throws {
        var client = try client()
        #expect(client.hello("STARTTLS", "AUTH PLAIN") == "STARTTLS")
        _ = client.reply("220 go")
        _ = client.on(.secured(ClientDriver.facts))
        _ = client.on(.mayProceed)
        #expect(client.reply("250 x") == "QUIT quit")
        #expect(client.reply("221 x") == "finish next-host auth-failed")
    }

    @Test(
        "CLI-27 No mechanism of ours: our fault, a deferral",
        arguments: [[], ["AUTH"], ["AUTH CRAM-MD5 XOAUTH2"], ["AUTH=PLAIN"]])
    func noMechanism(offer: [String]) throws {
        var client = try client()
        #expect(client.secureHello(offer) == "QUIT quit")
        #expect(client.reply("221 x") == "finish next-host auth-failed")
        #expect(client.finished?.failure?.cause.isPermanent == false)
        #expect(client.finished?.failure?.cause.fault == .ours)
    }

    @Test(
        "CLI-27 Refused: nothing bounces of a wrong password",
        arguments: [
            ("535 5.7.8 no", "auth-failed 535"), ("534 5.7.9 too weak", "auth-failed 534"),
            ("504 5.5.4 what", "auth-failed 504"), ("503 5.5.1 again", "auth-failed 503"),
            ("500 5.5.6 too long", "auth-failed 500"),
            ("454 4.7.0 not now", "remote-reply 454"), ("432 4.7.12 change it", "remote-reply 432"),
        ])
    func refused(reply: String, result: String) throws {
        for level in [TLSRequirement.Level.encrypted, .authenticated] {
            var client = try client(level)
            _ = client.secureHello("AUTH PLAIN")
            #expect(client.reply(reply) == "QUIT quit")
            #expect(client.reply("221 x") == "finish next-host \(result)")
            let end = try #require(client.finished)
            let said = try #require(end.reply)
            let reason = try #require(end.failure)
            #expect(!client.session.requirement.believes(said, about: reason, isSecured: true))
            #expect(!reason.detail.contains("1234") && !reason.detail.contains("MTIzNA"))
        }
    }

    @Test("CLI-27 421 within AUTH ends the session at once")
    func closing() throws {
        var client = try client()
        _ = client.secureHello("AUTH PLAIN")
        #expect(client.reply("421 bye") == "finish next-host remote-reply 421")
    }

    @Test("CLI-27 A challenge too many is cancelled", arguments: [("AUTH PLAIN", 1), ("AUTH LOGIN", 3)])
    func challenges(offer: String, count: Int) throws {
        var client = try client()
        var action = client.secureHello(offer)
        for _ in 0..<count { action = client.reply("334 ") }
        #expect(action == "*")
        #expect(client.reply("501 5.7.0 cancelled") == "QUIT quit")
        #expect(client.reply("221 x") == "finish next-host protocol-error")
    }

    @Test(
        "CLI-11 A loss within AUTH is transient, for all recipients",
        arguments: [
            (ClientSession.Event.connectionLost, "connection-lost"), (.timedOut, "timed-out"),
            (.malformedReply(.tooLong), "protocol-error"),
        ])
    func lost(event: ClientSession.Event, cause: String) throws {
        for cancelling in [false, true] {
            var client = try client()
            _ = client.secureHello("AUTH PLAIN")
            if cancelling { _ = client.reply("334 ") }
            #expect(client.on(event) == "finish next-host \(cause)")
        }
    }

    @Test("INT-12 Without REQUIRETLS where it is demanded, no password either")
    func requireTLS() throws {
        var client = try client(requireTLS: .demanded)
        #expect(client.secureHello("AUTH PLAIN") == "QUIT quit")
        var fit = try self.client(requireTLS: .demanded)
        #expect(fit.secureHello("AUTH PLAIN", "REQUIRETLS").hasPrefix("AUTH PLAIN "))
        #expect(fit.reply("235 ok") == "MAIL FROM:<s@t.example> REQUIRETLS AUTH=<>")
    }

    @Test("Without credentials AUTH is never said")
    func none() throws {
        var client = try ClientDriver(level: .encrypted)
        #expect(client.secureHello("AUTH PLAIN LOGIN") == "MAIL FROM:<s@t.example>")
    }
}

struct CredentialsTests {
    @Test("No rendering tells the password")
    func redacted() throws {
        let credentials = try #require(Credentials(user: "me", password: "sesame"))
        var dumped = ""
        dump(credentials, to: &dumped)
        dump(Optional(credentials), to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), "\([credentials])", dumped] {
            #expect(!text.contains("sesame"))
        }
        #expect("\(credentials)" == "credentials of me")
    }

    @Test(
        "What cannot be sent is no user and no password",
        arguments: [
            ("", "x"), ("me", ""), ("me\0", "x"), ("me", "x\0y"), ("me", "x\r\n"), ("m\te", "x"), ("me", "\u{7F}"),
        ])
    func unusable(user: String, password: String) {
        #expect(Credentials(user: user, password: password) == nil)
    }

    @Test("Blanks, colons and letters beyond ASCII are the password's own", arguments: [" x ", "a:b", "ß"])
    func usable(password: String) {
        #expect(Credentials(user: "jö", password: password)?.password == password)
    }

    @Test("Each part is at most 1024 octets")
    func length() {
        let limit = String(repeating: "x", count: Credentials.lengthLimit)
        #expect(Credentials(user: limit, password: limit) != nil)
        #expect(Credentials(user: limit + "x", password: "y") == nil)
        #expect(Credentials(user: "y", password: limit + "x") == nil)
        // The longest response is far below what every server must take (RFC 4954 §4).
        let longest = Credentials(user: limit, password: limit).flatMap { SASLMechanism.plain.responses($0).first }
        #expect((longest?.count).map { $0 <= 12_288 } == true)
    }

    @Test(
        "Base64 as RFC 4648 §10 has it",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"), ("\u{FF}\u{FE}", "w7/Dvg=="),
        ])
    func base64(text: String, encoded: String) {
        #expect(String(decoding: Base64.encoded(Array(text.utf8)), as: UTF8.self) == encoded)
    }
}
