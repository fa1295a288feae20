import GRDB
import Mail
import Testing

@testable import Store

@Suite struct WaitingTests {
    private static func plan(_ sql: String, _ store: SQLiteStore) async throws -> String {
        try await store.viewReader.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(sql)", arguments: ["", 1]).map { row -> String in
                row["detail"] ?? ""
            }.joined(separator: "; ")
        }
    }

    @Test("Destinations of a cause are told with the newest one and the oldest time; no others, no canaries")
    func causes() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        var messages = try ["b.net", "a.net", "a.net", "c.net", "d.net", "e.net"].map { try Fixture.message(to: [$0]) }
        messages[4].kind = .canary
        let queued = try await store.enqueue(messages)
        let causes: [Reason.Cause?] = [.daneMismatch, .daneMismatch, .startTLSMissing, .timedOut, .daneMismatch, nil]
        for (index, cause) in causes.enumerated() {
            guard let cause else { continue }
            _ = try await store.settle(
                Settlement(
                    message: queued[index].message.number,
                    recipients: queued[index].recipients.map {
                        RecipientOutcome(
                            $0, .deferred(Reason(cause, "why"), nil), time: Watch.at(1), nextAttempt: Watch.at(9),
                            deadline: queued[index].message.expiresAt, policyFailureSince: Watch.at(Int64(10 - index)))
                    }))
        }
        let wanted: Set<Reason.Cause> = [.daneMismatch, .startTLSMissing]
        let expected = [
            PolicyWait(destination: "a.net", cause: "starttls-missing", since: Watch.at(8)),
            PolicyWait(destination: "b.net", cause: "dane-mismatch", since: Watch.at(10)),
        ]
        #expect(try await store.waiting(for: wanted, limit: 9) == expected)
        #expect(try await store.waiting(for: wanted, limit: 1) == [expected[0]])
        #expect(try await store.waiting(for: [], limit: 9).isEmpty)
        _ = try await store.change(.hold(reason: "x"), queued[0].recipients, at: Watch.at(1))
        #expect(try await store.waiting(for: wanted, limit: 9) == [expected[0]])
        await store.close()
    }

    @Test("Destinations come by name, a page at a time, with what waits and is held, and not what is quarantined")
    func names() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([
            Fixture.message(to: ["b.net", "b.net", "a.net"]), Fixture.message(to: ["c.net"]),
            Fixture.message(to: ["d.net"]), Fixture.message(to: ["b.net"]), Fixture.message(to: ["f.net"]),
        ])
        _ = try await store.change(.hold(reason: "x"), queued[3].recipients, at: Watch.at(1))
        try await store.quarantine(queued[1].message.id, because: "damaged")
        try await store.settle(queued[2], [0])
        let expected = [
            WaitingCount(destination: "a.net", recipients: 1), WaitingCount(destination: "b.net", recipients: 3),
            WaitingCount(destination: "f.net", recipients: 1),
        ]
        #expect(try await store.waitingDestinations(after: nil, limit: 9) == expected)
        #expect(try await store.waitingDestinations(after: nil, limit: 2) == Array(expected.prefix(2)))
        #expect(try await store.waitingDestinations(after: "b.net", limit: 9) == [expected[2]])
        await store.close()
    }

    @Test("Domains of one destination come with what waits and is held there, and the first so many recipients count")
    func domains() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        var messages = try [["b.net", "a.net"], ["b.net"], ["c.net"], ["d.net"]].map { try Fixture.message(to: $0) }
        for place in 0..<3 {
            messages[place].recipients = messages[place].recipients.map {
                var recipient = $0
                recipient.destination = "via:x.net"
                return recipient
            }
        }
        let queued = try await store.enqueue(messages)
        _ = try await store.change(.hold(reason: "x"), queued[1].recipients, at: Watch.at(1))
        try await store.quarantine(queued[2].message.id, because: "damaged")
        func counts(_ limit: Int) async throws -> [String] {
            try await store.waitingDomains(at: "via:x.net", limit: limit).map { "\($0.domain) \($0.recipients)" }
        }
        #expect(try await counts(9) == ["a.net 1", "b.net 2"])
        #expect(try await counts(2) == ["a.net 1", "b.net 1"])
        #expect(try await counts(0).isEmpty)
        #expect(try await store.waitingDomains(at: "d.net", limit: 9).count == 1)
        await store.close()
    }

    @Test("One reads the table in order, once; the other runs along its index, and no further than the page")
    func plans() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let causes = try await Self.plan(WaitingQueries.byCause, store)
        #expect(causes.contains("SCAN recipient") && !causes.contains("SCAN recipient USING"), "\(causes)")
        #expect(causes.contains("SEARCH message USING INTEGER PRIMARY KEY"), "\(causes)")
        let names = try await Self.plan(WaitingQueries.byDestination, store)
        #expect(names.contains("USING COVERING INDEX recipient_destination (destination>?)"), "\(names)")
        #expect(!names.contains("TEMP B-TREE"), "\(names)")
        let domains = try await Self.plan(WaitingQueries.domains, store)
        #expect(domains.contains("USING INDEX recipient_destination (destination=?)"), "\(domains)")
        await store.close()
    }
}
