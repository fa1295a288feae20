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

/// How long a commit, or a sync, has been under way. Safe from any thread; one thread commits.
final class CommitWatch: Sendable {
    /// By the clock that nobody sets; 0 where none is under way.
    private let began = Atomic<UInt64>(0)

    func begin() { began.store(FreeSpaceCache.monotonicNanoseconds, ordering: .relaxed) }

    func end() { began.store(0, ordering: .relaxed) }

    /// Nil where none is under way.
    var lasting: Duration? {
        let began = began.load(ordering: .relaxed)
        guard began != 0 else { return nil }
        let now = FreeSpaceCache.monotonicNanoseconds
        return .nanoseconds(Int64(clamping: now > began ? now - began : 0))
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
