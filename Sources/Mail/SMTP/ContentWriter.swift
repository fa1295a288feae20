/// Writes content as DATA wants it: leading dots doubled, CRLF.CRLF behind it (RFC 5321 §4.5.2), over any borders of
/// input.
public struct ContentWriter: Sendable {
    public init() {}

    /// Encodes on. `emit` gets octets for the wire in order, valid only during the call. Throws at the first bare CR or LF,
    /// before it is emitted: the connection must then be dropped without the final dot.
    public mutating func encode(
        _ input: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) -> Void
    ) throws(ContentError) {
    }

    /// Emits the end: `.` CRLF, and before it a CRLF only where the content lacked one.
    public mutating func finish(emit: (UnsafeRawBufferPointer) -> Void) throws(ContentError) {
    }
}

/// Content that may not leave (RFC 5321 §2.3.8).
public enum ContentError: Error, Hashable, Sendable {
    case bareCarriageReturn
    case bareLineFeed
}
