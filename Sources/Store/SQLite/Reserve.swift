import Glibc
import Synchronization

/// Space kept on disk for settling: a file that is given up when nothing else is left. A delivery that cannot be
/// recorded would be made again and again.
final class Reserve: Sendable {
    static let file = "reserve"

    private let directory: CInt
    private let bytes: Int
    private let isThere = Mutex(false)

    /// `directory` stays open as long as this object and is closed with it.
    init(in directory: CInt, bytes: Int) {
        self.directory = directory
        self.bytes = bytes
    }

    deinit {
        _ = Glibc.close(directory)
    }

    /// Allocates the file where it is missing. Blocks. Without room for it, the store runs without a reserve.
    func refill() {
        isThere.withLock { isThere in
            if isThere || bytes <= 0 { return }
            let flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC
            guard let descriptor = try? call({ openat(directory, Self.file, flags, 0o600) }) else { return }
            defer { _ = Glibc.close(descriptor) }
            if posix_fallocate(descriptor, 0, off_t(bytes)) == 0 {
                isThere = true
            } else {
                _ = unlinkat(directory, Self.file, 0)
            }
        }
    }

    /// Allocates the file again once there is plenty of room.
    func refill(ifFree free: UInt64) {
        if free > UInt64(clamping: bytes) &* 8 { refill() }
    }

    /// Removes the file an earlier process left. False where there was none.
    func discard() -> Bool {
        isThere.withLock { isThere in
            isThere = false
            return unlinkat(directory, Self.file, 0) == 0
        }
    }

    /// Gives the space up. False where there was none.
    func release() -> Bool {
        isThere.withLock { isThere in
            guard isThere else { return false }
            isThere = false
            return unlinkat(directory, Self.file, 0) == 0
        }
    }
}
