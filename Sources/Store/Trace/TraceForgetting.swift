import GRDB
import Mail

/// What makes room. Each function takes one step of a bounded number of rows and says how many it took.
enum TraceForgetting {
    /// Keys of one step: they are small, and there are some for each life.
    static let keysAtOnce = 4 * TraceLimits.forgottenAtOnce
    /// Pages given back to the file system in one step.
    static let pagesAtOnce = 256

    /// Lives that ended before `time`.
    static func lives(before time: WallTime, limit: Int, _ db: Database) throws -> Int {
        try run(livesBefore, [time.seconds.databaseValue, limit.databaseValue], db)
    }

    /// The lives that were written first, with the notes of their time.
    static func oldestLives(_ limit: Int, _ db: Database) throws -> Int {
        let last = try db.cachedStatement(sql: lastOfOldest).first([limit.databaseValue]) { try $0.optionalTime() }
        let count = try run(livesFirst, [limit.databaseValue], db)
        if let last = last ?? nil {
            _ = try notes(before: last, limit: limit, db)
        }
        return count
    }

    /// Notes of before `time`.
    static func notes(before time: WallTime, limit: Int, _ db: Database) throws -> Int {
        try run(notesBefore, [time.seconds.databaseValue, limit.databaseValue], db)
    }

    /// Keys of buckets that hold no life any more, of one bucket at a time. `next`: the number of the next life.
    static func keys(next: Int64, _ db: Database) throws -> Int {
        let first = try db.cachedStatement(sql: firstLife).first([]) { try $0.optionalInt64() ?? next } ?? next
        let bucket = try db.cachedStatement(sql: firstBucket).first([]) { try $0.optionalInt64() } ?? nil
        guard let bucket, bucket < TraceRows.bucket(of: first) else { return 0 }
        let last = try db.cachedStatement(sql: entryAfter).first(
            [bucket.databaseValue, (keysAtOnce - 1).databaseValue]) { try $0.int64() }
        return try run(staleKeys, [bucket.databaseValue, (last ?? .max).databaseValue], db)
    }

    private static func run(_ sql: String, _ values: [DatabaseValue], _ db: Database) throws -> Int {
        try db.cachedStatement(sql: sql).run(values)
        return db.changesCount
    }

    private static let livesBefore = """
        DELETE FROM life WHERE number IN (
            SELECT number FROM life INDEXED BY life_ended WHERE ended_at < ? ORDER BY ended_at LIMIT ?)
        """
    private static let livesFirst = "DELETE FROM life WHERE number IN (SELECT number FROM life ORDER BY number LIMIT ?)"
    private static let lastOfOldest =
        "SELECT max(ended_at) FROM (SELECT ended_at FROM life NOT INDEXED ORDER BY number LIMIT ?)"
    private static let notesBefore = """
        DELETE FROM note WHERE number IN (
            SELECT number FROM note INDEXED BY note_time WHERE time < ? ORDER BY time LIMIT ?)
        """
    private static let firstLife = "SELECT min(number) FROM life"
    private static let firstBucket = "SELECT min(bucket) FROM key"
    private static let entryAfter = "SELECT entry FROM key WHERE bucket = ? ORDER BY entry LIMIT 1 OFFSET ?"
    private static let staleKeys = "DELETE FROM key WHERE bucket = ? AND entry <= ?"
}
