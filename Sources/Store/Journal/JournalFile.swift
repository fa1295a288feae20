import Glibc

/// The file of the journal: a few segments of fixed size, written over again and again.
///
/// It is allocated and written once when it is made: a record then changes neither size nor place of anything, and a sync
/// is one write of the disk and no commit of the file system. A segment holds the records of one generation from its start, and
/// behind them what is left of older ones.
final class JournalFile: @unchecked Sendable {
    // @unchecked Sendable because after it is opened only the journal's thread touches it.

    static let name = "journal"
    /// An operator makes a file of this name who has lost the journal, and wants to go on without what was in it.
    static let givenUp = "journal.given-up"
    /// Segments of every journal: their size is that of the file divided by it.
    static let segments = 4
    /// Octets of a file that is read.
    static let sizeLimit = 256 * 1024 * 1024

    /// Octets of a segment.
    private(set) var segmentBytes: Int
    private let descriptor: CInt

    /// Opens the file in `directory`; nil where there is none.
    init?(openedIn directory: CInt) throws(Errno) {
        do throws(Errno) {
            descriptor = try call { openat(directory, Self.name, O_RDWR | O_NOFOLLOW | O_CLOEXEC) }
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
        segmentBytes = 0
        var status = stat()
        // The descriptor is ours now: `deinit` closes it.
        if fstat(descriptor, &status) != 0 { throw Errno.last }
        // Nobody makes one so large: what is in it is not worth the memory.
        if status.st_size > off_t(Self.sizeLimit) { throw Errno(code: EFBIG) }
        segmentBytes = Int(status.st_size) / Self.segments
    }

    /// Makes an empty one, which ``prepare(segmentBytes:in:)`` gives its size.
    init(madeIn directory: CInt) throws(Errno) {
        descriptor = try call {
            openat(directory, Self.name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        segmentBytes = 0
    }

    /// Gives the file its size and makes it ready to be written. What it holds must be in the tables. Blocks.
    func prepare(segmentBytes: Int, in directory: CInt) throws(Errno) {
        if self.segmentBytes != segmentBytes {
            self.segmentBytes = segmentBytes
            do throws(Errno) {
                _ = try call { ftruncate(descriptor, 0) }
                try fill()
            } catch {
                // What was filled of it would lie there for nothing, on a disk that is full.
                _ = ftruncate(descriptor, 0)
                throw error
            }
        }
        if fsync(descriptor) != 0 || fsync(directory) != 0 { throw Errno.last }
    }

    deinit {
        _ = close(descriptor)
    }

    /// All of it.
    var size: Int { Self.segments * segmentBytes }

    /// Writes the whole of it anew, in place, after a failure. Blocks.
    func renew() throws(Errno) {
        try fill()
        if fsync(descriptor) != 0 { throw Errno.last }
    }

    /// Zeros for the whole of it. Not posix_fallocate: the first write into what that gives changes the file's extents.
    private func fill() throws(Errno) {
        let zeros = [UInt8](repeating: 0, count: 1024 * 1024)
        var offset = 0
        while offset < size {
            let part = zeros.prefix(size - offset)
            try write(Array(part), at: offset)
            offset += part.count
        }
    }

    private func write(_ bytes: [UInt8], at offset: Int) throws(Errno) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { octets in
                pwrite(descriptor, octets.baseAddress.map { $0 + done }, octets.count - done, off_t(offset + done))
            }
            if count > 0 {
                done += count
            } else if count == 0 {
                throw Errno(code: ENOSPC)
            } else if errno != EINTR {
                throw Errno.last
            }
        }
    }

    /// Writes `bytes` into a segment and syncs. After an error nothing is known of what lies there.
    func append(_ bytes: [UInt8], to segment: Int, at offset: Int) throws(Errno) {
        try write(bytes, at: segment * segmentBytes + offset)
        while fdatasync(descriptor) != 0 {
            if errno != EINTR { throw Errno.last }
        }
    }

    /// Takes back what could not be synced, as far as this may be had from a disk that fails: a start must not find it.
    func wipe(_ count: Int, of segment: Int, at offset: Int) {
        try? write([UInt8](repeating: 0, count: count), at: segment * segmentBytes + offset)
    }

    /// All of it. Blocks.
    func contents() throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { octets in
                pread(descriptor, octets.baseAddress.map { $0 + filled }, octets.count - filled, off_t(filled))
            }
            if count > 0 {
                filled += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw Errno.last
            }
        }
        return bytes
    }
}
