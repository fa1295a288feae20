import Foundation
import Testing

@testable import Mail

@Suite("DSN")
struct DSNTests {
    static func notice(
        _ action: DSN.Action = .failed, reply: Reply? = nil, header: String = "Subject: hello\r\n",
        detail: String = "nobody of that name"
    ) throws -> String {
        var generator = SplitMix(seed: 7)
        let domain = try DomainName("sender.example")
        let relay = try DomainName("relay.example")
        let dsn = DSN(
            action: action, reportingMTA: relay, from: Mailbox(localPart: "postmaster", domain: .name(relay)),
            to: Mailbox(localPart: "Ann", domain: .name(domain)), originalID: QueueID(using: &generator),
            arrival: WallTime(seconds: 1_800_000_000), willRetryUntil: WallTime(seconds: 1_800_432_000),
            receivedFrom: "mail.example ([192.0.2.9])",
            recipients: [
                DSN.Recipient(
                    mailbox: Mailbox(localPart: "Bob", domain: .name(try DomainName("b.example"))),
                    reason: Reason(.remoteReply, detail), reply: reply, remoteHost: try DomainName("mx.b.example"),
                    status: EnhancedStatusCode(5, 1, 1), lastAttempt: WallTime(seconds: 1_800_000_060))
            ],
            originalHeader: Array(header.utf8), noticeID: QueueID(using: &generator),
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

    @Test("DSN-09 the remote's reply, each line of it; neither it nor the remote where there was none")
    func diagnostic() throws {
        let reply = Reply(550, EnhancedStatusCode(5, 1, 1), lines: ["no such user", "ask the postmaster"])
        let text = try Self.notice(reply: reply)
        #expect(text.contains("Remote-MTA: dns; mx.b.example\r\n"))
        #expect(text.contains("Diagnostic-Code: smtp; 550 5.1.1 no such user ask the postmaster\r\n"))
        let without = try Self.notice()
        #expect(!without.contains("Remote-MTA"))
        #expect(!without.contains("Diagnostic-Code"))
    }

    @Test("DSN-10 Will-Retry-Until stands in delayed notices only")
    func delayed() throws {
        #expect(try Self.notice(.delayed).contains("Will-Retry-Until: Wed, 20 Jan 2027 08:00:00 +0000"))
        #expect(try Self.notice(.delayed).contains("Action: delayed"))
        #expect(!(try Self.notice(.failed).contains("Will-Retry-Until")))
    }

    @Test("what a stranger wrote breaks no line and forges no field")
    func hostile() throws {
        let reply = Reply(550, nil, "no\r\nAction: delivered\u{1B}[2J")
        let text = try Self.notice(reply: reply, detail: "bad\r\nStatus: 2.0.0")
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
        let text = try Self.notice(detail: String(repeating: "x", count: 5000))
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
}
