import Testing

@testable import Mail

struct ServerTermsTests {
    static func driver(_ terms: ClientTerms) throws -> ServerDriver {
        var server = ServerDriver(
            ServerSession.Configuration(hostname: try DomainName("relay.example"), messageLimit: 1000), terms: terms)
        _ = server.send("EHLO x\r\n")
        return server
    }

    @Test("SRV-34 Whom the operator refuses: 554, then 503 to all but QUIT")
    func refused() throws {
        var server = try Self.driver(ClientTerms(mayRelay: true, refusal: "Your machine sends spam, write to us"))
        #expect(
            server.replies.first?.rendered == Array("554 relay.example Your machine sends spam, write to us\r\n".utf8))
        #expect(server.codes("MAIL FROM:<>\r\nNOOP\r\nRSET\r\nfoo\r\nQUIT\r\n") == [503, 503, 503, 503, 221])
        #expect(server.isClosed)
    }

    @Test(
        "Sender domains: those listed, those below a dot, and always the null path",
        arguments: [
            ("<a@b.example>", 250), ("<a@B.EXAMPLE>", 250), ("<a@x.b.example>", 553), ("<a@c.example>", 553),
            ("<a@x.c.example>", 250), ("<a@xc.example>", 553), ("<>", 250), ("<a@[192.0.2.1]>", 553),
        ] as [(String, UInt16)])
    func senders(path: String, code: UInt16) throws {
        let allowed = [RulePattern.exactly(try DomainName("b.example")), .below(try DomainName("c.example"))]
        var server = try Self.driver(ClientTerms(mayRelay: true, senderDomains: allowed))
        #expect(server.codes("MAIL FROM:\(path)\r\n") == [code])
    }

    @Test(
        "Whom the latest command named is known for the log, accepted or refused, and with the next command it is nobody"
    )
    func namedRecipient() throws {
        var server = try Self.driver(ClientTerms(mayRelay: false))
        #expect(server.codes("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n") == [250, 550])
        #expect(server.session.namedRecipient?.description == "c@d.example")
        #expect(server.codes("RCPT TO:<postmaster>\r\n").count == 1)
        #expect(server.session.namedRecipient == .postmaster)
        for command in ["RCPT TO:<c@d.example>\r\nRCPT TO:c@d\r\n", "RCPT TO:<c@d.example>\r\nDATA\r\n", "foo\r\n"] {
            _ = server.send(command)
            #expect(server.session.namedRecipient == nil, "\(command)")
        }
    }

    @Test("XFORWARD is offered to and heard from listed clients only, and holds for one message")
    func forwarding() throws {
        var stranger = try Self.driver(ClientTerms(mayRelay: true))
        #expect(!stranger.send("EHLO x\r\n").contains("XFORWARD"))
        #expect(stranger.codes("XFORWARD NAME=x\r\n") == [550])
        var server = try Self.driver(ClientTerms(mayRelay: true, mayForward: true))
        #expect(server.send("EHLO x\r\n").contains("250 XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n"))
        #expect(
            server.codes("XFORWARD NAME=mail.example ADDR=192.0.2.7\r\nXFORWARD HELO=[UNAVAILABLE]\r\n") == [250, 250])
        #expect(server.codes("XFORWARD FOO=x\r\nXFORWARD\r\n") == [501, 501])
        let message = "MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nx\r\n.\r\n"
        _ = server.send(message + message)
        #expect(server.stored.map { $0.0.origin.forwarded?.address } == ["192.0.2.7", nil])
        #expect(server.codes("MAIL FROM:<>\r\nXFORWARD NAME=x\r\n") == [250, 503])
    }

    @Test(
        "Each shortage is 452 in words of its own, at MAIL and again at DATA",
        arguments: IntakeCapacity.Shortage.allCases)
    func shortage(_ shortage: IntakeCapacity.Shortage) throws {
        var server = try Self.driver(ClientTerms(mayRelay: true))
        server.capacity.shortage = shortage
        #expect(server.codes("MAIL FROM:<>\r\n") == [452])
        let (words, session) = (server.replies.last?.lines.first, server.session)
        #expect(IntakeCapacity.Shortage.allCases.filter { session.shortOf($0).lines.first == words }.count == 1)
        server.capacity.shortage = nil
        #expect(server.codes("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\n") == [250, 250])
        server.capacity.shortage = shortage
        #expect(server.codes("DATA\r\nBDAT 3 LAST\r\nabcNOOP\r\n") == [452, 452, 250])
        server.capacity.shortage = nil
        #expect(server.codes("MAIL FROM:<>\r\n") == [250], "recovery by itself")
    }

    @Test("Space that is there and promised to other mail is not told as missing")
    func promised() throws {
        var server = try Self.driver(ClientTerms(mayRelay: true))
        for (isPromised, word) in [(true, "at once"), (false, "Insufficient storage")] {
            server.room = 10
            server.capacity.isSpacePromised = isPromised
            #expect(server.codes("MAIL FROM:<> SIZE=11\r\n") == [452])
            #expect(server.replies.last?.lines.first?.contains(word) == true)
            server.room = 0
            #expect(server.codes("MAIL FROM:<>\r\n") == [452])
            #expect(server.replies.last?.lines.first?.contains(word) == true)
        }
    }

    @Test("Rates: the message at the limit and one past it, recipients likewise")
    func rates() throws {
        var server = try Self.driver(ClientTerms(mayRelay: true))
        server.capacity.messages = 0
        #expect(server.codes("MAIL FROM:<>\r\n") == [452])
        server.capacity.messages = 1
        server.capacity.recipients = 2
        #expect(
            server.codes("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<c@b.example>\r\nRCPT TO:<d@b.example>\r\n")
                == [250, 250, 250, 452])
    }

    @Test("Rates are looked at again before content: other sessions of the client may have spent them")
    func ratesBeforeContent() throws {
        var server = try Self.driver(ClientTerms(mayRelay: true))
        let start = "MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<c@b.example>\r\n"
        _ = server.send(start)
        server.capacity.recipients = 1
        #expect(server.codes("DATA\r\nBDAT 1 LAST\r\nxNOOP\r\n") == [452, 452, 250])
        server.capacity.recipients = 2
        _ = server.send(start)
        server.capacity.messages = 0
        #expect(server.codes("DATA\r\n") == [452])
        server.capacity.messages = 1
        #expect(server.codes("DATA\r\nx\r\n.\r\n") == [354, 250])
    }

    @Test("SRV-34 Whom the operator refuses by certificate or by name is refused once that is known")
    func refusedLater() throws {
        let refusing = ClientTerms(mayRelay: true, refusal: "suspended")
        var session = ServerSession(
            ServerSession.Configuration(
                hostname: try DomainName("relay.example"), security: .offered, mechanisms: [.scramSHA256]))
        func line(_ text: String) -> ServerSession.Event {
            .lineReceived(Array(text.utf8), pendingBytes: 0, capacity: IntakeCapacity(octets: .max))
        }
        _ = session.handle(.connected(.local(uid: 1), ClientTerms(mayRelay: true), tls: nil))
        _ = session.handle(line("EHLO x"))
        var other = session
        _ = session.handle(line("AUTH SCRAM-SHA-256"))
        let answer = session.handle(.authenticated(.succeeded(user: "bob"), refusing))
        #expect(answer == .reply([Reply(554, EnhancedStatusCode(5, 7, 1), "suspended")], flush: true))
        #expect(session.handle(line("MAIL FROM:<>")) == .reply([session.refusedBefore], flush: true))
        _ = other.handle(line("STARTTLS"))
        _ = other.handle(.secured(ClientDriver.facts, refusing))
        #expect(other.handle(line("EHLO x")) == .reply([other.refusedBefore], flush: true))
    }

    @Test("SRV-43 UTF-8 in an address needs SMTPUTF8 at MAIL; a U-label becomes an A-label (RFC 6531 §3.2)")
    func utf8() throws {
        var server = try Self.driver(ClientTerms(mayRelay: true))
        #expect(server.codes("MAIL FROM:<\u{FC}@b.example>\r\n") == [550])
        #expect(server.codes("MAIL FROM:<a@b.example>\r\nRCPT TO:<\u{FC}@b.example>\r\nRSET\r\n") == [250, 553, 250])
        #expect(
            server.codes(
                "MAIL FROM:<\u{FC}@b.example> SMTPUTF8\r\nRCPT TO:<x@b\u{FC}cher.example>\r\nRCPT TO:<\u{FC}@b.example>\r\n"
                    + "DATA\r\nx\r\n.\r\n") == [250, 250, 250, 354, 250])
        let envelope = try #require(server.stored.first?.0.envelope)
        #expect(envelope.isInternationalized)
        #expect(envelope.recipients.map(\.mailbox.description) == ["x@xn--bcher-kva.example", "\u{FC}@b.example"])
    }

    @Test("SRV-44 What is asked by DSN goes into the envelope exactly as it came")
    func notices() throws {
        var server = try Self.driver(ClientTerms(mayRelay: true))
        _ = server.send(
            "MAIL FROM:<a@b.example> RET=HDRS ENVID=Ab+2B\r\nRCPT TO:<c@d.example> NOTIFY=SUCCESS,DELAY "
                + "ORCPT=rfc822;C+2Bx@d.example\r\nRCPT TO:<e@d.example> NOTIFY=NEVER\r\nDATA\r\nx\r\n.\r\n")
        let envelope = try #require(server.stored.first?.0.envelope)
        #expect(envelope.returns == .headers)
        #expect(envelope.envelopeID == "Ab+2B")
        #expect(envelope.recipients.map(\.request.notify) == [[.success, .delay], []])
        #expect(envelope.recipients.first?.request.originalRecipient?.text == "rfc822;C+2Bx@d.example")
    }

    @Test("SRV-48 LIMITS announces what is enforced")
    func limits() throws {
        var server = ServerDriver(
            ServerSession.Configuration(hostname: try DomainName("relay.example"), recipientLimit: 2))
        #expect(server.send("EHLO x\r\n").contains("LIMITS RCPTMAX=2\r\n"))
        #expect(
            server.codes("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<c@b.example>\r\nRCPT TO:<d@b.example>\r\n")
                == [250, 250, 250, 452])
    }
}
