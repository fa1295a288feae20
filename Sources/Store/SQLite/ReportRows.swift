import GRDB
import Mail

/// What becomes of reports: one row of `report` for each domain and day.
enum ReportRows {
    /// A report is planned once; what is counted for its domain later is planned already.
    static func plan(_ report: PlannedReport, _ db: Database) throws {
        let key = key(report.domain, report.day)
        try db.cachedStatement(sql: insert).run(
            key + [report.id.databaseValue, report.dueAt.seconds.databaseValue])
        try db.cachedStatement(sql: markPlanned).run(key)
    }

    static func begin(_ report: StoredReport, at time: WallTime, body: [UInt8], _ db: Database) throws {
        let key = key(report.domain, report.day)
        try db.cachedStatement(sql: begin).run(
            key + [
                time.seconds.databaseValue, words(report.words), report.successes.databaseValue,
                report.failures.databaseValue,
            ])
        if db.changesCount != 1 { throw unknown(report.domain, report.day, "is not planned") }
        try db.cachedStatement(sql: insertBody).run(key + [body.databaseValue])
        for (position, destination) in report.destinations.enumerated() {
            try ReportDestinationRows.insert(destination, key + [position.databaseValue], at: time, db)
        }
        try goOn(key, words: .null, at: time, db)
    }

    /// Sets what there is to do next for a report under way by its destinations: nothing for any of them ends it.
    static func goOn(_ key: [DatabaseValue], words: DatabaseValue, at now: WallTime, _ db: Database) throws {
        let work = try db.cachedStatement(sql: ReportDestinationRows.work).first(key) {
            (open: try $0.int(), accepted: try $0.int(), dueAt: try $0.value())
        }
        guard let work else { return }
        if work.open > 0 {
            try db.cachedStatement(sql: wait).run(key + [work.dueAt, words])
        } else {
            let outcome = work.accepted > 0 ? ReportOutcome.accepted : .undelivered
            try db.cachedStatement(sql: finish).run(
                key + [outcome.rawValue.databaseValue, now.seconds.databaseValue, words])
            try db.cachedStatement(sql: removeBody).run(key)
        }
    }

    static func postpone(
        _ domain: DomainName, _ day: ReportDay, until time: WallTime, words text: String, at now: WallTime,
        _ db: Database
    ) throws {
        try db.cachedStatement(sql: postpone).run(
            key(domain, day) + [time.seconds.databaseValue, words(text), now.seconds.databaseValue])
        if db.changesCount != 1 { throw unknown(domain, day, "is not planned") }
    }

    static func hasten(_ day: ReportDay, _ domain: DomainName?, at time: WallTime, _ db: Database) throws -> Int {
        let values = [time.seconds.databaseValue, day.number.databaseValue]
        if let domain {
            try db.cachedStatement(sql: hastenOne).run(values + [domain.text.databaseValue])
        } else {
            try db.cachedStatement(sql: hasten).run(values)
        }
        return db.changesCount
    }

    static func end(
        _ domain: DomainName, _ day: ReportDay, as outcome: ReportOutcome, words text: String, at now: WallTime,
        _ db: Database
    ) throws {
        try db.cachedStatement(sql: end).run(
            key(domain, day) + [outcome.rawValue.databaseValue, now.seconds.databaseValue, words(text)])
        if db.changesCount != 1 { throw unknown(domain, day, "is not planned") }
    }

    static func replan(_ domain: DomainName, _ day: ReportDay, at time: WallTime, _ db: Database) throws {
        let key = key(domain, day)
        try db.cachedStatement(sql: replan).run(key + [time.seconds.databaseValue])
        if db.changesCount != 1 { throw unknown(domain, day, "has not ended") }
        try db.cachedStatement(sql: removeBody).run(key)
        try db.cachedStatement(sql: ReportDestinationRows.remove).run(key)
    }

    static func remove(_ key: [DatabaseValue], _ db: Database) throws {
        for sql in [removeBody, ReportDestinationRows.remove, remove] { try db.cachedStatement(sql: sql).run(key) }
    }

    static func key(_ domain: DomainName, _ day: ReportDay) -> [DatabaseValue] {
        [day.number.databaseValue, domain.text.databaseValue]
    }

    static func words(_ text: String?) -> DatabaseValue {
        (text?.cutForColumn(to: ReportLimits.words)).databaseValue
    }

    static func unknown(_ domain: DomainName, _ day: ReportDay, _ why: String) -> StoreError {
        .unknown("report of \(domain) for \(day) \(why)")
    }

    private static let insert = """
        INSERT OR IGNORE INTO report (day, domain, id, state, due_at) VALUES (?, ?, ?, 0, ?)
        """
    private static let markPlanned = "UPDATE report_domain SET planned = 1 WHERE day = ? AND domain = ?"
    private static let begin = """
        UPDATE report SET state = 1, due_at = NULL, begun_at = ?3, words = ?4, successes = ?5, failures = ?6
        WHERE day = ?1 AND domain = ?2 AND state = 0
        """
    private static let insertBody = "INSERT OR REPLACE INTO report_body (day, domain, bytes) VALUES (?, ?, ?)"
    static let body = "SELECT bytes FROM report_body WHERE day = ? AND domain = ?"
    private static let removeBody = "DELETE FROM report_body WHERE day = ? AND domain = ?"
    private static let wait = """
        UPDATE report SET due_at = ?3, words = coalesce(?4, words) WHERE day = ?1 AND domain = ?2 AND state = 1
        """
    private static let finish = """
        UPDATE report SET state = 2, due_at = NULL, outcome = ?3, ended_at = ?4, words = coalesce(?5, words)
        WHERE day = ?1 AND domain = ?2 AND state = 1
        """
    private static let postpone = """
        UPDATE report SET due_at = ?3, words = ?4, begun_at = coalesce(begun_at, ?5)
        WHERE day = ?1 AND domain = ?2 AND state = 0
        """
    static let hasten = "UPDATE report SET due_at = ? WHERE day = ? AND state = 0"
    static let hastenOne = "\(hasten) AND domain = ?"
    private static let end = """
        UPDATE report SET state = 2, due_at = NULL, outcome = ?3, ended_at = ?4, words = ?5
        WHERE day = ?1 AND domain = ?2 AND state = 0
        """
    private static let replan = """
        UPDATE report SET state = 0, due_at = ?3, begun_at = NULL, ended_at = NULL, outcome = NULL, words = NULL,
            successes = NULL, failures = NULL
        WHERE day = ?1 AND domain = ?2 AND state = 2
        """
    private static let remove = "DELETE FROM report WHERE day = ? AND domain = ?"
}
