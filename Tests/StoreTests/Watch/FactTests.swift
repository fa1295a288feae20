import Mail
import Testing

@testable import Store

@Suite struct FactTests {
    private static func fact(
        _ name: String, _ value: String, _ kind: KnownFact.Kind = .mx, seen: Int64 = 0
    ) -> KnownFact {
        KnownFact(name: name, kind: kind, value: value, since: Watch.at(0), seenAt: Watch.at(seen))
    }

    @Test("Facts and their changes survive a restart; a fact is replaced, changes come newest first, in pages")
    func lifetime() async throws {
        let fixture = try Fixture()
        let facts = [Self.fact("a.example", "'1'"), Self.fact("a.example", "id", .stsID)]
        do {
            let store = try fixture.open()
            try await store.learn([Self.fact("a.example", "old"), Self.fact("b.example", "")], [])
            try await store.learn(facts, [Watch.change("a.example", 0), Watch.change("b.example", 1)])
            try await store.learn([], [Watch.change("a.example", 2, .tlsa)])
            try await store.learn([], [])
        }
        let store = try fixture.open()
        #expect(try await store.facts(of: ["a.example"]) == facts)
        #expect(try await store.facts(of: ["b.example", "none.example", "a.example"]).count == 3)
        #expect(try await store.facts(of: []).isEmpty)
        let both = ["a.example", "b.example"]
        let changes = try await store.changes(of: both, before: nil, limit: 9)
        #expect(changes.map(\.number) == [3, 2, 1])
        #expect(changes.map(\.name) == ["a.example", "b.example", "a.example"])
        #expect(changes.map(\.old) == ["1", "0", nil] && changes.map(\.new) == ["2", "1", "0"])
        #expect(changes[0].kind == .tlsa && changes[0].time == Watch.at(2))
        #expect(try await store.changes(of: ["a.example"], before: nil, limit: 9).map(\.number) == [3, 1])
        #expect(try await store.changes(of: both, before: 3, limit: 1).map(\.number) == [2])
        await store.close()
    }

    @Test("Changes of a name: at the limit all are kept, one past it the oldest of that name goes")
    func bound() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.watchBounds.changesOfName = 3
        let store = try fixture.open(options)
        try await store.learn([], [Watch.change("b.example", 0)])
        try await store.learn([], (0..<3).map { Watch.change("a.example", $0) })
        #expect(try await store.changes(of: ["a.example"], before: nil, limit: 9).map(\.new) == ["2", "1", "0"])
        try await store.learn([], [Watch.change("a.example", 3)])
        #expect(try await store.changes(of: ["a.example"], before: nil, limit: 9).map(\.new) == ["3", "2", "1"])
        #expect(try await store.changes(of: ["b.example"], before: nil, limit: 9).count == 1)
        await store.close()
        #expect(SQLiteOptions().watchBounds.changesOfName == WatchLimits.changesOfName)
    }

    @Test("Facts: at the limit all are kept, one past it that which was seen longest ago goes, also after a restart")
    func factBound() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.watchBounds.facts = 3
        let all = (0..<6).map { "n\($0).example" }
        do {
            let store = try fixture.open(options)
            try await store.learn((0..<3).map { Self.fact(all[$0], "x", seen: Int64(10 - $0)) }, [])
            try await store.learn([Self.fact(all[2], "y", seen: 20)], [])
            #expect(try await store.facts(of: all).map(\.name) == Array(all[0..<3]), "a new value is no new fact")
            try await store.learn([Self.fact(all[3], "x", seen: 30)], [])
            #expect(try await store.facts(of: all).map(\.name) == [all[0], all[2], all[3]])
            // What is taken back was not counted.
            fixture.disk.failWALSync()
            await #expect(throws: StoreError.self) { try await store.learn([Self.fact(all[4], "x", seen: 40)], []) }
            #expect(try await store.facts(of: all).map(\.name) == [all[0], all[2], all[3]])
            await store.close()
        }
        let store = try fixture.open(options)
        try await store.learn([Self.fact(all[4], "x", seen: 40), Self.fact(all[5], "x", seen: 50)], [])
        #expect(try await store.facts(of: all).map(\.name) == Array(all[3..<6]))
        try await store.forgetFacts(before: Watch.at(50))
        try await store.learn((0..<2).map { Self.fact(all[$0], "x", seen: 60) }, [])
        #expect(try await store.facts(of: all).map(\.name) == [all[0], all[1], all[5]], "what is forgotten makes room")
        await store.close()
        #expect(SQLiteOptions().watchBounds.facts == WatchLimits.facts)
    }

    @Test("Changes: at the limit all are kept, one past it the oldest goes, whatever its name")
    func changeBound() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.watchBounds.changes = 3
        let store = try fixture.open(options)
        let names = (0..<4).map { "n\($0).example" }
        try await store.learn([], (0..<3).map { Watch.change(names[$0], $0) })
        #expect(try await store.changes(of: names, before: nil, limit: 9).map(\.number) == [3, 2, 1])
        try await store.learn([], [Watch.change(names[3], 3)])
        #expect(try await store.changes(of: names, before: nil, limit: 9).map(\.number) == [4, 3, 2])
        await store.close()
        #expect(SQLiteOptions().watchBounds.changes == WatchLimits.changes)
    }

    @Test("A name of any length there is has facts of its own, and they are found again")
    func name() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let names = ["a", "b"].map { String(repeating: "n", count: 516) + $0 }
        try await store.learn(names.map { Self.fact($0, $0) }, names.map { Watch.change($0, 0) })
        for name in names {
            #expect(try await store.facts(of: [name]) == [Self.fact(name, name)])
            #expect(try await store.changes(of: [name], before: nil, limit: 9).count == 1)
        }
        await store.close()
    }

    @Test("A value at its limit is kept, a longer one is cut and ends in a hash of all of it")
    func value() async throws {
        let limit = FactReading.textLimit
        let whole = String(repeating: "v", count: limit)
        let (long, longer) = (whole + "a", whole + "b")
        let cut = FactReading.bounded(long)
        #expect(cut != FactReading.bounded(longer), "only the end differs")

        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.learn(
            [Self.fact("a.example", long)],
            [FactChange(name: "a.example", kind: .mx, time: Watch.at(0), old: longer, new: long)])
        #expect(try await store.facts(of: ["a.example"]).map(\.value) == [cut])
        let change = try await store.changes(of: ["a.example"], before: nil, limit: 1)
        try await store.learn([Self.fact("b.example", whole)], [])
        #expect(try await store.facts(of: ["b.example"]).map(\.value) == [whole])
        #expect(change.map(\.new) == [cut] && change.map(\.old) == [FactReading.bounded(longer)])
        await store.close()
    }

    @Test("Forgetting goes in steps, takes what is older, and leaves what is of that second")
    func forget() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let old = (0..<WatchLimits.page + 1).map { Self.fact("n\($0).example", "x", seen: 9) }
        try await store.learn(old, old.indices.map { Watch.change("c\($0).example", 9) })
        try await store.learn([Self.fact("kept.example", "x", seen: 10)], [Watch.change("kept.example", 10)])
        try await store.forgetFacts(before: Watch.at(10))
        #expect(
            try await store.facts(of: ["n0.example", "n1000.example", "kept.example"]).map(\.name) == ["kept.example"])
        #expect(
            try await store.changes(of: ["c0.example", "c1000.example", "kept.example"], before: nil, limit: 9).count
                == 1)
        await store.close()
        #expect(try fixture.query("SELECT count(*) FROM known_fact") == ["1"])
        #expect(try fixture.query("SELECT count(*) FROM fact_change") == ["1"])
    }

    @Test("What cannot be read is passed over, and learned again")
    func damaged() async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try await store.learn(
                [Self.fact("a.example", "1"), Self.fact("b.example", "2")],
                [Watch.change("a.example", 0), Watch.change("a.example", 1)])
            await store.close()
        }
        try fixture.sql(
            """
            UPDATE known_fact SET value = x'00' WHERE name = 'a.example';
            UPDATE fact_change SET kind = 'of-tomorrow' WHERE number = 2
            """)
        let store = try fixture.open()
        #expect(try await store.facts(of: ["a.example", "b.example"]).map(\.name) == ["b.example"])
        #expect(try await store.changes(of: ["a.example"], before: nil, limit: 1).map(\.number) == [1])
        try await store.learn([Self.fact("a.example", "1")], [])
        #expect(try await store.facts(of: ["a.example"]).map(\.value) == ["1"])
        await store.close()
    }
}
