import GRDB
import Mail

/// What waits and will be given up, by destination and cause.
enum ExpiryQueries {
    // A deadline is never behind the expiry, so its index leads to all that expires in time; beside that to what may want a
    // delayed notice first, which is looked at and left out. So is a canary (kind 4), which is meant to expire. The sentence
    // is fetched for the rows of the page alone: it would be most of what has to be sorted.
    static let expiring = """
        SELECT destination, cause, (SELECT detail FROM recipient WHERE number = newest), messages, recipients, first, last
        FROM (
            SELECT destination, cause, max(number) AS newest, count(DISTINCT message) AS messages,
                count(*) AS recipients, min(expires_at) AS first, max(expires_at) AS last
            FROM recipient INDEXED BY recipient_deadline
            WHERE state = 0 AND deadline < ?1 AND expires_at < ?1
                AND (SELECT kind FROM message WHERE number = recipient.message) IS NOT 4
            GROUP BY destination, cause
        )
        ORDER BY first, destination, cause LIMIT ?2
        """

    static func read(_ columns: inout Columns) throws -> ExpirySum {
        ExpirySum(
            destination: try columns.text(), cause: try columns.optionalText(), detail: try columns.optionalText(),
            messages: try columns.int(), recipients: try columns.int(), first: try columns.time(),
            last: try columns.time())
    }
}
