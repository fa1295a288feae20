import GRDB
import Mail

/// The policies that sessions are counted under: one row of `report_policy` for each domain, day and policy.
enum ReportPolicyRows {
    /// Columns of a policy `p` for ``read(_:)``.
    static let columns = "p.day, p.domain, p.type, p.policy_domain, p.strings, p.mx_hosts, p.checksum"

    static func read(_ columns: inout Columns) throws -> ReportedPolicy {
        // The same row twice: as it lies in the file, and by meaning.
        var raw = columns
        let checksum = RowChecksum(try (0..<6).map { _ in try raw.value() })
        _ = try columns.int64()
        _ = try columns.domainName()
        guard let type = PolicyResult.Policy(rawValue: try columns.text()) else {
            throw DamagedRow(what: "no policy type")
        }
        let policy = ReportedPolicy(
            type, domain: try columns.domainName(), strings: try columns.texts(), mxHosts: try columns.texts())
        guard try columns.int64() == checksum.value else { throw DamagedRow(what: "the checksum is wrong") }
        return policy
    }

    /// The row `policy` is counted in, made where there is none; nil where the day has no room for the domain.
    ///
    /// A policy that its domain, or the day, has no room for is counted without its text, and where that has no room either, under
    /// the domain itself: MX hosts under ever-different names must not fill the store.
    static func number(
        _ policy: ReportedPolicy, for domain: DomainName, day: ReportDay, _ counter: inout ReportCounter, _ db: Database
    ) throws -> Int64? {
        var rows: Int?
        for candidate in candidates(policy, domain) {
            let values = values(candidate.policy, domain, day)
            if let found = try db.cachedStatement(sql: find).first(values, { try $0.int64() }) { return found }
            if rows == nil {
                let count =
                    try db.cachedStatement(sql: countPolicies).first(Array(values.prefix(2))) { try $0.int() } ?? 0
                if count == 0, try !admit(domain, day, counter.domainLimit, db) { return nil }
                rows = count
            }
            if let rows, rows < candidate.room, try counter.takeText(candidate.policy.octets, on: day, db) {
                try db.cachedStatement(sql: insert).run(values)
                return db.lastInsertedRowID
            }
        }
        return nil
    }

    /// What `policy` may be counted under, each with the number of rows its domain may have before it.
    private static func candidates(
        _ policy: ReportedPolicy, _ domain: DomainName
    ) -> [(policy: ReportedPolicy, room: Int)] {
        var candidates: [(ReportedPolicy, Int)] = []
        if !policy.isBare { candidates.append((policy, ReportLimits.policiesPerDomain)) }
        if policy.domain != domain {
            candidates.append(
                (ReportedPolicy(policy.type, domain: policy.domain), 2 * ReportLimits.policiesPerDomain))
        }
        // One for each type: no bound is needed.
        candidates.append((ReportedPolicy(policy.type, domain: domain), .max))
        return candidates
    }

    /// Makes room for a domain that is new on this day; false where there is none.
    private static func admit(
        _ domain: DomainName, _ day: ReportDay, _ limit: Int, _ db: Database
    ) throws -> Bool {
        let number = day.number.databaseValue
        let name = domain.text.databaseValue
        let count = try db.cachedStatement(sql: selectDay).first([number]) { try $0.int() } ?? 0
        if count >= limit { return false }
        try db.cachedStatement(sql: insertDomain).run([number, name])
        if db.changesCount == 1 { try db.cachedStatement(sql: addDomain).run([number]) }
        return true
    }

    /// A session that was not counted because the day has no room for its domain.
    static func noteDropped(_ day: ReportDay, _ db: Database) throws {
        try db.cachedStatement(sql: addDropped).run([day.number.databaseValue])
    }

    static func dropped(_ day: ReportDay, _ db: Database) throws -> Int64 {
        try db.cachedStatement(sql: selectDropped).first([day.number.databaseValue]) { try $0.count() } ?? 0
    }

    /// Octets of text that the policies of a day have.
    static func text(of day: ReportDay, _ db: Database) throws -> Int {
        try db.cachedStatement(sql: selectText).first([day.number.databaseValue]) { max(try $0.int(), 0) } ?? 0
    }

    static func addText(_ octets: Int, on day: ReportDay, _ db: Database) throws {
        try db.cachedStatement(sql: addText).run([day.number.databaseValue, octets.databaseValue])
    }

    private static func values(
        _ policy: ReportedPolicy, _ domain: DomainName, _ day: ReportDay
    ) -> [DatabaseValue] {
        let values = [
            day.number.databaseValue, domain.text.databaseValue, policy.type.rawValue.databaseValue,
            policy.domain.text.databaseValue, JSONText.array(policy.strings).databaseValue,
            JSONText.array(policy.mxHosts).databaseValue,
        ]
        return values + [RowChecksum(values).value.databaseValue]
    }

    private static let find = """
        SELECT number FROM report_policy INDEXED BY report_policy_domain
        WHERE day = ?1 AND domain = ?2 AND checksum = ?7 AND type = ?3 AND policy_domain = ?4 AND strings = ?5
            AND mx_hosts = ?6
        """
    private static let insert = """
        INSERT INTO report_policy (day, domain, type, policy_domain, strings, mx_hosts, checksum)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    private static let countPolicies = """
        SELECT count(*) FROM report_policy INDEXED BY report_policy_domain WHERE day = ? AND domain = ?
        """
    private static let selectDay = "SELECT domains FROM report_day WHERE day = ?"
    // Counted late, for a day whose report is planned: then it is.
    private static let insertDomain = """
        INSERT OR IGNORE INTO report_domain (day, domain, planned)
        VALUES (?1, ?2, EXISTS (SELECT 1 FROM report WHERE day = ?1 AND domain = ?2))
        """
    private static let addDomain = """
        INSERT INTO report_day (day, domains, dropped, text) VALUES (?, 1, 0, 0)
        ON CONFLICT DO UPDATE SET domains = domains + 1
        """
    private static let addDropped = """
        INSERT INTO report_day (day, domains, dropped, text) VALUES (?, 0, 1, 0)
        ON CONFLICT DO UPDATE SET dropped = dropped + 1
        """
    private static let addText = """
        INSERT INTO report_day (day, domains, dropped, text) VALUES (?, 0, 0, ?)
        ON CONFLICT DO UPDATE SET text = text + excluded.text
        """
    private static let selectText = "SELECT text FROM report_day WHERE day = ?"
    private static let selectDropped = "SELECT dropped FROM report_day WHERE day = ?"
}
