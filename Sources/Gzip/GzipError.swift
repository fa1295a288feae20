/// Why octets could not be packed or unpacked (RFC 1952).
public enum GzipError: Error, Equatable, Sendable {
    /// Not gzip, or damaged: zlib's words.
    case malformed(String)
    /// The data ended before the end of the stream.
    case truncated
    /// More than `limit` octets would come of it.
    case tooLarge(limit: Int)
    /// zlib gave no memory.
    case ours(String)
}
