import Glibc
import Synchronization

/// A content file that no row names yet: it is removed with this object, unless the row was committed.
final class SpoolFile: Sendable {
    let name: String
    private let spool: Spool
    private let state: Mutex<State>

    private struct State {
        var descriptor: CInt?
        var keep = false
    }

    /// Blocks: on a thread of the pool only.
    init(_ name: String, in spool: Spool) throws(Errno) {
        let descriptor = try spool.create(name)
        self.name = name
        self.spool = spool
        self.state = Mutex(State(descriptor: descriptor))
    }

    deinit {
        let (descriptor, keep) = state.withLock { ($0.descriptor, $0.keep) }
        let (spool, name) = (spool, name)
        if descriptor == nil && keep { return }
        spool.pool.submit {
            if let descriptor { _ = Glibc.close(descriptor) }
            if !keep { spool.remove(name) }
        }
    }

    /// Writes all of `bytes` at the end. Blocks.
    func write(_ bytes: [UInt8]) throws(Errno) {
        guard let descriptor = state.withLock({ $0.descriptor }) else { throw Errno(code: EBADF) }
        var offset = 0
        while offset < bytes.count {
            let written = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, $0.count - offset)
            }
            if written > 0 {
                offset += written
            } else if written == 0 {
                throw Errno(code: ENOSPC)
            } else if errno != EINTR {
                throw Errno.last
            }
        }
    }

    /// Syncs the file, then the folder that names it (both: one without the other loses the name or the bytes), and
    /// closes the file. Blocks. A failed sync is never tried again: the content has failed.
    func sync() throws(Errno) {
        let taken = state.withLock { state in
            defer { state.descriptor = nil }
            return state.descriptor
        }
        guard let descriptor = taken else { throw Errno(code: EBADF) }
        let synced = fsync(descriptor) == 0 ? nil : Errno.last
        // close(2): > A careful programmer will check the return value of close()
        let closed = Glibc.close(descriptor) == 0 ? nil : Errno.last
        if let error = synced ?? closed { throw error }
        if fsync(spool.descriptor) != 0 { throw Errno.last }
    }

    /// True: from here on the file belongs to a row, or to the next start's clean-up. False: it goes with this object.
    func keep(_ keep: Bool) {
        state.withLock { $0.keep = keep }
    }
}
