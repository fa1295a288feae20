import GRDB
import Mail

/// Reading of reports, and of what is to be planned.
enum ReportQueries {
    // What was counted stands in for the totals of a report that has not begun: `begin` fixes them.
    private static let selectReports = """
        SELECT r.day, r.domain, r.id, r.state, r.due_at, r.begun_at, r.ended_at, r.outcome, r.words,
            coalesce(r.successes, (SELECT CAST(total(c.successes) AS INTEGER)
                FROM report_policy p INDEXED BY report_policy_domain CROSS JOIN report_count c ON c.policy = p.number
                WHERE p.day = r.day AND p.domain = r.domain)),
            coalesce(r.failures, (SELECT CAST(total(c.failures) AS INTEGER)
                FROM report_policy p INDEXED BY report_policy_domain CROSS JOIN report_count c ON c.policy = p.number
                WHERE p.day = r.day AND p.domain = r.domain))
        FROM report r
        """
    static let due = """
        \(selectReports) INDEXED BY report_due WHERE r.due_at IS NOT NULL AND r.due_at <= ?
        ORDER BY r.due_at, r.day, r.domain
        """
    static let one = "\(selectReports) WHERE r.day = ? AND r.domain = ?"
    static let ofDay = "\(selectReports) WHERE r.day = ? AND r.domain > ? ORDER BY r.domain"

    // From day to day: one step down the index for each, however many domains it has.
    static let unplannedDays = """
        WITH RECURSIVE unplanned (day) AS (
            SELECT (SELECT day FROM report_domain INDEXED BY report_unplanned WHERE planned = 0 AND day < ?1
                ORDER BY day LIMIT 1)
            UNION ALL
            SELECT (SELECT day FROM report_domain INDEXED BY report_unplanned
                WHERE planned = 0 AND day > unplanned.day AND day < ?1 ORDER BY day LIMIT 1)
            FROM unplanned WHERE unplanned.day IS NOT NULL
            LIMIT ?2
        )
        SELECT day FROM unplanned WHERE day IS NOT NULL
        """
    static let unplannedDomains = """
        SELECT domain FROM report_domain INDEXED BY report_unplanned WHERE planned = 0 AND day = ? ORDER BY domain
        """

    static func read(_ columns: inout Columns, _ db: Database) throws -> StoredReport {
        let day = ReportDay(number: try columns.int64())
        let domain = try columns.domainName()
        let id = try columns.text()
        guard let state = StoredReport.State(rawValue: try columns.int()) else {
            throw DamagedRow(what: "no state of a report")
        }
        return StoredReport(
            domain: domain, day: day, id: id, state: state, dueAt: try columns.optionalTime(),
            begunAt: try columns.optionalTime(), endedAt: try columns.optionalTime(),
            outcome: try columns.optionalText().map { text in
                guard let outcome = ReportOutcome(rawValue: text) else { throw DamagedRow(what: "no outcome") }
                return outcome
            },
            words: try columns.optionalText(), successes: try columns.count(), failures: try columns.count(),
            destinations: try ReportDestinationRows.destinations(of: ReportRows.key(domain, day), db))
    }
}
