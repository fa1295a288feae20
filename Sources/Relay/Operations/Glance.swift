import Net
import Synchronization

/// A question to the disk that many may have at the same time: put once for all of them, and waited for no longer than
/// ``patience``; then the last answer counts, for ``keeping``. A disk that is slow keeps no answer back, one that hangs is told in
/// it, and no more than one question ever hangs with it.
final class Glance<Value: Sendable>: Sendable {
    /// How long who asks waits for an answer.
    let patience: Duration
    /// How old an answer may be. Ours: what is shown of a queue changes little in a minute.
    static var keeping: Duration { .seconds(60) }

    private struct Pending {
        let task: Task<Value?, Never>
        /// Somebody's patience has come to its end: nobody else waits.
        var isLate = false
    }

    private struct State {
        var pending: Pending?
        var last: (value: Value, until: Deadline)?
    }

    private let ask: @Sendable () async -> Value?
    private let state = Mutex(State())

    init(patience: Duration, _ ask: @escaping @Sendable () async -> Value?) {
        self.patience = patience
        self.ask = ask
    }

    /// - Returns: nil where there is no answer, or none in time and none before it. On a loop's thread; elsewhere it waits for as long
    ///   as it takes.
    func take() async -> Value? {
        let (task, isLate) = state.withLock { state in
            if let pending = state.pending { return (pending.task, pending.isLate) }
            let task = Task {
                let value = await self.ask()
                self.state.withLock { state in
                    state.pending = nil
                    state.last = value.map { ($0, .after(Self.keeping)) }
                }
                return value
            }
            state.pending = Pending(task: task)
            return (task, false)
        }
        if isLate { return last }
        guard let loop = Loop.current else { return await task.value }
        let alarm = Alarm(on: loop)
        // Not a part of this task: it ends when the disk answers, and that is not waited for.
        Task {
            _ = await task.value
            alarm.ring()
        }
        if (try? await alarm.wait(until: .after(patience))) == true { return await task.value }
        state.withLock { if $0.pending?.task == task { $0.pending?.isLate = true } }
        return last
    }

    private var last: Value? {
        state.withLock { state in
            if let last = state.last, last.until.hasPassed { state.last = nil }
            return state.last?.value
        }
    }
}
