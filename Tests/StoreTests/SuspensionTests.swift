import Mail
import Testing

@testable import Store

@Suite struct SuspensionTests {
    private static func at(_ seconds: Int64) -> WallTime { Fixture.start.advanced(by: seconds) }
    private static let ever = WallTime(seconds: .min)

    private static func suspension(
        _ destination: String = "a.net", _ since: Int64 = 0, until: Int64? = nil, reason: String = "broken"
    ) -> Suspension {
        Suspension(destination: destination, since: at(since), until: until.map(at), reason: reason)
    }

    @Test("A suspension survives a restart, is resumed once, and is remembered")
    func lifetime() async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try await store.suspend(Self.suspension(reason: "x'); DROP TABLE suspension;--"))
            try await store.suspend(Self.suspension("b.net", 1, until: 100))
        }
        let store = try fixture.open()
        let active = [
            Self.suspension(reason: "x'); DROP TABLE suspension;--"), Self.suspension("b.net", 1, until: 100),
        ]
        #expect(try await store.suspensions(endedAfter: Self.ever) == active)
        #expect(try await store.suspensions(endedAfter: Self.at(99)) == active)
        #expect(try await store.suspensions(endedAfter: Self.at(100)) == [active[0]], "it ended by itself")
        #expect(try await store.resume("c.net", at: Self.at(5)) == false)
        #expect(try await store.resume("a.net", at: Self.at(5)))
        #expect(try await store.resume("a.net", at: Self.at(6)) == false)
        var ended = active[0]
        ended.endedAt = Self.at(5)
        #expect(try await store.suspensions(endedAfter: Self.at(4)) == [ended, active[1]])
        #expect(try await store.suspensions(endedAfter: Self.at(5)) == [active[1]])
        await store.close()
    }

    @Test("Suspending again replaces end and reason and keeps the start; behind its end it begins anew")
    func again() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.suspend(Self.suspension(until: 100))
        try await store.suspend(Self.suspension("a.net", 99, until: 200, reason: "worse"))
        #expect(
            try await store.suspensions(endedAfter: Self.ever) == [Self.suspension(until: 200, reason: "worse")])
        // At its end it is over, whoever looks: nobody can resume it, and the next is another one.
        #expect(try await store.resume("a.net", at: Self.at(200)) == false)
        try await store.suspend(Self.suspension("a.net", 200, reason: "once more"))
        var first = Self.suspension(until: 200, reason: "worse")
        first.endedAt = Self.at(200)
        #expect(
            try await store.suspensions(endedAfter: Self.ever) == [
                first, Self.suspension("a.net", 200, reason: "once more"),
            ])
        try await store.suspend(Self.suspension("a.net", 300, until: nil, reason: String(repeating: "r", count: 1025)))
        #expect(try await store.suspensions(endedAfter: Self.at(200)).map(\.reason.utf8.count) == [1024])
        #expect(try await store.resume("a.net", at: Self.at(301)))
        await store.close()
    }

    @Test("Active until its end, and not at it")
    func isActive() {
        var suspension = Self.suspension(until: 10)
        #expect(suspension.isActive(at: Self.at(9)) && !suspension.isActive(at: Self.at(10)))
        suspension.endedAt = Self.at(5)
        #expect(suspension.end == Self.at(5) && !suspension.isActive(at: Self.at(5)))
        #expect(Self.suspension().isActive(at: WallTime(seconds: .max)))
    }

    @Test("What ended 60 days ago is forgotten at the next suspension, one second less is kept")
    func forgotten() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let days = QueueLimits.suspensionDays * 86_400
        try await store.suspend(Self.suspension("a.net"))
        #expect(try await store.resume("a.net", at: Self.at(9)))
        try await store.suspend(Self.suspension("b.net", until: 10))
        try await store.suspend(Self.suspension("c.net", 10 + days))
        #expect(try await store.suspensions(endedAfter: Self.ever).map(\.destination) == ["b.net", "c.net"])
        await store.close()
    }

    @Test("At the limit the oldest that has ended gives way; where none has, the next is refused in words")
    func bound() async throws {
        let fixture = try Fixture()
        do { await (try fixture.open()).close() }
        let limit = QueueLimits.suspensions
        try fixture.sql(
            """
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(limit - 1))
            INSERT INTO suspension (destination, since, reason, ended_at)
            SELECT i || '.net', \(Fixture.start.seconds), '', CASE WHEN i = 7 THEN \(Fixture.start.seconds + 1) END FROM n
            """)
        let store = try fixture.open()
        try await store.suspend(Self.suspension("the-limit.net", 2))
        #expect(try await store.suspensions(endedAfter: Self.ever).count == limit)
        try await store.suspend(Self.suspension("one-past.net", 3))
        let all = try await store.suspensions(endedAfter: Self.ever)
        #expect(all.count == limit && !all.contains { $0.destination == "7.net" })
        await #expect(
            throws: StoreError.failed("10000 destinations are suspended, and no more can be: resume one first")
        ) {
            try await store.suspend(Self.suspension("two-past.net", 4))
        }
        // Those that are suspended can still be changed.
        try await store.suspend(Self.suspension("8.net", 4, until: 5))
        await store.close()
    }
}

@Suite struct HoldRuleTests {
    static func rules() throws -> [HoldRule] {
        let mailbox = Mailbox(localPart: "x", domain: .literal(.v4(7)))
        return [
            HoldRule(sender: .null, reason: "bounces", since: Fixture.start),
            HoldRule(sender: .mailbox(mailbox), reason: "one", since: Fixture.start.advanced(by: 1)),
            HoldRule(
                senderDomain: try DomainName("a.example"), recipientDomain: try DomainName("b.example"), reason: "",
                since: Fixture.start),
            HoldRule(
                recipient: try Fixture.mailbox("Case", "c.example"), destination: "[c]:25", reason: "'\"",
                since: Fixture.start),
        ]
    }

    @Test("Hold rules survive a restart, and numbers are never used twice")
    func kept() async throws {
        let fixture = try Fixture()
        var expected = try Self.rules()
        do {
            let store = try fixture.open()
            for (index, rule) in expected.enumerated() {
                expected[index].number = Int64(index) + 1
                #expect(try await store.addHoldRule(rule) == expected[index])
            }
            #expect(try await store.removeHoldRule(4))
            #expect(try await store.removeHoldRule(4) == false)
        }
        let store = try fixture.open()
        #expect(try await store.holdRules() == expected.dropLast())
        let long = HoldRule(reason: String(repeating: "r", count: 1025), since: Fixture.start)
        let added = try await store.addHoldRule(long)
        #expect(added.number == 5 && added.reason.utf8.count == 1024)
        #expect(try await store.holdRules().last == added)
        await store.close()
    }

    @Test("At the limit a rule is kept, one past it is refused in words")
    func bound() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for _ in 0..<QueueLimits.holdRules {
            _ = try await store.addHoldRule(HoldRule(reason: "x", since: Fixture.start))
        }
        await #expect(throws: StoreError.failed("1000 hold rules are kept, and no more can be: remove one first")) {
            try await store.addHoldRule(HoldRule(reason: "x", since: Fixture.start))
        }
        #expect(try await store.removeHoldRule(500))
        #expect(try await store.addHoldRule(HoldRule(reason: "x", since: Fixture.start)).number == 1001)
        await store.close()
    }
}
