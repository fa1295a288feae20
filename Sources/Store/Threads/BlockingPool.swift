/// Threads for blocking calls on files: writing, syncing, reading, removing.
final class BlockingPool: Sendable {
    /// Calls that may wait: each belongs to a session that waits for it, so this is never near.
    static let pendingLimit = 16_384
    /// A disk wants a few requests in flight; more threads than that only wait.
    static let threadCount = 4

    private let queue = WorkQueue<@Sendable () -> Void>(limit: BlockingPool.pendingLimit)
    private let threads: [WorkThread]

    init() {
        let queue = queue
        threads = (0..<Self.threadCount).compactMap { _ in
            WorkThread(named: "store-files") {
                while let work = queue.takeOne() { work() }
            }
        }
    }

    /// Runs `body` on a thread of the pool.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () -> Result<Value, StoreError>
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            switch queue.push({ continuation.resume(returning: body()) }) {
            case .taken: break
            case .refused: continuation.resume(returning: .failure(.busy))
            case .closed: continuation.resume(returning: .failure(.closed))
            }
        }
        return try result.get()
    }

    /// Runs `body` some time, or here and now where the pool is closed.
    func submit(_ body: @escaping @Sendable () -> Void) {
        if queue.push(body) != .taken { body() }
    }

    var hasThreads: Bool { !threads.isEmpty }

    /// Runs what waits, then ends the threads. Blocks.
    func close() {
        queue.close()
        for thread in threads { thread.join() }
    }
}
