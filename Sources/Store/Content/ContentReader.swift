import Glibc
import Synchronization

/// Reads the content of a queued message in chunks. The length is checked by the store; the digest
/// (``StoredMessage/digest``) by the caller, before the end of the content is sent.
///
/// One task at a time.
public final class ContentReader: Sendable {
    /// Octets of one chunk.
    public static let chunk = 64 * 1024

    /// Octets of the whole content.
    public let size: Int64
    private let source: Source
    private let offset = Mutex<Int64>(0)

    enum Source: Sendable {
        case bytes([UInt8])
        case file(OpenFile, BlockingPool)
    }

    init(_ source: Source, size: Int64) {
        self.source = source
        self.size = size
    }

    /// The next bytes; nil at the end.
    /// - Throws: `.damaged` where the file is shorter or longer than its row says, `.failed` where it cannot be read.
    public func next() async throws(StoreError) -> [UInt8]? {
        let start = offset.withLock { $0 }
        let bytes: [UInt8]
        switch source {
        case .bytes(let all):
            let begin = Int(clamping: start)
            if begin >= all.count { return nil }
            bytes = Array(all[begin..<min(all.count, begin + Self.chunk)])
        case .file(let file, let pool):
            let size = size
            bytes = try await pool.run { file.read(at: start, of: size) }
            if bytes.isEmpty { return nil }
        }
        offset.withLock { $0 = start + Int64(bytes.count) }
        return bytes
    }

    /// Reads from the start again: another attempt at another host.
    public func rewind() {
        offset.withLock { $0 = 0 }
    }
}

/// A content file open for reading; closed with this object.
final class OpenFile: Sendable {
    private let descriptor: CInt
    private let name: String

    /// Blocks. Owns the descriptor from the first line on.
    init(_ name: String, in spool: Spool) throws(Errno) {
        self.descriptor = try spool.open(name)
        self.name = name
    }

    deinit {
        _ = Glibc.close(descriptor)
    }

    /// Octets; nil where this is not a regular file.
    var size: Int64? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }

    /// One chunk from `offset`; empty exactly at `size`.
    func read(at offset: Int64, of size: Int64) -> Result<[UInt8], StoreError> {
        let wanted = Int(clamping: min(Int64(ContentReader.chunk), size - offset))
        if wanted <= 0 { return self.size == size ? .success([]) : .failure(.damaged("content file \(name) changed")) }
        var failure: Errno?
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            while count < wanted {
                let got = pread(descriptor, buffer.baseAddress.map { $0 + count }, wanted - count, Int(offset) + count)
                if got > 0 {
                    count += got
                } else if got == 0 {
                    break
                } else if errno != EINTR {
                    failure = Errno.last
                    break
                }
            }
        }
        if let failure { return .failure(failure.storeError("content file \(name)")) }
        if bytes.count < wanted {
            return .failure(.damaged("content file \(name) ends at \(offset + Int64(bytes.count)) of \(size) octets"))
        }
        return .success(bytes)
    }
}
