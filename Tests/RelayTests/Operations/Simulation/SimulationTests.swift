import Mail
import Testing

@testable import Relay

@Suite("What another configuration would change")
struct SimulationTests {
    static let mx = MXHost.address(.v4(0xC000_0201))

    static func delivered(_ level: VerifiedLevel) -> Rehearsal.End { .delivered(mx, level) }

    static func refused(_ cause: Reason.Cause, isPermanent: Bool = false) -> Rehearsal.End {
        .refused(AttemptFailure(reason: Reason(cause, "why"), isPermanent: isPermanent))
    }

    @Test(
        "What changes is said from the operator's side: mail that stops, that starts, and how well it is protected",
        arguments: [
            (delivered(.none), refused(.daneMismatch), .refused, "mail stops"),
            (delivered(.dane), refused(.connectFailed), .refused, "also where nobody answers"),
            (refused(.daneMismatch), delivered(.none), .freed, "mail starts"),
            (refused(.daneMismatch), refused(.certificateInvalid), .other, "for another reason"),
            (refused(.daneMismatch), refused(.noSuchDomain, isPermanent: true), .returned, "what waits is returned"),
            (refused(.noSuchDomain, isPermanent: true), refused(.daneMismatch), .other, "returned either way"),
            (
                refused(.noSuchDomain, isPermanent: true), refused(.nullMX, isPermanent: true), .other,
                "for another reason"
            ),
            (delivered(.none), delivered(.encrypted), .stricter, "clear to TLS"),
            (delivered(.encrypted), delivered(.daneHost), .stricter, "the host is proved, not the domain"),
            (delivered(.daneHost), delivered(.webPKI), .stricter, "now the domain too"),
            (delivered(.dane), delivered(.webPKI), .other, "as good in another way"),
            (delivered(.dane), delivered(.daneHost), .weaker, "the domain is not proved any more"),
            (delivered(.webPKI), delivered(.none), .weaker, "to clear"),
            (delivered(.dane), delivered(.dane), .other, "by another way"),
        ] as [(Rehearsal.End, Rehearsal.End, SimulatedChange, String)])
    func changes(before: Rehearsal.End, after: Rehearsal.End, expected: SimulatedChange, why: String) {
        #expect(SimulatedChange(from: before, to: after) == expected, "\(why)")
    }

    static func one(
        _ domain: String, _ messages: Int64, _ change: SimulatedChange, _ now: String?, _ then: String?,
        queued: Int = 0
    ) -> SimulatedDestination {
        func end(_ level: String?) -> SimulatedEnd {
            SimulatedEnd(
                outcome: level == nil ? "deferred" : "delivered", nextHop: domain, required: "opportunistic",
                verified: level, cause: level == nil ? "dane-mismatch" : nil, detail: level == nil ? "no match" : nil)
        }
        return SimulatedDestination(
            domain: domain, messages: messages, queued: queued, change: change, now: end(now), then: end(then))
    }

    static var sum: SimulationSum {
        var sum = SimulationSum(days: 7)
        sum.add(
            SimulationPage(
                notSimulated: ["retry.minimum"], days: 7,
                destinations: [
                    one("a.example", 700, .refused, "none", nil),
                    one("b.example", 1680, .refused, "none", nil, queued: 3),
                    one("c.example", 9, .stricter, "encrypted", "webpki"),
                    SimulatedDestination(
                        domain: "d.example", messages: 5, queued: 0, change: .unchanged,
                        now: SimulatedEnd(outcome: "not-tried", nextHop: "d.example", required: "opportunistic"),
                        then: SimulatedEnd(outcome: "not-tried", nextHop: "d.example", required: "opportunistic")),
                ], next: "d.example"))
        return sum
    }

    @Test("Domains that go the same way are one line, with messages a day")
    func text() {
        let text = SimulationText.render(
            Self.sum, file: "new.toml", style: TextStyle(width: 100, isColoured: false))
        #expect(text.hasPrefix("2 domains go from clear to put off, 340 messages a day, 3 recipients in the queue\n"))
        #expect(text.contains("1 domain goes from encrypted to webpki, 1 message a day\n"))
        #expect(text.contains("1 domain unchanged, of 4 domains of the last 7 days and of the queue.\n"))
        #expect(text.contains("not simulated: retry.minimum"))
        let rows = text.split(separator: "\n").filter { $0.contains(".example") }.map { $0.prefix(9) }
        #expect(rows == ["b.example", "a.example", "c.example"], "what hurts most comes first")
        #expect(Self.sum.refusesSome)
    }

    @Test("What waits and would be returned is said, and counts like what would be refused")
    func returned() {
        var sum = SimulationSum(days: 7)
        let end = { (outcome: String) in
            SimulatedEnd(outcome: outcome, nextHop: "gone.example", required: "unusable")
        }
        sum.add(
            SimulationPage(
                days: 7,
                destinations: [
                    SimulatedDestination(
                        domain: "gone.example", messages: 0, queued: 3, change: .returned, now: end("deferred"),
                        then: end("bounced"))
                ], unread: 2))
        #expect(sum.refusesSome)
        let text = SimulationText.render(sum, file: "f", style: TextStyle(width: 100, isColoured: false))
        #expect(
            text.hasPrefix(
                "1 domain goes from put off to returned, no messages in that time, 3 recipients in the queue\n"))
        #expect(text.contains("2 recipients in the queue, behind very many others"))
    }

    @Test(
        "Few messages are not rounded to none a day",
        arguments: [
            (0, 7, "no messages in that time"), (1, 7, "1 message in 7 days"), (6, 7, "6 messages in 7 days"),
            (7, 7, "1 message a day"), (2380, 7, "340 messages a day"), (5, 1, "5 messages a day"),
        ] as [(Int64, Int, String)])
    func rates(messages: Int64, days: Int, expected: String) {
        #expect(SimulationText.perDay(messages, days: days) == expected)
    }

    @Test(
        "Which keys are tried, and which are only named",
        arguments: [
            ("rule", true), ("tls.minimum_level", true), ("dane.insecure_mx", true), ("sts.enabled", true),
            ("delivery.port", true), ("retry.minimum", false), ("sts.refresh", false), ("intake.listen", false),
        ])
    func keys(key: String, isTried: Bool) {
        #expect(Service.isSimulated(key, beside: Configuration()) == isTried)
    }

    @Test("Nothing seen and nothing changed have words of their own")
    func nothing() {
        let style = TextStyle(width: 100, isColoured: false)
        var sum = SimulationSum(days: 3)
        #expect(
            SimulationText.render(sum, file: "f", style: style).hasPrefix("No mail was delivered in the last 3 days"))
        sum.add(SimulationPage(days: 3, destinations: [Self.one("a.example", 1, .unchanged, "none", "none")]))
        #expect(SimulationText.render(sum, file: "f", style: style).hasPrefix("f changes nothing for 1 domain"))
        #expect(!sum.refusesSome)
    }
}

@Suite("The body of a request: a configuration, and nothing else")
struct ControlBodyTests {
    static func head(_ fields: String, place: String = "/v1/simulate?days=3") -> [UInt8] {
        Array("POST \(place) HTTP/1.1\r\nHost: relayd\r\n\(fields)\r\n".utf8)
    }

    @Test(
        "Its length is given, and bounded",
        arguments: [
            ("Content-Length: 1\r\n", 1), ("content-length:\t42\r\n", 42),
            ("Content-Length: \(ControlBody.limit)\r\n", ControlBody.limit),
            ("Content-Length: \(ControlBody.limit + 1)\r\n", nil), ("Content-Length: 0\r\n", nil), ("", nil),
            ("Content-Length: -1\r\n", nil), ("Content-Length: 99999999999999999999\r\n", nil),
        ] as [(String, Int?)])
    func length(fields: String, expected: Int?) throws {
        let head = Self.head(fields)
        let request = try ControlRequest.parse(head)
        if let expected {
            #expect(try ControlBody.length(in: head, of: request) == expected)
        } else {
            #expect(throws: ControlRefusal.self) { try ControlBody.length(in: head, of: request) }
        }
    }

    @Test("Others take none, and a configuration must be UTF-8")
    func others() throws {
        #expect(throws: ControlRefusal.self) {
            try ControlRequest.parse(Self.head("Content-Length: 3\r\n", place: "/v1/reload"))
        }
        let request = try ControlRequest.parse(Self.head("Content-Length: 3\r\n"))
        #expect(throws: ControlRefusal.self) { try request.with([0xFF]) }
        guard case .simulate(let query) = try request.with(Array("x".utf8)) else {
            Issue.record("no simulation")
            return
        }
        #expect(query.configuration == "x" && query.days == 3 && query.limit == SimulationQuery.pageLimit)
        #expect(throws: ControlRefusal.self) {
            try ControlRequest.parse(
                Self.head("Content-Length: 3\r\n", place: "/v1/simulate?days=\(SimulationQuery.dayLimit + 1)"))
        }
    }
}
