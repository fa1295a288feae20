import GRDB
import Mail

/// Totals of one policy: one narrow row of `report_count`.
enum ReportCountRows {
    /// False where there is no such row.
    static func increment(_ policy: Int64, isFailure: Bool, _ db: Database) throws -> Bool {
        try db.cachedStatement(sql: isFailure ? addFailure : addSuccess).run([policy.databaseValue])
        return db.changesCount == 1
    }

    static func incrementOrMake(_ policy: Int64, isFailure: Bool, _ db: Database) throws {
        try db.cachedStatement(sql: upsert).run(
            [policy.databaseValue, (isFailure ? 0 : 1).databaseValue, (isFailure ? 1 : 0).databaseValue])
    }

    static func counts(for domain: DomainName, day: ReportDay, _ db: Database) throws -> [PolicyCount] {
        let rows = try db.cachedStatement(sql: selectCounts).soundRows(
            [day.number.databaseValue, domain.text.databaseValue], limit: .max
        ) { columns in
            (
                number: try columns.int64(), policy: try ReportPolicyRows.read(&columns),
                successes: try columns.count(), failures: try columns.count()
            )
        }
        return
            try rows.sorted { ($1.failures, $1.successes, $0.number) < ($0.failures, $0.successes, $1.number) }
            .map {
                PolicyCount(
                    $0.policy, successes: $0.successes, failures: $0.failures,
                    details: try ReportDetailRows.details(of: $0.number, db))
            }
    }

    static func domains(
        day: ReportDay, after domain: DomainName?, limit: Int, _ db: Database
    ) throws -> [CountedDomain] {
        try db.cachedStatement(sql: selectDomains).soundRows(
            [day.number.databaseValue, (domain?.text ?? "").databaseValue], limit: limit
        ) {
            CountedDomain(
                domain: try $0.domainName(), successes: try $0.count(), failures: try $0.count())
        }
    }

    private static let addSuccess = "UPDATE report_count SET successes = successes + 1 WHERE policy = ?"
    private static let addFailure = "UPDATE report_count SET failures = failures + 1 WHERE policy = ?"
    private static let upsert = """
        INSERT INTO report_count (policy, successes, failures) VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET successes = successes + excluded.successes, failures = failures + excluded.failures
        """
    private static let selectCounts = """
        SELECT p.number, \(ReportPolicyRows.columns), c.successes, c.failures
        FROM report_policy p INDEXED BY report_policy_domain CROSS JOIN report_count c ON c.policy = p.number
        WHERE p.day = ? AND p.domain = ?
        """
    // total(), not sum(): that one fails where a damaged number runs over. Exact below 2^53.
    private static let selectDomains = """
        SELECT p.domain, CAST(total(c.successes) AS INTEGER), CAST(total(c.failures) AS INTEGER)
        FROM report_policy p INDEXED BY report_policy_domain CROSS JOIN report_count c ON c.policy = p.number
        WHERE p.day = ? AND p.domain > ? GROUP BY p.domain ORDER BY p.domain
        """
}
