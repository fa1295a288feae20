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
        let before = day.number.databaseValue
        let grace = ReportDay(number: day.number.addingReportingOverflow(-ReportLimits.graceDays).partialValue)
        var room = ReportLimits.step
        try db.cachedStatement(sql: removeDomains).run([before, room.databaseValue])
        room -= db.changesCount
        if room > 0 { room -= try removePolicies(before, room, db) }
        var step = Step()
        if room > 0 {
            try db.cachedStatement(sql: removeDays).run([before])
            // A report has destinations and a body.
            let reports = try db.cachedStatement(sql: endedReports).rows(
                [before, (room / (ReportLimits.destinations + 2) + 1).databaseValue]
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
    private static func removePolicies(_ before: DatabaseValue, _ room: Int, _ db: Database) throws -> Int {
        let numbers = try db.cachedStatement(sql: oldPolicies).rows([before, room.databaseValue]) { try $0.value() }
        var removed = 0
        for number in numbers where removed < room {
            for sql in removePolicy {
                try db.cachedStatement(sql: sql).run([number])
                removed += db.changesCount
            }
        }
        return removed
    }

    private static let removeDomains = """
        DELETE FROM report_domain WHERE (day, domain) IN (SELECT day, domain FROM report_domain WHERE day < ? LIMIT ?)
        """
    private static let removeDays = "DELETE FROM report_day WHERE day < ?"
    private static let oldPolicies = """
        SELECT number FROM report_policy INDEXED BY report_policy_domain WHERE day < ? LIMIT ?
        """
    private static let removePolicy = [
        "DELETE FROM report_detail WHERE policy = ?", "DELETE FROM report_count WHERE policy = ?",
        "DELETE FROM report_policy WHERE number = ?",
    ]
    // Those that wait for mails that are gone will never end: what is written of a mail is given up where the disk has no
    // room for it, so that the mail itself can go.
    private static let endedReports = """
        SELECT r.day, r.domain FROM report r
        WHERE r.day < ? AND (r.state = 2 OR (r.state = 1 AND r.due_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM report_destination d JOIN message m ON m.id = d.message
            WHERE d.day = r.day AND d.domain = r.domain AND d.state = 'queued')))
        ORDER BY r.day, r.domain LIMIT ?
        """
    private static let removeSuppressions = """
        DELETE FROM report_suppression WHERE (domain, uri) IN
            (SELECT domain, uri FROM report_suppression INDEXED BY report_suppression_until WHERE until < ? LIMIT ?)
        """
}
