import FoundationEssentials
import GRDB
import Mail

/// Searches.
enum TraceQueries {
    /// The lives that match, newest first; notes alone only where a queue id is asked for.
    static func find(_ key: TraceKey, limit: Int, _ db: Database) throws -> [TraceFinding] {
        var findings: [TraceFinding] = []
        let hashes = key.terms.map(TraceRows.hash).sorted()
        // No bucket lies higher than all bits of a number.
        var bucket = TraceRows.bucket(of: .max)
        while findings.count < limit, let next = try nextBucket(below: bucket, db) {
            bucket = next
            for number in try numbers(hashes, in: bucket, db) where findings.count < limit {
                guard let life = try life(number, db), key.matches(life) else { continue }
                findings.append(TraceFinding(life: life, notes: try notes(of: life.id, db)))
            }
        }
        if case .id(let id) = key, findings.isEmpty {
            let notes = try notes(of: id, db)
            if !notes.isEmpty { findings.append(TraceFinding(life: nil, notes: notes)) }
        }
        return findings
    }

    private static func nextBucket(below bucket: Int64, _ db: Database) throws -> Int64? {
        try db.cachedStatement(sql: bucketBelow).first([bucket.databaseValue]) { try $0.int64() }
    }

    /// Newest first.
    private static func numbers(_ hashes: [Int64], in bucket: Int64, _ db: Database) throws -> [Int64] {
        var numbers: Set<Int64> = []
        for hash in hashes {
            let range = TraceRows.entries(hash)
            let entries = try db.cachedStatement(sql: entries).rows(
                [bucket.databaseValue, range.lowerBound.databaseValue, range.upperBound.databaseValue]
            ) { try $0.int64() }
            for entry in entries { numbers.insert(TraceRows.number(bucket: bucket, entry: entry)) }
        }
        return numbers.sorted(by: >)
    }

    /// Nil for a life that was forgotten before its keys, and for a row that cannot be read: it cannot be said whose it is.
    private static func life(_ number: Int64, _ db: Database) throws -> Life? {
        let body = try db.cachedStatement(sql: selectLife).first([number.databaseValue]) { try $0.bytes() }
        guard let body else { return nil }
        return try? JSONDecoder().decode(Life.self, from: Data(body))
    }

    /// The latest, oldest first.
    static func notes(of id: QueueID, _ db: Database) throws -> [TraceNote] {
        let rows = try db.cachedStatement(sql: selectNotes).rows(
            [id.text.databaseValue, TraceLimits.notesShown.databaseValue]
        ) { TraceNote(time: try $0.time(), id: id, words: try $0.text()) }
        return rows.reversed()
    }

    private static let bucketBelow = "SELECT bucket FROM key WHERE bucket < ? ORDER BY bucket DESC LIMIT 1"
    private static let entries = "SELECT entry FROM key WHERE bucket = ? AND entry BETWEEN ? AND ?"
    private static let selectLife = "SELECT body FROM life WHERE number = ?"
    private static let selectNotes =
        "SELECT time, words FROM note INDEXED BY note_id WHERE id = ? ORDER BY number DESC LIMIT ?"
}
