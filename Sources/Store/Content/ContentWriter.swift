import Mail
import Synchronization

/// Takes the content of a message while it is received: in memory up to ``QueueLimits/inlineContent``, in a file of the
/// spool beyond. Writes and syncs happen on threads of the store, never on the caller's.
///
/// One task at a time. Dropping a writer, or dropping what it finished without enqueuing it, removes the file.
public final class ContentWriter: Sendable {
    /// Octets collected for one write of a file that has begun.
    static let chunk = 64 * 1024

    private let id: QueueID
    private let spool: Spool
    private let state = Mutex(State())

    private struct State {
        var buffer: [UInt8] = []
        var file: SpoolFile?
        var size: Int64 = 0
        var failure: StoreError?
        var isFinished = false
    }

    init(id: QueueID, spool: Spool) {
        self.id = id
        self.spool = spool
    }

    /// Octets so far.
    public var size: Int64 { state.withLock { $0.size } }

    /// Adds bytes to the end.
    /// - Throws: `.full`, `.failed`; every later call throws it again.
    public func append(_ bytes: some Sequence<UInt8>) async throws(StoreError) {
        let pending: Result<(SpoolFile?, [UInt8])?, StoreError> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            if state.isFinished { return .failure(.failed("content was finished before")) }
            let before = state.buffer.count
            if state.buffer.isEmpty, let whole = bytes as? [UInt8] {
                // Short content comes at once: whoever keeps it for the delivery shares it with us.
                state.buffer = whole
            } else {
                state.buffer.append(contentsOf: bytes)
            }
            state.size += Int64(state.buffer.count - before)
            let limit = state.file == nil ? QueueLimits.inlineContent : Self.chunk
            if state.buffer.count <= limit { return .success(nil) }
            let chunk = state.buffer
            state.buffer = []
            return .success((state.file, chunk))
        }
        if let (file, chunk) = try pending.get() { try await write(chunk, to: file) }
    }

    /// Ends the content; a file is synced, then its folder.
    public func finish() async throws(StoreError) -> Content {
        let pending: Result<(SpoolFile?, [UInt8], Int64), StoreError> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            if state.isFinished { return .failure(.failed("content was finished before")) }
            state.isFinished = true
            let rest = state.buffer
            state.buffer = []
            defer { state.file = nil }
            return .success((state.file, rest, state.size))
        }
        let (file, rest, size) = try pending.get()
        guard let file else { return Content(.inline(rest), size: size) }
        try await spool.pool.run { [spool] () -> Result<Void, StoreError> in
            do throws(Errno) {
                try file.write(rest)
                try file.sync()
                return .success(())
            } catch {
                return .failure(spool.failure(error, file.name))
            }
        }
        return Content(.file(file), size: size)
    }

    private func write(_ chunk: [UInt8], to file: SpoolFile?) async throws(StoreError) {
        let (spool, name) = (spool, id.text)
        do throws(StoreError) {
            let file = try await spool.pool.run { () -> Result<SpoolFile, StoreError> in
                do throws(Errno) {
                    let file = if let file { file } else { try SpoolFile(name, in: spool) }
                    try file.write(chunk)
                    return .success(file)
                } catch {
                    return .failure(spool.failure(error, name))
                }
            }
            state.withLock { $0.file = file }
        } catch {
            state.withLock { state in
                state.failure = error
                state.file = nil
            }
            throw error
        }
    }
}
