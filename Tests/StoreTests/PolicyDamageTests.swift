import FoundationEssentials
import GRDB
import Mail
import Testing

@testable import Store

/// Rows that somebody or something changed behind the store's back: never taken for "no policy".
@Suite struct PolicyDamageTests {
    /// A closed store with one entry in which no column is empty.
    private func prepared() async throws -> (Fixture, STSCacheEntry) {
        let fixture = try Fixture()
        let entry = try Entries.entry(
            "victim.example", held: Entries.held(), failure: Entries.failure(at: 5), missing: Fixture.start)
        let store = try fixture.open()
        try await store.save(entry, Entries.entry("good.example", held: Entries.held()))
        await store.close()
        return (fixture, entry)
    }

    static let changes = [
        "mode = 'testing'", "mode = 'Enforce'", "mode = NULL", "mode = 5", "max_age = 604801", "max_age = NULL",
        "max_age = 1.5", "patterns = 'mx1.example.net'", "patterns = ''", "patterns = '*.ü'", "patterns = '*.'",
        "patterns = x'00'", "text = NULL", "text = x'00'", "text = substr(text, 2)", "text = 'version: STSv1'",
        "id = 'other'", "id = NULL", "id = x'ff'", "fetched_at = fetched_at + 1", "fetched_at = 'soon'",
        "expires_at = expires_at + 31557600", "expires_at = NULL", "failure_id = NULL", "failed_at = 0",
        "failures = 0", "failures = 'many'", "failure_type = 'none'", "failure_type = 'validation-failure'",
        "failure_words = ''", "failure_words = NULL", "record_missing_since = NULL", "record_missing_since = x'01'",
        "checksum = checksum + 1", "checksum = 'x'",
        // Octets that wander from column to column.
        "id = failure_id, failure_id = id",
        // All of a policy gone: a row that says "only failures are remembered".
        "mode = NULL, max_age = NULL, patterns = NULL, text = NULL, id = NULL, fetched_at = NULL, expires_at = NULL",
    ]

    @Test("STS-26 A changed row is damaged, not absent, and its neighbours are not affected", arguments: changes)
    func changed(_ change: String) async throws {
        let (fixture, entry) = try await prepared()
        try fixture.sql("UPDATE sts_policy SET \(change) WHERE domain = 'victim.example'")
        let store = try fixture.open()
        #expect(try await store.isDamaged("victim.example"))
        #expect(try await store.entry("good.example") != nil)
        let all = try await store.policies(after: nil, limit: 10)
        #expect(all.map(\.domain.text) == ["good.example", "victim.example"])
        guard case .damaged(_, let why) = all.last else {
            Issue.record("read as sound")
            return
        }
        #expect(!why.isEmpty)
        // A fetch mends it.
        try await store.save(entry)
        #expect(try await store.policy(for: entry.domain) == .entry(entry))
        await store.close()
    }

    @Test("A damaged row goes on saying so until a policy is fetched or it is removed")
    func staysDamaged() async throws {
        let (fixture, entry) = try await prepared()
        try fixture.sql("UPDATE sts_policy SET mode = NULL WHERE domain = 'victim.example'")
        do {
            let store = try fixture.open()
            try await store.save(Entries.entry("victim.example", failure: Entries.failure(at: 100)))
            try await store.noteUse([entry.domain: Fixture.start.advanced(by: 100)])
            #expect(try await store.isDamaged("victim.example"))
        }
        let store = try fixture.open()
        #expect(try await store.isDamaged("victim.example"))
        try await store.removePolicy(entry.domain)
        #expect(try await store.policy(for: entry.domain) == nil)
        await store.close()
    }

    @Test("A row under another domain's name is damaged")
    func swapped() async throws {
        let (fixture, _) = try await prepared()
        try fixture.sql("UPDATE sts_policy SET domain = 'thief.example' WHERE domain = 'victim.example'")
        try fixture.sql("UPDATE sts_use SET domain = 'thief.example' WHERE domain = 'victim.example'")
        let store = try fixture.open()
        #expect(try await store.isDamaged("thief.example"))
        await store.close()
    }

    @Test("A lost time of use is damage; noting it again by a save mends it, for the policy itself is sound")
    func lostUse() async throws {
        for loss in ["DELETE FROM sts_use", "UPDATE sts_use SET used_at = 'never'"] {
            let (fixture, entry) = try await prepared()
            try fixture.sql(loss)
            let store = try fixture.open()
            #expect(try await store.isDamaged("victim.example"), "\(loss)")
            try await store.save(Entries.entry("victim.example"))
            #expect(try await store.policy(for: entry.domain) == .entry(entry), "\(loss)")
            await store.close()
        }
    }

    @Test("A row whose name is unreadable is left out of the listing, and those behind it are not")
    func unreadableNames() async throws {
        let (fixture, _) = try await prepared()
        for (number, name) in ["'..'", "'UPPER.example'", "'ü'", "x'00'", "'h i'", "''"].enumerated() {
            try fixture.sql("INSERT INTO sts_policy (domain, checksum) VALUES (\(name), \(number))")
        }
        let store = try fixture.open()
        let expected = ["good.example", "victim.example"]
        #expect(try await store.policies(after: nil, limit: 10).map(\.domain.text) == expected)
        #expect(try await store.policies(after: nil, limit: 2).map(\.domain.text) == expected)
        #expect(try await store.policies(after: nil, limit: 1).map(\.domain.text) == ["good.example"])
        await store.close()
    }

    @Test("A bit that flips in the file is found")
    func flippedBits() async throws {
        let (fixture, _) = try await prepared()
        let path = "\(fixture.path)/queue.db"
        let sound = try Data(contentsOf: URL(filePath: path))
        // Parts of the row that are found in the file, and within which every octet is tried.
        for part in ["mode: enforce", "*.example.net", "20270101", "sts-policy-fetch-error", "HTTP 503"] {
            let needle = Array(part.utf8)
            var places: [Int] = []
            // Behind the name: the row of the other domain has the same words.
            let start = try #require(sound.firstRange(of: Array("victim.exampleenforce".utf8)))
            let area = sound[start.upperBound...]
            let place = try #require(area.firstRange(of: needle)?.lowerBound, "\(part)")
            places += [place, place + needle.count - 1]
            for place in places {
                var broken = [UInt8](sound)
                broken[place] ^= 0x01
                try fixture.write(broken, to: "queue.db")
                let store = try fixture.open()
                #expect(try await store.isDamaged("victim.example"), "\(part) at \(place)")
                await store.close()
            }
        }
    }

    @Test("A page that breaks under an open store makes the policy damaged, not absent")
    func brokenPage() async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try await store.save(Entries.entry("victim.example", held: Entries.held(textSize: STSPolicy.textLimit)))
            await store.close()
        }
        let store = try fixture.open()
        let file = [UInt8](try Data(contentsOf: URL(filePath: "\(fixture.path)/queue.db")))
        // A page in the midst of the text: its first four octets name the next.
        let page = try #require(
            stride(from: 0, to: file.count, by: 4096).first { start in
                file[(start + 4)..<(start + 4096)].allSatisfy { $0 == 0x0A }
            })
        try fixture.write([0xFF, 0xFF, 0xFF, 0xFF], to: "queue.db", at: page)
        #expect(try await store.isDamaged("victim.example"))
        await #expect(throws: StoreError.self) { try await store.policies(after: nil, limit: 10) }
        await store.close()
    }

    @Test("The checksum tells kinds, borders and single bits apart")
    func checksum() {
        let columns: [[DatabaseValue]] = [
            [], [.null], [.null, .null], [0.databaseValue], [1.databaseValue], ["".databaseValue], ["0".databaseValue],
            [[UInt8]().databaseValue], [[0x30].databaseValue], ["ab".databaseValue, "c".databaseValue],
            ["a".databaseValue, "bc".databaseValue], ["abc".databaseValue], [Double(0).databaseValue],
            [Int64.min.databaseValue], ["1".databaseValue],
        ]
        #expect(Set(columns.map { RowChecksum($0).value }).count == columns.count)
        let text = Array("version: STSv1".utf8)
        let sum = RowChecksum([text.databaseValue]).value
        for index in text.indices {
            for bit in 0..<8 {
                var other = text
                other[index] ^= 1 << bit
                #expect(RowChecksum([other.databaseValue]).value != sum)
            }
        }
        // On disk: never changed.
        #expect(RowChecksum([.null, 1.databaseValue, "a".databaseValue]).value == 3_535_982_223_118_994_736)
    }
}
