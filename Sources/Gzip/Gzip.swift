import CZlib

/// Packs and unpacks gzip (RFC 1952) by zlib, whole values at a time.
public enum Gzip {
    /// Octets that zlib writes at a time.
    private static let step = 65_536

    /// One gzip member without name and time, so that the same octets always give the same result.
    /// - Throws: ``GzipError/ours(_:)`` where zlib has no memory.
    public static func compress(_ octets: [UInt8]) throws(GzipError) -> [UInt8] {
        let stream = try DeflateStream()
        var packed: [UInt8] = []
        var rest = octets[...]
        repeat {
            let (result, taken) = stream.run(rest, into: &packed, atMost: step)
            rest = rest.dropFirst(taken)
            switch result {
            case Z_STREAM_END: return packed
            case Z_OK: continue
            default: throw .ours("zlib cannot pack: \(stream.words(for: result))")
            }
        } while true
    }

    /// All members of a stream, one behind the other (RFC 1952 §2.2).
    ///
    /// What stands behind the last member and does not begin another is passed over, as gzip(1) does: mailers pad, and the
    /// members before it have proved themselves by their checksums.
    /// - Parameter limit: octets that may come of it. It is watched while unpacking: one octet more is made, and then no more.
    public static func decompress(_ octets: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
        let stream = try InflateStream()
        var unpacked: [UInt8] = []
        var rest = octets[...]
        while true {
            let room = max(0, limit - unpacked.count) + 1
            let (result, taken) = stream.run(rest, into: &unpacked, atMost: min(step, room))
            rest = rest.dropFirst(taken)
            guard unpacked.count <= limit else { throw .tooLarge(limit: limit) }
            switch result {
            case Z_STREAM_END:
                guard rest.starts(with: magic) else { return unpacked }
                try stream.reset()
            case Z_OK: continue
            // No progress: zlib wants more than there is.
            case Z_BUF_ERROR: throw .truncated
            case Z_MEM_ERROR: throw .ours("zlib has no memory")
            default: throw .malformed(stream.words(for: result))
            }
        }
    }

    /// RFC 1952 §2.3.1: ID1 and ID2, the head of each member.
    public static let magic: [UInt8] = [0x1F, 0x8B]
}
