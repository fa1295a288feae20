import Net
import Synchronization

/// A question to the disk that many may have at the same time: put once for all of them, and waited for no longer than
/// ``patience``; then the last answer counts, for ``keeping``. A disk that is slow keeps no answer back, one that hangs is told in
/// it, and no more than one question ever hangs with it.
final class Glance<Value: Sendable>: Sendable {
    /// How old an answer may be. Ours: what is shown of a queue changes little in a minute.
    static var keeping: Duration { .seconds(60) }

    /// What is known of the disk now.
    struct Answer: Sendable {
        /// Nil where the disk refused the question, or has not answered it and none before it.
        let value: Value?
        /// The disk has not answered in time: the value is an old one.
        let isLate: Bool
    }

    private struct Pending {
        let task: Task<Value?, Never>
        /// Of those who wait.
        var alarms: [Alarm] = []
        /// Somebody's patience has come to its end: nobody else waits.
        var isLate = false
    }

    private struct State {
        var pending: Pending?
        var last: (value: Value, until: Deadline)?
    }

    /// How long who asks waits for an answer.
    private let patience: Duration
    private let state = Mutex(State())

    init(patience: Duration) {
        self.patience = patience
    }

    /// On a loop's thread; elsewhere it waits for as long as it takes.
    /// - Parameter ask: the question, the same at each call; nil for an answer that is none.
    func take(_ ask: @escaping @Sendable () async -> Value?) async -> Answer {
        let alarm = Loop.current.map { Alarm(on: $0) }
        let waited: Task<Value?, Never>? = state.withLock { state in
            var pending = state.pending ?? Pending(task: Task { await self.answered(ask) })
            defer { state.pending = pending }
            if pending.isLate { return nil }
            if let alarm { pending.alarms.append(alarm) }
            return pending.task
        }
        guard let waited else { return Answer(value: last, isLate: true) }
        guard let alarm else { return Answer(value: await waited.value, isLate: false) }
        if (try? await alarm.wait(until: .after(patience))) == true {
            return Answer(value: await waited.value, isLate: false)
        }
        state.withLock { if $0.pending?.task == waited { $0.pending?.isLate = true } }
        return Answer(value: last, isLate: true)
    }

    /// Puts the question, keeps its answer and tells those who wait. Its task ends when the disk answers, and belongs to nobody: the end of
    /// who asked is not waited for.
    private func answered(_ ask: @Sendable () async -> Value?) async -> Value? {
        let value = await ask()
        let alarms = state.withLock { state in
            defer { state.pending = nil }
            state.last = value.map { ($0, .after(Self.keeping)) }
            return state.pending?.alarms ?? []
        }
        for alarm in alarms { alarm.ring() }
        return value
    }

    private var last: Value? {
        state.withLock { state in
            if let last = state.last, last.until.hasPassed { state.last = nil }
            return state.last?.value
        }
    }
}
