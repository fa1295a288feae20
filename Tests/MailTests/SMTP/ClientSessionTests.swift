import Testing

@testable import Mail

struct ClientSessionTests {
    @Test("CLI-01 CLI-02 CLI-12 A transaction in lock-step, from the greeting to QUIT")
    func lockStep() throws {
        var client = try ClientDriver()
        #expect(client.on(.connected) == "read greeting")
        #expect(client.reply("220 mx.example ESMTP") == "EHLO relay.example")
        #expect(client.reply("250 mx.example") == "MAIL FROM:<s@t.example>")  // CLI-04: no SIZE=, none was offered.
        #expect(client.reply("250 ok") == "RCPT TO:<a@b.example>")
        #expect(client.reply("250 ok") == "DATA dataStart")
        #expect(client.reply("354 go") == "content")
        #expect(client.on(.contentSent) == "read dataEnd")
        #expect(client.reply("250 2.0.0 queued") == "done delivered 250")
        #expect(client.on(.noTransactionLeft) == "QUIT quit")
        #expect(client.reply("221 bye") == "finish ")
        #expect(client.finished == SessionResult())
    }

    @Test("What is not to begin after all ends with QUIT: the first transaction, and the next", arguments: [1, 2])
    func notBegun(transaction: Int) throws {
        let reason = Reason(.policyUnknown, "over")
        var client = try ClientDriver()
        #expect(client.hello("PIPELINING").hasPrefix("MAIL "))
        if transaction == 2 {
            _ = client.replies("250 ok", "250 ok", "354 go")
            _ = client.on(.contentSent)
            _ = client.reply("250 ok")
            #expect(client.on(.transactionGiven(try ClientDriver.transaction())).hasPrefix("MAIL "))
        }
        #expect(client.on(.mustAbandon(reason)) == "QUIT quit")
        #expect(client.reply("221 bye") == "finish next-host policy-unknown")
        #expect(client.finished?.failure == reason)
    }

    @Test("CLI-02 An address literal stands in for a missing name")
    func addressLiteral() throws {
        var session = ClientSession(
            hostname: .literal(.v4(0xC000_0201)),
            requirement: TLSRequirement(level: .none, by: nil, dane: nil, serverName: nil, reason: Explanation("test")),
            first: try ClientDriver.transaction())
        _ = session.handle(.connected)
        #expect(
            session.handle(.replied(Reply(220, nil, "x"), pendingBytes: 0))
                == .send(Array("EHLO [192.0.2.1]\r\n".utf8), thenRead: .command))
    }

    @Test("CLI-02 An internationalized name goes as A-label: a host name holds nothing else")
    func internationalizedName() throws {
        #expect(throws: (any Error).self) { try DomainName("b\u{FC}cher.example") }
        var session = ClientSession(
            hostname: .name(try DomainName("xn--bcher-kva.example")),
            requirement: TLSRequirement(level: .none, by: nil, dane: nil, serverName: nil, reason: Explanation("test")),
            first: try ClientDriver.transaction())
        _ = session.handle(.connected)
        #expect(
            session.handle(.replied(Reply(220, nil, "x"), pendingBytes: 0))
                == .send(Array("EHLO xn--bcher-kva.example\r\n".utf8), thenRead: .command))
    }

    @Test(
        "CLI-06 codes nobody knows count by their first digit; without text too; beyond 5yz the session ends",
        arguments: [
            ("299 fine", "done delivered 299"), ("499 what", "done deferred remote-reply 499"),
            ("250", "done delivered 250"), ("599 what", "done bounced remote-reply 599"),
            ("199 what", "finish deferred protocol-error"), ("600 what", "finish deferred protocol-error"),
        ])
    func unknownCodes(reply: String, result: String) throws {
        var client = try ClientDriver()
        _ = client.hello()
        _ = client.replies("250 ok", "250 ok", "354 go")
        _ = client.on(.contentSent)
        #expect(client.reply(reply) == result)
    }

    @Test(
        "CLI-01 HELO only where EHLO is not recognised",
        arguments: [
            ("500 what", "HELO relay.example"), ("502 what", "HELO relay.example"),
            ("421 closing", "finish next-host remote-reply 421"),
            ("550 go away", "QUIT quit"), ("450 later", "QUIT quit"),
        ])
    func helo(reply: String, action: String) throws {
        var client = try ClientDriver()
        _ = client.on(.connected)
        _ = client.reply("220 x")
        #expect(client.reply(reply) == action)
        if action.hasPrefix("HELO") {
            #expect(client.reply("250 x\r\n") == "MAIL FROM:<s@t.example>")
        }
    }

    @Test("CLI-01 CLI-30 No HELO where TLS is required", arguments: [TLSRequirement.Level.encrypted, .authenticated])
    func noHELO(level: TLSRequirement.Level) throws {
        var client = try ClientDriver(level: level)
        _ = client.on(.connected)
        _ = client.reply("220 x")
        #expect(client.reply("502 what") == "judge not offered")
        // Whatever the verdict says, no envelope leaves in the clear.
        #expect(client.on(.mayProceed) == "QUIT quit")
        #expect(client.reply("221 x") == "finish next-host starttls-missing")
    }

    @Test("CLI-01 At level opportunistic the missing STARTTLS is judged, then HELO")
    func opportunisticHELO() throws {
        var client = try ClientDriver(level: .opportunistic)
        _ = client.on(.connected)
        _ = client.reply("220 x")
        #expect(client.reply("502 what") == "judge not offered")
        #expect(client.on(.mayProceed) == "HELO relay.example")
        #expect(client.reply("250 x") == "MAIL FROM:<s@t.example>")
    }

    static let facts = TLSSessionFacts(
        version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: false, verification: .unverified,
        certificate: nil)

    @Test("CLI-05 CLI-04 After the handshake all is forgotten and EHLO said again")
    func startTLS() throws {
        var client = try ClientDriver(level: .authenticated)
        #expect(client.hello("SIZE 10", "PIPELINING", "STARTTLS") == "STARTTLS")
        #expect(client.reply("220 go") == "startTLS")
        #expect(client.on(.secured(Self.facts)) == "judge established")
        #expect(client.on(.mayProceed) == "EHLO relay.example")
        #expect(client.session.extensions == ServiceExtensions())
        // STARTTLS inside TLS is not asked for again, and neither SIZE nor PIPELINING is used.
        #expect(client.reply("250-x\r\n250 STARTTLS") == "MAIL FROM:<s@t.example>")
        #expect(client.session.tls == Self.facts)
    }

    @Test(
        "CLI-28 Cleartext behind the 220 is evidence, and fatal whatever the verdict",
        arguments: [
            ClientSession.Event.mayProceed, .mustAbandon(Reason(.tlsHandshakeFailed, "injected")),
        ])
    func injection(verdict: ClientSession.Event) throws {
        var client = try ClientDriver(level: .opportunistic)
        _ = client.hello("STARTTLS")
        #expect(client.reply("220 go", pendingBytes: 7) == "judge cleartext")
        #expect(client.on(verdict) == "finish next-host tls-handshake-failed")
    }

    @Test(
        "CLI-29 CLI-30 STARTTLS refused or failed",
        arguments: [
            ("454 not now", "judge refused 454"), ("554 no", "judge refused 554"), ("250 what", "judge refused 250"),
            ("220_", "judge failed negotiation"),
        ])
    func refused(reply: String, evidence: String) throws {
        let reason = Reason(.startTLSMissing, "TLS is required")
        var strict = try ClientDriver(level: .authenticated)
        _ = strict.hello("STARTTLS")
        #expect(strict.reply(reply) == evidence)
        let isRefusal = evidence.hasPrefix("judge refused")
        let end = strict.on(.mustAbandon(reason))
        if isRefusal {
            #expect(end == "QUIT quit")
            #expect(strict.reply("221 x").hasPrefix("finish next-host starttls-missing"))
        } else {
            #expect(end == "finish next-host starttls-missing")
        }
        #expect(strict.finished?.failure == reason)

        var lenient = try ClientDriver(level: .opportunistic)
        _ = lenient.hello("SIZE", "STARTTLS")
        #expect(lenient.reply(reply) == evidence)
        // In the clear on this connection, STARTTLS never again; after garbage only on another connection.
        #expect(
            lenient.on(.mayProceed)
                == (isRefusal ? "MAIL FROM:<s@t.example> SIZE=100" : "finish next-host tls-handshake-failed"))

        // A wrong verdict does not send mail in the clear either.
        var guarded = try ClientDriver(level: .encrypted)
        _ = guarded.hello("STARTTLS")
        _ = guarded.reply(reply)
        #expect(!guarded.on(.mayProceed).hasPrefix("MAIL"))
    }

    @Test("CLI-29 A failed handshake, a lost connection and a timeout are evidence; bad authentication means QUIT")
    func handshake() throws {
        let failure = HandshakeFailure(.negotiation, text: "no shared cipher")
        let events: [(ClientSession.Event, String)] = [
            (.tlsFailed(failure), "judge failed negotiation"), (.connectionLost, "judge failed connectionLost"),
            (.timedOut, "judge failed timedOut"),
        ]
        for (event, evidence) in events {
            var client = try ClientDriver(level: .opportunistic)
            _ = client.hello("STARTTLS")
            _ = client.reply("220 go")
            #expect(client.on(event) == evidence)
            #expect(client.on(.mayProceed) == "finish next-host tls-handshake-failed")
        }
        var client = try ClientDriver(level: .authenticated)
        _ = client.hello("STARTTLS")
        _ = client.reply("220 go")
        _ = client.on(.secured(Self.facts))
        #expect(client.on(.mustAbandon(Reason(.daneMismatch, "no record matches"))) == "QUIT quit")
        #expect(client.reply("221 x") == "finish next-host dane-mismatch")
    }

    @Test("CLI-29 421 to STARTTLS ends the session even where cleartext is allowed")
    func closingAtSTARTTLS() throws {
        var client = try ClientDriver(level: .opportunistic)
        _ = client.hello("STARTTLS")
        #expect(client.reply("421 x") == "judge refused 421")
        #expect(client.on(.mayProceed) == "finish next-host remote-reply 421")
    }

    @Test(
        "CLI-06 CLI-24 Greetings",
        arguments: [
            ("299 x", "EHLO relay.example"), ("554 no", "QUIT quit"), ("521 no", "QUIT quit"),
            ("450 later", "QUIT quit"),
            ("354 what", "QUIT quit"), ("421 busy", "finish next-host remote-reply 421"),
            ("199 x", "finish next-host protocol-error"),
            ("not smtp", "finish next-host protocol-error"), ("2200 x", "finish next-host protocol-error"),
        ])
    func greetings(reply: String, action: String) throws {
        var client = try ClientDriver()
        _ = client.on(.connected)
        #expect(client.reply(reply) == action)
        if action == "QUIT quit" {
            #expect(client.on(.connectionLost).hasPrefix("finish next-host remote-reply"))
        }
    }

    @Test("CLI-07 No content without 354")
    func noContent() throws {
        var client = try ClientDriver()
        _ = client.hello()
        #expect(client.replies("250 ok", "250 ok", "250 what") == "finish next-host protocol-error 250")
    }

    @Test("CLI-06 Other 3yz count as 354, elsewhere they make no sense")
    func intermediate() throws {
        var client = try ClientDriver()
        _ = client.hello()
        #expect(client.replies("250 ok", "250 ok", "399 go") == "content")
        var other = try ClientDriver()
        _ = other.hello()
        #expect(other.reply("300 no time") == "finish next-host protocol-error 300")
    }

    @Test(
        "CLI-08 CLI-23 Refusals",
        arguments: [
            (["550 no"], "done bounced remote-reply 550", true),
            (["450 later"], "done next-host remote-reply 450", true),
            (["250 ok", "550 5.1.1 who"], "done bounced remote-reply 550", true),
            (["250 ok", "551 try <c@d.example>"], "done bounced remote-reply 551", true),  // CLI-23: not followed.
            (["250 ok", "450 grey"], "done deferred remote-reply 450", true),
            (["250 ok", "251 forwards", "451 no"], "done deferred remote-reply 451", true),
            (["250 ok", "250 ok", "554 no"], "done bounced remote-reply 554", true),
            // D18: it is not the recipient.
            (["530 5.7.0 Must issue STARTTLS"], "done next-host starttls-missing 530", true),
        ] as [([String], String, Bool)])
    func refusals(replies: [String], result: String, goesOn: Bool) throws {
        var client = try ClientDriver()
        _ = client.hello()
        var last = ""
        for text in replies { last = client.reply(text) }
        #expect(last == result)
        // A refusal is not remembered against the next message, which begins with RSET.
        #expect(client.on(.transactionGiven(try ClientDriver.transaction())) == "RSET")
        #expect(client.replies("250 ok", "250 ok", "250 ok", "354 go") == "content")
        _ = client.on(.contentSent)
        #expect(client.reply("250 ok") == "done delivered 250")
    }

    @Test("CLI-12 421 at RCPT 2: both stay queued", arguments: [[], ["PIPELINING"]])
    func closing(extensions: [String]) throws {
        var client = try ClientDriver(to: ["a@b.example", "c@b.example"])
        _ = client.on(.connected)
        _ = client.reply("220 x")
        _ = client.reply(ClientDriver.ehlo(extensions))
        #expect(
            client.replies("250 ok", "250 ok", "421 bye")
                == "finish next-host remote-reply 421, next-host remote-reply 421")
        #expect(client.finished?.reply?.code == 421)
    }

    @Test("CLI-11 A lost connection or a timeout is transient; after the dot no other host is tried at once")
    func losses() throws {
        for (event, cause) in [(ClientSession.Event.connectionLost, "connection-lost"), (.timedOut, "timed-out")] {
            for replies in 0...5 {
                var client = try ClientDriver()
                _ = client.on(.connected)
                for text in ["220 x", "250 x", "250 ok", "250 ok", "354 go"].prefix(replies) { _ = client.reply(text) }
                #expect(client.on(event) == "finish next-host \(cause)")
                #expect(client.finished?.failure?.cause.rawValue == cause)
            }
            var client = try ClientDriver()
            _ = client.hello()
            _ = client.replies("250 ok", "250 ok", "354 go")
            _ = client.on(.contentSent)
            #expect(client.on(event) == "finish deferred \(cause)")
        }
    }

    @Test(
        "CLI-11 A refusal that came before the connection went is kept",
        arguments: [
            (["550 your address is listed"], "finish bounced remote-reply 550, bounced remote-reply 550"),
            (["250 ok", "554 5.7.0 Blocked"], "finish bounced remote-reply 554, next-host connection-lost"),
        ])
    func lossAfterRefusal(replies: [String], result: String) throws {
        var client = try ClientDriver(to: ["a@b.example", "c@b.example"])
        _ = client.hello("PIPELINING")
        for text in replies { _ = client.reply(text) }
        #expect(client.on(.connectionLost) == result)
    }

    @Test("CLI-09 CLI-10 Each wait is named for its timer")
    func waits() throws {
        var client = try ClientDriver()
        _ = client.hello("PIPELINING")
        #expect(client.reply("250 ok") == "read command")
        #expect(client.reply("250 ok") == "read dataStart")
        #expect(client.reply("354 go") == "content")
        #expect(client.on(.contentSent) == "read dataEnd")
    }

    @Test("CLI-15 8-bit octets: BODY=8BITMIME where offered, else another host")
    func eightBit() throws {
        var client = try ClientDriver(has8bit: true)
        #expect(client.hello("8BITMIME") == "MAIL FROM:<s@t.example> BODY=8BITMIME")
        var plain = try ClientDriver(has8bit: true)
        #expect(plain.hello("SIZE") == "done next-host 8bit-unsupported")
        #expect(plain.on(.noTransactionLeft) == "QUIT quit")
        var seven = try ClientDriver()
        #expect(seven.hello("8BITMIME") == "MAIL FROM:<s@t.example>")
    }

    @Test(
        "CLI-18 SIZE is declared, and kept to before MAIL",
        arguments: [
            ("SIZE 1000", 1000, "MAIL FROM:<s@t.example> SIZE=1000"), ("SIZE 1000", 1001, "done bounced size-exceeded"),
            ("SIZE 0", 5000, "MAIL FROM:<s@t.example> SIZE=5000"), ("SIZE", 5000, "MAIL FROM:<s@t.example> SIZE=5000"),
        ])
    func size(offer: String, size: Int, action: String) throws {
        var client = try ClientDriver(size: size)
        #expect(client.hello(offer) == action)
    }

    @Test(
        "CLI-18 452 and 552 at MAIL and at the dot",
        arguments: [
            (["452 4.3.1 full"], "done next-host remote-reply 452"),
            (["552 5.3.4 big"], "done bounced remote-reply 552"),
        ])
    func sizeReplies(replies: [String], result: String) throws {
        var client = try ClientDriver()
        _ = client.hello("SIZE")
        var last = ""
        for text in replies { last = client.reply(text) }
        #expect(last == result)
    }

    @Test(
        "CLI-19 Too many recipients: the rest goes in the next transaction",
        arguments: [
            "452 4.5.3 too many", "452 too many", "552 too many", "552 5.5.3 too many",
        ])
    func tooManyRecipients(reply: String) throws {
        var client = try ClientDriver(to: ["1@b.example", "2@b.example", "3@b.example"])
        _ = client.hello()
        // The third is not even tried.
        #expect(client.replies("250 ok", "250 ok", reply) == "DATA dataStart")
        _ = client.reply("354 go")
        _ = client.on(.contentSent)
        #expect(client.reply("250 ok") == "done delivered 250, again, again")
    }

    @Test(
        "CLI-19 Not too many, but something else, or nobody accepted before",
        arguments: [
            (["250 ok", "552 5.2.2 mailbox full"], "bounced remote-reply 552"),
            (["250 ok", "452 4.2.2 mailbox full"], "deferred remote-reply 452"),
            (["552 too many"], "deferred remote-reply 552"), (["452 too many"], "deferred remote-reply 452"),
        ])
    func notTooMany(replies: [String], result: String) throws {
        var client = try ClientDriver(to: replies.indices.map { "\($0)@b.example" })
        _ = client.hello("PIPELINING")
        _ = client.reply("250 ok")
        for text in replies { _ = client.reply(text) }
        if replies.count > 1 {
            _ = client.reply("354 go")
            _ = client.on(.contentSent)
            #expect(client.reply("250 ok") == "done delivered 250, \(result)")
        } else {
            #expect(client.reply("554 no valid recipients") == "done \(result)")
        }
    }

    @Test("CLI-20 RCPTMAX, RCPTDOMAINMAX and MAILMAX of the newest EHLO")
    func limits() throws {
        var client = try ClientDriver(to: ["1@b.example", "2@b.example", "3@b.example"], level: .opportunistic)
        _ = client.hello("STARTTLS", "PIPELINING", "LIMITS RCPTMAX=1")
        _ = client.reply("220 go")
        _ = client.on(.secured(Self.facts))
        _ = client.on(.mayProceed)
        #expect(
            client.reply(ClientDriver.ehlo(["PIPELINING", "LIMITS RCPTMAX=2 MAILMAX=1"]))
                == "MAIL FROM:<s@t.example>|RCPT TO:<1@b.example>|RCPT TO:<2@b.example>|DATA")
        _ = client.replies("250 ok", "250 ok", "250 ok", "354 go")
        _ = client.on(.contentSent)
        #expect(client.reply("250 ok") == "done delivered 250, delivered 250, again")
        #expect(!client.isReusable)
        // One transaction more than MAILMAX is not begun.
        #expect(client.on(.transactionGiven(try ClientDriver.transaction())) == "QUIT quit")
        #expect(client.reply("221 x") == "finish next-host remote-reply")

        var domains = try ClientDriver(to: ["1@b.example", "2@c.example", "3@b.example"])
        #expect(
            domains.hello("PIPELINING", "LIMITS RCPTDOMAINMAX=1")
                == "MAIL FROM:<s@t.example>|RCPT TO:<1@b.example>|RCPT TO:<3@b.example>|DATA")
    }

    @Test("CLI-21 Each recipient has its own fate; no DATA when none was accepted")
    func fates() throws {
        var client = try ClientDriver(to: ["1@b.example", "2@b.example", "3@b.example"])
        _ = client.hello()
        #expect(client.replies("250 ok", "250 ok", "550 who", "450 later") == "DATA dataStart")
        _ = client.reply("354 go")
        _ = client.on(.contentSent)
        #expect(client.reply("250 ok") == "done delivered 250, bounced remote-reply 550, deferred remote-reply 450")
        var none = try ClientDriver(to: ["1@b.example", "2@b.example"])
        _ = none.hello()
        #expect(
            none.replies("250 ok", "550 who", "450 later") == "done bounced remote-reply 550, deferred remote-reply 450"
        )
    }

    @Test("CLI-22 A pipelined group: replies matched by count")
    func pipelining() throws {
        var client = try ClientDriver(to: ["1@b.example", "2@b.example"])
        #expect(
            client.hello("PIPELINING") == "MAIL FROM:<s@t.example>|RCPT TO:<1@b.example>|RCPT TO:<2@b.example>|DATA")
        #expect(client.replies("250 ok", "550 who", "250 ok") == "read dataStart")
        #expect(client.reply("354 go") == "content")
        _ = client.on(.contentSent)
        #expect(client.reply("250 ok") == "done bounced remote-reply 550, delivered 250")
        // No RSET is due after a message that ended.
        #expect(
            client.on(.transactionGiven(try ClientDriver.transaction()))
                == "MAIL FROM:<s@t.example>|RCPT TO:<a@b.example>|DATA")
    }

    @Test(
        "CLI-22 354 though nobody was accepted: a lone dot",
        arguments: [
            ["250 ok", "450 later", "450 later"], ["550 no", "503 no", "503 no"],
        ])
    func loneDot(replies: [String]) throws {
        var client = try ClientDriver(to: ["1@b.example", "2@b.example"])
        _ = client.hello("PIPELINING")
        for text in replies { _ = client.reply(text) }
        #expect(client.reply("354 go") == ". dataEnd")
        let expected = replies[0] == "550 no" ? "bounced remote-reply 550" : "deferred remote-reply 450"
        // Even a 250 to nothing delivers nothing.
        #expect(client.reply("250 ok") == "done \(expected), \(expected)")
    }

    @Test("CLI-22 5000 recipients go in groups of bounded size, each attributed rightly")
    func groups() throws {
        let recipients = (0..<5000).map { "user\($0)@b.example" }
        var client = try ClientDriver(to: recipients)
        var action = client.hello("PIPELINING")
        var asked = 0
        while action != "content" {
            let lines = action.replacing(" dataStart", with: "").split(separator: "|")
            #expect(lines.count <= Exchange.groupCommandLimit)
            #expect(action.utf8.count <= Exchange.groupOctetLimit)
            for line in lines {
                if line.hasPrefix("MAIL") { action = client.reply("250 ok") }
                if line.hasPrefix("RCPT") {
                    #expect(line == "RCPT TO:<user\(asked)@b.example>")
                    action = client.reply(asked % 2 == 0 ? "250 ok" : "550 odd")
                    asked += 1
                }
                if line == "DATA" { action = client.reply("354 go") }
            }
        }
        _ = client.on(.contentSent)
        _ = client.reply("250 ok")
        let results = try #require(client.transactions.first)
        #expect(results.count == 5000)
        for (index, result) in results.enumerated() {
            #expect(ClientDriver.describe(result) == (index % 2 == 0 ? "delivered 250" : "bounced remote-reply 550"))
        }
    }

    @Test("CLI-25 The null reverse-path and the case of local-parts pass unchanged")
    func unchanged() throws {
        var client = try ClientDriver(to: ["MixedCase@B.Example"], from: "<>")
        #expect(client.hello("PIPELINING") == "MAIL FROM:<>|RCPT TO:<MixedCase@b.example>|DATA")
    }

    @Test("No value can write a second command", arguments: ["a\r\nRCPT TO:<x", "a>", "a b", "a\0", ""])
    func injectionByValue(localPart: String) throws {
        let domain = MailDomain.name(try DomainName("b.example"))
        let good = Envelope.Recipient(Mailbox(localPart: "good", domain: domain))
        var client = try ClientDriver()
        _ = client.hello()
        _ = client.reply("550 no")
        let transaction = ClientTransaction(
            reversePath: .null,
            recipients: [Envelope.Recipient(Mailbox(localPart: localPart, domain: domain)), good], size: 1,
            has8bit: false)
        #expect(client.on(.transactionGiven(transaction)) == "RSET")
        #expect(client.replies("250 ok", "250 ok") == "RCPT TO:<good@b.example>")
        #expect(client.reply("550 no") == "done bounced local-failure, bounced remote-reply 550")
        let bad = ClientTransaction(
            reversePath: .mailbox(Mailbox(localPart: localPart, domain: domain)), recipients: [good], size: 1,
            has8bit: false)
        #expect(client.on(.transactionGiven(bad)) == "done deferred local-failure")
    }

    @Test("Content that fails on our side ends the connection without the dot")
    func contentFailed() throws {
        var client = try ClientDriver(to: ["1@b.example", "2@b.example"])
        _ = client.hello("PIPELINING")
        _ = client.replies("250 ok", "250 ok", "550 who", "354 go")
        #expect(
            client.on(.contentFailed(Reason(.contentDamaged, "digest differs")))
                == "finish deferred content-damaged, bounced remote-reply 550")
    }

    @Test(
        "A host that interrupts the content",
        arguments: [
            ("552 5.3.4 too big", "finish bounced remote-reply 552"), ("421 bye", "finish next-host remote-reply 421"),
            ("250 what", "finish next-host remote-reply 250"),
        ])
    func interrupted(reply: String, result: String) throws {
        var client = try ClientDriver()
        _ = client.hello()
        _ = client.replies("250 ok", "250 ok", "354 go")
        #expect(client.reply(reply) == result)
    }

    @Test(
        "Final replies",
        arguments: [
            ("450 later", "done deferred remote-reply 450"), ("554 spam", "done bounced remote-reply 554"),
            ("421 bye", "finish deferred remote-reply 421"), ("354 what", "finish deferred protocol-error 354"),
            ("garbage", "finish deferred protocol-error"), ("299 fine", "done delivered 299"),
        ])
    func finals(reply: String, result: String) throws {
        var client = try ClientDriver()
        _ = client.hello()
        _ = client.replies("250 ok", "250 ok", "354 go")
        _ = client.on(.contentSent)
        #expect(client.reply(reply) == result)
    }

    @Test("A host that speaks or goes away between transactions")
    func idle() throws {
        for (event, cause) in [
            (ClientSession.Event.replied(Reply(421, nil, "idle"), pendingBytes: 0), Reason.Cause.remoteReply),
            (.connectionLost, .connectionLost), (.timedOut, .timedOut),
        ] {
            var client = try ClientDriver()
            _ = client.hello()
            _ = client.reply("550 no")
            #expect(client.on(event) == "finish ")
            #expect(client.finished?.failure?.cause == cause)
            #expect(client.on(.connectionLost) == "finish ")
        }
    }
}
