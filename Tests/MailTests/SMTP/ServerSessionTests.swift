import Testing

@testable import Mail

struct ServerSessionTests {
    let configuration: ServerSession.Configuration

    init() throws {
        configuration = try ServerSession.Configuration(
            hostname: DomainName("relay.example"), messageLimit: 1000, recipientLimit: 3, security: .offered)
    }

    func driver(mayRelay: Bool = true, _ change: (inout ServerSession.Configuration) -> Void = { _ in }) -> ServerDriver
    {
        var changed = configuration
        change(&changed)
        return ServerDriver(changed, mayRelay: mayRelay)
    }

    /// A session behind EHLO, MAIL and one RCPT.
    func readyForData(_ change: (inout ServerSession.Configuration) -> Void = { _ in }) -> ServerDriver {
        var server = driver(change)
        _ = server.send("EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n")
        return server
    }

    @Test("SRV-01 The greeting is 220 and our name")
    func greeting() throws {
        let server = driver()
        #expect(server.output == "220 relay.example ESMTP Waxwing\r\n")
    }

    @Test("SRV-02 SRV-36 SRV-39 EHLO lists what is honoured; HELO lists nothing")
    func hello() {
        var server = driver()
        #expect(
            server.send("EHLO client.example\r\n")
                == "250-relay.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n"
                + "250-DSN\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-LIMITS RCPTMAX=3\r\n250 STARTTLS\r\n")
        #expect(server.send("HELO client.example\r\n") == "250 relay.example\r\n")
        var plain = driver { $0.security = .none }
        #expect(!plain.send("EHLO x\r\n").contains("STARTTLS"))
    }

    @Test(
        "TLS-11 STARTTLS is offered to every client alike, at its first EHLO and until it is used",
        arguments: ["client.example", "[192.0.2.1]", "[IPv6:2001:db8::1]", "x", "localhost"])
    func offersTLS(client: String) {
        // RFC 7672 §9.2: whoever publishes TLSA records for this listener must not single clients out.
        for mayRelay in [true, false] {
            var server = ServerDriver(configuration, mayRelay: mayRelay)
            #expect(server.send("EHLO \(client)\r\n").hasSuffix("250 STARTTLS\r\n"))
            _ = server.send("MAIL FROM:<a@b.example>\r\nRSET\r\n")
            #expect(server.send("EHLO \(client)\r\n").hasSuffix("250 STARTTLS\r\n"), "and again")
        }
    }

    @Test("SRV-02 SRV-04 Every verb we know is answered, and none with 500")
    func verbs() {
        for verb in [
            "EHLO x", "HELO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA", "RSET", "NOOP", "VRFY x", "HELP",
        ] {
            var server = driver()
            #expect(server.codes("\(verb)\r\n").first.map { $0 != 500 && $0 != 502 } == true, "\(verb)")
        }
    }

    @Test("SRV-03 VRFY never says 250")
    func vrfy() {
        var server = driver()
        #expect(server.send("VRFY a@b.example\r\n").hasPrefix("252 2.5.2 "))
    }

    @Test("SRV-06 EHLO clears the transaction, a refused one does not")
    func secondHello() {
        var server = driver()
        #expect(
            server.codes("EHLO x\r\nMAIL FROM:<a@b.example>\r\nEHLO x\r\nRCPT TO:<c@d.example>\r\n") == [
                250, 250, 250, 503,
            ])
        #expect(server.codes("MAIL FROM:<a@b.example>\r\nEHLO !\r\nRCPT TO:<c@d.example>\r\n") == [250, 501, 250])
    }

    @Test("SRV-07 SRV-35 Commands out of order draw 503 and change nothing")
    func order() {
        var server = driver()
        #expect(server.codes("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n") == [503, 503, 503])
        #expect(server.codes("EHLO x\r\nRCPT TO:<c@d.example>\r\nDATA\r\n") == [250, 503, 503])
        #expect(server.codes("MAIL FROM:<a@b.example>\r\nMAIL FROM:<x@y.example>\r\nDATA\r\n") == [250, 503, 554])
        #expect(server.codes("RCPT TO:<c@d.example>\r\nDATA\r\n.\r\n") == [250, 354, 250])
        #expect(server.stored.first?.0.envelope.reversePath.description == "a@b.example")
    }

    @Test("SRV-08 RSET, NOOP, VRFY and HELP work before EHLO; RSET discards")
    func reset() {
        var server = driver()
        #expect(server.codes("NOOP\r\nRSET\r\nVRFY x\r\nHELP\r\n") == [250, 250, 252, 214])
        #expect(
            server.codes("EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\nRSET\r\nDATA\r\n") == [
                250, 250, 250, 250, 503,
            ])
    }

    @Test("SRV-09 Junk is answered, the session goes on; the error limit ends it with 421")
    func junk() {
        var server = driver()
        for _ in 0..<20 { #expect(server.codes("XYZZY\r\n") == [500]) }
        #expect(!server.isClosed)
        #expect(server.send("XYZZY\r\n").hasPrefix("421 4.7.0 "))
        #expect(server.isClosed)
        var other = driver()
        #expect(other.codes("EXPN x\r\nQUIT\r\n") == [502, 221])
        #expect(other.isClosed)
    }

    @Test(
        "SRV-09 Shutdown, timeout and an excess connection get 421",
        arguments: [
            (ServerSession.Event.shuttingDown, "421 4.3.2 "), (.timedOut, "421 4.4.2 "),
        ])
    func farewell(event: ServerSession.Event, reply: String) {
        var server = driver()
        #expect(server.report(event).hasPrefix(reply))
        #expect(server.isClosed)
        var receiving = readyForData()
        _ = receiving.send("DATA\r\na\r\n")
        #expect(receiving.report(event).hasPrefix(reply))
        #expect(receiving.stored.isEmpty)
    }

    @Test("SRV-18 A connection too many gets 421")
    func tooMany() {
        var session = ServerSession(configuration)
        guard case .close(let replies) = session.handle(.connectedBeyondLimit(.all)) else {
            Issue.record("not closed")
            return
        }
        #expect(replies.map(\.code) == [421])
    }

    @Test(
        "SRV-10 Parameters: unknown ones 555, malformed ones 501",
        arguments: [
            ("MAIL FROM:<a@b.example> FOO=1", "555 5.5.4 "), ("MAIL FROM:<a@b.example> SMTPUTF8=x", "501 5.5.4 "),
            ("MAIL FROM:<a@b.example> BODY=BINARYMIME", "555 5.5.4 "), ("MAIL FROM:<a@b.example> BODY", "501 5.5.4 "),
            ("MAIL FROM:<a@b.example> SIZE=x", "501 5.5.4 "), ("MAIL FROM:<a@b.example> SIZE", "501 5.5.4 "),
            ("MAIL FROM:<a@b.example> SIZE=1 SIZE=1", "501 5.5.4 "),
            ("MAIL FROM:<a@b.example> MT-PRIORITY=3", "555 5.5.4 "),
            ("MAIL FROM:<a@b.example> BODY=7BIT SIZE=10", "250 2.1.0 "),
            ("MAIL FROM:<a@b.example> body=8bitmime", "250 2.1.0 "),
            ("DATA x", "501 5.5.4 "), ("RSET x", "501 5.5.4 "), ("QUIT x", "501 5.5.4 "),
        ])
    func parameters(line: String, reply: String) {
        var server = driver()
        _ = server.send("EHLO x\r\n")
        #expect(server.send(line + "\r\n").hasPrefix(reply))
        #expect(server.codes("RSET\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.example> RRVS=x\r\n") == [250, 250, 555])
    }

    @Test("SRV-10 SRV-39 A 555 has its enhanced code, 354 and EHLO have none")
    func enhancedCodes() throws {
        var server = readyForData()
        _ = server.send("RCPT TO:<x@y.example> A=1\r\nDATA\r\n.\r\nQUIT\r\n")
        for reply in server.replies {
            let exempt = reply.code == 354 || reply.lines.first?.hasPrefix("relay.example") == true && reply.code != 221
            if exempt {
                #expect(reply.enhanced == nil)
            } else {
                #expect(reply.enhanced.map { UInt16($0.class) } == reply.code / 100)
            }
        }
    }

    @Test("SRV-11 As many replies as commands, in step, however the octets arrive", arguments: [1, 2, 3, 5, 1000])
    func replyCount(piece: Int) {
        let lines = [
            "EHLO x", "JUNK", "MAIL FROM:<a@b.example>", "RCPT TO:<bad", "RCPT TO:<c@d.example>", "DATA", "Subject: x",
            "", "..",
            ".", "NOOP", "RSET", "QUIT",
        ]
        var server = driver()
        let wire = Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
        for start in stride(from: 0, to: wire.count, by: piece) {
            _ = server.send(Array(wire[start..<min(start + piece, wire.count)]))
        }
        #expect(server.replies.map(\.code) == [220, 250, 500, 250, 501, 250, 354, 250, 250, 250, 221])
        #expect(server.stored.map(\.1) == ["Subject: x\r\n\r\n.\r\n"])
    }

    @Test(
        "SRV-12 SRV-13 Smuggled line ends make no second transaction",
        arguments: [
            "\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\n.\r", "\r\n.\r\r\n", "\r\r\n.\r\r\n",
        ])
    func smuggling(end: String) {
        var server = readyForData()
        let reply = server.send(
            "DATA\r\nSubject: a\r\n\r\nbody\(end)MAIL FROM:<evil@b.example>\r\nRCPT TO:<v@d.example>\r\nDATA\r\nx\r\n.\r\n"
        )
        #expect(reply.hasPrefix("354 "))
        #expect(reply.split(separator: "\r\n").last?.hasPrefix("554 5.6.0 ") == true)
        #expect(server.stored.isEmpty)
        #expect(server.codes("NOOP\r\n") == [250])
    }

    @Test("SRV-14 SRV-25 SRV-27 SRV-41 Stored as sent, unstuffed, all eight bits; then 250 with the queue id")
    func delivery() throws {
        var server = readyForData()
        #expect(server.codes("RCPT TO:<e@f.example>\r\n") == [250])
        _ = server.send("DATA\r\n")
        let reply = server.send(Array("Subject: x\r\n\r\n..x\r\n".utf8) + [0x80, 0xFF, 0xC3] + Array("\r\n.\r\n".utf8))
        #expect(reply == "250 2.0.0 Ok: queued as 0123456789bcdfghjklm\r\n")
        let (transaction, content) = try #require(server.stored.first)
        #expect(content.hasPrefix("Subject: x\r\n\r\n.x\r\n"))
        #expect(transaction.envelope.recipients.map(\.mailbox.description) == ["c@d.example", "e@f.example"])
        #expect(transaction.origin.clientName.text == "client.example")
        #expect(transaction.origin.greeting == .ehlo)
        // The next transaction starts afresh.
        #expect(server.codes("DATA\r\n") == [503])
    }

    @Test("SRV-15 A command at the limit is read, a longer one gets one 500 and step is kept")
    func commandLimit() {
        var server = driver()
        let noop = "NOOP " + String(repeating: "x", count: Command.lineLimit - 5)
        #expect(server.codes(noop + "\r\n") == [250])
        #expect(server.codes(noop + "x\r\n") == [500])
        #expect(server.codes(String(repeating: "y", count: 20_000) + "\r\nNOOP\r\n") == [500, 250])
    }

    @Test("SRV-16 MAIL with all its parameters at their longest fits")
    func longestMail() {
        var server = driver { $0.messageLimit = .max }
        _ = server.send("EHLO x\r\n")
        let local = String(repeating: "a", count: 64)
        let label = String(repeating: "d", count: 63)
        let line =
            "MAIL FROM:<\(local)@\(label).\(label).\(String(repeating: "d", count: 61))> SIZE=9223372036854775807 BODY=8BITMIME"
        #expect(server.codes(line + "\r\n") == [250])
        // As long with all extensions: still one line, refused for what it asks outside TLS.
        let more =
            " RET=HDRS ENVID=\(String(repeating: "e", count: 100)) AUTH=\(String(repeating: "f", count: 495)) SMTPUTF8 REQUIRETLS"
        #expect(server.codes("RSET\r\n" + line + more + "\r\n") == [250, 530])
        #expect(server.codes(line + String(more.dropLast(" REQUIRETLS".count)) + "\r\n") == [250])
    }

    @Test("SRV-17 Recipients past the limit draw 452 each, the others stay")
    func recipientLimit() {
        var server = readyForData()
        #expect(
            server.codes(
                "RCPT TO:<1@d.example>\r\nRCPT TO:<2@d.example>\r\nRCPT TO:<3@d.example>\r\nRCPT TO:<4@d.example>\r\n")
                == [250, 250, 452, 452])
        #expect(server.replies.last?.enhanced == EnhancedStatusCode(4, 5, 3))
        #expect(server.codes("DATA\r\n.\r\n") == [354, 250])
        #expect(server.stored.first?.0.envelope.recipients.count == 3)
    }

    @Test("SRV-19 SRV-05 The null reverse-path is taken; the local-part keeps its case")
    func paths() {
        var server = driver()
        #expect(
            server.codes(
                "ehlo x\r\nmail from:<>\r\nrcpt to:<Ab@X.example>\r\nrcpt to:<@a,@b:u@c.example>\r\ndata\r\n.\r\n"
            ).suffix(1) == [250])
        let envelope = server.stored.first?.0.envelope
        #expect(envelope?.reversePath == .null)
        #expect(envelope?.recipients.map(\.mailbox.description) == ["Ab@x.example", "u@c.example"])
    }

    @Test(
        "SRV-21 Bad domains and 8-bit addresses",
        arguments: [
            ("RCPT TO:<u@a_b.example>", "501 5.1.3 "), ("RCPT TO:<ü@a.example>", "553 5.6.7 "),
            ("RCPT TO:<u@ü.example>", "553 5.6.7 "),
            ("RCPT TO:<u@sales>", "553 5.1.2 "),  // SRV-24
        ])
    func badRecipients(line: String, reply: String) {
        var server = readyForData()
        #expect(server.send(line + "\r\n").hasPrefix(reply))
        var fresh = driver()
        _ = fresh.send("EHLO x\r\n")
        #expect(fresh.send("MAIL FROM:<ü@a.example>\r\n").hasPrefix("550 5.6.7 "))
    }

    @Test("SRV-24 A partial sender domain is refused")
    func partialSender() {
        var server = driver()
        #expect(server.codes("EHLO x\r\nMAIL FROM:<root@localhost>\r\n") == [250, 553])
    }

    @Test("SRV-22 Bare Postmaster goes to the configured mailbox, from anybody; without one it is refused")
    func postmaster() throws {
        let mailbox = try Mailbox(parsing: "ops@b.example".utf8)
        for mayRelay in [true, false] {
            var server = driver(mayRelay: mayRelay) { $0.postmaster = mailbox }
            let commands =
                "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<pOsTmAsTeR>\r\nRCPT TO:<postMaster@Relay.Example>\r\nDATA\r\n.\r\n"
            #expect(server.codes(commands) == [250, 250, 250, 250, 354, 250])
            #expect(server.stored.first?.0.envelope.recipients.map(\.mailbox) == [mailbox, mailbox])
        }
        var server = driver()
        #expect(server.codes("EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\n") == [250, 250, 550])
    }

    @Test("SRV-23 A client outside the networks is refused before DATA")
    func relaying() {
        var server = driver(mayRelay: false)
        let reply = server.send("EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        #expect(reply.contains("550 5.7.1 Relaying denied\r\n554 5.5.1 "))
        #expect(server.codes("RCPT TO:<c@[192.0.2.1]>\r\nRCPT TO:<\"c@d.example\"@relay.example>\r\n") == [550, 550])
        #expect(
            server.codes("RCPT TO:<@relay.example:c@d.example>\r\nRCPT TO:<c%d.example@relay.example>\r\n") == [
                550, 550,
            ])
    }

    @Test(
        "SRV-26 What was not committed is not stored, and the client hears it",
        arguments: [
            (ServerSession.CommitFailure.storeFull, "452 4.3.1 "), (.storeFailed, "451 4.3.0 "),
        ])
    func commitFailure(failure: ServerSession.CommitFailure, reply: String) {
        var server = readyForData()
        server.commitFailure = failure
        _ = server.send("DATA\r\n")
        #expect(server.send("a\r\n.\r\n").hasPrefix(reply))
        #expect(server.stored.isEmpty)
        #expect(server.codes("DATA\r\n") == [503])
        var cut = readyForData()
        _ = cut.send("DATA\r\na\r\n")
        #expect(cut.report(.peerClosed) == "")
        #expect(cut.stored.isEmpty && cut.isClosed)
    }

    @Test("SRV-32 No header is demanded: content of nothing at all is taken")
    func noHeader() {
        var server = readyForData()
        #expect(server.codes("DATA\r\n.\r\n") == [354, 250])
        #expect(server.stored.map(\.1) == [""])
    }

    @Test(
        "SRV-33 101 Received fields are a loop, 100 and 40 are not",
        arguments: [(40, 250), (100, 250), (101, 554)] as [(Int, UInt16)])
    func loops(count: Int, code: UInt16) {
        var server = readyForData { $0.messageLimit = 100_000 }
        let wire = "DATA\r\n" + String(repeating: "Received: x\r\n", count: count) + "\r\n.\r\n"
        #expect(server.codes(wire) == [354, code])
        #expect(
            server.replies.last?.enhanced == (code == 554 ? EnhancedStatusCode(5, 4, 6) : EnhancedStatusCode(2, 0, 0)))
    }

    @Test("SRV-35 A whole transaction in one segment: replies in order, held back only while more commands are here")
    func pipelining() {
        var server = driver()
        _ = server.send("EHLO x\r\n")
        let reply = server.send("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<bad>\r\nDATA\r\n")
        #expect(reply.split(separator: "\r\n").map { $0.prefix(3) } == ["250", "250", "501", "354"])
        #expect(server.unflushed.isEmpty)
    }

    @Test(
        "SRV-35 What flushes",
        arguments: [
            ("NOOP", true), ("VRFY x", true), ("EHLO x", true), ("RSET", false), ("MAIL FROM:<>", false),
        ])
    func flushing(line: String, flushes: Bool) {
        var session = ServerSession(configuration)
        _ = session.handle(.connected(.address(.v4(0)), ClientTerms(mayRelay: true), tls: nil))
        _ = session.handle(.lineReceived(Array("EHLO x".utf8), pendingBytes: 0, capacity: IntakeCapacity(octets: .max)))
        guard
            case .reply(_, let flush) = session.handle(
                .lineReceived(Array(line.utf8), pendingBytes: 6, capacity: IntakeCapacity(octets: .max)))
        else {
            Issue.record("no reply")
            return
        }
        #expect(flush == flushes)
    }

    static let tls = TLSSessionFacts(
        version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: false, verification: .unverified,
        certificate: nil)

    @Test("SRV-36 SRV-37 STARTTLS drops what lies behind it and all that was said before")
    func startTLS() {
        var server = driver()
        _ = server.send("EHLO x\r\n")
        #expect(
            server.send("STARTTLS\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n")
                == "220 2.0.0 Ready to start TLS\r\n")
        #expect(server.report(.secured(Self.tls, ClientTerms(mayRelay: true))) == "")
        #expect(server.codes("RCPT TO:<c@d.example>\r\nMAIL FROM:<>\r\nSTARTTLS\r\n") == [503, 503, 503])
        #expect(!server.send("EHLO x\r\n").contains("STARTTLS"))
        #expect(server.codes("MAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n.\r\n") == [250, 250, 354, 250])
        #expect(server.stored.first?.0.origin.tls == Self.tls)
    }

    @Test(
        "SRV-36 SRV-37 A transaction before STARTTLS is gone after it; an argument draws 501; without a certificate 502"
    )
    func startTLSInTransaction() {
        var server = readyForData()
        #expect(server.codes("STARTTLS now\r\nSTARTTLS\r\n") == [501, 220])
        _ = server.report(.secured(Self.tls, ClientTerms(mayRelay: true)))
        #expect(server.codes("DATA\r\n") == [503])
        var plain = driver { $0.security = .none }
        #expect(plain.codes("STARTTLS\r\n") == [502])
        var failing = driver()
        _ = failing.send("STARTTLS\r\n")
        #expect(failing.report(.tlsFailed) == "")
        #expect(failing.isClosed)
    }

    @Test("SRV-38 Nothing demands STARTTLS here: mail in the clear is taken from our networks")
    func clearMail() {
        var server = readyForData()
        #expect(server.codes("DATA\r\n.\r\n") == [354, 250])
        #expect(server.stored.first?.0.origin.tls == nil)
    }

    @Test(
        "SRV-40 Declared sizes",
        arguments: [
            ("SIZE=1000", "250 2.1.0 "), ("SIZE=1001", "552 5.3.4 "), ("SIZE=99999999999999999999", "552 5.3.4 "),
            ("SIZE=00000000000000000001", "250 2.1.0 "), ("SIZE=000000000000000000001", "501 5.5.4 "),
            ("SIZE=-1", "501 5.5.4 "),
            ("SIZE=501", "452 4.3.1 "), ("SIZE=0", "250 2.1.0 "),
        ])
    func declaredSize(parameter: String, reply: String) {
        var server = driver()
        if reply.hasPrefix("452") { server.room = 500 }
        _ = server.send("EHLO x\r\n")
        #expect(server.send("MAIL FROM:<> \(parameter)\r\n").hasPrefix(reply))
    }

    @Test("SRV-40 Without room no message is begun")
    func noRoom() {
        var server = driver()
        server.room = 0
        #expect(server.codes("EHLO x\r\nMAIL FROM:<>\r\n") == [250, 452])
    }

    @Test("SRV-40 Content at the limit is taken, dots and all; one octet more is 552, and SIZE never ends DATA")
    func contentSize() {
        let full = ".." + String(repeating: "x", count: 997) + "\r\n.\r\n"
        var server = readyForData()
        #expect(server.codes("DATA\r\n" + full) == [354, 250])
        #expect(server.stored.first?.1.utf8.count == 1000)
        var over = readyForData()
        #expect(over.codes("DATA\r\nx" + full.dropFirst() + "NOOP\r\n") == [354, 552, 250])
        var more = readyForData()
        #expect(more.codes("DATA\r\ny\r\n" + full + "NOOP\r\n") == [354, 552, 250])
        #expect(more.stored.isEmpty)
    }

    @Test("Long lines are refused with their number (D17), or pass by the switch")
    func longLine() {
        let wire = "DATA\r\na\r\n" + String(repeating: "x", count: 999) + "\r\n.\r\n"
        var server = readyForData { $0.messageLimit = 10_000 }
        let reply = server.send(wire)
        #expect(reply.contains("554 5.6.0 Line 2 is longer than 998 octets"))
        var lenient = readyForData {
            $0.messageLimit = 10_000
            $0.longLines = .pass
        }
        #expect(lenient.codes(wire) == [354, 250])
    }

    @Test("A browser is told so and disconnected")
    func http() {
        var server = driver()
        #expect(server.codes("GET / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\n") == [500])
        #expect(server.isClosed)
    }

    @Test("Shutdown while a message is committed: 250 first, then 421")
    func shutdownInCommit() throws {
        var session = ServerSession(configuration)
        _ = session.handle(.connected(.address(.v4(0)), ClientTerms(mayRelay: true), tls: nil))
        for line in ["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "DATA"] {
            _ = session.handle(.lineReceived(Array(line.utf8), pendingBytes: 0, capacity: IntakeCapacity(octets: .max)))
        }
        guard case .commit = session.handle(.contentEnded(ContentFacts(), pendingBytes: 0)) else {
            Issue.record("no commit")
            return
        }
        #expect(session.handle(.timedOut) == .wait)
        #expect(session.handle(.shuttingDown) == .wait)
        let id = try #require(QueueID("0123456789bcdfghjklm"))
        guard case .close(let replies) = session.handle(.committed(id)) else {
            Issue.record("not closed")
            return
        }
        #expect(replies.map(\.code) == [250, 421])
        #expect(session.handle(.peerClosed) == .close([]))
    }

    @Test("A report nobody asked for ends the session")
    func unexpected() throws {
        var session = ServerSession(configuration)
        _ = session.handle(.connected(.address(.v4(0)), ClientTerms(mayRelay: true), tls: nil))
        #expect(session.handle(.secured(Self.tls, ClientTerms(mayRelay: true))) == .close([]))
        #expect(
            session.handle(.lineReceived(Array("NOOP".utf8), pendingBytes: 0, capacity: IntakeCapacity(octets: .max)))
                == .close([]))
    }
}
