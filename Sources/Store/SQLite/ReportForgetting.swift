import GRDB
import Mail

/// The forgetting of old days, in steps that nobody waits long for.
enum ReportForgetting {
    struct Step: Sendable {
        /// Reports forgotten in it.
        var reports = 0
        /// True where nothing is left.
        var isLast = false
    }

    /// Touches about ``ReportLimits/step`` rows. Domains go first, so that nothing half forgotten is planned.
    static func step(before day: ReportDay, _ db: Database, _ counter: inout ReportCounter) throws -> Step {
        // Numbers of rows are given out again.
        counter.forget()
        let grace = ReportDay(number: day.number.subtractingReportingOverflow(ReportLimits.graceDays).partialValue)
        let days = [day.number.databaseValue, grace.number.databaseValue]
        var room = ReportLimits.step
        try db.cachedStatement(sql: removeDomains).run(days + [room.databaseValue])
        room -= db.changesCount
        if room > 0 { room -= try removePolicies(days, room, db) }
        var step = Step()
        if room > 0 {
            try db.cachedStatement(sql: removeDays).run([days[0]])
            // A report has destinations and a body.
            let reports = try db.cachedStatement(sql: oldReports).rows(
                days + [(room / (ReportLimits.destinations + 2) + 1).databaseValue]
            ) { [try $0.value(), try $0.value()] }
            for key in reports { try ReportRows.remove(key, db) }
            step.reports = reports.count
            room -= reports.count * (ReportLimits.destinations + 2)
        }
        if room > 0 {
            try db.cachedStatement(sql: removeSuppressions).run([grace.start.seconds.databaseValue, room.databaseValue])
            room -= db.changesCount
        }
        step.isLast = room > 0
        return step
    }

    /// Removes policies with their counts and details until `room` rows are gone.
    private static func removePolicies(_ days: [DatabaseValue], _ room: Int, _ db: Database) throws -> Int {
        let numbers = try db.cachedStatement(sql: oldPolicies).rows(days + [room.databaseValue]) { try $0.value() }
        var removed = 0
        for number in numbers where removed < room {
            for sql in removePolicy {
                try db.cachedStatement(sql: sql).run([number])
                removed += db.changesCount
            }
        }
        return removed
    }

    // Days before ?1 are forgotten; what is to be waited for only where they are before ?2.
    //
    // Reports that wait for mails that are gone will never end: what is written of a mail is given up where the disk has
    // no room for it, so that the mail itself can go.
    private static let isOpen = """
        (r.state = 0 OR (r.state = 1 AND (r.due_at IS NOT NULL OR EXISTS (
            SELECT 1 FROM report_destination d JOIN message m ON m.id = d.message
            WHERE d.day = r.day AND d.domain = r.domain AND d.state = 'queued'))))
        """
    private static func isOver(_ table: String) -> String {
        """
        \(table).day < ?1 AND (\(table).day < ?2 OR NOT EXISTS (
            SELECT 1 FROM report r WHERE r.day = \(table).day AND r.domain = \(table).domain AND \(isOpen)))
        """
    }
    private static let removeDomains = """
        DELETE FROM report_domain WHERE (day, domain) IN
            (SELECT o.day, o.domain FROM report_domain o WHERE \(isOver("o")) LIMIT ?3)
        """
    private static let removeDays = """
        DELETE FROM report_day WHERE day < ? AND NOT EXISTS
            (SELECT 1 FROM report_domain d WHERE d.day = report_day.day)
        """
    private static let oldPolicies = """
        SELECT o.number FROM report_policy o INDEXED BY report_policy_domain WHERE \(isOver("o")) LIMIT ?3
        """
    private static let removePolicy = [
        "DELETE FROM report_detail WHERE policy = ?", "DELETE FROM report_count WHERE policy = ?",
        "DELETE FROM report_policy WHERE number = ?",
    ]
    private static let oldReports = """
        SELECT r.day, r.domain FROM report r WHERE r.day < ?1 AND (r.day < ?2 OR NOT \(isOpen))
        ORDER BY r.day, r.domain LIMIT ?3
        """
    private static let removeSuppressions = """
        DELETE FROM report_suppression WHERE (domain, uri) IN
            (SELECT domain, uri FROM report_suppression INDEXED BY report_suppression_until WHERE until < ? LIMIT ?)
        """
}
