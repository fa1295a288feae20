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

    enum Work: Sendable {
        case enqueue(NewMessage, CheckedContinuation<Enqueued, Never>)
        case settle(Settlement, CheckedContinuation<Settling, Never>)
        case catchUp(CheckedContinuation<Void, Never>)
        case applied(UInt64)
        case notApplied
    }

    let queue = WorkQueue<Work>(
        limit: Writer.pendingLimit, weightLimit: Writer.pendingBytes, urgentLimit: Writer.settlementLimit)
    let file: JournalFile
    let frame: JournalFrame
    let bounds: JournalBounds
    let numbers: NumberSource
    let tally: CommitTally
    let watch = CommitWatch()
    let generations: AsyncStream<JournalGeneration>
    let sealing: AsyncStream<JournalGeneration>.Continuation
    private var thread: WorkThread?
    /// The lowest number of a message that may not be in the tables yet; the highest number there is where all are.
    let firstUnapplied = Atomic<Int64>(.max)
    /// Octets of records that may not be in the tables yet.
    let unapplied = Atomic<Int>(0)
    /// Messages that are not in the tables while a generation does not get there; -1 where that was not counted.
    let left = Atomic<Int>(-1)
    /// Why a generation does not get into the tables; nil where all goes well.
    let stuck = Mutex<String?>(nil)
    let damage = Mutex<String?>(nil)
    let isStopped = Atomic<Bool>(false)
    let folder: String

    var book: JournalBook
    /// The file failed; not before this time, by the clock that nobody sets, is it tried again.
    var brokenUntil: UInt64?

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

    /// Octets that the disk must still have for what is to come into the tables.
    var roomOwed: UInt64 { UInt64(clamping: unapplied.load(ordering: .relaxed) * JournalBounds.room) }

    /// False where the tables know the message, if it is there at all.
    func mayHold(_ message: Int64) -> Bool { message >= firstUnapplied.load(ordering: .acquiring) }

    /// Why what was acknowledged does not get into the tables; nil where it does.
    var trouble: String? { stuck.withLock { $0 } }

    /// Messages that lie here and nowhere else for it; nil where that is not known, or nothing is stuck.
    var stuckMessages: Int? {
        let count = left.load(ordering: .relaxed)
        return trouble == nil || count < 0 ? nil : count
    }

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
}
