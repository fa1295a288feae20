import Glibc
import Synchronization

/// The room on the disk, measured at most once a second: every client asks.
final class FreeSpaceCache: Sendable {
    /// Nanoseconds a measurement is good for.
    static let lifetime: UInt64 = 1_000_000_000

    private let last = Mutex<(space: FreeSpace, at: UInt64)?>(nil)

    /// The last measurement, while it is young at `now`.
    func fresh(at now: UInt64) -> FreeSpace? {
        last.withLock { last in
            guard let last, now &- last.at < Self.lifetime else { return nil }
            return last.space
        }
    }

    /// Asks the file system that holds `path`. Blocks.
    func measure(_ path: String, at now: UInt64) -> Result<FreeSpace, StoreError> {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return .failure(Errno.last.storeError("free space of \(path)")) }
        let unit = UInt64(status.f_frsize)
        let space = FreeSpace(
            bytes: unit &* UInt64(status.f_bavail), totalBytes: unit &* UInt64(status.f_blocks),
            // Some file systems make inodes as they go and count none.
            inodes: status.f_files == 0 ? nil : UInt64(status.f_favail),
            totalInodes: status.f_files == 0 ? nil : UInt64(status.f_files),
            isReadOnly: status.f_flag & UInt(ST_RDONLY) != 0)
        last.withLock { $0 = (space, now) }
        return .success(space)
    }

    static var monotonicNanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}
