import Glibc
import Mail

/// The folder of content files, and the threads that write them.
///
/// A file is named after its message's id. A file without a row is set aside at start, never removed at once: the
/// database may have been restored from yesterday.
final class Spool: Sendable {
    /// Days a file without a row is kept: longer than a backup of the database is likely to be old.
    static let asideDays: Int64 = 7
    static let folder = "spool"
    static let asideFolder = "aside"

    let pool: BlockingPool
    /// Of all the store: what cannot be written here often cannot be written at all.
    let faults = WriteFaults()
    /// `spool/` and `spool/aside/`, open for the life of the store.
    let descriptor: CInt
    private let aside: CInt

    init(descriptor: CInt, aside: CInt, pool: BlockingPool) {
        self.descriptor = descriptor
        self.aside = aside
        self.pool = pool
    }

    deinit {
        _ = Glibc.close(descriptor)
        _ = Glibc.close(aside)
    }

    /// Makes a file that was not there, mode 0600.
    func create(_ name: String) throws(Errno) -> CInt {
        try call { openat(descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
    }

    func open(_ name: String) throws(Errno) -> CInt {
        try call { openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) }
    }

    /// Octets of a regular file; nil where there is none.
    func size(of name: String) -> Int64? {
        var status = stat()
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return Int64(status.st_size)
    }

    /// What a failed write of a content file is told as; it is noted.
    func failure(_ error: Errno, _ name: String) -> StoreError {
        let error = error.storeError("content file \(name)")
        faults.note(error)
        return error
    }

    func remove(_ name: String) {
        // A file that stays is set aside at the next start: nothing is lost by an error here.
        _ = unlinkat(descriptor, name, 0)
    }

    /// Moves each file that `isKnown` does not know into `aside/`, and removes what lay there for ``asideDays``.
    /// - Returns: how many were set aside now.
    func setAsideUnknown(now: WallTime, isKnown: (String) throws -> Bool) throws -> Int {
        var count = 0
        for name in try contents() {
            if try isKnown(name) { continue }
            if renameat(descriptor, name, aside, "\(name).\(now.seconds)") == 0 { count += 1 }
        }
        if count > 0 {
            _ = fsync(aside)
            _ = fsync(descriptor)
        }
        for name in try names(in: aside) {
            guard let dot = name.lastIndex(of: "."), let since = Int64(name[name.index(after: dot)...]) else {
                continue
            }
            if WallTime(seconds: since).advanced(by: Self.asideDays * 86_400) < now { _ = unlinkat(aside, name, 0) }
        }
        return count
    }

    /// The names of what lies here and is not set aside.
    func contents() throws(Errno) -> [String] {
        try names(in: descriptor).filter { $0 != Self.asideFolder }
    }

    private func names(in descriptor: CInt) throws(Errno) -> [String] {
        // fdopendir(3): > After a successful call to fdopendir(), fd is used internally by the implementation
        let own = try call { openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(own) else {
            let error = Errno.last
            _ = Glibc.close(own)
            throw error
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
