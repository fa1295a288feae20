import GRDB
import Mail

/// Addresses that reports of a domain are not sent to for a while: rows of `report_suppression`. A row outlives its end, so
/// that the next refusal is known as one in a row.
enum ReportSuppressionRows {
    /// - Parameter key: domain and uri, as they lie in the file.
    static func refuse(_ key: [DatabaseValue], _ words: DatabaseValue, at time: WallTime, _ db: Database) throws {
        var before = 0
        do {
            before = try db.cachedStatement(sql: refusals).first(key) { try $0.int() } ?? 0
        } catch is DamagedRow {
            // It is replaced.
        }
        let refusals = before == .max ? before : max(before, 0) + 1
        let until = time.advanced(by: ReportSuppression.duration(after: refusals))
        try db.cachedStatement(sql: replace).run(
            key + [
                time.seconds.databaseValue, until.seconds.databaseValue, refusals.databaseValue, words,
            ])
    }

    static func read(_ columns: inout Columns) throws -> ReportSuppression {
        ReportSuppression(
            domain: try columns.domainName(), uri: try columns.text(), since: try columns.time(),
            until: try columns.time(), refusals: try columns.int(), words: try columns.text())
    }

    private static let refusals = "SELECT refusals FROM report_suppression WHERE domain = ? AND uri = ?"
    private static let replace = """
        INSERT OR REPLACE INTO report_suppression (domain, uri, since, until, refusals, words) VALUES (?, ?, ?, ?, ?, ?)
        """
    private static let columns = "domain, uri, since, until, refusals, words"
    static let one = "SELECT \(columns) FROM report_suppression WHERE domain = ? AND uri = ? AND until > ?"
    static let all = """
        SELECT \(columns) FROM report_suppression INDEXED BY report_suppression_since WHERE until > ?
        ORDER BY since DESC, domain DESC, uri DESC
        """
    static let remove = "DELETE FROM report_suppression WHERE domain = ? AND uri = ?"
}
