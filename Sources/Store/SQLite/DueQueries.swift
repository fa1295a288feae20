import GRDB
import Mail

/// Queries of the dispatcher. Each runs on an index alone as far as rows that do not qualify are concerned.
enum DueQueries {
    /// Of a lane: the message may go past TLS policy (``SenderLane/isOptionalTLS``).
    private static let optionalBit: Int64 = 1 << 61

    /// What ``read(_:)`` reads, of a recipient as `r` and its message as `m`.
    static let columns = """
        r.number, r.message, m.id, r.local, r.domain, r.notify, r.original_recipient, r.destination, r.lane, r.attempts,
            r.next_attempt, coalesce(r.deadline, m.expires_at), r.delayed_notice, r.policy_since, m.kind, m.received_at,
            coalesce(r.expires_at, m.expires_at), m.size, m.demand
        """

    /// What is due, with a condition for each part of `exclusion` that says something.
    static func due(_ exclusion: DueExclusion) -> String {
        let conditions = conditions(exclusion).map { "\n    AND \($0.sql)" }.joined()
        return """
            SELECT \(columns)
            FROM recipient r INDEXED BY recipient_due CROSS JOIN message m ON m.number = r.message
            WHERE r.state = 0 AND r.next_attempt <= ?
                AND (r.next_attempt, r.destination, r.lane, r.number) > (?, ?, ?, ?)\(conditions)
            ORDER BY r.next_attempt, r.destination, r.lane, r.number LIMIT ?
            """
    }

    static func arguments(
        before time: WallTime, after cursor: DueCursor?, excluding exclusion: DueExclusion, limit: Int
    ) -> [DatabaseValue] {
        [
            time.seconds.databaseValue, (cursor?.nextAttempt.seconds ?? .min).databaseValue,
            (cursor?.destination ?? "").databaseValue, (cursor?.lane.value ?? 0).databaseValue,
            (cursor?.number.value ?? 0).databaseValue,
        ] + conditions(exclusion).map { $0.list.databaseValue } + [QueueLimits.page(limit)]
    }

    /// Sixteen statements at most. A list is read once for each run, not for each row.
    private static func conditions(_ exclusion: DueExclusion) -> [(sql: String, list: String)] {
        var conditions: [(sql: String, list: String)] = []
        if !exclusion.destinations.isEmpty {
            conditions.append(
                ("r.destination NOT IN (SELECT value FROM json_each(?))", JSONText.array(exclusion.destinations)))
        }
        if !exclusion.ordinary.isEmpty {
            conditions.append(
                (
                    """
                    (r.lane & \(optionalBit) <> 0
                        OR r.destination NOT IN (SELECT value FROM json_each(?)))
                    """, JSONText.array(exclusion.ordinary)
                ))
        }
        if !exclusion.senders.isEmpty {
            conditions.append(
                ("r.lane NOT IN (SELECT value FROM json_each(?))", JSONText.array(exclusion.senders.map(\.value))))
        }
        if !exclusion.lanes.isEmpty {
            conditions.append(
                (
                    "(r.destination, r.lane) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
                    JSONText.array(exclusion.lanes)
                ))
        }
        return conditions
    }

    static let nextDue =
        "SELECT min(next_attempt) FROM recipient INDEXED BY recipient_due WHERE state = 0 AND next_attempt > ?"

    static let overdue = """
        SELECT \(columns), r.result, r.cause, r.detail, r.reply_code, r.reply_enhanced, r.reply_text
        FROM recipient r INDEXED BY recipient_deadline CROSS JOIN message m ON m.number = r.message
        WHERE r.state = 0 AND r.deadline <= ? AND (r.deadline, r.destination, r.number) > (?, ?, ?)
            AND r.destination NOT IN (SELECT value FROM json_each(?))
        ORDER BY r.deadline, r.destination, r.number LIMIT ?
        """

    static let nextDeadline =
        "SELECT min(deadline) FROM recipient INDEXED BY recipient_deadline WHERE state = 0 AND deadline > ?"

    static let postpone = "UPDATE recipient SET deadline = ? WHERE number = ? AND state <= 2"

    static func read(_ columns: inout Columns) throws -> DueRecipient {
        let number = RecipientNumber(try columns.int64())
        let message = try columns.int64()
        return try columns.of(message) { try read(&$0, number, of: MessageNumber(message)) }
    }

    private static func read(
        _ columns: inout Columns, _ number: RecipientNumber, of message: MessageNumber
    ) throws -> DueRecipient {
        guard let id = QueueID(try columns.text()) else { throw DamagedRow(what: "no queue id") }
        return DueRecipient(
            number: number, message: message, id: id, mailbox: try columns.mailbox(),
            request: try columns.request(), destination: try columns.text(),
            lane: SenderLane(value: try columns.int64()), attempts: try columns.int(),
            nextAttempt: try columns.time(), deadline: try columns.time(),
            delayedNoticeSent: try columns.bool(), policyFailureSince: try columns.optionalTime(),
            kind: MessageKind(rawValue: try columns.int()) ?? .mail, receivedAt: try columns.time(),
            expiresAt: try columns.time(), size: try columns.size(), demand: MessageDemand(column: try columns.int()))
    }

    static func readOverdue(_ columns: inout Columns) throws -> OverdueRecipient {
        let due = try read(&columns)
        return OverdueRecipient(due: due, lastOutcome: try columns.of(due.message.value) { try $0.outcome() })
    }
}
