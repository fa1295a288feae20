import GRDB
import Mail

/// Queries for people.
enum ViewQueries {
    static let list = """
        SELECT \(MessageRows.columns), m.open, m.recipients,
            (SELECT min(next_attempt) FROM recipient
                WHERE number BETWEEN m.first_recipient AND m.first_recipient + m.recipients - 1 AND +state = 0)
        FROM message m
        WHERE m.number > ?1
            AND (?2 IS NULL OR m.received_at < ?2)
            AND (NOT ?3 OR m.quarantined IS NOT NULL)
            AND (NOT ?4 OR (m.reverse_local IS ?5 AND m.reverse_domain IS ?6))
            AND (?7 IS NULL OR EXISTS (SELECT 1 FROM recipient
                WHERE number BETWEEN m.first_recipient AND m.first_recipient + m.recipients - 1
                AND destination = ?7 AND +state <= 2))
            AND (?8 IS NULL OR EXISTS (SELECT 1 FROM recipient
                WHERE number BETWEEN m.first_recipient AND m.first_recipient + m.recipients - 1
                AND local = ?8 AND domain = ?9))
        ORDER BY m.number LIMIT ?10
        """

    static func arguments(
        _ filter: QueueFilter, after cursor: MessageNumber?, limit: Int
    ) -> [DatabaseValue] {
        var sender: [DatabaseValue] = [false.databaseValue, .null, .null]
        switch filter.sender {
        case nil: break
        case .null: sender = [true.databaseValue, .null, .null]
        case .mailbox(let mailbox):
            sender = [true.databaseValue, mailbox.localPart.databaseValue, mailbox.domain.column]
        }
        return [
            (cursor?.value ?? 0).databaseValue, (filter.receivedBefore?.seconds).databaseValue,
            filter.quarantinedOnly.databaseValue,
        ] + sender + [
            filter.destination.databaseValue, (filter.recipient?.localPart).databaseValue,
            filter.recipient?.domain.column ?? .null, limit.databaseValue,
        ]
    }

    static let byID =
        "SELECT \(MessageRows.columns), m.first_recipient, m.recipients FROM message m WHERE m.id = ?"

    static let recipients = """
        SELECT number, local, domain, notify, original_recipient, destination, state, attempts, next_attempt, last_attempt,
            result, cause, detail, reply_code, reply_enhanced, reply_text, host, delayed_notice, policy_since
        FROM recipient WHERE number BETWEEN ? AND ? ORDER BY number
        """

    static let attempts = """
        SELECT time, host, address, tls_level, verified_by, required_by, result, reply_code, reply_enhanced, reply_text,
            milliseconds
        FROM attempt WHERE recipient = ? ORDER BY sequence
        """

    static let counts = """
        SELECT (SELECT count(*) FROM message),
            (SELECT count(*) FROM message INDEXED BY message_quarantined WHERE quarantined IS NOT NULL),
            (SELECT count(*) FROM recipient INDEXED BY recipient_due WHERE state = 0),
            (SELECT count(*) FROM recipient INDEXED BY recipient_held WHERE state = 1)
        """

    static let byDestination = """
        SELECT destination, count(*) AS waiting FROM recipient INDEXED BY recipient_destination
        WHERE state = 0 GROUP BY destination ORDER BY waiting DESC, destination LIMIT ?
        """

    static func detail(_ id: QueueID, _ db: Database) throws -> QueueDetail? {
        let found = try db.cachedStatement(sql: byID).first([id.text.databaseValue]) {
            (message: try MessageRows.read(&$0), first: try $0.int64(), count: try $0.int64())
        }
        guard let found else { return nil }
        let range = [found.first.databaseValue, (found.first &+ found.count &- 1).databaseValue]
        let recipients = try db.cachedStatement(sql: recipients).rows(range, recipient)
        return QueueDetail(
            message: found.message,
            recipients: try recipients.map {
                QueueDetail.RecipientDetail(
                    recipient: $0,
                    attempts: try db.cachedStatement(sql: attempts).rows([$0.number.value.databaseValue], attempt))
            })
    }

    private static func recipient(_ columns: inout Columns) throws -> StoredRecipient {
        StoredRecipient(
            number: RecipientNumber(try columns.int64()), mailbox: try columns.mailbox(),
            request: try columns.request(), destination: try columns.text(),
            state: RecipientState(rawValue: try columns.int()) ?? .held,
            attempts: try columns.int(), nextAttempt: try columns.time(), lastAttempt: try columns.optionalTime(),
            lastOutcome: try columns.outcome(), lastHost: try columns.optionalText(),
            delayedNoticeSent: try columns.bool(), policyFailureSince: try columns.optionalTime())
    }

    private static func attempt(_ columns: inout Columns) throws -> AttemptRecord {
        AttemptRecord(
            time: try columns.time(), host: try columns.optionalText(), address: try columns.address(),
            tlsLevel: try columns.optionalText(), verifiedBy: try columns.optionalText(),
            requiredBy: try columns.optionalText(), result: try columns.text(), reply: try columns.reply(),
            milliseconds: try columns.int64())
    }
}
