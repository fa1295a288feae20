import Mail
import Synchronization
import Testing

@testable import Store

@Suite struct RerouteTests {
    private static let table: @Sendable (MailDomain, String) -> String = { domain, _ in
        switch domain {
        case .name(let name): name.text.hasSuffix(".smart.example") ? "[relay.example]:587" : name.text
        case .literal(let address): "[\(address)]"
        }
    }

    @Test("MX-17 10,000 recipients get the destination of today's routes, in steps, and nobody else is touched")
    func many() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for start in stride(from: 0, to: 10_000, by: 1000) {
            let domains = (start..<start + 1000).map {
                $0 % 4 == 0 ? "d\($0 % 97).direct.example" : "d\($0 % 89).smart.example"
            }
            _ = try await store.enqueue([Fixture.message(to: domains)])
        }
        let before = fixture.disk.walSyncs
        let asked = Mutex(0)
        let changed = try await store.reroute(fingerprint: 1) { domain, old in
            asked.withLock { $0 += 1 }
            return Self.table(domain, old)
        }
        #expect(changed == 7500)
        #expect(fixture.disk.walSyncs - before == 11, "a transaction for each page, and one for the fingerprint")
        #expect(asked.withLock { $0 } <= 10 * (97 + 89), "once for each domain of a page")
        let counts = try await store.destinationsSummary(at: Fixture.start, limit: 1000)
        #expect(counts.first?.destination == "[relay.example]:587" && counts.first?.due == 7500)
        #expect(counts.dropFirst().allSatisfy { $0.destination.hasSuffix(".direct.example") })
        #expect(counts.reduce(0) { $0 + $1.due } == 10_000)
        // The indexes went along.
        let moved = try await store.select(QueueFilter(destination: "[relay.example]:587"), after: nil, limit: 1000)
        #expect(moved.count == 1000)
        let old = try await store.select(QueueFilter(destination: "d0.smart.example"), after: nil, limit: 1000)
        #expect(old.isEmpty)
        // Nothing left to do: nothing is written but the fingerprint.
        let quiet = fixture.disk.walSyncs
        #expect(try await store.reroute(fingerprint: 2, Self.table) == 0)
        #expect(fixture.disk.walSyncs == quiet + 1)
        await store.close()
        #expect(try fixture.query("PRAGMA integrity_check") == ["ok"])
    }

    @Test("New destinations survive a restart; the destination a caller chose is the one that is kept")
    func restart() async throws {
        let fixture = try Fixture()
        var message = try Fixture.message(to: ["a.smart.example", "b.example"])
        message.recipients[1].destination = "[192.0.2.1]:2525"
        do {
            let store = try fixture.open()
            _ = try await store.enqueue([message])
            #expect(try await store.due().contains { $0.destination == "[192.0.2.1]:2525" })
            let changed = try await store.reroute(fingerprint: 1) { domain, old in
                old == "[192.0.2.1]:2525" ? old : Self.table(domain, old)
            }
            #expect(changed == 1)
        }
        let store = try fixture.open()
        let due = try await store.due(before: Fixture.start, after: nil, excluding: DueExclusion(), limit: 9)
        #expect(Set(due.map(\.destination)) == ["[relay.example]:587", "[192.0.2.1]:2525"])
        await store.close()
    }

    @Test("Held and quarantined recipients are re-routed too, final ones stay as they were")
    func states() async throws {
        let fixture = try Fixture()
        let queued: QueuedMessage
        do {
            let store = try fixture.open()
            queued = try await store.enqueue([Fixture.message(to: Array(repeating: "a.smart.example", count: 5))])[0]
            try await store.settle(queued, [3])
            try await store.settle(queued, [4], .bounced(Reason(.localFailure, "no"), nil))
            await store.close()
        }
        for (offset, state) in [(1, 1), (2, 2)] {
            try fixture.sql("UPDATE recipient SET state = \(state) WHERE number = \(queued.recipients[offset].value)")
        }
        let store = try fixture.open()
        #expect(try await store.reroute(fingerprint: 2, Self.table) == 3)
        let detail = try #require(try await store.show(queued.message.id))
        #expect(
            detail.recipients.map(\.recipient.destination) == Array(repeating: "[relay.example]:587", count: 3)
                + Array(repeating: "a.smart.example", count: 2))
        await store.close()
    }

    @Test("Address literals have routes as well, and a row that cannot be read is left alone")
    func literals() async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            var message = try Fixture.message(to: ["x.example", "y.smart.example", "z.smart.example"])
            let address = try #require(IPAddress("192.0.2.7"))
            message.recipients[0].mailbox = Mailbox(localPart: "u", domain: .literal(address))
            _ = try await store.enqueue([message])
            await store.close()
        }
        try fixture.sql("UPDATE recipient SET domain = 5 WHERE domain = 'y.smart.example'")
        let store = try fixture.open()
        #expect(try await store.reroute(fingerprint: 2, Self.table) == 2)
        await store.close()
        #expect(
            try fixture.query("SELECT destination FROM recipient ORDER BY number") == [
                "[192.0.2.7]", "y.smart.example", "[relay.example]:587",
            ])
    }

    @Test("A disk that fails in the middle leaves whole steps, and a second call finishes")
    func failure() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for _ in 0..<3 {
            _ = try await store.enqueue([Fixture.message(to: Array(repeating: "a.smart.example", count: 1000))])
        }
        let steps = Mutex(0)
        await #expect(throws: StoreError.self) {
            try await store.reroute(fingerprint: 1) { domain, old in
                // Asked once for each page: the second page's commit fails.
                if steps.withLock({
                    $0 += 1; return $0
                }) == 2 {
                    fixture.disk.failWALSync()
                }
                return Self.table(domain, old)
            }
        }
        let summary = try await store.destinationsSummary(at: Fixture.start, limit: 9)
        #expect(summary.map(\.due) == [2000, 1000])
        // The fingerprint is not that of a run that came to its end.
        #expect(try await store.reroute(fingerprint: 1, Self.table) == 2000)
        await store.close()
    }

    @Test("Nothing is read again at a start with the routes of the last one, however much is queued")
    func fingerprint() async throws {
        let fixture = try Fixture()
        let asked = Mutex(0)
        let counting: @Sendable (MailDomain, String) -> String = { domain, old in
            asked.withLock { $0 += 1 }
            return Self.table(domain, old)
        }
        do {
            let store = try fixture.open()
            _ = try await store.enqueue([Fixture.message(to: ["a.smart.example", "b.example"])])
            #expect(try await store.reroute(fingerprint: .min, counting) == 1)
            await store.close()
        }
        #expect(asked.withLock { $0 } == 2)
        let store = try fixture.open()
        _ = try await store.enqueue([Fixture.message(to: ["c.smart.example"])])
        #expect(try await store.reroute(fingerprint: .min, counting) == 0)
        #expect(asked.withLock { $0 } == 2, "the same routes")
        #expect(try await store.reroute(fingerprint: .max, counting) == 1)
        #expect(asked.withLock { $0 } == 5, "other routes")
        await store.close()
    }

    @Test("Routes that were given up half way are not taken for those of the run before")
    func halfWay() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        #expect(try await store.reroute(fingerprint: 1, Self.table) == 0)
        for _ in 0..<2 {
            _ = try await store.enqueue([Fixture.message(to: Array(repeating: "a.smart.example", count: 1000))])
        }
        let steps = Mutex(0)
        await #expect(throws: StoreError.self) {
            try await store.reroute(fingerprint: 2) { domain, old in
                if steps.withLock({
                    $0 += 1; return $0
                }) == 2 {
                    fixture.disk.failWALSync()
                }
                return Self.table(domain, old)
            }
        }
        // Back to the routes of the first run: what the second had changed is changed back.
        #expect(try await store.reroute(fingerprint: 1) { _, _ in "a.smart.example" } == 1000)
        await store.close()
    }
}
