import GRDB
import Glibc
public import Mail
import Synchronization

/// The queue in an SQLite database and a spool folder beside it.
///
/// `directory` holds `queue.db`, `spool/` with the content files and `spool/aside/` with those no row names, `reserve`,
/// and `lock`, which is locked for the life of the process.
public final class SQLiteStore: QueueStore {
    /// What opening found, for the log.
    public struct OpeningReport: Hashable, Sendable {
        /// There was no queue in the folder: one was begun.
        public let isNew: Bool
        /// True where the last process did not close the store: `quick_check` has run and found nothing.
        public let wasUnclean: Bool
        /// Files without a row, moved to `spool/aside/`.
        public let filesSetAside: Int
        /// Messages whose content file is missing or has the wrong length, quarantined now.
        public let messagesQuarantined: Int
        /// The first ``named`` of them.
        public let quarantined: [Quarantined]
        /// The version of the SQLite library; ``SQLiteVersion/knownFault`` is what is known against it.
        public let library: String
        /// Messages that a crash had left in the journal, and that are in the queue now.
        public let messagesFromJournal: Int
        /// Of them, those that came in behind all that this database knows: it was put back from a backup, or is new.
        public let messagesOfLaterJournal: Int
        /// Of all from the journal, those that are held: their time was over before the newest of them came in.
        public let messagesHeld: Int
        /// Places in the journal where a record was to be expected and none was sound: of what lay there nothing is known.
        public let journalGaps: Int
        /// Records that make no sense to this program, and were left out because the operator has given them up.
        public let journalUnread: Int
        /// The operator has given up a journal that is lost: how much lay in it nobody knows.
        public let isJournalGivenUp: Bool
        /// Why the store runs without a journal; nil where it has one, or is to have none.
        public var journalMissing: String?
        /// Why nothing is noted of what is being delivered, so that a message which has the program fall may do so again and again;
        /// nil where it is.
        public var inFlightMissing: String?

        /// Messages that the log names one by one. Ours.
        public static let named = 100

        /// A message that opening took out of delivery.
        public struct Quarantined: Hashable, Sendable {
            public let id: QueueID
            public let why: String
        }
    }

    public let openingReport: OpeningReport
    let path: String
    /// ``PolicyLimits/domains``
    let policyLimit: Int
    let watchBounds: WatchBounds
    let writer: Writer
    let journal: Journal?
    /// Two readers, so that an operator's listing is never in the way of the dispatcher.
    let dispatchReader: Reader
    let viewReader: Reader
    /// What is being delivered, for the next start; nil where its file could not be made.
    public let inFlight: InFlight?
    let spool: Spool
    private let reserve: Reserve
    private let lock: CInt
    private let freeSpaceCache = FreeSpaceCache()
    private let isClosed = Mutex(false)
    /// What broke the tables of reports under the open store.
    let reportFault = Mutex<String?>(nil)

    init(
        path: String, lock: CInt, writer: Writer, journal: Journal?, readers: (Reader, Reader), spool: Spool,
        reserve: Reserve, inFlight: InFlight? = nil,
        report: OpeningReport, policyLimit: Int = PolicyLimits.domains, watchBounds: WatchBounds = WatchBounds()
    ) {
        self.watchBounds = watchBounds
        self.policyLimit = policyLimit
        self.path = path
        self.lock = lock
        self.writer = writer
        self.journal = journal
        self.dispatchReader = readers.0
        self.viewReader = readers.1
        self.spool = spool
        self.inFlight = inFlight
        self.reserve = reserve
        self.openingReport = report
    }

    deinit {
        // Not closed: as after a crash, but without threads left behind.
        shutDown(isClean: false)
    }

    public func contentWriter(for id: QueueID) -> ContentWriter {
        ContentWriter(id: id, spool: spool)
    }

    public func enqueue(_ messages: [NewMessage]) async throws(StoreError) -> [QueuedMessage] {
        switch await journal?.enqueue(messages) {
        case .queued(let queued): return queued
        case .refused(let error): throw error
        case .elsewhere, nil: break
        }
        let weight = messages.reduce(0) { $0 + ($1.content.bytes?.count ?? 0) }
        keepFiles(of: messages)
        do throws(StoreError) {
            return try await writer.perform(urgently: false, weight: weight) { db, numbers in
                try messages.map { try MessageRows.insert($0, db, &numbers) }
            }
        } catch {
            dropFiles(of: messages, after: error)
            throw error
        }
    }

    public func settle(_ settlement: Settlement) async throws(StoreError) -> Settled {
        var fresh: FreshMessage?
        switch await journal?.settle(settlement) {
        case .settled: return Settled(openRecipients: 0, notices: [], ended: nil)
        case .elsewhere(let found): fresh = found
        case .refused(let error): throw error
        case nil: break
        }
        keepFiles(of: settlement.notices)
        let result: SettleRows.Result
        let proofLimit = watchBounds.proofs
        do throws(StoreError) {
            result = try await perform(urgently: true) { [fresh] db, numbers, withReports in
                try JournalRows.bring(fresh, db)
                return try SettleRows.settle(
                    settlement, db, &numbers, withReports: withReports, proofLimit: proofLimit)
            }
        } catch {
            dropFiles(of: settlement.notices, after: error)
            throw error
        }
        if let file = result.spoolFile { dropFiles([file]) }
        return result.settled
    }

    /// What was acknowledged before is in the tables when this returns; it must be called before they are asked of mail, or of
    /// what is counted when mail goes out.
    func catchUp() async { await journal?.catchUp() }

    /// The same for a message that is asked for by its number.
    func catchUp(for message: MessageNumber) async { await journal?.catchUp(for: message.value) }

    /// Why mail that was acknowledged lies in the journal and does not get into the tables; nil where it does.
    public var journalTrouble: String? { journal?.trouble }

    /// How many messages that is; nil where it is not known, and where nothing is stuck. It may be none: what was to be written failed.
    public var stuckMessages: Int? { journal?.stuckMessages }

    /// For whom the tables must be whole.
    func refuseWhileStuck() throws(StoreError) {
        guard let trouble = journalTrouble else { return }
        throw .failed("mail that was acknowledged lies in the journal, and does not get into the tables: \(trouble)")
    }

    /// What to throw where the tables do not know this message; nil where they would. To be asked before they are.
    func stuck(_ message: MessageNumber) -> StoreError? {
        guard let journal, journal.mayHold(message.value) else { return nil }
        return .failed(
            "the message lies in the journal, and does not get into the tables: \(journal.trouble ?? "not yet")")
    }

    /// Reads for the dispatcher what the tables hold of all mail that was acknowledged.
    func readDue<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        await catchUp()
        return try await dispatchReader.read(body)
    }

    /// The same for who wants to see it.
    func view<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        await catchUp()
        return try await viewReader.read(body)
    }

    /// From before the commit on a file may have a row: it stays, whatever happens to this process.
    func keepFiles(of messages: [NewMessage]) {
        for case .file(let file) in messages.map(\.content.storage) { file.keep(true) }
    }

    func dropFiles(of messages: [NewMessage], after error: StoreError) {
        // After an error of the disk it is not certain what a crash would bring back: the next start sets the file aside.
        if case .failed = error { return }
        for case .file(let file) in messages.map(\.content.storage) { file.keep(false) }
    }

    /// Removes content files whose rows are gone. Only after the commit: a crash before it leaves a file without a row, never
    /// a row without a file.
    func dropFiles(_ names: [String]) {
        if names.isEmpty { return }
        let spool = spool
        spool.pool.submit { for name in names { spool.remove(name) } }
    }

    public func freeSpace() async throws(StoreError) -> FreeSpace {
        var space = try await measuredSpace()
        space.promised = min(space.bytes, journal?.roomOwed ?? 0)
        space.bytes -= space.promised
        return space
    }

    private func measuredSpace() async throws(StoreError) -> FreeSpace {
        let now = FreeSpaceCache.monotonicNanoseconds
        if let fresh = freeSpaceCache.fresh(at: now) { return fresh }
        let (path, cache, reserve, faults) = (path, freeSpaceCache, reserve, spool.faults)
        return try await spool.pool.run {
            let result = cache.measure(path, at: now)
            if case .success(let space) = result {
                // Found out before a message is refused for it.
                if space.isReadOnly { faults.note(Errno(code: EROFS).storeError("the file system of \(path)")) }
                reserve.refill(ifFree: space.bytes)
            }
            return result
        }
    }

    public func close() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            // A thread of its own: the threads of the store are what is waited for.
            let thread = WorkThread(named: "store-close") { [self] in
                shutDown(isClean: true)
                continuation.resume()
            }
            if thread == nil {
                shutDown(isClean: true)
                continuation.resume()
            }
        }
    }

    private func shutDown(isClean: Bool) {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        if wasClosed { return }
        let rest = journal?.stop() ?? []
        writer.stop()
        spool.pool.close()
        dispatchReader.close()
        viewReader.close()
        // The writer is the last connection: it checkpoints, and its closing removes the WAL.
        _ = writer.finish { db, numbers in
            guard isClean else { return }
            try JournalReplay.apply(rest, db, &numbers)
            try Fact.clean.set(1, db)
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
        // Last: until here nobody else may open the store.
        StoreFolder.releaseLock(lock)
    }
}

/// What the store knows of itself, by name.
enum Fact: String {
    /// 1 where the last process closed the store.
    case clean
    /// The fingerprint of the routes that each recipient has its destination by; absent while that is being changed.
    case routes
    /// The last generation of the journal that is wholly in the tables.
    case journalGeneration = "journal generation"
    /// Messages of the next generation below this number are in the tables.
    case journalNext = "journal next"
    /// The mark of the journal's records.
    case journalSalt = "journal salt"
    /// Octets of the journal while it is used: where it is gone or has another size behind a crash, mail is missing.
    case journalBytes = "journal bytes"
    /// What ``JournalFindings`` counts.
    case foundMessages = "found messages"
    case foundLater = "found later"
    case foundHeld = "found held"
    case foundGaps = "found gaps"
    case foundUnread = "found unread"
    case foundGivenUp = "found given up"
    /// How often a write was tried for its own sake.
    case writesProved = "writes proved"
    /// When the relay was last known to run.
    case lastTime = "last time"
    /// The queue is on its way to another time by so many seconds; absent where it is not.
    case clockMove = "clock move"
    /// What is to be done behind this time is moved.
    case clockMoveAfter = "clock move after"
    /// Recipients up to this number are moved.
    case clockMoveBehind = "clock move behind"

    func value(_ db: Database) throws -> Int64? {
        try db.cachedStatement(sql: "SELECT value FROM fact WHERE name = ?").first([rawValue.databaseValue]) {
            try $0.int64()
        }
    }

    func set(_ value: Int64, _ db: Database) throws {
        try db.cachedStatement(
            sql: "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
        ).run([rawValue.databaseValue, value.databaseValue])
    }

    func remove(_ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM fact WHERE name = ?").run([rawValue.databaseValue])
    }
}
