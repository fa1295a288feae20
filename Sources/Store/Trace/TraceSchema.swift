import GRDB

/// The tables of the trace, as numbered migrations: each runs once, in a transaction together with its number.
enum TraceSchema {
    /// `PRAGMA application_id`: "WXWT". A database with another one is not a trace.
    static let applicationID = 0x5758_5754
    /// The number of the last migration.
    static var version: Int { migrations.count }

    /// Never change a line that was released: add a migration.
    static let migrations: [String] = [version1, version2]

    // A life is one row. What it is found by is a hash in `key`, and the row itself says whether it is the right one.
    //
    // An index over hashes has no order, and with millions of rows each new one would touch a page of its own. So the keys
    // of ``TraceRows/bucket`` lives stand together: writing touches the pages of the last bucket only, forgetting takes whole
    // buckets, and a search looks into each bucket once. An entry is the hash, and below it the place in the bucket.
    private static let version1 = """
        PRAGMA application_id = 1465407316;
        CREATE TABLE fact (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE life (
            number INTEGER PRIMARY KEY,
            ended_at INTEGER NOT NULL,
            body BLOB NOT NULL
        );
        CREATE INDEX life_ended ON life (ended_at);
        CREATE TABLE key (
            bucket INTEGER NOT NULL,
            entry INTEGER NOT NULL,
            PRIMARY KEY (bucket, entry)
        ) WITHOUT ROWID;
        CREATE TABLE note (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            time INTEGER NOT NULL,
            words TEXT NOT NULL
        );
        CREATE INDEX note_id ON note (id);
        CREATE INDEX note_time ON note (time);
        PRAGMA user_version = 1;
        """

    // Documents are few and large beside lives: many lives name the same one by its key.
    private static let version2 = """
        CREATE TABLE document (
            number INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            kind INTEGER NOT NULL,
            used_at INTEGER NOT NULL,
            body BLOB NOT NULL
        );
        CREATE INDEX document_used ON document (used_at);
        PRAGMA user_version = 2;
        """

    /// Brings an empty file or one of an older program to the present schema.
    static func prepare(_ db: Database, path: String) throws {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        let isEmpty = application == 0 && found == 0 && tables == 0
        guard isEmpty || (application == applicationID && found > 0) else {
            throw StoreOpenError.refused(
                path: path,
                why: "it is a database of another program (application_id \(application), user_version \(found))")
        }
        if found > version { throw StoreOpenError.newer(path: path, found: found, known: version) }
        if isEmpty {
            // Both before the first table: later they would take a VACUUM of the whole.
            try db.execute(sql: "PRAGMA page_size = \(TraceFile.pageSize)")
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
        }
        let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") ?? "none"
        if mode != "wal" {
            throw StoreOpenError.refused(path: path, why: "journal_mode is \(mode), not wal")
        }
        // The trace of the last moments may go with a power cut; the file stays whole.
        try db.execute(sql: "PRAGMA synchronous = NORMAL")
        try db.execute(sql: "PRAGMA wal_autocheckpoint = \(TraceFile.checkpointPages)")
        try db.execute(sql: "PRAGMA journal_size_limit = \(TraceFile.checkpointPages * TraceFile.pageSize)")
        try db.execute(sql: "PRAGMA cache_size = -\(TraceFile.cacheKibibytes)")
        try db.execute(sql: "PRAGMA temp_store = MEMORY")
        // What is forgotten is wiped where that costs no writing of its own.
        try db.execute(sql: "PRAGMA secure_delete = FAST")
        for migration in migrations.dropFirst(found) {
            try db.inTransaction(.immediate) {
                try db.execute(sql: migration)
                return .commit
            }
        }
    }
}
