import Synchronization

/// Transactions of the writer since the store was opened. Safe from any thread.
final class CommitTally: Sendable {
    private let committed = Atomic<UInt64>(0)
    private let failed = Atomic<UInt64>(0)
    let faults: WriteFaults

    init(_ faults: WriteFaults) {
        self.faults = faults
    }

    func noteCommitted() { committed.add(1, ordering: .relaxed) }

    func note(_ error: StoreError) {
        failed.add(1, ordering: .relaxed)
        faults.note(error)
    }

    var counts: CommitCounts {
        CommitCounts(committed: committed.load(ordering: .relaxed), failed: failed.load(ordering: .relaxed))
    }
}

/// How many transactions got to disk, and how many did not.
public struct CommitCounts: Hashable, Sendable {
    public let committed: UInt64
    /// For want of room, or by the disk: of one that is tried again each try.
    public let failed: UInt64
}

extension SQLiteStore {
    /// Transactions that changed, or were to change, the queue since it was opened.
    public var commits: CommitCounts { writer.tally.counts }

    /// How long the disk has kept a commit waiting that is under way now; zero where none is.
    public var commitUnderWay: Duration { max(writer.watch.lasting ?? .zero, journal?.watch.lasting ?? .zero) }
}

extension StoreError {
    /// The disk, or the room on it, is to blame.
    var isOfDisk: Bool {
        switch self {
        case .full, .failed: true
        case .duplicate, .unknown, .busy, .unreadable, .damaged, .closed: false
        }
    }
}
