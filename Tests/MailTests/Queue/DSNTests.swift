import Foundation
import Testing

@testable import Mail

@Suite("DSN")
struct DSNTests {
    static func notice(
        _ action: DSN.Action = .failed, reply: Reply? = nil, header: String = "Subject: hello\r\n",
        reason: Reason = Reason(.remoteReply, "nobody of that name"), expiredFrom: Reason? = nil,
        host: String? = "mx.b.example", lastAttempt: WallTime? = WallTime(seconds: 1_800_000_060)
    ) throws -> String {
        var generator = SplitMix(seed: 7)
        let domain = try DomainName("sender.example")
        let relay = try DomainName("relay.example")
        let dsn = DSN(
            action: action, reportingMTA: relay, from: Mailbox(localPart: "postmaster", domain: .name(relay)),
            to: Mailbox(localPart: "Ann", domain: .name(domain)), originalID: QueueID(using: &generator),
            arrival: WallTime(seconds: 1_800_000_000), receivedFrom: "mail.example ([192.0.2.9])",
            recipients: [
                DSN.Recipient(
                    mailbox: Mailbox(localPart: "Bob", domain: .name(try DomainName("b.example"))),
                    reason: reason, expiredFrom: expiredFrom, reply: reply,
                    remoteHost: try host.map { try DomainName($0) }, status: EnhancedStatusCode(5, 1, 1),
                    lastAttempt: lastAttempt, willRetryUntil: WallTime(seconds: 1_800_432_000))
            ],
            original: .header(Array(header.utf8)), noticeID: QueueID(using: &generator),
            date: WallTime(seconds: 1_800_000_061))
        return String(decoding: dsn.content(), as: UTF8.self)
    }

    @Test("DSN-03, DSN-04, DSN-05, DSN-17 the parts, in order, with their fields")
    func parts() throws {
        let text = try Self.notice()
        let order = [
            "From: Mail Delivery System <postmaster@relay.example>", "To: <Ann@sender.example>",
            "Auto-Submitted: auto-replied", "Content-Type: multipart/report; report-type=delivery-status;",
            "Content-Type: text/plain", "Content-Type: message/delivery-status",
            "Reporting-MTA: dns; relay.example", "Received-From-MTA: dns; mail.example ([192.0.2.9])",
            "Arrival-Date: Fri, 15 Jan 2027 08:00:00 +0000", "\r\n\r\nFinal-Recipient: rfc822; Bob@b.example",
            "Action: failed", "Status: 5.1.1", "Last-Attempt-Date: ", "Content-Type: text/rfc822-headers",
            "Subject: hello",
        ]
        var rest = text[...]
        for part in order {
            let found = rest.firstRange(of: part)
            #expect(found != nil, "\(part) is missing or out of order")
            if let found { rest = rest[found.upperBound...] }
        }
        #expect(!text.contains("Original-Recipient"), "DSN-07: none came, none is given")
        #expect(!text.contains("Original-Envelope-Id"), "DSN-06: none came, none is given")
    }

    static let twoLines = Reply(550, EnhancedStatusCode(5, 1, 1), lines: ["no such user", "ask  the postmaster"])

    @Test(
        "DSN-09 the remote's reply as it came, its further lines indented; neither it nor the remote where there was none"
    )
    func diagnostic() throws {
        let text = try Self.notice(reply: Self.twoLines)
        #expect(
            text.contains(
                "\r\nRemote-MTA: dns; mx.b.example\r\nDiagnostic-Code: smtp; 550-5.1.1 no such user\r\n"
                    + " 550 5.1.1 ask  the postmaster\r\nLast-Attempt-Date: "))
        #expect(
            text.contains(
                "    The host mx.b.example said:\r\n        550-5.1.1 no such user\r\n        550 5.1.1 ask the postmaster"
            ))
        let nobody = try Self.notice(reason: Reason(.nullMX, "takes no mail"), host: nil)
        #expect(!nobody.contains("Remote-MTA") && !nobody.contains("Diagnostic-Code"))
        let silent = try Self.notice(reason: Reason(.timedOut, "no word"))
        #expect(silent.contains("Remote-MTA: dns; mx.b.example\r\n"), "RFC 3461 §6.3 (h): it was tried there")
        #expect(!silent.contains("Diagnostic-Code"))
    }

    @Test(
        "DSN-09 replies of any form are quoted line by line",
        arguments: [
            (Reply(550, nil, lines: ["a", "", "c"]), ["550-a", "550-", "550 c"], "no enhanced code"),
            (Reply(451, EnhancedStatusCode(4, 7, 1), ""), ["451 4.7.1 "], "no text"),
            (
                Reply(550, nil, lines: [String(repeating: "x", count: DSN.wordsLimit), "y"]),
                ["550-" + String(repeating: "x", count: DSN.wordsLimit), "550  ..."], "the limit is reached"
            ),
            (
                Reply(550, nil, lines: [String(repeating: "x", count: DSN.wordsLimit + 1), "y"]),
                ["550 " + String(repeating: "x", count: DSN.wordsLimit) + " ..."], "one octet past it"
            ),
        ])
    func quoted(reply: Reply, lines: [String], reason: String) {
        #expect(DSN.quoted(reply) == lines, "\(reason)")
    }

    @Test(
        "DSN-09 the policy's reason and the remote's reply both stand in the part for people and in that for programs")
    func reasonAndReply() throws {
        let detail = "mx.b.example shows a certificate that no TLSA record matches"
        let text = try Self.notice(
            reply: Self.twoLines, reason: Reason(.expired, "given up after 5 days: \(detail)"),
            expiredFrom: Reason(.daneMismatch, detail))
        let parts = text.components(separatedBy: "Content-Description: Delivery report")
        try #require(parts.count == 2)
        #expect(parts[1].contains("X-Waxwing-Reason: expired; given up after 5 days: mx.b.example shows"))
        #expect(parts[1].contains("X-Waxwing-Kept-Back-By: dane-mismatch\r\n"))
        #expect(parts[0].contains("    For administrators: 5.1.1 expired: given up after 5 days:"))
        #expect(parts[0].contains("could not be delivered within the time that is set for it."))
        #expect(parts[0].contains("b.example asks for a verified secure connection"))
        #expect(parts[0].contains("550-5.1.1 no such user"))
    }

    @Test("RFC 3464 §2.3.7 no Last-Attempt-Date where there was no attempt")
    func noAttempt() throws {
        let text = try Self.notice(reason: Reason(.operatorBounced, "spam"), host: nil, lastAttempt: nil)
        #expect(!text.contains("Last-Attempt-Date"))
        #expect(text.contains("X-Waxwing-Reason: bounced-by-operator; spam\r\n"))
    }

    @Test("DSN-10 Will-Retry-Until stands in delayed notices only")
    func delayed() throws {
        #expect(try Self.notice(.delayed).contains("Will-Retry-Until: Wed, 20 Jan 2027 08:00:00 +0000"))
        #expect(try Self.notice(.delayed).contains("Action: delayed"))
        #expect(try Self.notice(.delayed).contains("\r\n    It is tried until Wed, 20 Jan 2027 08:00:00 +0000.\r\n"))
        #expect(!(try Self.notice(.failed).contains("Will-Retry-Until")))
    }

    @Test("what a stranger wrote breaks no line and forges no field")
    func hostile() throws {
        let reply = Reply(550, nil, "no\r\nAction: delivered\u{1B}[2J")
        let text = try Self.notice(reply: reply, reason: Reason(.remoteReply, "bad\r\nStatus: 2.0.0"))
        #expect(!text.contains("\r\nAction: delivered"))
        #expect(!text.contains("\r\nStatus: 2.0.0"))
        #expect(text.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0D || $0 == 0x0A || $0 == 0x09 })
    }

    @Test("a reply is carried whole at the limit and cut past it, so that a thousand of them stay bounded")
    func wordsLimit() throws {
        func letters(_ reply: String) throws -> Int {
            try Self.notice(reply: Reply(550, nil, reply)).count(where: { $0 == "Z" })
        }
        let whole = String(repeating: "Z ", count: DSN.wordsLimit / 2)
        #expect(try letters(whole) == 2 * DSN.wordsLimit / 2, "for people and for machines")
        #expect(try letters(whole + "Z") == 2 * DSN.wordsLimit / 2)
    }

    @Test("CRLF throughout, and no line over 998 octets, whatever the words")
    func lines() throws {
        let text = try Self.notice(reason: Reason(.remoteReply, String(repeating: "x", count: 5000)))
        let bytes = Array(text.utf8)
        for index in bytes.indices where bytes[index] == 0x0A {
            #expect(index > 0 && bytes[index - 1] == 0x0D)
        }
        #expect(text.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= ContentLines.limit })
    }

    @Test("the original's header is carried whole at the limit and cut at a line end one octet past it")
    func headerLimit() throws {
        let line = String(repeating: "y", count: 62) + "\r\n"  // 64 octets
        let whole = String(repeating: line, count: DSN.headerLimit / 64)
        let carried = try Self.notice(header: whole)
        #expect(carried.contains(whole))
        let cut = try Self.notice(header: whole + "Z")
        #expect(cut.contains(whole))
        #expect(!cut.contains(whole + "Z"))
    }

    struct StatusCase: CustomTestStringConvertible {
        let cause: Reason.Cause
        var reply: Reply?
        var action = DSN.Action.failed
        var expiredFrom: Reason.Cause?
        var demand = MessageDemand.ordinary
        let status: String
        let testDescription: String
    }

    static let later = Reply(451, EnhancedStatusCode(4, 7, 1), "not now")

    static let statuses = [
        StatusCase(cause: .noSuchDomain, status: "5.1.2", testDescription: "DSN-18 by the cause"),
        StatusCase(
            cause: .remoteReply, reply: Reply(550, EnhancedStatusCode(5, 1, 1), "x"), status: "5.1.1",
            testDescription: "DSN-08 the remote's own"),
        StatusCase(
            cause: .remoteReply, reply: Reply(550, nil, "x"), status: "5.0.0", testDescription: "DSN-08 it gave none"),
        StatusCase(
            cause: .remoteReply, reply: later, action: .delayed, status: "4.7.1", testDescription: "delayed is class 4"),
        StatusCase(
            cause: .requireTLSUnsupported, demand: .requireTLS, status: "5.7.30",
            testDescription: "INT-13 no host offers REQUIRETLS"),
        StatusCase(
            cause: .requireTLSUnvalidated, demand: .requireTLS, status: "5.7.10",
            testDescription: "INT-13 the name cannot be validated"),
        StatusCase(
            cause: .hostDemandsTLS, reply: Reply(530, EnhancedStatusCode(5, 7, 0), "x"), demand: .optionalTLS,
            status: "5.7.0", testDescription: "INT-16 the host's own words"),
        StatusCase(
            cause: .hostDemandsTLS, demand: .optionalTLS, status: "5.7.10", testDescription: "INT-16 without them"),
        StatusCase(cause: .expired, expiredFrom: .connectFailed, status: "4.4.7", testDescription: "Q-12 expired"),
        StatusCase(
            cause: .expired, reply: later, expiredFrom: .remoteReply, status: "4.7.1",
            testDescription: "Q-12 expired with the remote's last word"),
        StatusCase(
            cause: .expired, expiredFrom: .startTLSMissing, status: "4.4.7",
            testDescription: "Q-12 a TLS policy kept ordinary mail back"),
        StatusCase(
            cause: .expired, expiredFrom: .connectFailed, demand: .requireTLS, status: "4.4.7",
            testDescription: "no TLS reason: REQUIRETLS changes nothing"),
        StatusCase(
            cause: .expired, expiredFrom: .requireTLSUnsupported, demand: .requireTLS, status: "5.7.30",
            testDescription: "INT-13 the last word was the missing keyword"),
        StatusCase(
            cause: .expired, expiredFrom: .daneMismatch, demand: .requireTLSNotice, status: "4.4.7",
            testDescription: "a notice has no sender to be told; its status stays the plain one"),
    ]

    @Test("DSN-08 Q-12 INT-13 the status of a recipient", arguments: statuses)
    func status(_ test: StatusCase) {
        let status = DSN.status(
            Reason(test.cause, "x"), test.reply, test.action, expiredFrom: test.expiredFrom.map { Reason($0, "x") },
            demand: test.demand)
        #expect(status.description == test.status)
    }

    @Test(
        "DSN-18 UTF-8 that no host takes: 5.6.7 for an address, 5.6.9 for the header alone",
        arguments: [(false, "5.6.7"), (true, "5.6.9")])
    func statusOfUTF8(isASCII: Bool, status: String) {
        let made = DSN.status(
            Reason(.utf8Unsupported, "x"), nil, .failed, expiredFrom: nil, demand: .ordinary, isASCII: isASCII)
        #expect(made.description == status)
    }

    @Test(
        "INT-13 REQUIRETLS mail that TLS kept back until its time was over: 5.7.10 (D10)",
        arguments: Reason.Cause.allCases.filter(\.isTLSPolicy))
    func expiredREQUIRETLS(cause: Reason.Cause) {
        for reply in [nil, Reply(454, EnhancedStatusCode(4, 7, 0), "x")] {
            let status = DSN.status(
                Reason(.expired, "x"), reply, .failed, expiredFrom: Reason(cause, "x"), demand: .requireTLS)
            #expect(status == EnhancedStatusCode(5, 7, 10))
        }
    }

    @Test("INT-14 a notice holds the header of the original and nothing else of it")
    func headersOnly() throws {
        let text = try Self.notice(header: "Subject: secret plan\r\n")
        #expect(text.contains("Content-Type: text/rfc822-headers\r\n"))
        #expect(!text.contains("message/rfc822\r\n"))
    }
}
