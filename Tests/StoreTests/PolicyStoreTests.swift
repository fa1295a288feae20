import Mail
import Testing

@testable import Store

@Suite struct PolicyStoreTests {
    @Test("At the limit of domains no further one is kept, and those that are there go on")
    func limit() async throws {
        let fixture = try Fixture()
        var options = SQLiteOptions()
        options.policyLimit = 3
        let store = try fixture.open(options)
        for number in 0..<3 {
            try await store.save(try Entries.entry("d\(number).example", held: Entries.held()))
        }
        await #expect(throws: StoreError.failed("3 policies are kept, and no more can be")) {
            try await store.save(try Entries.entry("d3.example", held: Entries.held()))
        }
        // One that is there is renewed; a place that comes free is taken.
        try await store.save(try Entries.entry("d0.example", held: Entries.held(), failure: Entries.failure(at: 9)))
        try await store.removePolicy(try Entries.name("d1.example"))
        try await store.save(try Entries.entry("d3.example", held: Entries.held()))
        #expect(try await store.policies(after: nil, limit: 10).count == 3)
        await store.close()
    }

    @Test("STS-26 Policy, id and times survive a restart, also one without a close")
    func restart() async throws {
        let fixture = try Fixture()
        let full = try Entries.entry(
            "full.example", held: Entries.held(), failure: Entries.failure(at: 60, count: 3), missing: Fixture.start,
            used: Fixture.start.advanced(by: 70))
        let bare = try Entries.entry("bare.example", failure: Entries.failure(at: 1))
        do {
            let store = try fixture.open()
            try await store.save(full, bare)
        }
        let store = try fixture.open()
        #expect(store.openingReport.wasUnclean)
        #expect(try await store.policy(for: full.domain) == .entry(full))
        #expect(try await store.policy(for: bare.domain) == .entry(bare))
        #expect(try await store.policy(for: Entries.name("other.example")) == nil)
        await store.close()
        let again = try fixture.open()
        #expect(try await again.policies(after: nil, limit: 10) == [.entry(bare), .entry(full)])
        await again.close()
    }

    @Test(
        "EDGE-20 A restart while HTTPS is down, a new id was seen or the TXT record is gone: the policy and the trouble stay"
    )
    func restartInTrouble() async throws {
        let fixture = try Fixture()
        var entries = [
            try Entries.entry("a.example", held: Entries.held(), failure: Entries.failure(at: 5, id: "20270101")),
            try Entries.entry("b.example", held: Entries.held(), failure: Entries.failure(at: 5, id: "new")),
            try Entries.entry("c.example", held: Entries.held(), missing: Fixture.start.advanced(by: 5)),
        ]
        do {
            let store = try fixture.open()
            for entry in entries {
                try await store.save(STSCacheEntry(domain: entry.domain, held: entry.held, usedAt: entry.usedAt))
            }
            try await store.save(entries, now: Fixture.start)
            entries[0].failure = Entries.failure(at: 65, count: 2, id: "20270101")
            try await store.save(entries[0])
        }
        let store = try fixture.open()
        #expect(try await store.policies(after: nil, limit: 10) == entries.map { .entry($0) })
        await store.close()
    }

    @Test("What was saved comes back exactly: random entries")
    func roundTrip() async throws {
        let fixture = try Fixture()
        var generator = Seeded(state: 42)
        let entries = try (0..<300).map { try Entries.random($0, using: &generator) }
        do {
            let store = try fixture.open()
            for start in stride(from: 0, to: entries.count, by: 100) {
                try await store.save(Array(entries[start..<start + 100]), now: WallTime(seconds: .max))
            }
        }
        let store = try fixture.open()
        for entry in entries {
            // Not as one comparison of all: 64 KiB of text make no readable failure.
            let found = try await store.policy(for: entry.domain)
            #expect(found == .entry(entry), "\(entry.domain)")
        }
        await store.close()
    }

    struct Size: Sendable {
        let reason: String
        let isTaken: Bool
        let entry: @Sendable () throws -> STSCacheEntry
    }

    static let sizes: [Size] = [
        Size(reason: "text at 64 KiB", isTaken: true) {
            try Entries.entry("a.example", held: Entries.held(textSize: 65_536))
        },
        Size(reason: "text one past", isTaken: false) {
            try Entries.entry("a.example", held: Entries.held(textSize: 65_537))
        },
        Size(reason: "patterns at 64 KiB", isTaken: true) {
            // 16 octets and a line end each.
            let held = try Entries.held(mx: Array(repeating: "abc.example.test", count: 3855))
            return try Entries.entry("a.example", held: held.with(text: []))
        },
        Size(reason: "patterns one past", isTaken: false) {
            let held = try Entries.held(mx: Array(repeating: "abc.example.test", count: 3854) + ["abcd1.example.test"])
            return try Entries.entry("a.example", held: held.with(text: []))
        },
        Size(reason: "id of 32 octets", isTaken: true) {
            try Entries.entry("a.example", held: Entries.held(id: String(repeating: "i", count: 32)))
        },
        Size(reason: "id one past", isTaken: false) {
            try Entries.entry("a.example", held: Entries.held(id: String(repeating: "i", count: 33)))
        },
        Size(reason: "id of a failure one past", isTaken: false) {
            try Entries.entry("a.example", failure: Entries.failure(at: 0, id: String(repeating: "i", count: 33)))
        },
        Size(reason: "id that SQLite would cut", isTaken: false) {
            try Entries.entry("a.example", held: Entries.held(id: "a\0b"))
        },
    ]

    @Test("Limits of an entry; one past them nothing of the whole save happens", arguments: 0..<sizes.count)
    func limits(_ index: Int) async throws {
        let size = Self.sizes[index]
        let fixture = try Fixture()
        let store = try fixture.open()
        let (entry, other) = (try size.entry(), try Entries.entry("b.example", held: Entries.held()))
        if size.isTaken {
            try await store.save(other, entry)
            #expect(try await store.policy(for: entry.domain) == .entry(entry), "\(size.reason)")
        } else {
            await #expect(throws: StoreError.self, "\(size.reason)") { try await store.save(other, entry) }
            #expect(try await store.policies(after: nil, limit: 10) == [], "\(size.reason)")
        }
        await store.close()
    }

    @Test("Entries of one save: the limit at full size, and one past it")
    func batch() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let held = try Entries.held(textSize: STSPolicy.textLimit)
        var entries = try (0..<PolicyLimits.saved).map { try Entries.entry("d\($0).example", held: held) }
        try await store.save(entries, now: Fixture.start)
        entries.append(try Entries.entry("one-more.example"))
        await #expect(throws: StoreError.failed("501 policies at once")) {
            try await store.save(entries, now: Fixture.start)
        }
        #expect(try await store.entry("one-more.example") == nil)
        #expect(try await store.entry("d499.example") != nil)
        await store.close()
    }

    @Test("The words of a failure are cut to their limit, whole characters, and before a NUL")
    func words() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for (given, kept) in [
            (String(repeating: "w", count: 1024), String(repeating: "w", count: 1024)),
            (String(repeating: "w", count: 1025), String(repeating: "w", count: 1024)),
            (String(repeating: "w", count: 1023) + "é", String(repeating: "w", count: 1023)),
            ("before\0after", "before"),
        ] {
            let failure = STSCacheEntry.Failure(
                id: "a", at: Fixture.start, count: 1, fault: STSFetchFault(.stsPolicyInvalid, given))
            try await store.save(Entries.entry("a.example", failure: failure))
            #expect(try await store.entry("a.example")?.failure?.fault.words == kept)
        }
        await store.close()
    }

    @Test("Pages go through all domains in order, each once")
    func paging() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let names = (0..<250).map { "d\($0).example" }.sorted()
        try await store.save(names.map { try Entries.entry($0, held: Entries.held()) }, now: Fixture.start)
        var (seen, pages): ([String], [Int]) = ([], [])
        var cursor: DomainName?
        while true {
            let page = try await store.policies(after: cursor, limit: .max)
            seen += page.map(\.domain.text)
            pages.append(page.count)
            guard let last = page.last else { break }
            cursor = last.domain
        }
        #expect(seen == names)
        #expect(pages == [100, 100, 50, 0])
        #expect(try await store.policies(after: nil, limit: 3).map(\.domain.text) == Array(names.prefix(3)))
        #expect(try await store.policies(after: nil, limit: -1) == [])
        await store.close()
    }

    @Test("Saves join group commit, and each was synced when it returned")
    func groups() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.save(Entries.entry("first.example"))
        var before = fixture.disk.walSyncs
        for number in 0..<20 { try await store.save(Entries.entry("s\(number).example", held: Entries.held())) }
        #expect(fixture.disk.walSyncs - before == 20)
        before = fixture.disk.walSyncs
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<400 {
                group.addTask { try await store.save(Entries.entry("d\(number).example", held: Entries.held())) }
            }
            try await group.waitForAll()
        }
        let syncs = fixture.disk.walSyncs - before
        #expect(syncs < 200, "\(syncs) syncs for 400 entries")
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) { try await store.save(Entries.entry("refused.example")) }
        #expect(try await store.policy(for: Entries.name("refused.example")) == nil)
        await store.close()
        await #expect(throws: StoreError.closed) { try await store.save(Entries.entry("late.example")) }
        await #expect(throws: StoreError.closed) { try await store.policies(after: nil, limit: 1) }
    }

    @Test("Use is noted in one go for known domains, and does not touch the policy")
    func use() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let later = Fixture.start.advanced(by: 500)
        // One past a step, so that there are two.
        let names = try (0...PolicyLimits.step).map { try Entries.name("d\($0).example") }
        for start in stride(from: 0, to: names.count, by: 400) {
            try await store.save(
                names[start..<min(start + 400, names.count)].map {
                    try Entries.entry($0.text, held: Entries.held())
                }, now: Fixture.start)
        }
        let before = fixture.disk.walSyncs
        var times = Dictionary(uniqueKeysWithValues: names.map { ($0, later) })
        times[try Entries.name("unknown.example")] = later
        try await store.noteUse(times)
        #expect(fixture.disk.walSyncs - before == 2)
        for name in names.suffix(3) {
            #expect(try await store.entry(name.text) == Entries.entry(name.text, held: Entries.held(), used: later))
        }
        #expect(try await store.policy(for: Entries.name("unknown.example")) == nil)
        await store.close()
        #expect(try fixture.query("SELECT count(*) FROM sts_use WHERE used_at = \(later.seconds)") == ["1001"])
    }

    @Test("Domains nobody mails are forgotten, those used at the very time are not")
    func forgetting() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let times = (0..<2010).map { (name: "d\($0).example", used: Fixture.start.advanced(by: $0 < 2005 ? -1 : 0)) }
        for start in stride(from: 0, to: times.count, by: 500) {
            try await store.save(
                times[start..<min(start + 500, times.count)].map {
                    try Entries.entry($0.name, held: Entries.held(), used: $0.used)
                }, now: Fixture.start)
        }
        #expect(try await store.removePolicies(unusedSince: Fixture.start) == 2005)
        #expect(
            try await store.policies(after: nil, limit: 50).map(\.domain.text) == (2005..<2010).map { "d\($0).example" }
        )
        try await store.removePolicy(Entries.name("d2007.example"))
        try await store.removePolicy(Entries.name("unknown.example"))
        #expect(try await store.policy(for: Entries.name("d2007.example")) == nil)
        #expect(try await store.removePolicies(unusedSince: Fixture.start) == 0)
        await store.close()
        #expect(try fixture.query("SELECT count(*) FROM sts_policy") == ["4"])
        #expect(try fixture.query("SELECT count(*) FROM sts_use") == ["4"])
    }
}

extension STSCacheEntry.Held {
    func with(text: [UInt8]) -> STSCacheEntry.Held {
        STSCacheEntry.Held(policy: policy, text: text, id: id, fetchedAt: fetchedAt, expiresAt: expiresAt)
    }
}
