import GRDB
import Mail

/// The thread that changes the database: group commit.
///
/// Every operation that arrives while a commit is under way joins the next. Settlements go before enqueues: a delivery
/// that is not recorded is made again. An operation fails alone, a commit fails them all.
final class Writer: @unchecked Sendable {
    // @unchecked Sendable because `connection`, `numbers` and `isBroken` are only touched on the writer's thread, and
    // before it starts or after it was joined.

    /// Operations of one commit: beyond this a group gains nothing, and the first in it waits for the last.
    static let groupLimit = 256
    /// Octets of content of one commit.
    static let groupBytes = 8 * 1024 * 1024
    /// Enqueues that may wait for their commit; the next is told `.busy`.
    static let pendingLimit = 4096
    /// Octets of their content.
    static let pendingBytes = 64 * 1024 * 1024
    /// Settlements that may wait: more than connections can produce at once.
    static let settlementLimit = 65_536

    private let path: String
    private let options: SQLiteOptions
    private let reserve: Reserve
    /// Of messages and recipients; the journal gives them out too.
    let source: NumberSource
    private let queue = WorkQueue<any PendingWrite>(
        limit: Writer.pendingLimit, weightLimit: Writer.pendingBytes, urgentLimit: Writer.settlementLimit)
    /// Nil once it is closed: by ``finish(_:)`` for good, and by ``recover()`` until it can be opened anew.
    private var connection: DatabaseQueue?
    private var numbers: Numbers
    /// The database as it was opened: another file at its path is none of ours.
    private let identity: FileIdentity?
    /// A commit failed and the database was not yet brought back to what is surely on disk.
    private var isBroken = false
    private var thread: WorkThread?
    let tally: CommitTally
    let watch = CommitWatch()

    /// Takes over an open and durable connection.
    init(_ connection: DatabaseQueue, path: String, options: SQLiteOptions, reserve: Reserve, tally: CommitTally) throws
    {
        self.connection = connection
        self.tally = tally
        self.path = path
        self.options = options
        self.reserve = reserve
        identity = FileIdentity(path)
        let numbers = try connection.inDatabase { try Numbers($0, options) }
        self.numbers = numbers
        source = numbers.source
    }

    func start() -> Bool {
        thread = WorkThread(named: "store-writer") { [self] in run() }
        return thread != nil
    }

    /// Runs `body` in a transaction and returns after its commit.
    ///
    /// `body` may run twice: when a neighbour in its group fails half done, the group is taken back and each operation
    /// gets a transaction of its own.
    func perform<Value: Sendable>(
        urgently: Bool, weight: Int, _ body: @escaping @Sendable (Database, inout Numbers) throws -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            let write = Write(weight: weight, isUrgent: urgently, body, continuation)
            switch queue.push(write, weight: weight, urgently: urgently) {
            case .taken: break
            case .refused: continuation.resume(returning: .failure(.busy))
            case .closed: continuation.resume(returning: .failure(.closed))
            }
        }
        return try result.get()
    }

    /// Commits what was handed in, and ends the thread. Blocks.
    func stop() {
        queue.close()
        thread?.join()
        thread = nil
    }

    /// Runs `body` on the connection after the thread has ended, then closes it. False where that failed.
    func finish(_ body: (Database, inout Numbers) throws -> Void) -> Bool {
        guard let connection, !isBroken else { return false }
        do {
            try connection.inDatabase { try body($0, &numbers) }
            try connection.close()
            self.connection = nil
            return true
        } catch {
            return false
        }
    }

    private func run() {
        while let work = queue.takeAll() {
            var urgent = work.urgent[...]
            var ordinary = work.ordinary[...]
            while !urgent.isEmpty || !ordinary.isEmpty {
                var group: [any PendingWrite] = Array(urgent.prefix(options.groupLimit))
                urgent = urgent.dropFirst(group.count)
                var bytes = 0
                while group.count < options.groupLimit, let next = ordinary.first, bytes <= Self.groupBytes {
                    bytes += next.weight
                    group.append(next)
                    ordinary.removeFirst()
                }
                commit(group)
                // All of a group at once: their loops get one wake-up each, not one for every caller.
                for write in group { write.finish() }
                urgent += queue.takeUrgent()
            }
        }
    }

    /// Leaves a result or a failure in each of `group`.
    private func commit(_ group: [any PendingWrite]) {
        if isBroken, let why = recover() {
            let error = StoreError.failed("the database is not writable after an error of the disk: \(why)")
            tally.note(error)
            for write in group { write.fail(error) }
            return
        }
        guard let connection else { return }
        let end = connection.inDatabase { transact($0, group) }
        switch end {
        case .committed:
            break
        case .failedHalfDone where group.count > 1:
            for write in group { commit([write]) }
        case .failedHalfDone(let error):
            retryFromReserve(group, after: error)
        case .commitFailed(let error):
            if error == .full {
                retryFromReserve(group, after: error)
            } else {
                for write in group { write.fail(error) }
                isBroken = true
                _ = recover()
            }
        }
    }

    private enum End {
        case committed
        /// A statement failed with changes made before it; everything was taken back.
        case failedHalfDone(StoreError)
        case commitFailed(StoreError)
    }

    private func transact(_ db: Database, _ group: [any PendingWrite]) -> End {
        watch.begin()
        defer { watch.end() }
        let end = attempt(db, group)
        switch end {
        case .committed: tally.noteCommitted()
        case .commitFailed(let error): tally.note(error)
        // Taken back for one of them: the others get a transaction of their own, and this one is no trouble of the disk.
        case .failedHalfDone(let error): if error.isOfDisk { tally.note(error) }
        }
        return end
    }

    private func attempt(_ db: Database, _ group: [any PendingWrite]) -> End {
        do {
            try db.beginTransaction(.immediate)
        } catch {
            return .commitFailed(StoreError(error))
        }
        for write in group {
            let before = db.totalChangesCount
            do {
                try write.perform(db, &numbers)
            } catch {
                if db.isInsideTransaction && db.totalChangesCount == before && error is StoreError {
                    // Refused before it changed anything: its neighbours need not know.
                    write.fail(StoreError(error))
                    continue
                }
                rollBack(db)
                return .failedHalfDone(StoreError(error))
            }
        }
        do {
            // Once for all of them: what each delivered is in the same transaction as its outcome.
            try numbers.deliveries.write(db)
        } catch {
            rollBack(db)
            return .failedHalfDone(StoreError(error))
        }
        do {
            try db.commit()
            return .committed
        } catch {
            rollBack(db)
            return .commitFailed(StoreError(error))
        }
    }

    private func rollBack(_ db: Database) {
        numbers.counter.forget()
        numbers.deliveries.forget()
        numbers.facts = nil
        // The database may have rolled back by itself; an error here shows again at the next transaction.
        if db.isInsideTransaction { try? db.rollback() }
    }

    /// No room: settlements are tried once more with the space kept for them, enqueues are refused.
    private func retryFromReserve(_ group: [any PendingWrite], after error: StoreError) {
        let urgent = group.filter { $0.isUrgent }
        for write in group where !write.isUrgent { write.fail(error) }
        if urgent.isEmpty { return }
        guard error == .full, reserve.release(), let connection else {
            for write in urgent { write.fail(error) }
            return
        }
        for (place, write) in urgent.enumerated() {
            switch connection.inDatabase({ transact($0, [write]) }) {
            case .committed: continue
            case .failedHalfDone(let error), .commitFailed(let error):
                write.fail(error)
                if error == .full { continue }
                // Nothing more on this connection: what it holds is not what is surely on disk.
                isBroken = true
                for other in urgent[(place + 1)...] { other.fail(error) }
                _ = recover()
                return
            }
        }
    }

    /// Brings the database back to what is surely on disk after a commit failed.
    ///
    /// A failed sync is never tried again as if it had not happened: the kernel may have dropped the pages and say yes.
    /// The failed frames lie behind the end of the WAL as this connection knows it. So this connection moves what was
    /// committed before into the database file and cuts the WAL to nothing; only then is it closed and opened anew. Done
    /// the other way round, opening would find the failed frames and take them for a commit.
    /// - Returns: why that is not to be had; nil where it is done.
    private func recover() -> StoreError? {
        do {
            if let old = connection {
                try old.inDatabase { db in
                    rollBack(db)
                    let busy = try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") ?? 1
                    if busy != 0 { throw StoreError.failed("a reader is in the way of recovery") }
                }
                // Should the opening fail, the next try goes on from here.
                connection = nil
                try old.close()
            }
            // SQLite would make a new one where it is gone, and mail would be accepted into that.
            guard FileIdentity(path) == identity else {
                throw StoreError.failed("\(path) is not the file that was opened: put it back, or start again")
            }
            let new = try DatabaseQueue(
                path: path, configuration: Connection.configuration(label: "writer", readonly: false))
            try new.inDatabase { try Connection.makeDurable($0, options, path: path) }
            connection = new
            isBroken = false
            return nil
        } catch {
            return StoreError(error)
        }
    }
}

/// One operation on its way to a commit.
protocol PendingWrite: Sendable {
    var weight: Int { get }
    var isUrgent: Bool { get }
    func perform(_ db: Database, _ numbers: inout Numbers) throws
    func fail(_ error: StoreError)
    /// Resumes the caller, once, after the commit.
    func finish()
}

private final class Write<Value: Sendable>: PendingWrite, @unchecked Sendable {
    // @unchecked Sendable because `result` is only touched on the writer's thread.
    let weight: Int
    let isUrgent: Bool
    private let body: @Sendable (Database, inout Numbers) throws -> Value
    private let continuation: CheckedContinuation<Result<Value, StoreError>, Never>
    private var result: Result<Value, StoreError> = .failure(.failed("the writer did not get to it"))

    init(
        weight: Int, isUrgent: Bool, _ body: @escaping @Sendable (Database, inout Numbers) throws -> Value,
        _ continuation: CheckedContinuation<Result<Value, StoreError>, Never>
    ) {
        self.weight = weight
        self.isUrgent = isUrgent
        self.body = body
        self.continuation = continuation
    }

    func perform(_ db: Database, _ numbers: inout Numbers) throws {
        result = .success(try body(db, &numbers))
    }

    func fail(_ error: StoreError) { result = .failure(error) }

    func finish() { continuation.resume(returning: result) }
}
