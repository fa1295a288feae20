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
    // @unchecked Sendable because `book` and `isBroken` are only touched on the journal's thread, and after it was joined.

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
    }

    private enum Work: Sendable {
        case enqueue(NewMessage, CheckedContinuation<Enqueued, Never>)
        case settle(Settlement, CheckedContinuation<Settling, Never>)
        case catchUp(CheckedContinuation<Void, Never>)
        case applied(UInt64)
        case notApplied(UInt64)
    }

    private let queue = WorkQueue<Work>(
        limit: Writer.pendingLimit, weightLimit: Writer.pendingBytes, urgentLimit: Writer.settlementLimit)
    private let file: JournalFile
    private let bounds: JournalBounds
    private let numbers: NumberSource
    private let tally: CommitTally
    private let generations: AsyncStream<JournalGeneration>
    private let sealing: AsyncStream<JournalGeneration>.Continuation
    private var thread: WorkThread?
    /// The lowest number of a message that may not be in the tables yet; the highest number there is where all are.
    private let firstUnapplied = Atomic<Int64>(.max)

    private var book: JournalBook
    /// The file failed; not before this time, by the clock that nobody sets, is it tried again.
    private var brokenUntil: UInt64?

    init(
        _ file: JournalFile, after generation: UInt64, _ bounds: JournalBounds, _ numbers: NumberSource,
        _ tally: CommitTally
    ) {
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
            if queue.push(.settle(settlement, continuation), urgently: true) != .taken {
                continuation.resume(returning: .elsewhere(nil))
            }
        }
    }

    /// Returns when the tables hold all that was acknowledged before, or a first try to bring it there has failed.
    func catchUp() async {
        if firstUnapplied.load(ordering: .acquiring) == .max { return }
        await withCheckedContinuation { continuation in
            if queue.push(.catchUp(continuation), urgently: true) != .taken { continuation.resume() }
        }
    }

    /// Brings sealed generations into the tables, one after the other.
    private func apply(with writer: Writer) async {
        for await generation in generations {
            var withReports = true
            applying: while true {
                do throws(StoreError) {
                    let isWhole = try await writer.perform(urgently: false, weight: 0) { [withReports] db, numbers in
                        try JournalRows.apply(generation, db, &numbers, withReports: withReports)
                    }
                    if isWhole { break applying }
                } catch .closed {
                    return
                } catch .damaged where withReports {
                    withReports = false
                } catch {
                    // Where there is no room it waits, and leaves the reserve to settlements.
                    _ = queue.push(.notApplied(generation.number), urgently: true)
                    try? await Task.sleep(for: JournalBounds.rest)
                    withReports = true
                }
            }
            _ = queue.push(.applied(generation.number), urgently: true)
        }
    }

    // MARK: - On the thread

    private func run() {
        while let work = queue.takeAll(until: book.began.map { $0 &+ bounds.age }) {
            var group = JournalGroup()
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
                group.add(counted, of: fresh, generation: fresh.generation, continuation)
            {
                return
            } else {
                if fresh != nil { book.touch(number) }
                continuation.resume(returning: .elsewhere(fresh))
            }
        case .catchUp(let continuation):
            commit(&group)
            seal()
            if !book.wait(continuation) { continuation.resume() }
        case .applied(let generation):
            let waiters = book.applied(generation)
            tellFirst()
            for waiter in waiters { waiter.resume() }
        case .notApplied(let generation):
            for waiter in book.takeWaiters(upTo: generation) { waiter.resume() }
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
            brokenUntil = now &+ JournalBounds.repair
            return false
        }
    }

    /// Writes what the group has, syncs, and answers.
    private func commit(_ group: inout JournalGroup) {
        guard !group.isEmpty else { return }
        let done = group
        group = JournalGroup()
        do throws(Errno) {
            try file.append(done.bytes, to: book.activeSegment, at: book.offset)
        } catch {
            tally.note(isCommitted: false)
            // What of it lies on the disk nobody knows. Once what was acknowledged before is in the tables, no start reads it.
            brokenUntil = FreeSpaceCache.monotonicNanoseconds &+ JournalBounds.repair
            seal()
            done.fail(error.storeError("writing the journal"))
            return
        }
        tally.note(isCommitted: true)
        book.add(done)
        tellFirst()
        done.finish()
    }

    /// Nothing more goes into this generation: it is on its way into the tables.
    private func seal() {
        if let generation = book.seal() { sealing.yield(generation) }
    }

    private func tellFirst() {
        firstUnapplied.store(book.firstNumber ?? .max, ordering: .releasing)
    }
}
