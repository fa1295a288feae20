import Mail

/// Records that are written together, and who waits for them.
struct JournalGroup {
    enum Change {
        case enqueued(MessageInsertion, QueueID)
        case settled(FreshSettlement)
    }

    private enum Waiter {
        case enqueue(QueuedMessage, CheckedContinuation<Journal.Enqueued, Never>)
        case settle(FreshMessage, CheckedContinuation<Journal.Settling, Never>)
    }

    let frame: JournalFrame
    private(set) var bytes: [UInt8] = []
    private(set) var changes: [Change] = []
    private var waiters: [Waiter] = []
    private var settled: Set<Int64> = []
    private var ids: Set<QueueID> = []

    /// - Parameter buffer: of a group that is over, to write into.
    init(_ frame: JournalFrame, reusing buffer: [UInt8] = []) {
        self.frame = frame
        bytes = buffer
    }

    /// Its buffer for the next; one that grew large is not kept.
    mutating func takeBuffer() -> [UInt8] {
        var buffer: [UInt8] = []
        swap(&buffer, &bytes)
        if buffer.capacity > JournalBounds.group { return [] }
        buffer.removeAll(keepingCapacity: true)
        return buffer
    }

    var octets: Int { bytes.count }
    var isEmpty: Bool { waiters.isEmpty }

    func settles(_ message: Int64) -> Bool { settled.contains(message) }
    func knows(_ id: QueueID) -> Bool { ids.contains(id) }

    /// - Returns: false, with nothing added, for a record of more than ``JournalBounds/record``.
    mutating func add(
        _ insertion: MessageInsertion, _ queued: QueuedMessage, generation: UInt64,
        _ continuation: CheckedContinuation<Journal.Enqueued, Never>
    ) -> Bool {
        guard write(.enqueued(insertion), generation) else { return false }
        changes.append(.enqueued(insertion, queued.message.id))
        ids.insert(queued.message.id)
        waiters.append(.enqueue(queued, continuation))
        return true
    }

    /// The same for what ends a message.
    mutating func add(
        _ settlement: FreshSettlement, of fresh: FreshMessage,
        _ continuation: CheckedContinuation<Journal.Settling, Never>
    ) -> Bool {
        guard write(.settled(settlement), fresh.generation) else { return false }
        changes.append(.settled(settlement))
        settled.insert(settlement.message)
        waiters.append(.settle(fresh, continuation))
        return true
    }

    private mutating func write(_ record: JournalRecord, _ generation: UInt64) -> Bool {
        let start = bytes.count
        frame.put(generation, into: &bytes) { record.write(to: &$0) }
        if bytes.count - start <= JournalBounds.record { return true }
        bytes.removeSubrange(start...)
        return false
    }

    /// It is on the disk.
    func finish() {
        for waiter in waiters {
            switch waiter {
            case .enqueue(let queued, let continuation): continuation.resume(returning: .queued([queued]))
            case .settle(_, let continuation): continuation.resume(returning: .settled)
            }
        }
    }

    /// It is not: new mail is refused, what went out is recorded in the tables.
    func fail(_ error: StoreError) {
        for waiter in waiters {
            switch waiter {
            case .enqueue(_, let continuation): continuation.resume(returning: .refused(error))
            case .settle(let fresh, let continuation): continuation.resume(returning: .elsewhere(fresh))
            }
        }
    }
}
