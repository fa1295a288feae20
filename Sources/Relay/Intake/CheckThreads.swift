import Dispatch
import Synchronization

/// Threads for what a login costs: files, and thousands of rounds of a digest. On a loop it would stop all other clients.
final class CheckThreads: Sendable {
    /// Checks that wait or run: at ten milliseconds each the last one waits a second. Beyond it a login is put off.
    static let pendingLimit = 256
    /// Checks that run at once: a flood of logins must leave the processors to the mail.
    static let threadCount = 2

    private let queues: [DispatchQueue]
    private let pending = Atomic<Int>(0)
    private let turn = Atomic<UInt>(0)
    private let limit: Int

    init(limit: Int = CheckThreads.pendingLimit) {
        queues = (0..<Self.threadCount).map { DispatchQueue(label: "auth-\($0)") }
        self.limit = limit
    }

    /// Runs `body` on one of the threads; nil where too many wait.
    func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value? {
        guard pending.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            pending.wrappingSubtract(1, ordering: .relaxed)
            return nil
        }
        defer { pending.wrappingSubtract(1, ordering: .relaxed) }
        let queue = queues[Int(turn.wrappingAdd(1, ordering: .relaxed).oldValue % UInt(queues.count))]
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: body()) }
        }
    }
}
