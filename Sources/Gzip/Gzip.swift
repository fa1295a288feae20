/// Packs and unpacks gzip (RFC 1952) by zlib, whole values at a time.
public enum Gzip {
    /// One gzip member without name and time, so that the same octets always give the same result.
    /// - Throws: ``GzipError/ours(_:)`` where zlib has no memory.
    public static func compress(_ octets: [UInt8]) throws(GzipError) -> [UInt8] {
        throw .ours("unfinished")
    }

    /// All members of a stream, one behind the other (RFC 1952 §2.2). What stands behind the last one is passed over where
    /// it is zero octets, as tar and some mailers pad; anything else is refused.
    /// - Parameter limit: octets that may come of it; no more than these are ever held.
    public static func decompress(_ octets: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
        throw .ours("unfinished")
    }
}
