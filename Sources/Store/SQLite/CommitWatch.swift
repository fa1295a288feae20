import Synchronization

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
