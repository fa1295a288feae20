import GRDB

/// A thread with a read-only connection of its own.
final class Reader: Sendable {
    /// Queries that may wait.
    static let pendingLimit = 1024

    private let connection: DatabaseQueue
    private let queue = WorkQueue<@Sendable () -> Void>(limit: Reader.pendingLimit)
    private let thread: WorkThread

    init?(path: String, named name: String) throws {
        connection = try DatabaseQueue(
            path: path, configuration: Connection.configuration(label: name, readonly: true))
        let queue = queue
        guard let thread = WorkThread(named: "store-\(name)", { while let work = queue.takeOne() { work() } }) else {
            return nil
        }
        self.thread = thread
    }

    /// Runs `body` in a read transaction: it sees one state, that of the last commit.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let connection = connection
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            let pushed = queue.push {
                do {
                    continuation.resume(returning: .success(try connection.read(body)))
                } catch {
                    continuation.resume(returning: .failure(StoreError(error)))
                }
            }
            switch pushed {
            case .taken: break
            case .refused: continuation.resume(returning: .failure(.busy))
            case .closed: continuation.resume(returning: .failure(.closed))
            }
        }
        return try result.get()
    }

    /// Answers what waits, then closes. Blocks.
    func close() {
        queue.close()
        thread.join()
        try? connection.close()
    }
}
