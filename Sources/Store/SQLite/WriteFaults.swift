import Synchronization

/// What keeps the store from being written.
public struct WriteFault: Hashable, Sendable {
    /// The error, as part of a sentence.
    public let words: String
    /// Since the first write that failed, by the clock that nobody sets.
    public let lasting: Duration
    /// There is no room, or no quota: nothing is broken.
    public let isFull: Bool
}

/// Writes of the store that failed. One alone proves nothing, for a message may be too large for what is free: that nothing can be written
/// is what a small write says, which is tried behind it (``SQLiteStore/proveWriting()``). Safe from any thread.
final class WriteFaults: Sendable {
    private struct State {
        /// Failures so far; up to here they are explained.
        var noted: UInt64 = 0
        var explained: UInt64 = 0
        /// When the first of them was that is not explained.
        var since: UInt64?
        /// What the last small write failed with.
        var proved: StoreError?
        /// How often a small write worked behind one that did not.
        var mended: UInt64 = 0
    }

    private let state = Mutex(State())

    func note(_ error: StoreError) {
        guard error.isOfDisk else { return }
        state.withLock { state in
            state.noted &+= 1
            if state.since == nil { state.since = FreeSpaceCache.monotonicNanoseconds }
        }
    }

    /// The number of the last failure; nil where all are explained.
    var doubt: UInt64? { state.withLock { $0.proved != nil || $0.noted != $0.explained ? $0.noted : nil } }

    var mended: UInt64 { state.withLock { $0.mended } }

    /// What the small write came to that was begun at this ``doubt``.
    func prove(_ doubt: UInt64, _ error: StoreError?) {
        state.withLock { state in
            if error == nil {
                if state.proved != nil { state.mended &+= 1 }
                state.explained = doubt
                state.since = state.noted == doubt ? nil : FreeSpaceCache.monotonicNanoseconds
            }
            state.proved = error
        }
    }

    /// Nil where nothing is known to keep the store from being written.
    var standing: WriteFault? {
        state.withLock { state in
            guard let error = state.proved, let since = state.since else { return nil }
            let now = FreeSpaceCache.monotonicNanoseconds
            return WriteFault(
                words: "\(error)", lasting: .nanoseconds(Int64(clamping: now > since ? now - since : 0)),
                isFull: error == .full)
        }
    }
}
