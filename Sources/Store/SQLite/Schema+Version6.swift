extension Schema {
    // What the daemon remembers for those who ask why.
    //
    // An exception lies wholly under its checksum: a flipped bit must not lengthen one. `alarm`, `fact_change` and
    // `requiretls_proof` never use a number twice, for it is also the place in a list.
    //
    // The counts of one day lie together: those who count touch few pages, and those who ask read one run of rows for each
    // day. `delivery_day` spares counting the names of a day for each that is new; the row of the rest is none of them.
    // `observed_count.cause` is empty where mail would have gone.
    //
    // `journal_ahead` names messages of the journal that were put into the tables before their turn: a start after a crash must
    // not put them there again.
    static let version6 = """
        ALTER TABLE attempt ADD COLUMN decision TEXT;
        ALTER TABLE attempt ADD COLUMN evidence TEXT;
        ALTER TABLE attempt ADD COLUMN times TEXT;
        CREATE TABLE exception (
            domain TEXT NOT NULL PRIMARY KEY,
            allow TEXT NOT NULL,
            since INTEGER NOT NULL,
            until INTEGER NOT NULL,
            reason TEXT NOT NULL,
            until_fixed INTEGER NOT NULL,
            checksum INTEGER NOT NULL
        );
        CREATE TABLE alarm (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            words TEXT NOT NULL,
            raised_at INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            cleared_at INTEGER,
            clearing TEXT,
            acknowledged_at INTEGER,
            acknowledgement TEXT
        );
        CREATE INDEX alarm_standing ON alarm (number) WHERE cleared_at IS NULL;
        CREATE TABLE known_fact (
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            value TEXT NOT NULL,
            since INTEGER NOT NULL,
            seen_at INTEGER NOT NULL,
            PRIMARY KEY (name, kind)
        );
        CREATE INDEX known_fact_seen ON known_fact (seen_at);
        CREATE TABLE fact_change (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            time INTEGER NOT NULL,
            old TEXT,
            new TEXT NOT NULL
        );
        CREATE INDEX fact_change_name ON fact_change (name, number);
        CREATE INDEX fact_change_time ON fact_change (time);
        CREATE TABLE delivery_day (
            day INTEGER NOT NULL,
            side INTEGER NOT NULL,
            names INTEGER NOT NULL,
            PRIMARY KEY (day, side)
        ) WITHOUT ROWID;
        CREATE TABLE delivery_count (
            day INTEGER NOT NULL,
            side INTEGER NOT NULL,
            name TEXT NOT NULL,
            level INTEGER NOT NULL,
            messages INTEGER NOT NULL,
            recipients INTEGER NOT NULL,
            PRIMARY KEY (day, side, name, level)
        ) WITHOUT ROWID;
        CREATE TABLE requiretls_proof (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            time INTEGER NOT NULL,
            id TEXT NOT NULL,
            sender TEXT NOT NULL,
            destination TEXT NOT NULL,
            recipients INTEGER NOT NULL,
            host TEXT NOT NULL,
            address TEXT NOT NULL,
            tls TEXT NOT NULL,
            verified TEXT NOT NULL
        );
        CREATE INDEX requiretls_proof_time ON requiretls_proof (time);
        CREATE TABLE observed_count (
            day INTEGER NOT NULL,
            rule TEXT NOT NULL,
            destination TEXT NOT NULL,
            cause TEXT NOT NULL,
            connections INTEGER NOT NULL,
            PRIMARY KEY (day, rule, destination, cause)
        ) WITHOUT ROWID;
        CREATE TABLE journal_ahead (
            message INTEGER PRIMARY KEY
        );
        PRAGMA user_version = 6;
        """
}
