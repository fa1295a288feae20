import Synchronization

/// Something many tasks wait for and that happens once. Safe from any thread.
final class Latch<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiters: [Int: CheckedContinuation<Value?, Never>] = [:]
        var lastWaiter = 0
    }

    private let state = Mutex(State())

    var isOpen: Bool { state.withLock { $0.value != nil } }

    /// Lets all go on with `value`; once opened it keeps its first value.
    func open(_ value: Value) {
        let waiters = state.withLock { state -> [Int: CheckedContinuation<Value?, Never>] in
            guard state.value == nil else { return [:] }
            state.value = value
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: value) }
    }

    /// Waits for the value; nil at once where the caller's task is cancelled.
    func wait() async -> Value? {
        let number = state.withLock { state in
            state.lastWaiter &+= 1
            return state.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let (isOver, value) = state.withLock { state -> (Bool, Value?) in
                    // A cancellation before this point found nobody to wake.
                    if state.value != nil || Task.isCancelled { return (true, state.value) }
                    state.waiters[number] = waiter
                    return (false, nil)
                }
                if isOver { waiter.resume(returning: value) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: nil)
        }
    }
}
