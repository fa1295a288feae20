import GRDB
import Mail

/// Queries of the dispatcher. Each runs on an index alone as far as rows that do not qualify are concerned.
enum DueQueries {
    /// What ``read(_:)`` reads, of a recipient as `r` and its message as `m`.
    private static let columns = """
        r.number, r.message, m.id, r.local, r.domain, r.notify, r.original_recipient, r.destination, r.attempts,
            r.next_attempt, r.delayed_notice, r.policy_since, m.kind, m.received_at, m.expires_at, m.size, m.demand
        """

    static let everywhere = """
        SELECT \(columns)
        FROM recipient r INDEXED BY recipient_due CROSS JOIN message m ON m.number = r.message
        WHERE r.state = 0 AND r.next_attempt <= ? AND (r.next_attempt, r.destination, r.number) > (?, ?, ?)
            AND r.destination NOT IN (SELECT value FROM json_each(?))
        ORDER BY r.next_attempt, r.destination, r.number LIMIT ?
        """

    static let oneDestination = """
        SELECT \(columns)
        FROM recipient r INDEXED BY recipient_destination CROSS JOIN message m ON m.number = r.message
        WHERE r.state = 0 AND r.destination = ? AND r.next_attempt <= ? AND (r.next_attempt, r.number) > (?, ?)
        ORDER BY r.next_attempt, r.number LIMIT ?
        """

    // The store never puts a next attempt behind the expiry: what has expired is due.
    static let expired = """
        SELECT \(columns)
        FROM recipient r INDEXED BY recipient_due CROSS JOIN message m ON m.number = r.message
        WHERE r.state = 0 AND r.next_attempt <= ?1 AND m.expires_at <= ?1
        ORDER BY r.next_attempt, r.destination, r.number LIMIT ?2
        """

    static let nextDue =
        "SELECT min(next_attempt) FROM recipient INDEXED BY recipient_due WHERE state = 0 AND next_attempt > ?"

    // From name to name: two steps down the index for each, however many recipients wait for it.
    static let destinations = """
        WITH RECURSIVE waiting (name) AS (
            SELECT (SELECT destination FROM recipient INDEXED BY recipient_destination
                WHERE state = 0 AND destination > ?1 ORDER BY destination LIMIT 1)
            UNION ALL
            SELECT (SELECT destination FROM recipient INDEXED BY recipient_destination
                WHERE state = 0 AND destination > waiting.name ORDER BY destination LIMIT 1)
            FROM waiting WHERE waiting.name IS NOT NULL
            LIMIT ?2
        )
        SELECT name, (SELECT next_attempt FROM recipient INDEXED BY recipient_destination
            WHERE state = 0 AND destination = name ORDER BY next_attempt LIMIT 1)
        FROM waiting WHERE name IS NOT NULL
        """

    static func read(_ columns: inout Columns) throws -> DueRecipient {
        let number = RecipientNumber(try columns.int64())
        let message = MessageNumber(try columns.int64())
        guard let id = QueueID(try columns.text()) else { throw DamagedRow(what: "no queue id") }
        return DueRecipient(
            number: number, message: message, id: id, mailbox: try columns.mailbox(),
            request: try columns.request(), destination: try columns.text(), attempts: try columns.int(),
            nextAttempt: try columns.time(),
            delayedNoticeSent: try columns.bool(), policyFailureSince: try columns.optionalTime(),
            kind: MessageKind(rawValue: try columns.int()) ?? .mail, receivedAt: try columns.time(),
            expiresAt: try columns.time(), size: try columns.int64(), demand: MessageDemand(column: try columns.int()))
    }
}
