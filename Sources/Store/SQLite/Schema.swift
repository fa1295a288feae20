import GRDB

/// The tables, as numbered migrations: each runs once, in a transaction together with its number.
enum Schema {
    /// `PRAGMA application_id`: "WXWG". A database with another one is not ours.
    static let applicationID = 0x5758_5747
    /// The number of the last migration.
    static var version: Int { migrations.count }

    /// Never change a line that was released: add a migration.
    static let migrations: [String] = [version1, version2, version3, version4, version5]

    // Numbers of messages and recipients come from the writer (rising, never used twice), and the recipients of one message have
    // consecutive numbers: the range in the message row stands in for an index by message.
    //
    // Content has a table of its own: an update of a message row would copy every page of a BLOB behind it.
    //
    // Both indexes are replaced by version 5.
    private static let version1 = """
        PRAGMA application_id = 1465407303;
        CREATE TABLE fact (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE message (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            kind INTEGER NOT NULL,
            reverse_local TEXT,
            reverse_domain,
            body TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            size INTEGER NOT NULL,
            digest BLOB NOT NULL,
            eight_bit INTEGER NOT NULL,
            client_name TEXT,
            client_address BLOB,
            tls TEXT,
            spooled INTEGER NOT NULL,
            quarantined TEXT,
            first_recipient INTEGER NOT NULL,
            recipients INTEGER NOT NULL,
            open INTEGER NOT NULL
        );
        CREATE INDEX message_spooled ON message (number) WHERE spooled = 1;
        CREATE INDEX message_quarantined ON message (number) WHERE quarantined IS NOT NULL;
        CREATE TABLE content (
            message INTEGER PRIMARY KEY,
            bytes BLOB NOT NULL
        );
        CREATE TABLE recipient (
            number INTEGER PRIMARY KEY,
            message INTEGER NOT NULL,
            local TEXT NOT NULL,
            domain NOT NULL,
            destination TEXT NOT NULL,
            state INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            next_attempt INTEGER NOT NULL,
            last_attempt INTEGER,
            result INTEGER,
            cause TEXT,
            detail TEXT,
            reply_code INTEGER,
            reply_enhanced INTEGER,
            reply_text TEXT,
            host TEXT,
            delayed_notice INTEGER NOT NULL DEFAULT 0,
            policy_since INTEGER
        );
        CREATE INDEX recipient_due ON recipient (next_attempt, destination) WHERE state = 0;
        CREATE INDEX recipient_destination ON recipient (destination, next_attempt) WHERE state = 0;
        CREATE INDEX recipient_held ON recipient (number) WHERE state = 1;
        CREATE TABLE attempt (
            recipient INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            time INTEGER NOT NULL,
            host TEXT,
            address BLOB,
            tls_level TEXT,
            verified_by TEXT,
            result TEXT NOT NULL,
            reply_code INTEGER,
            reply_enhanced INTEGER,
            reply_text TEXT,
            milliseconds INTEGER NOT NULL,
            PRIMARY KEY (recipient, sequence)
        ) WITHOUT ROWID;
        PRAGMA user_version = 1;
        """

    // A policy is one row, wholly under its checksum. When it was last used stands apart: that changes often, and an
    // update would copy every page of the text. `mode` is NULL where no policy is held, `failure_id` where no fetch failed.
    private static let version2 = """
        ALTER TABLE message ADD COLUMN demand INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE attempt ADD COLUMN required_by TEXT;
        CREATE TABLE sts_policy (
            domain TEXT NOT NULL PRIMARY KEY,
            mode TEXT,
            max_age INTEGER,
            patterns TEXT,
            text BLOB,
            id TEXT,
            fetched_at INTEGER,
            expires_at INTEGER,
            failure_id TEXT,
            failed_at INTEGER,
            failures INTEGER,
            failure_type TEXT,
            failure_words TEXT,
            record_missing_since INTEGER,
            checksum INTEGER NOT NULL
        );
        CREATE TABLE sts_use (
            domain TEXT NOT NULL PRIMARY KEY,
            used_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        PRAGMA user_version = 2;
        """

    // What is counted for each session lies in a narrow table: an update of a policy's row would copy every page of its
    // text, and one page of counts holds hundreds of policies. The checksum of a policy shortens the way to it; equal are
    // two only by all of their columns. `report_day` spares counting the domains and the text of a day for each that is new.
    //
    // `kept` is 0 for what sums up details without hosts and addresses. Both `report_unplanned` and `report_due` hold
    // only what has something to be done about it. The compressed report has a table of its own, as content has.
    private static let version3 = """
        CREATE TABLE report_day (
            day INTEGER PRIMARY KEY,
            domains INTEGER NOT NULL,
            dropped INTEGER NOT NULL,
            text INTEGER NOT NULL
        );
        CREATE TABLE report_domain (
            day INTEGER NOT NULL,
            domain TEXT NOT NULL,
            planned INTEGER NOT NULL,
            PRIMARY KEY (day, domain)
        ) WITHOUT ROWID;
        CREATE INDEX report_unplanned ON report_domain (day, domain) WHERE planned = 0;
        CREATE TABLE report_policy (
            number INTEGER PRIMARY KEY,
            day INTEGER NOT NULL,
            domain TEXT NOT NULL,
            type TEXT NOT NULL,
            policy_domain TEXT NOT NULL,
            strings TEXT NOT NULL,
            mx_hosts TEXT NOT NULL,
            checksum INTEGER NOT NULL
        );
        CREATE INDEX report_policy_domain ON report_policy (day, domain, checksum);
        CREATE TABLE report_count (
            policy INTEGER PRIMARY KEY,
            successes INTEGER NOT NULL,
            failures INTEGER NOT NULL
        );
        CREATE TABLE report_detail (
            policy INTEGER NOT NULL,
            number INTEGER NOT NULL,
            kept INTEGER NOT NULL,
            type TEXT NOT NULL,
            reason TEXT,
            sending_address BLOB,
            receiving_host TEXT,
            receiving_helo TEXT,
            receiving_address BLOB,
            sessions INTEGER NOT NULL,
            PRIMARY KEY (policy, number)
        ) WITHOUT ROWID;
        CREATE TABLE report (
            day INTEGER NOT NULL,
            domain TEXT NOT NULL,
            id TEXT NOT NULL,
            state INTEGER NOT NULL,
            due_at INTEGER,
            begun_at INTEGER,
            ended_at INTEGER,
            outcome TEXT,
            words TEXT,
            successes INTEGER,
            failures INTEGER,
            PRIMARY KEY (day, domain)
        ) WITHOUT ROWID;
        CREATE INDEX report_due ON report (due_at) WHERE due_at IS NOT NULL;
        CREATE TABLE report_body (
            day INTEGER NOT NULL,
            domain TEXT NOT NULL,
            bytes BLOB NOT NULL,
            PRIMARY KEY (day, domain)
        );
        CREATE TABLE report_destination (
            day INTEGER NOT NULL,
            domain TEXT NOT NULL,
            position INTEGER NOT NULL,
            uri TEXT NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            last_attempt INTEGER,
            next_attempt INTEGER,
            message TEXT,
            words TEXT,
            PRIMARY KEY (day, domain, position)
        ) WITHOUT ROWID;
        CREATE INDEX report_message ON report_destination (message) WHERE message IS NOT NULL;
        CREATE TABLE report_suppression (
            domain TEXT NOT NULL,
            uri TEXT NOT NULL,
            since INTEGER NOT NULL,
            until INTEGER NOT NULL,
            refusals INTEGER NOT NULL,
            words TEXT NOT NULL,
            PRIMARY KEY (domain, uri)
        ) WITHOUT ROWID;
        CREATE INDEX report_suppression_since ON report_suppression (since);
        CREATE INDEX report_suppression_until ON report_suppression (until);
        PRAGMA user_version = 3;
        """

    // What a client asks by DSN and SMTPUTF8. NULL is what was not given: an old row asks for nothing. `notify` is the number of
    // the conditions, 0 for NEVER.
    private static let version4 = """
        ALTER TABLE message ADD COLUMN returns TEXT;
        ALTER TABLE message ADD COLUMN envelope_id TEXT;
        ALTER TABLE message ADD COLUMN internationalized INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE message ADD COLUMN needs_utf8_header INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE message ADD COLUMN login TEXT;
        ALTER TABLE message ADD COLUMN forwarded TEXT;
        ALTER TABLE recipient ADD COLUMN notify INTEGER;
        ALTER TABLE recipient ADD COLUMN original_recipient TEXT;
        PRAGMA user_version = 4;
        """

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
    private static let version5 = """
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

    /// What the file says about itself.
    enum Recognition: Equatable {
        case empty
        case ours(version: Int)
        case foreign(String)
    }

    static func recognise(_ db: Database) throws -> Recognition {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if application == applicationID && version > 0 { return .ours(version: version) }
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        if application == 0 && version == 0 && tables == 0 { return .empty }
        return .foreign("application_id \(application), user_version \(version), \(tables) tables and indexes")
    }

    /// Brings the schema from `version` to the present one, each step wholly or not at all.
    static func migrate(_ db: Database, from version: Int) throws {
        for migration in migrations.dropFirst(version) {
            try db.inTransaction(.immediate) {
                try db.execute(sql: migration)
                return .commit
            }
        }
    }
}
