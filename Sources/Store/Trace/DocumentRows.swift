import GRDB
import Mail

/// The rows of documents.
enum DocumentRows {
    /// Seconds after which the time of the last use is written anew: a day, so that what is used all the time costs no writing.
    static let refresh: Int64 = 86_400

    /// - Returns: octets that the file holds more.
    static func insert(_ document: TraceDocument, _ db: Database) throws -> Int64 {
        let time = document.usedAt.seconds
        try db.cachedStatement(sql: insertDocument).run(
            [
                document.key.databaseValue, document.kind.rawValue.databaseValue, time.databaseValue,
                document.bytes.databaseValue,
            ])
        if db.changesCount > 0 { return Int64(document.bytes.count) }
        try db.cachedStatement(sql: refreshDocument).run(
            [time.databaseValue, document.key.databaseValue, (time &- refresh).databaseValue])
        return 0
    }

    static func find(_ keys: [String], _ db: Database) throws -> [String: TraceDocument] {
        var found: [String: TraceDocument] = [:]
        for key in keys where found[key] == nil {
            let row = try db.cachedStatement(sql: selectDocument).first([key.databaseValue]) { row in
                (kind: try row.int64(), usedAt: try row.time(), bytes: try row.bytes())
            }
            guard let row, let kind = TraceDocument.Kind(rawValue: Int(row.kind)) else { continue }
            found[key] = TraceDocument(kind, key: key, bytes: row.bytes, usedAt: row.usedAt)
        }
        return found
    }

    /// Forgets at most `limit` that were used last before `time`, those first that were not used for the longest.
    static func forget(before time: WallTime, limit: Int, _ db: Database) throws -> (count: Int, octets: Int64) {
        let rows = try db.cachedStatement(sql: selectOldest).rows([time.seconds.databaseValue, limit.databaseValue]) {
            row in (number: try row.int64(), octets: try row.int64())
        }
        for row in rows { try db.cachedStatement(sql: deleteDocument).run([row.number.databaseValue]) }
        return (rows.count, rows.reduce(0) { $0 &+ $1.octets })
    }

    /// Octets of all.
    static func octets(_ db: Database) throws -> Int64 {
        try db.cachedStatement(sql: sumOctets).first([]) { try $0.int64() } ?? 0
    }

    private static let insertDocument =
        "INSERT INTO document (key, kind, used_at, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
    private static let refreshDocument = "UPDATE document SET used_at = ?1 WHERE key = ?2 AND used_at <= ?3"
    private static let selectDocument = "SELECT kind, used_at, body FROM document WHERE key = ?"
    private static let selectOldest = """
        SELECT number, length(body) FROM document INDEXED BY document_used WHERE used_at < ? ORDER BY used_at LIMIT ?
        """
    private static let deleteDocument = "DELETE FROM document WHERE number = ?"
    private static let sumOctets = "SELECT coalesce(sum(length(body)), 0) FROM document"
}
