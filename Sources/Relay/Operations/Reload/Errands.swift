import Net
import Synchronization

/// What goes on in the background after a reload and ends by itself: mail is given its new routes, a resolver that was
/// replaced answers what it was asked. Safe from any thread.
final class Errands: Sendable {
    private struct Errand {
        let bell: Alarm
        let task: Task<Void, Never>
    }

    private struct State {
        var errands: [Int: Errand] = [:]
        var next = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Those that go on.
    var count: Int { state.withLock { $0.errands.count } }

    /// Begins `body` on `loop`; its bell rings when it is to hurry, and from then on it must end soon.
    func begin(on loop: Loop, _ body: @escaping @Sendable (Alarm) async -> Void) {
        state.withLock { state in
            let number = state.next
            state.next += 1
            let bell = Alarm(on: loop)
            if state.isClosed { bell.ring() }
            let task = Task(executorPreference: loop) {
                await body(bell)
                self.ended(number)
            }
            state.errands[number] = Errand(bell: bell, task: task)
        }
    }

    private func ended(_ number: Int) { state.withLock { $0.errands[number] = nil } }

    /// Has all of them hurry, and waits for them.
    func close() async {
        let errands = state.withLock { state in
            state.isClosed = true
            return Array(state.errands.values)
        }
        for errand in errands { errand.bell.ring() }
        for errand in errands { await errand.task.value }
    }
}
