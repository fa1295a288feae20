import Glibc
import Mail
import Synchronization

/// The journal: where mail is made durable before it lies in the tables, and most mail instead of lying there.
///
/// One thread appends what is acknowledged, and what is settled at once, to a file that is synced once for all who wait. After
/// ``JournalBounds/age``, or when a segment is full, what is still there is brought into the tables (``JournalRows``) in one go, far
/// off anybody's way; mail that has gone out by then never gets there. Who reads the tables asks for that first
/// (``catchUp()``). After a crash the records are brought in before anything else.
///
/// Only the common things are written here. All else, and what has no room, takes the way it had without a journal: a
/// transaction of the ``Writer``, for which ``FreshMessage`` brings the message along.
final class Journal: @unchecked Sendable {
    // @unchecked Sendable because `book`, `brokenUntil` and `thread` are only touched on the journal's thread, and after it was joined.

    /// What became of an enqueue.
    enum Enqueued: Sendable {
        case queued([QueuedMessage])
        case refused(StoreError)
        /// The writer has to take it.
        case elsewhere
    }

    /// What became of a settlement.
    enum Settling: Sendable {
        case settled
        /// The writer has to take it, and this message before it.
        case elsewhere(FreshMessage?)
        case refused(StoreError)
    }

    private enum Work: Sendable {
        case enqueue(NewMessage, CheckedContinuation<Enqueued, Never>)
        case settle(Settlement, CheckedContinuation<Settling, Never>)
        case catchUp(CheckedContinuation<Void, Never>)
        case applied(UInt64)
        case notApplied
    }

    private let queue = WorkQueue<Work>(
        limit: Writer.pendingLimit, weightLimit: Writer.pendingBytes, urgentLimit: Writer.settlementLimit)
    private let file: JournalFile
    private let frame: JournalFrame
    private let bounds: JournalBounds
    private let numbers: NumberSource
    private let tally: CommitTally
    private let generations: AsyncStream<JournalGeneration>
    private let sealing: AsyncStream<JournalGeneration>.Continuation
    private var thread: WorkThread?
    /// The lowest number of a message that may not be in the tables yet; the highest number there is where all are.
    private let firstUnapplied = Atomic<Int64>(.max)
    /// Why a generation does not get into the tables; nil where all goes well.
    private let stuck = Mutex<String?>(nil)
    private let damage = Mutex<String?>(nil)
    private let isStopped = Atomic<Bool>(false)
    private let folder: String

    private var book: JournalBook
    /// The file failed; not before this time, by the clock that nobody sets, is it tried again.
    private var brokenUntil: UInt64?

    init(
        _ file: JournalFile, in folder: String, _ frame: JournalFrame, after generation: UInt64,
        _ bounds: JournalBounds, _ numbers: NumberSource, _ tally: CommitTally
    ) {
        self.folder = folder
        self.frame = frame
        self.file = file
        self.bounds = bounds
        self.numbers = numbers
        self.tally = tally
        book = JournalBook(segments: JournalFile.segments, segmentBytes: file.segmentBytes, after: generation)
        (generations, sealing) = AsyncStream.makeStream()
    }

    /// False where the system has no thread to give.
    func start(_ writer: Writer) -> Bool {
        thread = WorkThread(named: "store-journal") { [self] in run() }
        guard thread != nil else { return false }
        Task.detached { [self] in await apply(with: writer) }
        return true
    }

    /// Ends the thread when it has written what was handed in. Blocks.
    /// - Returns: what is not in the tables yet, oldest first.
    func stop() -> [JournalGeneration] {
        isStopped.store(true, ordering: .relaxed)
        queue.close()
        thread?.join()
        thread = nil
        sealing.finish()
        return book.sealed.map(\.generation)
    }

    // MARK: - From any thread

    func enqueue(_ messages: [NewMessage]) async -> Enqueued {
        // One at a time: several together are rare, and are to be there all or none.
        guard messages.count == 1, let message = messages.first, let bytes = message.content.bytes,
            bytes.count <= JournalBounds.content, message.recipients.count <= JournalBounds.recipients
        else { return .elsewhere }
        return await withCheckedContinuation { continuation in
            switch queue.push(.enqueue(message, continuation), weight: bytes.count) {
            case .taken: break
            case .refused: continuation.resume(returning: .refused(.busy))
            case .closed: continuation.resume(returning: .refused(.closed))
            }
        }
    }

    func settle(_ settlement: Settlement) async -> Settling {
        if settlement.message.value < firstUnapplied.load(ordering: .acquiring) { return .elsewhere(nil) }
        return await withCheckedContinuation { continuation in
            switch queue.push(.settle(settlement, continuation), urgently: true) {
            case .taken: break
            // Not elsewhere: the tables may not know the message yet.
            case .refused: continuation.resume(returning: .refused(.busy))
            case .closed: continuation.resume(returning: .refused(.closed))
            }
        }
    }

    /// False where the tables know the message, if it is there at all.
    func mayHold(_ message: Int64) -> Bool { message >= firstUnapplied.load(ordering: .acquiring) }

    /// Why what was acknowledged does not get into the tables; nil where it does.
    var trouble: String? { stuck.withLock { $0 } }

    /// What is broken of the tables of reports; nil where nothing is.
    var reportDamage: String? { damage.withLock { $0 } }

    /// Returns when the tables hold all that was acknowledged before; at once where they cannot be brought to (``trouble``), for
    /// then nobody is to wait until they can.
    /// - Parameter message: all that matters is this one; nil for all.
    func catchUp(for message: Int64? = nil) async {
        let first = firstUnapplied.load(ordering: .acquiring)
        if first == .max || message ?? .max < first || trouble != nil { return }
        await withCheckedContinuation { continuation in
            if queue.push(.catchUp(continuation), urgently: true) != .taken { continuation.resume() }
        }
    }

    /// Brings sealed generations into the tables, one after the other.
    private func apply(with writer: Writer) async {
        for await generation in generations {
            var rest = JournalBounds.rest
            while true {
                do throws(StoreError) {
                    let withReports = reportDamage == nil
                    let isWhole = try await writer.perform(urgently: false, weight: 0) { db, numbers in
                        try JournalRows.apply(generation, db, &numbers, withReports: withReports)
                    }
                    if isWhole { break }
                } catch .closed {
                    return
                } catch .busy {
                    // Others come first.
                    try? await Task.sleep(for: JournalBounds.busyRest)
                } catch .damaged(let why) where reportDamage == nil {
                    damage.withLock { $0 = why }
                } catch {
                    stuck.withLock { $0 = "\(error)" }
                    queue.pushAlways(.notApplied)
                    // Where there is no room it leaves the reserve to settlements.
                    var looks = 0
                    repeat {
                        try? await Task.sleep(for: rest)
                        rest = min(rest * 2, JournalBounds.longestRest)
                        looks += 1
                    } while error == .full && looks < JournalBounds.looksForRoom && !hasRoom()
                        && !isStopped.load(ordering: .relaxed)
                }
            }
            stuck.withLock { $0 = nil }
            queue.pushAlways(.applied(generation.number))
        }
    }

    private func hasRoom() -> Bool {
        guard case .success(let space) = FreeSpaceCache().measure(folder, at: 0) else { return true }
        return space.bytes >= UInt64(JournalBounds.room * file.segmentBytes)
    }

    // MARK: - On the thread

    private func run() {
        while let work = queue.takeAll(until: book.began.map { $0 &+ bounds.age }) {
            var group = JournalGroup(frame)
            for item in work.urgent { handle(item, &group) }
            for item in work.ordinary { handle(item, &group) }
            commit(&group)
            if let began = book.began, FreeSpaceCache.monotonicNanoseconds >= began &+ bounds.age { seal() }
        }
        seal()
        for waiter in book.takeWaiters() { waiter.resume() }
    }

    private func handle(_ item: Work, _ group: inout JournalGroup) {
        switch item {
        case .enqueue(let message, let continuation):
            makeRoom(for: &group)
            guard book.hasActive else { return continuation.resume(returning: .elsewhere) }
            enqueue(message, continuation, &group)
        case .settle(let settlement, let continuation):
            makeRoom(for: &group, begins: false)
            let number = settlement.message.value
            let fresh = group.settles(number) ? nil : book.message(number)
            if let fresh, book.isActive(fresh), let counted = FreshSettlement(settlement, of: fresh.insertion),
                group.add(counted, of: fresh, continuation)
            {
                return
            }
            if fresh != nil { book.touch(number) }
            continuation.resume(returning: .elsewhere(fresh))
        case .catchUp(let continuation):
            commit(&group)
            seal()
            if trouble != nil || !book.wait(continuation) { continuation.resume() }
        case .applied(let generation):
            let waiters = book.applied(generation)
            tellFirst()
            for waiter in waiters { waiter.resume() }
        case .notApplied:
            // Those behind it do not get there before it.
            for waiter in book.takeWaiters() { waiter.resume() }
        }
    }

    private func enqueue(
        _ message: NewMessage, _ continuation: CheckedContinuation<Enqueued, Never>, _ group: inout JournalGroup
    ) {
        if book.knows(message.id) || group.knows(message.id) {
            return continuation.resume(returning: .refused(.duplicate(message.id)))
        }
        do {
            let (insertion, queued) = try MessageRows.insertion(of: message, numbers)
            if !group.add(insertion, queued, generation: book.activeNumber, continuation) {
                continuation.resume(returning: .elsewhere)
            }
        } catch {
            continuation.resume(returning: .refused(StoreError(error)))
        }
    }

    /// A segment with room for one record more than the group has; without one where none is free, or the file is broken.
    private func makeRoom(for group: inout JournalGroup, begins: Bool = true) {
        if group.octets >= JournalBounds.group { commit(&group) }
        if !book.hasRoom(for: group.octets + JournalBounds.record) {
            commit(&group)
            seal()
        }
        guard begins, !book.hasActive, isSound() else { return }
        book.begin(at: FreeSpaceCache.monotonicNanoseconds)
    }

    /// True unless the file failed. A while after that it is written anew, whole.
    private func isSound() -> Bool {
        guard let until = brokenUntil else { return true }
        let now = FreeSpaceCache.monotonicNanoseconds
        guard now >= until, book.sealed.isEmpty else { return false }
        do throws(Errno) {
            try file.renew()
            brokenUntil = nil
            return true
        } catch {
            brokenUntil = now &+ bounds.repair
            return false
        }
    }

    /// Writes what the group has, syncs, and answers.
    private func commit(_ group: inout JournalGroup) {
        guard !group.isEmpty else { return }
        let done = group
        group = JournalGroup(frame)
        do throws(Errno) {
            try file.append(done.bytes, to: book.activeSegment, at: book.offset)
        } catch {
            tally.note(isCommitted: false)
            file.wipe(done.bytes.count, of: book.activeSegment, at: book.offset)
            // What of it lies on the disk nobody knows. Once this generation counts as one that is in the tables, no start reads it.
            brokenUntil = FreeSpaceCache.monotonicNanoseconds &+ bounds.repair
            seal(always: true)
            done.fail(error.storeError("writing the journal"))
            return
        }
        tally.note(isCommitted: true)
        book.add(done)
        tellFirst()
        done.finish()
    }

    /// Nothing more goes into this generation: it is on its way into the tables.
    /// - Parameter always: also where it holds nothing that was acknowledged.
    private func seal(always: Bool = false) {
        if let generation = book.seal(always: always) { sealing.yield(generation) }
    }

    private func tellFirst() {
        firstUnapplied.store(book.firstNumber ?? .max, ordering: .releasing)
    }
}
