import GRDB
import Mail

/// Addresses that reports are not sent to for a while: rows of `report_suppression`.
enum ReportSuppressionRows {
    static func write(_ suppression: ReportSuppression, _ db: Database) throws {
        try db.cachedStatement(sql: replace).run(
            [
                suppression.uri.databaseValue, suppression.since.seconds.databaseValue,
                suppression.until.seconds.databaseValue, ReportRows.words(suppression.words),
            ])
    }

    static func read(_ columns: inout Columns) throws -> ReportSuppression {
        ReportSuppression(
            uri: try columns.text(), since: try columns.time(), until: try columns.time(), words: try columns.text())
    }

    private static let replace = """
        INSERT OR REPLACE INTO report_suppression (uri, since, until, words) VALUES (?, ?, ?, ?)
        """
    static let one = "SELECT uri, since, until, words FROM report_suppression WHERE uri = ? AND until > ?"
    static let all = """
        SELECT uri, since, until, words FROM report_suppression INDEXED BY report_suppression_since WHERE until > ?
        ORDER BY since DESC, uri DESC
        """
    static let remove = "DELETE FROM report_suppression WHERE uri = ?"
}
