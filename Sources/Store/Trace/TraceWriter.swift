import GRDB
import Mail
import Synchronization

/// The thread that writes the trace.
final class TraceWriter: @unchecked Sendable {
    // @unchecked Sendable because `connection` and the numbers are only touched on the writer's thread, and before it
    // starts or after it was joined.

    /// Records that end the time of gathering, and those of one transaction at most.
    static let groupLimit = 256
    /// How long records gather: 200 ms.
    static let gatherNanoseconds = 200_000_000
    /// Octets of one transaction at least; else a part of the limit, so that a small file keeps it.
    static let leastChunk: Int64 = 64 * 1024
    /// How many times a damaged file is set aside under an open store: a disk that damages every file is left alone.
    static let renewalLimit = 3
    /// Steps of making room between two transactions.
    static let stepsBetween = 4

    /// The part of the file that documents may take at most, as a divisor: half.
    static let documentShare: Int64 = 2
    /// Documents of one step where they take too much.
    static let documentsAtOnce = 64

    /// No file ever holds a life of this number: a bit of it was flipped.
    static let numberLimit: Int64 = 1 << 60

    /// What other threads ask for.
    struct Shared {
        var limits: TraceLimits
        var reader: Reader?
        var rows: Int64 = 0
        var octets: Int64 = 0
        var oldest: WallTime?
        var fault: String?
    }

    let shared: Mutex<Shared>
    let dropped = Atomic<Int64>(0)
    let intake = TraceIntake()
    private let documentsTaken = Atomic<Int64>(0)
    /// Written, or lost with a fault.
    private let documentsDone = Atomic<Int64>(0)
    private let directory: String
    private(set) var connection: DatabaseQueue?
    private var thread: WorkThread?
    /// The number of the next life.
    private var next: Int64 = 1
    private var rows: Int64 = 0
    /// Octets of all documents.
    private(set) var documentOctets: Int64 = 0
    private var renewals = 0
    /// The latest time anybody named: dates a file that is set aside.
    private var latest: WallTime

    init(_ opened: TraceFile.Opened, directory: String, limits: TraceLimits, now: WallTime) throws {
        self.directory = directory
        self.connection = opened.connection
        self.latest = now
        self.shared = Mutex(Shared(limits: limits, reader: opened.reader))
        try opened.connection.inDatabase { db in try readNumbers(db) }
        publish()
    }

    func start() -> Bool {
        thread = WorkThread(named: "store-trace-w") { [self] in run() }
        return thread != nil
    }

    /// False where it is dropped.
    @discardableResult func take(_ item: TraceItem) -> Bool {
        // Counted before it can be written, so that the counts never meet too early.
        if case .document = item { documentsTaken.add(1, ordering: .sequentiallyConsistent) }
        if intake.push(item) { return true }
        if case .document = item { documentsDone.add(1, ordering: .sequentiallyConsistent) }
        dropped.add(1, ordering: .relaxed)
        return false
    }

    /// Documents were taken that are not written.
    var hasDocumentsWaiting: Bool {
        documentsDone.load(ordering: .sequentiallyConsistent) < documentsTaken.load(ordering: .sequentiallyConsistent)
    }

    /// Runs `body` on the thread, behind all that was recorded before.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (TraceWriter) -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            switch intake.push({ continuation.resume(returning: .success(body($0))) }) {
            case .taken: break
            case .refused: continuation.resume(returning: .failure(.busy))
            case .closed: continuation.resume(returning: .failure(.closed))
            }
        }
        return try result.get()
    }

    /// Writes what was taken, ends the thread and closes. Blocks.
    func stop() {
        intake.close()
        thread?.join()
        thread = nil
        shared.withLock { $0.reader.take() }?.close()
        // The last connection: its closing removes the WAL.
        try? connection?.inDatabase { db in try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try? connection?.close()
        connection = nil
    }

    private func run() {
        while let work = intake.take() {
            var rest = work.items[...]
            while !rest.isEmpty {
                let chunk = chunk(of: rest)
                rest = rest.dropFirst(chunk.count)
                write(chunk)
                var steps = 0
                while steps < Self.stepsBetween, makeRoom() > 0 { steps += 1 }
            }
            if !work.items.isEmpty { publish() }
            for order in work.orders { order(self) }
        }
    }

    private func chunk(of items: ArraySlice<TraceItem>) -> ArraySlice<TraceItem> {
        let limit = max(Self.leastChunk, shared.withLock { $0.limits.octets } / 32)
        var octets: Int64 = 0
        var count = 0
        for item in items.prefix(Self.groupLimit) {
            octets += Int64(min(item.weight, TraceLimits.record))
            if count > 0 && octets > limit { break }
            count += 1
        }
        return items.prefix(count)
    }

    // MARK: - Writing

    private enum Entry {
        case life(TraceRows.Record)
        case note(TraceNote)
        case document(TraceDocument)
    }

    private func write(_ items: ArraySlice<TraceItem>) {
        let entries: [Entry] = items.map { item in
            switch item {
            case .life(let life): .life(TraceRows.Record(life))
            case .note(let note): .note(note)
            case .document(let document): .document(document)
            }
        }
        defer {
            let documents = items.count { if case .document = $0 { true } else { false } }
            documentsDone.add(Int64(documents), ordering: .sequentiallyConsistent)
        }
        for case .life(let record) in entries { latest = max(latest, record.endedAt) }
        let failure = change { db in
            var keys: [Int64: [Int64]] = [:]
            for entry in entries {
                switch entry {
                case .life(let record):
                    try TraceRows.insert(record, as: next, db)
                    let bucket = TraceRows.bucket(of: next)
                    for hash in record.hashes { keys[bucket, default: []].append(TraceRows.entry(hash, of: next)) }
                    next &+= 1
                    rows &+= 1
                case .note(let note): try TraceRows.insert(note, db)
                case .document(let document): documentOctets &+= try DocumentRows.insert(document, db)
                }
            }
            try TraceRows.insertKeys(keys, db)
        }
        if let failure {
            dropped.add(Int64(entries.count), ordering: .relaxed)
            shared.withLock { $0.fault = failure }
        } else {
            shared.withLock { $0.fault = nil }
        }
    }

    /// Runs `body` in a transaction, and once more in a new file where the old one turned out damaged.
    /// - Returns: why it was not done, in words; nil as a rule.
    private func change(_ body: (Database) throws -> Void) -> String? {
        for _ in 0..<2 {
            guard let connection else { return "the trace has no file" }
            let before = (next, rows, documentOctets)
            do {
                try connection.inDatabase { db in
                    try db.inTransaction(.immediate) {
                        try body(db)
                        try TraceRows.setFact("next", next, db)
                        try TraceRows.setFact("rows", rows, db)
                        return .commit
                    }
                }
                return nil
            } catch {
                (next, rows, documentOctets) = before
                guard TraceFile.damage(error) != nil else { return StoreError(error).words }
                if let failure = renew(because: error) { return failure }
            }
        }
        return "the file that was begun anew is damaged as well"
    }

    private func readNumbers(_ db: Database) throws {
        next = max(try TraceRows.fact("next", db) ?? 1, try TraceRows.largestNumber(db) &+ 1, 1)
        rows = max(try TraceRows.fact("rows", db) ?? 0, 0)
        documentOctets = try DocumentRows.octets(db)
        if next > Self.numberLimit { throw DamagedRow(what: "a life has the number \(next)") }
    }

    /// Sets the damaged file aside and begins a new one.
    private func renew(because error: any Error) -> String? {
        let why = "damaged: \(StoreError(error).words)"
        guard renewals < Self.renewalLimit else { return why }
        renewals += 1
        shared.withLock { $0.reader.take() }?.close()
        try? connection?.close()
        connection = nil
        do {
            _ = try TraceFile.setAside(in: directory, at: latest)
            let opened = try TraceFile.open(directory)
            connection = opened.connection
            shared.withLock { $0.reader = opened.reader }
            try opened.connection.inDatabase { db in try readNumbers(db) }
            return nil
        } catch {
            return "\(why), and no new file: \(error)"
        }
    }

    // MARK: - Making room

    /// One step where the file is larger than it may be.
    /// - Returns: the rows it took.
    private func makeRoom() -> Int {
        let limit = shared.withLock { $0.limits.octets }
        var count = 0
        let used = try? connection?.inDatabase { db in try TraceRows.space(db).octets }
        guard let used, used > limit else { return 0 }
        // Of a small file a part, or one step would empty it.
        let step = Int(min(max(rows / 20, Int64(Self.groupLimit)), Int64(TraceLimits.forgottenAtOnce)))
        _ = change { db in
            count = try TraceForgetting.keys(next: next, db)
            if count > 0 { return }
            // Lives are what is asked for: documents take no more than their share, whoever fills it.
            if documentOctets > limit / Self.documentShare {
                count = try forgetDocuments(before: WallTime(seconds: .max), limit: Self.documentsAtOnce, db)
                if count > 0 { return }
            }
            count = try TraceForgetting.oldestLives(step, db)
            rows = max(rows - Int64(count), 0)
            if count == 0 { count = try TraceForgetting.notes(before: WallTime(seconds: .max), limit: step, db) }
            if count == 0 {
                count = try forgetDocuments(before: WallTime(seconds: .max), limit: Self.documentsAtOnce, db)
            }
        }
        return count
    }

    private func forgetDocuments(before time: WallTime, limit: Int, _ db: Database) throws -> Int {
        let gone = try DocumentRows.forget(before: time, limit: limit, db)
        documentOctets = max(documentOctets &- gone.octets, 0)
        return gone.count
    }

    /// One step of forgetting.
    /// - Returns: true where there may be more to do.
    func forget(at now: WallTime) -> Bool {
        latest = max(latest, now)
        let limits = shared.withLock { $0.limits }
        let cutoff = now.advanced(by: -max(limits.keep, 0))
        var count = 0
        let failure = change { db in
            count = try TraceForgetting.lives(before: cutoff, limit: TraceLimits.forgottenAtOnce, db)
            rows = max(rows - Int64(count), 0)
            if count == 0 {
                count = try TraceForgetting.notes(before: cutoff, limit: TraceLimits.forgottenAtOnce, db)
            }
            if count == 0 { count = try TraceForgetting.keys(next: next, db) }
            if count == 0 {
                count = try forgetDocuments(
                    before: cutoff.advanced(by: -TraceLimits.documentsOutlast), limit: TraceLimits.forgottenAtOnce, db)
            }
        }
        if let failure { shared.withLock { $0.fault = failure } }
        if count == 0 && failure == nil { count = makeRoom() }
        if count == 0 && failure == nil && giveBack() { count = 1 }
        publish()
        return count > 0
    }

    /// Gives one step of pages back to the file system, where an eighth of the file and more is free.
    private func giveBack() -> Bool {
        let isDone = try? connection?.inDatabase { db in
            let space = try TraceRows.space(db)
            guard space.free > Int64(TraceForgetting.pagesAtOnce), space.free > space.pages / 8 else { return false }
            try db.execute(sql: "PRAGMA incremental_vacuum(\(TraceForgetting.pagesAtOnce))")
            return try TraceRows.space(db).free < space.free
        }
        return isDone ?? false
    }

    /// What others may read without waiting for this thread.
    private func publish() {
        let found = try? connection?.inDatabase { db in
            (octets: try TraceRows.space(db).octets, oldest: try TraceRows.oldest(db))
        }
        shared.withLock { shared in
            shared.rows = rows
            guard let found else { return }
            shared.octets = found.octets
            shared.oldest = found.oldest
        }
    }
}

extension StoreError {
    /// For a sentence.
    var words: String {
        switch self {
        case .full: "no room on the disk"
        case .failed(let why), .damaged(let why), .unknown(let why), .unreadable(_, let why): why
        case .duplicate(let id): "\(id) is taken"
        case .busy: "too much waits"
        case .closed: "closed"
        }
    }
}
