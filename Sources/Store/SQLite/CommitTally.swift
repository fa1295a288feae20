import Synchronization

/// Transactions of the writer since the store was opened. Safe from any thread.
final class CommitTally: Sendable {
    private let committed = Atomic<UInt64>(0)
    private let failed = Atomic<UInt64>(0)

    func note(isCommitted: Bool) {
        if isCommitted {
            committed.add(1, ordering: .relaxed)
        } else {
            failed.add(1, ordering: .relaxed)
        }
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
}

extension StoreError {
    /// The disk, or the room on it, is to blame.
    var isOfDisk: Bool {
        switch self {
        case .full, .failed: true
        case .duplicate, .unknown, .busy, .damaged, .closed: false
        }
    }
}
