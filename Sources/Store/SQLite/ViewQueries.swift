import GRDB
import Mail

/// Queries for people.
enum ViewQueries {
    static let byID =
        "SELECT \(MessageRows.columns), m.first_recipient, m.recipients FROM message m WHERE m.id = ?"

    static let recipients = """
        SELECT number, local, domain, notify, original_recipient, destination, state, attempts, next_attempt,
            coalesce(expires_at, next_attempt), last_attempt, result, cause, detail, reply_code, reply_enhanced, reply_text,
            host, delayed_notice, policy_since, held_at, hold_reason
        FROM recipient WHERE number BETWEEN ? AND ? ORDER BY number
        """

    static let attempts = """
        SELECT time, host, address, tls_level, verified_by, required_by, result, reply_code, reply_enhanced, reply_text,
            milliseconds, decision, evidence, times
        FROM attempt WHERE recipient = ? ORDER BY sequence
        """

    static let counts = """
        SELECT (SELECT count(*) FROM message),
            (SELECT count(*) FROM message INDEXED BY message_quarantined WHERE quarantined IS NOT NULL),
            (SELECT count(*) FROM recipient INDEXED BY recipient_due WHERE state = 0),
            (SELECT count(*) FROM recipient INDEXED BY recipient_held WHERE state = 1)
        """

    static let byDestination = """
        SELECT destination, due, deferred, held, (SELECT received_at FROM message WHERE number =
            (SELECT message FROM recipient WHERE number = first))
        FROM (
            SELECT destination, count(*) FILTER (WHERE state = 0 AND next_attempt <= ?1) AS due,
                count(*) FILTER (WHERE state = 0 AND next_attempt > ?1) AS deferred,
                count(*) FILTER (WHERE state = 1) AS held, min(number) FILTER (WHERE state <= 1) AS first
            FROM recipient INDEXED BY recipient_destination WHERE state <= 2 GROUP BY destination
        )
        WHERE first IS NOT NULL ORDER BY due + deferred + held DESC, destination LIMIT ?2
        """

    /// What cannot be read is shown by stand-ins.
    static func detail(_ id: String, _ db: Database) throws -> QueueDetail? {
        let found = try db.cachedStatement(sql: byID).first([id.databaseValue], isLenient: true) {
            (message: try MessageRows.read(&$0), first: try $0.int64(), count: try $0.int64())
        }
        guard let found else { return nil }
        let range = [found.first.databaseValue, (found.first &+ found.count &- 1).databaseValue]
        let recipients = try db.cachedStatement(sql: recipients).rows(range, isLenient: true, recipient)
        return QueueDetail(
            message: found.message,
            recipients: try recipients.map {
                QueueDetail.RecipientDetail(
                    recipient: $0,
                    attempts: try db.cachedStatement(sql: attempts).rows(
                        [$0.number.value.databaseValue], isLenient: true, attempt))
            })
    }

    private static func recipient(_ columns: inout Columns) throws -> StoredRecipient {
        StoredRecipient(
            number: RecipientNumber(try columns.int64()), mailbox: try columns.mailbox(),
            request: try columns.request(), destination: try columns.text(),
            state: RecipientState(rawValue: try columns.int()) ?? .held,
            attempts: try columns.int(), nextAttempt: try columns.time(), expiresAt: try columns.time(),
            lastAttempt: try columns.optionalTime(), lastOutcome: try columns.outcome(),
            lastHost: try columns.optionalText(),
            delayedNoticeSent: try columns.bool(), policyFailureSince: try columns.optionalTime(),
            heldAt: try columns.optionalTime(), holdReason: try columns.optionalText())
    }

    private static func attempt(_ columns: inout Columns) throws -> AttemptRecord {
        AttemptRecord(
            time: try columns.time(), host: try columns.optionalText(), address: try columns.address(),
            tlsLevel: try columns.optionalText(), verifiedBy: try columns.optionalText(),
            requiredBy: try columns.optionalText(), result: try columns.text(), reply: try columns.reply(),
            milliseconds: try columns.int64(), decision: try columns.optionalText(),
            evidence: try columns.optionalText(), times: try columns.optionalText())
    }
}
