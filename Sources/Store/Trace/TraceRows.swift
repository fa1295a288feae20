import GRDB
import Mail

/// The rows of lives, of what they are found by, and of notes.
enum TraceRows {
    /// Lives whose keys stand together, as a power of two: the keys of 4096 lives fill about a hundred pages.
    static let bucketBits: Int64 = 12
    private static let placeMask: Int64 = 1 << bucketBits - 1

    static func bucket(of number: Int64) -> Int64 { number >> bucketBits }
    /// The key by which a hash finds the life of a number.
    static func entry(_ hash: Int64, of number: Int64) -> Int64 { hash << bucketBits | number & placeMask }
    /// The keys of a hash.
    static func entries(_ hash: Int64) -> ClosedRange<Int64> {
        entry(hash, of: 0)...entry(hash, of: placeMask)
    }
    static func number(bucket: Int64, entry: Int64) -> Int64 { bucket << bucketBits | entry & placeMask }

    /// A life ready to be written.
    struct Record {
        let endedAt: WallTime
        let body: [UInt8]
        /// Without repetition.
        let hashes: Set<Int64>

        init(_ life: Life) {
            endedAt = life.endedAt
            body = LifeText(life).bytes
            hashes = Set(life.terms.map(TraceRows.hash))
        }
    }

    static func insert(_ record: Record, as number: Int64, _ db: Database) throws {
        try db.cachedStatement(sql: insertLife).run(
            [number.databaseValue, record.endedAt.seconds.databaseValue, record.body.databaseValue])
    }

    /// The keys of many lives, in order, by one statement for each bucket: one for each key takes three times as long.
    static func insertKeys(_ entries: [Int64: [Int64]], _ db: Database) throws {
        for (bucket, entries) in entries {
            var list = ""
            for entry in entries.sorted() { list += list.isEmpty ? "[\(entry)" : ",\(entry)" }
            try db.cachedStatement(sql: insertKeys).run([bucket.databaseValue, (list + "]").databaseValue])
        }
    }

    static func insert(_ note: TraceNote, _ db: Database) throws {
        try db.cachedStatement(sql: insertNote).run(
            [
                note.id.text.databaseValue, note.time.seconds.databaseValue,
                note.words.cut(to: TraceLimits.words).databaseValue,
            ])
    }

    /// 47 bits of FNV-1a with a final mixing: six octets on disk. Two of one bucket hardly ever meet, and then the
    /// life tells them apart.
    static func hash(_ text: String) -> Int64 {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        state = (state ^ state >> 33) &* 0xFF51_AFD7_ED55_8CCD
        return Int64(truncatingIfNeeded: (state ^ state >> 33) >> 17)
    }

    // MARK: - Counts

    static func fact(_ name: String, _ db: Database) throws -> Int64? {
        try db.cachedStatement(sql: selectFact).first([name.databaseValue]) { try $0.int64() }
    }

    static func setFact(_ name: String, _ value: Int64, _ db: Database) throws {
        try db.cachedStatement(sql: upsertFact).run([name.databaseValue, value.databaseValue])
    }

    static func oldest(_ db: Database) throws -> WallTime? {
        try db.cachedStatement(sql: selectOldest).first([]) { try $0.optionalTime() } ?? nil
    }

    static func largestNumber(_ db: Database) throws -> Int64 {
        try db.cachedStatement(sql: selectLargest).first([]) { try $0.optionalInt64() ?? 0 } ?? 0
    }

    /// Octets of the pages that hold something, and pages that hold nothing.
    static func space(_ db: Database) throws -> (octets: Int64, pages: Int64, free: Int64) {
        let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let free = try Int64.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        return ((pages - free) * Int64(TraceFile.pageSize), pages, free)
    }

    private static let insertLife = "INSERT INTO life (number, ended_at, body) VALUES (?, ?, ?)"
    private static let insertKeys = "INSERT OR IGNORE INTO key (bucket, entry) SELECT ?1, value FROM json_each(?2)"
    private static let insertNote = "INSERT INTO note (id, time, words) VALUES (?, ?, ?)"
    private static let selectFact = "SELECT value FROM fact WHERE name = ?"
    private static let upsertFact =
        "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
    private static let selectOldest = "SELECT min(ended_at) FROM life"
    private static let selectLargest = "SELECT max(number) FROM life"
}
