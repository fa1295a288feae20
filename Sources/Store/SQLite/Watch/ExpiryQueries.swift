import GRDB
import Mail

/// What waits and will be given up, by destination and cause.
enum ExpiryQueries {
    // A deadline is never behind the expiry, so its index leads to all that expires in time; beside that to what may want a
    // delayed notice first, which is looked at and left out. So is a canary (kind 4), which is meant to expire. The sentence
    // is fetched for the rows of the page alone: it would be most of what has to be sorted.
    static let expiring = """
        SELECT destination, cause, (SELECT detail FROM recipient WHERE number = newest), messages, recipients, first, last,
            received
        FROM (
            SELECT r.destination AS destination, r.cause AS cause, max(r.number) AS newest,
                count(DISTINCT r.message) AS messages, count(*) AS recipients, min(r.expires_at) AS first,
                max(r.expires_at) AS last, coalesce(min(m.received_at), 0) AS received
            FROM recipient r INDEXED BY recipient_deadline LEFT JOIN message m ON m.number = r.message
            WHERE r.state = 0 AND r.deadline < ?1 AND r.expires_at < ?1 AND m.kind IS NOT 4
            GROUP BY r.destination, r.cause
        )
        ORDER BY first, destination, cause LIMIT ?2
        """

    static func read(_ columns: inout Columns) throws -> ExpirySum {
        ExpirySum(
            destination: try columns.text(), cause: try columns.optionalText(), detail: try columns.optionalText(),
            messages: try columns.int(), recipients: try columns.int(), first: try columns.time(),
            last: try columns.time(), received: try columns.time())
    }
}
