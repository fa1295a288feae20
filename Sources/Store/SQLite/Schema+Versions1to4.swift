// The tables as the first four versions made them.
extension Schema {
    // Numbers of messages and recipients come from the writer (rising, never used twice), and the recipients of one message have
    // consecutive numbers: the range in the message row stands in for an index by message.
    //
    // Content has a table of its own: an update of a message row would copy every page of a BLOB behind it.
    //
    // Both indexes are replaced by version 5.
    static let version1 = """
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
    static let version2 = """
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
    static let version3 = """
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
    static let version4 = """
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
}
