import Testing

@testable import Mail

struct ServerAcknowledgementTests {
    static func ready(
        _ spoken: ServerSession.SpokenProtocol, _ acknowledgement: ServerSession.Acknowledgement, recipients: Int
    ) throws -> ServerDriver {
        var server = ServerDriver(
            ServerSession.Configuration(
                hostname: try DomainName("relay.example"), spoken: spoken, acknowledgement: acknowledgement))
        _ = server.send("\(spoken == .lmtp ? "LHLO" : "EHLO") x\r\nMAIL FROM:<a@b.example>\r\n")
        for number in 0..<recipients { _ = server.send("RCPT TO:<u\(number)@d.example>\r\n") }
        return server
    }

    @Test("LMTP has a greeting of its own, and a reply for each recipient (RFC 2033 §4.2)")
    func lmtp() throws {
        var server = try Self.ready(.lmtp, .queued, recipients: 3)
        #expect(server.replies.map(\.code) == [220, 250, 250, 250, 250, 250])
        #expect(server.codes("DATA\r\nx\r\n.\r\n") == [354, 250, 250, 250])
        #expect(server.stored.first?.0.origin.greeting == .lhlo)
        #expect(server.codes("EHLO x\r\nHELO x\r\nLHLO x\r\nDATA\r\n") == [500, 500, 250, 503])
        #expect(server.codes("MAIL FROM:<>\r\nDATA\r\n") == [250, 503])
        #expect(
            server.codes("RCPT TO:<a@b.example>\r\nRCPT TO:<c@b.example>\r\nDATA\r\na\nb\r\n.\r\n") == [
                250, 250, 354, 554, 554,
            ])
        var smtp = try Self.ready(.smtp, .queued, recipients: 1)
        #expect(smtp.codes("LHLO x\r\n") == [500])
    }

    @Test("Over SMTP one recipient at a time, as LIMITS says (D20)")
    func oneAtATime() throws {
        var server = try Self.ready(.smtp, .delivered, recipients: 1)
        #expect(server.codes("RCPT TO:<v@d.example>\r\n") == [452])
        #expect(server.replies.last?.enhanced == EnhancedStatusCode(4, 5, 3))
        #expect(server.send("EHLO x\r\n").contains("LIMITS RCPTMAX=1\r\n"))
        var lmtp = try Self.ready(.lmtp, .delivered, recipients: 2)
        #expect(lmtp.send("LHLO x\r\n").contains("LIMITS RCPTMAX=1000"))
    }

    @Test("The remote's answer is the reply; one that is missing is 4yz", arguments: [0, 1, 2, 3])
    func answers(count: Int) throws {
        let given = [
            Reply(250, EnhancedStatusCode(2, 0, 0), "ok there"),
            Reply(550, EnhancedStatusCode(5, 1, 1), "no such user"),
            Reply(451, EnhancedStatusCode(4, 7, 5), "dane"),
        ]
        var server = try Self.ready(.lmtp, .delivered, recipients: 3)
        server.answers = Array(given.prefix(count))
        _ = server.send("DATA\r\nx\r\n.\r\n")
        #expect(Array(server.replies.suffix(3).prefix(count)) == Array(given.prefix(count)))
        #expect(!server.replies.suffix(3 - count).contains { !$0.isTransientFailure })
        var smtp = try Self.ready(.smtp, .delivered, recipients: 1)
        smtp.answers = Array(given.prefix(count))
        #expect(smtp.codes("DATA\r\nx\r\n.\r\n") == [354, count == 0 ? 451 : 250])
    }

    @Test(
        "What the remote says is handed on in its own words, and never ends the session",
        arguments: [
            (.delivered(Reply(251, nil, "x")), 250, "2.0.0"),
            (.delivered(Reply(250, EnhancedStatusCode(2, 1, 5), "y")), 250, "2.1.5"),
            (.deferred(Reason(.remoteReply, "r"), Reply(421, EnhancedStatusCode(4, 3, 2), "busy")), 451, "4.3.2"),
            (.deferred(Reason(.remoteReply, "r"), Reply(450, nil, "grey")), 450, "4.5.0"),
            (.deferred(Reason(.daneMismatch, "r"), nil), 451, "4.7.5"),
            (.bounced(Reason(.remoteReply, "r"), Reply(521, nil, "no")), 554, "5.5.0"),
            (.bounced(Reason(.remoteReply, "r"), Reply(552, EnhancedStatusCode(5, 2, 2), "full")), 552, "5.2.2"),
            (.bounced(Reason(.nullMX, "r"), nil), 550, "5.1.10"),
            // A bounce by what was only deferred, and the reverse.
            (.bounced(Reason(.remoteReply, "r"), Reply(450, EnhancedStatusCode(4, 2, 2), "late")), 554, "5.2.2"),
        ] as [(Outcome, UInt16, String)])
    func handedOn(outcome: Outcome, code: UInt16, enhanced: String) {
        let answer = outcome.answer(from: nil)
        #expect(answer.code == code)
        #expect(answer.enhanced?.description.first == enhanced.first)
        if outcome.reply?.enhanced != nil || enhanced != "4.5.0", enhanced != "5.5.0" {
            #expect(answer.enhanced?.description == enhanced)
        }
        if let words = outcome.reply?.lines { #expect(answer.lines == words) }
    }
}

extension Outcome {
    fileprivate var reply: Reply? {
        switch self {
        case .delivered(let reply): reply
        case .deferred(_, let reply), .bounced(_, let reply): reply
        }
    }
}
