import GRDB
import Glibc
public import Mail

extension SQLiteStore {
    /// Octets of a database that is checked whole at every start. Reading it all takes seconds for each gigabyte: a larger
    /// one is checked only after an unclean stop, and then without `content`.
    static let alwaysCheckedBytes = 64 * 1024 * 1024

    /// Opens or makes the store in `directory` (made with mode 0700 where missing; its parent must exist), an absolute
    /// path. `now` dates what is set aside.
    ///
    /// The lock comes first, then the checks, then any change. Blocks: call it before the loops start.
    public static func open(
        directory: String, now: WallTime, options: SQLiteOptions = SQLiteOptions()
    ) throws(StoreOpenError) -> SQLiteStore {
        let opened = try StoreFolder.open(directory)
        let pool = BlockingPool()
        let spool = Spool(descriptor: opened.spool, aside: opened.aside, pool: pool)
        let reserve = Reserve(in: opened.directory, bytes: options.reserveBytes)
        do {
            let store: SQLiteStore
            do {
                store = try assemble(directory, opened, spool, reserve, now: now, options)
            } catch let error where isFull(error) && reserve.discard() {
                // What waits must be able to leave, which frees space: the reserve is for this as well.
                store = try assemble(directory, opened, spool, reserve, now: now, options)
            }
            reserve.refill()
            return store
        } catch {
            pool.close()
            StoreFolder.releaseLock(opened.lock)
            switch error {
            case let error as StoreOpenError: throw error
            case let error where isFull(error):
                throw .full(path: directory, needed: UInt64(2 * JournalFile.segments * options.journalSegmentBytes))
            case let error as DatabaseError: throw Self.opening(error, directory)
            case let error as DamagedRow: throw .damaged(path: directory, why: error.what)
            case let error as UnreadRecord: throw .journalUnread(path: directory, why: error.why)
            case let error as Errno: throw .refused(path: directory, why: "\(error)")
            default: throw .refused(path: directory, why: "\(type(of: error))")
            }
        }
    }

    private static func isFull(_ error: any Error) -> Bool {
        let code = (error as? DatabaseError)?.extendedResultCode
        // What SQLite says where queue.db-shm cannot grow.
        return code?.primaryResultCode == .SQLITE_FULL || code == .SQLITE_IOERR_SHMSIZE || error as? StoreError == .full
            || (error as? Errno)?.isFull == true
    }

    private static func assemble(
        _ directory: String, _ opened: StoreFolder.Opened, _ spool: Spool, _ reserve: Reserve, now: WallTime,
        _ options: SQLiteOptions
    ) throws -> SQLiteStore {
        let path = "\(directory)/\(StoreFolder.database)"
        guard spool.pool.hasThreads else { throw StoreOpenError.refused(path: directory, why: "no threads to be had") }
        try refuseEmptied(path, in: opened.directory, spool, directory)
        let connection = try DatabaseQueue(
            path: path, configuration: Connection.configuration(label: "writer", readonly: false))
        do {
            // One that is there and cannot be read is no reason to go on without it: it may hold what nothing else holds.
            let journalPath = "\(directory)/\(JournalFile.name)"
            if StoreFolder.holds(journalPath) { try StoreFolder.check(journalPath, isFolder: false) }
            var file = try JournalFile(openedIn: opened.directory)
            var (report, journaled) = try connection.inDatabase { db in
                let isBegun = try refuseWithoutQueue(db, in: opened.directory, spool, path: directory)
                try prepare(db, path: path, options)
                // What gives up one loss gives up no other, of which its operator has not been told.
                if isBegun { takeConsent(in: opened.directory) }
                try refuseLostJournal(file, db, in: opened.directory, path: directory)
                let found = try cleanUp(
                    db, spool, file, passesOver: isGivenUp(in: opened.directory), path: path, now: now, options)
                // It must not lie there for the next crash.
                takeConsent(in: opened.directory)
                return found
            }
            do throws(Errno) {
                file = try journal(file, in: opened.directory, options)
            } catch {
                file = nil
                report.journalMissing = "\(directory)/\(JournalFile.name): \(error)"
            }
            if let size = file?.size { try connection.inDatabase { db in try Fact.journalBytes.set(Int64(size), db) } }
            let writer = try Writer(
                connection, path: path, options: options, reserve: reserve, tally: CommitTally(spool.faults))
            guard let dispatch = try Reader(path: path, named: "dispatch"),
                let view = try Reader(path: path, named: "view"),
                writer.start()
            else { throw StoreOpenError.refused(path: directory, why: "no threads to be had") }
            let journal = file.map {
                Journal(
                    $0, in: directory, journaled.frame, after: journaled.generation, options.journalBounds,
                    writer.source, writer.tally)
            }
            guard journal?.start(writer) ?? true else {
                throw StoreOpenError.refused(path: directory, why: "no threads to be had")
            }
            // Last: what it finds of the life before is told once, so that nothing behind it may fail.
            let isOtherLife = journaled.hasLaterLives || report.isNew || report.messagesOfLaterJournal > 0
            let inFlight = openInFlight(opened.directory, directory, connection, keepsCounts: !isOtherLife)
            report.inFlightMissing = inFlight.missing
            if journaled.findings != JournalFindings() { forgetFindings(connection) }
            return SQLiteStore(
                path: directory, lock: opened.lock, writer: writer, journal: journal, readers: (dispatch, view),
                spool: spool, reserve: reserve, inFlight: inFlight.file,
                report: report, policyLimit: options.policyLimit, watchBounds: options.watchBounds)
        } catch {
            try? connection.close()
            throw error
        }
    }

    /// Recognises the file before anything is written to it, then makes commits durable, then brings the schema up.
    private static func prepare(_ db: Database, path: String, _ options: SQLiteOptions) throws {
        let version: Int
        switch try Schema.recognise(db) {
        case .empty:
            version = 0
            try db.execute(sql: "PRAGMA page_size = \(options.pageSize)")
        case .ours(let found) where found > Schema.version:
            throw StoreOpenError.newer(path: path, found: found, known: Schema.version)
        case .ours(let found):
            version = found
        case .foreign(let why):
            throw StoreOpenError.foreign(path: path, why: why)
        }
        try Connection.makeDurable(db, options, path: path)
        try Schema.migrate(db, from: version)
    }

    private static func cleanUp(
        _ db: Database, _ spool: Spool, _ file: JournalFile?, passesOver: Bool, path: String, now: WallTime,
        _ options: SQLiteOptions
    ) throws -> (report: OpeningReport, journaled: JournalReplay.Result) {
        let isNew = try Int.fetchOne(db, sql: "SELECT count(*) FROM fact") == 0
        let wasUnclean = try !isNew && Fact.clean.value(db) != 1
        let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let pageSize = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 0
        let isSmall = pages.multipliedReportingOverflow(by: pageSize).partialValue <= options.alwaysCheckedBytes
        if isSmall {
            try check("PRAGMA quick_check(1)", db, path: path)
        } else if wasUnclean {
            // `content` is nearly all of the file, and what it holds is proved by its length and digest before it goes out:
            // a damaged page there puts one message into quarantine. Damage anywhere else would lose mail or send it twice
            // in silence, and it is found here. Not found are pages that two tables claim, and a broken list of free ones:
            // both come to light as an error of SQLite when they are used, which fails the operation whole.
            let tables = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'content'")
            for table in tables {
                try check("PRAGMA quick_check(\(table.quotedDatabaseIdentifier))", db, path: path)
            }
        }
        try Fact.clean.set(0, db)
        let journal = try JournalReplay.run(file, db, options, now: now, passesOver: passesOver)
        let setAside = try spool.setAsideUnknown(now: now) { name in
            try db.cachedStatement(sql: "SELECT 1 FROM message WHERE id = ? AND spooled = 1").first(
                [name.databaseValue]) { try $0.bool() } ?? false
        }
        let quarantined = try SpoolCheck.quarantineMissing(db, spool)
        // What an earlier process could not sync ends up synced in the file, and the WAL starts empty.
        try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        let library = try String.fetchOne(db, sql: "SELECT sqlite_version()") ?? "unknown"
        let report = OpeningReport(
            isNew: isNew, wasUnclean: wasUnclean, filesSetAside: setAside, messagesQuarantined: quarantined.count,
            quarantined: quarantined.first,
            library: "SQLite \(library)", messagesFromJournal: journal.findings.messages,
            messagesOfLaterJournal: journal.findings.laterMessages, messagesHeld: journal.findings.held,
            journalGaps: journal.findings.gaps, journalUnread: journal.findings.unread,
            isJournalGivenUp: journal.findings.givenUp > 0, journalMissing: nil, inFlightMissing: nil)
        return (report, journal)
    }

    /// The same of a database without a page, before SQLite sees it: beside one it removes the WAL, in which what was committed last may
    /// lie. That of a queue which is given up is kept under another name.
    private static func refuseEmptied(
        _ path: String, in directory: CInt, _ spool: Spool, _ folder: String
    ) throws {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size == 0 else { return }
        let wal = "\(StoreFolder.database)-wal"
        var isWritten = stat()
        let hasWAL = fstatat(directory, wal, &isWritten, AT_SYMLINK_NOFOLLOW) == 0 && isWritten.st_size > 0
        guard let remains = hasWAL ? wal : try remains(of: directory, spool) else { return }
        guard isGivenUp(in: directory) else { throw StoreOpenError.queueLost(path: folder, remains: remains) }
        if hasWAL { _ = renameat(directory, wal, directory, "\(wal).given-up") }
    }

    /// Nothing but a queue leaves these behind. A new one would write over the journal, and set the contents aside.
    /// - Returns: true where one is to be begun.
    private static func refuseWithoutQueue(
        _ db: Database, in directory: CInt, _ spool: Spool, path: String
    ) throws -> Bool {
        guard case .empty = try Schema.recognise(db) else { return false }
        if let remains = try remains(of: directory, spool), !isGivenUp(in: directory) {
            throw StoreOpenError.queueLost(path: path, remains: remains)
        }
        return true
    }

    /// The operator says that what is lost is lost for good.
    private static func isGivenUp(in directory: CInt) -> Bool {
        faccessat(directory, JournalFile.givenUp, F_OK, 0) == 0
    }

    /// It was used.
    private static func takeConsent(in directory: CInt) {
        _ = unlinkat(directory, JournalFile.givenUp, 0)
    }

    /// The report is whole, and its log is at hand. Where this fails it is told again by the next start.
    private static func forgetFindings(_ connection: DatabaseQueue) {
        try? connection.inDatabase { db in
            try db.inTransaction(.immediate) {
                try JournalFindings.remove(db)
                return .commit
            }
        }
    }

    /// The first that is there of what is made behind the database's tables.
    private static func remains(of directory: CInt, _ spool: Spool) throws -> String? {
        let files = [JournalFile.name, InFlight.fileName, TraceFile.name, Reserve.file]
        if let file = files.first(where: { faccessat(directory, $0, F_OK, AT_SYMLINK_NOFOLLOW) == 0 }) { return file }
        return try spool.contents().first.map { "\(Spool.folder)/\($0)" }
    }

    /// A crash left mail in the journal, and it is not what it was: that must not be passed over, unless the operator has given it up
    /// by a file of the name ``JournalFile/givenUp``.
    private static func refuseLostJournal(
        _ file: JournalFile?, _ db: Database, in directory: CInt, path: String
    ) throws {
        guard try Fact.clean.value(db) != 1, let expected = try Fact.journalBytes.value(db) else { return }
        let found = file.map { Int64($0.size) }
        if found == expected { return }
        guard isGivenUp(in: directory) else {
            throw StoreOpenError.journalLost(path: path, found: found, expected: expected)
        }
        try db.inTransaction(.immediate) {
            try JournalFindings(givenUp: 1).add(db)
            try Fact.journalBytes.remove(db)
            return .commit
        }
        takeConsent(in: directory)
    }

    /// The journal, ready to be written; nil where there is to be none. What `found` held is in the tables.
    private static func journal(
        _ found: JournalFile?, in directory: CInt, _ options: SQLiteOptions
    ) throws(Errno) -> JournalFile? {
        guard options.journalSegmentBytes >= JournalBounds.record else { return nil }
        let file: JournalFile
        if let found { file = found } else { file = try JournalFile(madeIn: directory) }
        try file.prepare(segmentBytes: options.journalSegmentBytes, in: directory)
        return file
    }

    private static func check(_ pragma: String, _ db: Database, path: String) throws {
        let verdict = try String.fetchOne(db, sql: pragma) ?? "no answer"
        // The first line only names the database.
        let fault = verdict.split(separator: "\n").last ?? "no answer"
        if fault != "ok" { throw StoreOpenError.damaged(path: path, why: String(fault)) }
    }

    private static func opening(_ error: DatabaseError, _ path: String) -> StoreOpenError {
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT: .damaged(path: path, why: error.words)
        default: .refused(path: path, why: error.words)
        }
    }
}
