import Mail
import Testing

@testable import Store

@Suite struct ExceptionTests {
    @Test("An exception survives a restart, is replaced by the next for its domain, and is removed once")
    func lifetime() async throws {
        let fixture = try Fixture()
        let second = try Watch.exception(
            "b.example", .opportunistic, reason: "x'); DROP TABLE exception;--", untilFixed: true)
        do {
            let store = try fixture.open()
            try await store.putException(second)
            try await store.putException(Watch.exception("a.example", reason: "first"))
            try await store.putException(Watch.exception("a.example", reason: ""))
        }
        let store = try fixture.open()
        #expect(try await store.exceptions().sound == [Watch.exception("a.example", reason: ""), second])
        #expect(try await store.removeException(of: DomainName("c.example")) == false)
        #expect(try await store.removeException(of: DomainName("a.example")))
        #expect(try await store.removeException(of: DomainName("a.example")) == false)
        #expect(try await store.exceptions().sound == [second])
        await store.close()
    }

    @Test("A reason of 1024 octets is kept, one more is cut, and what is behind a NUL is not told")
    func reason() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for (length, kept) in [(1024, 1024), (1025, 1024)] {
            try await store.putException(Watch.exception(reason: String(repeating: "r", count: length)))
            #expect(try await store.exceptions().sound.map(\.reason.utf8.count) == [kept])
        }
        try await store.putException(Watch.exception(reason: "a\0b"))
        #expect(try await store.exceptions().sound.map(\.reason) == ["a"])
        await store.close()
    }

    @Test("At the limit an exception is kept, one past it is refused in words, and those kept can be changed")
    func bound() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.watchBounds.exceptions = 3
        let store = try fixture.open(options)
        for number in 0..<3 { try await store.putException(Watch.exception("d\(number).example")) }
        await #expect(throws: StoreError.failed("3 exceptions are kept, and no more can be: remove one first")) {
            try await store.putException(Watch.exception("d3.example"))
        }
        try await store.putException(Watch.exception("d1.example", reason: "again"))
        #expect(try await store.exceptions().sound.map(\.reason) == ["they know", "again", "they know"])
        #expect(try await store.removeException(of: DomainName("d0.example")))
        try await store.putException(Watch.exception("d3.example"))
        await store.close()
        #expect(SQLiteOptions().watchBounds.exceptions == WatchLimits.exceptions)
    }

    static let damage = [
        ("until = until + 86400", "it would last longer"), ("allow = 'opportunistic'", "it would allow more"),
        ("allow = 'all'", "nobody knows what"), ("since = 'x'", "no time"), ("reason = x'00'", "no text"),
        ("until_fixed = 1", "another kind"), ("checksum = 0", "the checksum itself"),
        ("domain = 'other.example'", "it would hold for another domain"), ("domain = 'UPPER.example'", "no name"),
        ("domain = x'00'", "no text either"),
    ]

    @Test("A damaged exception lowers nothing, and is told in words", arguments: damage)
    func damaged(_ change: String, why: String) async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try await store.putException(Watch.exception("good.example"))
            try await store.putException(Watch.exception("victim.example"))
            await store.close()
        }
        try fixture.sql("UPDATE exception SET \(change) WHERE domain = 'victim.example'")
        let store = try fixture.open()
        let (sound, damaged) = try await store.exceptions()
        #expect(sound.map(\.domain.text) == ["good.example"], "\(why)")
        let words = try #require(damaged.first)
        #expect(damaged.count == 1 && words.contains("is damaged") && words.contains("remove it"))
        // Where its name is readable it can be removed.
        if !change.hasPrefix("domain") {
            #expect(words.contains("victim.example"))
            #expect(try await store.removeException(of: DomainName("victim.example")))
            #expect(try await store.exceptions().damaged.isEmpty)
        }
        await store.close()
    }
}
