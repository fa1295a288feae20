extension Schema {
    // Indexes of recipients, each for one way of asking:
    // - `recipient_due`: what is due, without touching rows of destinations and lanes that are left out.
    // - `recipient_deadline`: what is overdue, in the same way.
    // - `recipient_destination`: pages through one destination in order of arrival, and sums up each without touching a
    //   row. Its order does not follow the next attempt, so that a deferral changes an entry in its place.
    // - `recipient_held`: as it was; empty but for what the operator holds.
    //
    // Mail on disk is of normal priority and of no sender in particular (bit 62), and past TLS policy where its demand is
    // optional (bit 61). It expires with its message. Where a delayed notice may still be wanted the deadline is its usual
    // time, four hours after receipt, for whoever comes to it decides by the settings of today; with the expiry instead,
    // mail of a destination that gets no attempt from now on would never be asked after. The order of `recipient` is kept,
    // so that a million rows are one pass through both tables.
    static let version5 = """
        DROP INDEX recipient_due;
        DROP INDEX recipient_destination;
        ALTER TABLE message ADD COLUMN message_id TEXT;
        ALTER TABLE recipient ADD COLUMN lane INTEGER NOT NULL DEFAULT 4611686018427387904;
        ALTER TABLE recipient ADD COLUMN expires_at INTEGER;
        ALTER TABLE recipient ADD COLUMN deadline INTEGER;
        ALTER TABLE recipient ADD COLUMN held_at INTEGER;
        ALTER TABLE recipient ADD COLUMN hold_reason TEXT;
        UPDATE recipient SET (expires_at, deadline, lane) = (
            SELECT m.expires_at,
                CASE WHEN recipient.delayed_notice = 0 AND m.reverse_local IS NOT NULL AND m.kind IN (0, 3)
                    AND (recipient.notify IS NULL OR recipient.notify & 4)
                THEN min(m.expires_at, m.received_at + 14400) ELSE m.expires_at END,
                4611686018427387904 + CASE WHEN m.demand IN (3, 4) THEN 2305843009213693952 ELSE 0 END
            FROM message m WHERE m.number = recipient.message)
        WHERE EXISTS (SELECT 1 FROM message m WHERE m.number = recipient.message);
        CREATE INDEX recipient_due ON recipient (next_attempt, destination, lane) WHERE state = 0;
        CREATE INDEX recipient_deadline ON recipient (deadline, destination) WHERE state = 0;
        CREATE INDEX recipient_destination ON recipient (destination, number, state, next_attempt, lane)
            WHERE state <= 2;
        CREATE TABLE suspension (
            number INTEGER PRIMARY KEY,
            destination TEXT NOT NULL,
            since INTEGER NOT NULL,
            until INTEGER,
            reason TEXT NOT NULL,
            ended_at INTEGER
        );
        CREATE UNIQUE INDEX suspension_open ON suspension (destination) WHERE ended_at IS NULL;
        CREATE TABLE hold_rule (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            has_reverse_path INTEGER NOT NULL,
            reverse_local TEXT,
            reverse_domain,
            sender_domain TEXT,
            local TEXT,
            domain,
            recipient_domain TEXT,
            destination TEXT,
            reason TEXT NOT NULL,
            since INTEGER NOT NULL
        );
        PRAGMA user_version = 5;
        """
}
