import GRDB
import Mail

/// The rows of `observed_count`. What has no place on its day is counted together by rule and cause, under the destination
/// ``DeliverySum/rest``; damaged rows are passed over.
enum ObservedRows {
    static func add(_ observed: [ObservedCount], limit: Int, _ db: Database) throws {
        /// Rows of each day, counted once.
        var rows: [ReportDay: Int] = [:]
        for count in observed {
            var destination = count.destination.cutForColumn(to: WatchLimits.name)
            let sum = max(count.connections, 0).databaseValue
            try db.cachedStatement(sql: update).run([sum] + key(count, destination))
            if db.changesCount > 0 { continue }
            let known = try rows[count.day] ?? number(of: count.day, db)
            if known < limit { rows[count.day] = known + 1 } else { destination = DeliverySum.rest }
            try db.cachedStatement(sql: upsert).run(key(count, destination) + [sum])
        }
    }

    private static func number(of day: ReportDay, _ db: Database) throws -> Int {
        try db.cachedStatement(sql: count).first([day.number.databaseValue]) { try $0.int() } ?? 0
    }

    private static func key(_ count: ObservedCount, _ destination: String) -> [DatabaseValue] {
        [
            count.day.number.databaseValue, count.rule.cutForColumn(to: WatchLimits.name).databaseValue,
            destination.databaseValue, (count.cause ?? "").cutForColumn(to: WatchLimits.name).databaseValue,
        ]
    }

    static func read(_ columns: inout Columns) throws -> ObservedCount {
        let day = ReportDay(number: try columns.int64())
        let (rule, destination, cause) = (try columns.text(), try columns.text(), try columns.text())
        return ObservedCount(
            day: day, rule: rule, destination: destination, cause: cause.isEmpty ? nil : cause,
            connections: try columns.count())
    }

    /// - Returns: true where nothing is left to forget.
    static func forget(before day: ReportDay, _ db: Database) throws -> Bool {
        try db.cachedStatement(sql: remove).run([day.number.databaseValue, WatchLimits.page.databaseValue])
        return db.changesCount < WatchLimits.page
    }

    private static let update = """
        UPDATE observed_count SET connections = connections + ?
        WHERE day = ? AND rule = ? AND destination = ? AND cause = ?
        """
    private static let upsert = """
        INSERT INTO observed_count (day, rule, destination, cause, connections) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET connections = connections + excluded.connections
        """
    private static let count = "SELECT count(*) FROM observed_count WHERE day = ?"
    static let select = """
        SELECT day, rule, destination, cause, connections FROM observed_count WHERE day >= ?
        ORDER BY connections DESC, day DESC, rule, destination, cause
        """
    private static let remove = """
        DELETE FROM observed_count WHERE (day, rule, destination, cause) IN
            (SELECT day, rule, destination, cause FROM observed_count WHERE day < ? LIMIT ?)
        """
}
