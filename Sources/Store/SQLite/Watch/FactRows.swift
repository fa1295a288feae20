import GRDB
import Mail

/// The rows of `known_fact` and `fact_change`. What cannot be read is passed over: it is learned again.
enum FactRows {
    /// - Parameters:
    ///   - limit: ``WatchLimits/facts``; in place of one more that which was seen longest ago goes.
    ///   - rows: how many there are; nil where nobody has counted yet.
    static func put(_ fact: KnownFact, limit: Int, rows: inout Int?, _ db: Database) throws {
        let key = [name(fact.name).databaseValue, fact.kind.rawValue.databaseValue]
        let values = [
            FactReading.bounded(fact.value).databaseValue, fact.since.seconds.databaseValue,
            fact.seenAt.seconds.databaseValue,
        ]
        try db.cachedStatement(sql: update).run(values + key)
        if db.changesCount > 0 { return }
        var count = try rows ?? db.cachedStatement(sql: count).first([]) { try $0.int() } ?? 0
        if count >= limit {
            let excess = min(count - limit + 1, WatchLimits.page)
            try db.cachedStatement(sql: forgetOldest).run([excess.databaseValue])
            count -= db.changesCount
        }
        try db.cachedStatement(sql: insert).run(key + values)
        rows = count + 1
    }

    /// - Parameter limit: ``WatchLimits/changes``; the oldest beyond them go.
    static func add(_ change: FactChange, limit: Int, _ db: Database) throws {
        try db.cachedStatement(sql: insertChange).run([
            name(change.name).databaseValue, change.kind.rawValue.databaseValue, change.time.seconds.databaseValue,
            change.old.map(FactReading.bounded).databaseValue, FactReading.bounded(change.new).databaseValue,
        ])
        // Numbers rise by one: no more are kept.
        let (oldest, _) = db.lastInsertedRowID.subtractingReportingOverflow(Int64(limit))
        if oldest > 0 { try db.cachedStatement(sql: trimAll).run([oldest.databaseValue]) }
    }

    /// Forgets the oldest changes of a name beyond `limit`.
    static func trim(_ changed: String, limit: Int, _ db: Database) throws {
        let name = name(changed).databaseValue
        try db.cachedStatement(sql: trimChanges).run([name, limit.databaseValue])
    }

    /// - Returns: true where nothing is left to forget.
    static func forget(before time: WallTime, rows: inout Int?, _ db: Database) throws -> Bool {
        let values = [time.seconds.databaseValue, WatchLimits.page.databaseValue]
        try db.cachedStatement(sql: forgetChanges).run(values)
        let changes = db.changesCount
        try db.cachedStatement(sql: forgetFacts).run(values)
        let facts = db.changesCount
        rows = rows.map { $0 - facts }
        return max(changes, facts) < WatchLimits.page
    }

    static func read(_ columns: inout Columns) throws -> KnownFact {
        KnownFact(
            name: try columns.text(), kind: try columns.factKind(), value: try columns.text(),
            since: try columns.time(),
            seenAt: try columns.time())
    }

    static func readChange(_ columns: inout Columns) throws -> FactChange {
        FactChange(
            number: try columns.int64(), name: try columns.text(), kind: try columns.factKind(),
            time: try columns.time(), old: try columns.optionalText(), new: try columns.text())
    }

    /// As it is written, and looked for.
    static func name(_ name: String) -> String { name.cutForColumn(to: FactReading.nameLimit) }

    private static let update = "UPDATE known_fact SET value = ?, since = ?, seen_at = ? WHERE name = ? AND kind = ?"
    private static let insert = "INSERT INTO known_fact (name, kind, value, since, seen_at) VALUES (?, ?, ?, ?, ?)"
    private static let count = "SELECT count(*) FROM known_fact"
    private static let forgetOldest = """
        DELETE FROM known_fact WHERE rowid IN (SELECT rowid FROM known_fact INDEXED BY known_fact_seen
            ORDER BY seen_at LIMIT ?)
        """
    private static let trimAll = "DELETE FROM fact_change WHERE number <= ?"
    private static let insertChange = "INSERT INTO fact_change (name, kind, time, old, new) VALUES (?, ?, ?, ?, ?)"
    private static let trimChanges = """
        DELETE FROM fact_change WHERE number IN (SELECT number FROM fact_change INDEXED BY fact_change_name
            WHERE name = ? ORDER BY number DESC LIMIT -1 OFFSET ?)
        """
    private static let forgetChanges = """
        DELETE FROM fact_change WHERE number IN (SELECT number FROM fact_change INDEXED BY fact_change_time
            WHERE time < ? LIMIT ?)
        """
    private static let forgetFacts = """
        DELETE FROM known_fact WHERE rowid IN (SELECT rowid FROM known_fact INDEXED BY known_fact_seen
            WHERE seen_at < ? LIMIT ?)
        """
    static let facts = """
        SELECT name, kind, value, since, seen_at FROM known_fact WHERE name IN (SELECT value FROM json_each(?))
        ORDER BY name, kind
        """
    static let changes = """
        SELECT number, name, kind, time, old, new FROM fact_change INDEXED BY fact_change_name
        WHERE name IN (SELECT value FROM json_each(?)) AND number < ? ORDER BY number DESC
        """
}

extension Columns {
    fileprivate mutating func factKind() throws -> KnownFact.Kind {
        guard let kind = KnownFact.Kind(rawValue: try text()) else { throw DamagedRow(what: "no kind of fact") }
        return kind
    }
}
