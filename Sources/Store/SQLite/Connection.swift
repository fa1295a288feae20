import GRDB

/// Opens connections: one that writes and checkpoints, and some that only read.
///
/// The writer is the only connection that may change or checkpoint the file (SQLite before 3.51.3 can corrupt a WAL that
/// two connections reset at the same time); readers are opened read-only. Nothing in this program may open and close the
/// database file by itself: that would drop the POSIX locks of these connections.
enum Connection {
    /// Seconds a checkpoint waits for a reader, which never takes longer than one page of rows.
    static let busySeconds = 5.0

    static func configuration(label: String, readonly: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.label = label
        configuration.readonly = readonly
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(busySeconds)
        // Values never stand in error texts: they are a stranger's words.
        configuration.publicStatementArguments = false
        // WAL is switched on by `makeDurable`: the library's own switch sets synchronous = NORMAL behind it.
        configuration.journalMode = .default
        return configuration
    }

    /// Sets WAL and `synchronous = FULL`, and reads both back: without them a commit is a promise nobody keeps.
    static func makeDurable(_ db: Database, _ options: SQLiteOptions, path: String) throws {
        let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") ?? "none"
        try db.execute(sql: "PRAGMA synchronous = FULL")
        try db.execute(sql: "PRAGMA wal_autocheckpoint = \(options.checkpointPages)")
        try db.execute(sql: "PRAGMA cache_size = -\(options.cacheKibibytes)")
        try db.execute(sql: "PRAGMA mmap_size = \(options.mappedBytes)")
        try db.execute(sql: "PRAGMA temp_store = MEMORY")
        if let pages = options.pageLimit { try db.execute(sql: "PRAGMA max_page_count = \(pages)") }
        let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1
        if mode != "wal" { throw StoreOpenError.notDurable(path: path, why: "journal_mode is \(mode), not wal") }
        if synchronous != 2 {
            throw StoreOpenError.notDurable(path: path, why: "synchronous is \(synchronous), not 2 (FULL)")
        }
    }
}

/// How the database is run; the defaults are the measured best.
public struct SQLiteOptions: Sendable {
    /// Octets of a page of a database that is made now.
    public var pageSize = 4096
    /// Pages in the WAL (64 MB by default) after which the writer checkpoints. Most mail is gone before: what was inserted
    /// and deleted since the last checkpoint never reaches the database file.
    public var checkpointPages = 16_000
    /// Page cache of the writer.
    public var cacheKibibytes = 16 * 1024
    public var mappedBytes = 0
    /// `max_page_count`, to fill a disk without one.
    var pageLimit: Int?
    var alwaysCheckedBytes = SQLiteStore.alwaysCheckedBytes
    /// Domains of which an MTA-STS policy or a failure is remembered.
    var policyLimit = PolicyLimits.domains
    /// Domains of one day that TLS-RPT counts.
    var countedDomains = ReportLimits.domainsPerDay
    /// Octets of policies' text of one day that TLS-RPT keeps.
    var countedText = ReportLimits.textPerDay
    var watchBounds = WatchBounds()
    /// Operations of one commit; 1 switches group commit off.
    var groupLimit = Writer.groupLimit
    /// Octets of each of the journal's ``JournalFile/segments``; 0 runs without a journal. What lies there and is not in the tables yet
    /// lies in memory too.
    public var journalSegmentBytes = 8 * 1024 * 1024
    var journalBounds = JournalBounds()
    /// Octets kept on disk for settling when everything else is full.
    public var reserveBytes = 16 * 1024 * 1024

    public init() {}
}
