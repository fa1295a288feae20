import Mail
import Testing

@testable import Store

/// What wins where an entry is saved over another: with a store, because the row is read back in the transaction.
@Suite struct PolicyMergeTests {
    private func saved(
        _ first: STSCacheEntry, _ second: STSCacheEntry, now: WallTime = Fixture.start.advanced(by: 3600)
    ) async throws -> STSCacheEntry? {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.save([first], now: WallTime(seconds: .max))
        try await store.save([second], now: now)
        let result = try await store.entry(first.domain.text)
        await store.close()
        return result
    }

    private static func held(_ seconds: Int64, _ id: String = "1") throws -> STSCacheEntry.Held {
        try Entries.held(id: id, fetched: Fixture.start.advanced(by: seconds))
    }

    @Test("STS-25 STS-27 A newer fetch replaces the policy, one of the same second too, and clears the failure")
    func newer() async throws {
        for seconds: Int64 in [10, 11] {
            let old = try Entries.entry("a.example", held: Self.held(10), failure: Entries.failure(at: 20))
            let new = try Entries.entry(
                "a.example", held: Entries.held(.none, id: "2", fetched: Fixture.start.advanced(by: seconds), mx: []))
            #expect(try await saved(old, new) == new)
        }
    }

    @Test("An older fetch never replaces a newer one")
    func older() async throws {
        let old = try Entries.entry("a.example", held: Self.held(11, "new"))
        let late = try Entries.entry(
            "a.example", held: Self.held(10, "old"), missing: Fixture.start, used: Fixture.start.advanced(by: 77))
        var expected = old
        expected.usedAt = late.usedAt
        #expect(try await saved(old, late) == expected)
    }

    @Test("An entry without a policy takes none away, and its failure is remembered")
    func failureAlone() async throws {
        let old = try Entries.entry("a.example", held: Self.held(10), failure: Entries.failure(at: 20, count: 1))
        var expected = old
        for (at, count, wins) in [(30, 2, true), (20, 3, true), (19, 4, false)] as [(Int64, Int, Bool)] {
            let new = try Entries.entry("a.example", failure: Entries.failure(at: at, count: count))
            expected.failure = wins ? new.failure : old.failure
            #expect(try await saved(old, new) == expected, "failure at \(at)")
        }
        // From before the good fetch: it says nothing any more.
        let fetched = try Entries.entry("a.example", held: Self.held(10))
        let stale = try Entries.entry("a.example", failure: Entries.failure(at: 9))
        #expect(try await saved(fetched, stale) == fetched)
        // Nothing held: the newest word counts.
        let bare = try Entries.entry("a.example", failure: Entries.failure(at: 50))
        #expect(try await saved(bare, stale) == stale)
    }

    @Test("A fetch time of a clock that ran ahead is in nobody's way, one of another machine's clock is respected")
    func clock() async throws {
        let new = try Entries.entry("a.example", held: Self.held(10, "new"))
        let now = Fixture.start.advanced(by: 10)
        let (limit, beyond) = (PolicyLimits.clockTolerance + 10, PolicyLimits.clockTolerance + 11)
        let near = try Entries.entry("a.example", held: Self.held(limit, "ahead"))
        #expect(try await saved(near, new, now: now)?.held?.id == "ahead")
        let far = try Entries.entry("a.example", held: Self.held(beyond, "ahead"))
        #expect(try await saved(far, new, now: now) == new)
        // But nothing takes a policy away for nothing.
        let bare = try Entries.entry("a.example")
        #expect(try await saved(far, bare, now: now) == far)
    }

    @Test("Whatever the order in which two daemons save, the newest fetch stays")
    func race() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in (0..<200).shuffled() {
                group.addTask {
                    try await store.save(Entries.entry("a.example", held: Self.held(Int64(number), "\(number)")))
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.entry("a.example")?.held?.id == "199")
        await store.close()
    }
}
