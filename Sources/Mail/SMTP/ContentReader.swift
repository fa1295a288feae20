/// Reads what follows 354 up to CRLF.CRLF and nothing else (RFC 5321 §4.1.1.4), over any borders of input.
///
/// It unstuffs (RFC 5321 §4.5.2) by emitting ranges of its input; no octet is copied. A bare CR or LF never ends a line
/// (D16): it is noted, and reading goes on to the true end, so that the session stays in step.
public struct ContentReader: Sendable {
    public enum Progress: Hashable, Sendable {
        /// All input was used, and the end has not come.
        case needsMore
        /// The end was within the input: `consumed` octets of it belong to the content and its end.
        case ended(consumed: Int)
    }
    /// RFC 5322 §2.1.1: octets of a line without its CRLF.
    public static let lineLimit = 998

    public private(set) var facts = ContentFacts()
    let limit: Int

    /// `limit`: octets after which nothing more is emitted.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Reads on. `emit` gets unstuffed octets in order: ranges of `input`, valid only during the call. After a bare CR or
    /// LF, or past the limit, nothing more is emitted.
    public mutating func consume(
        _ input: UnsafeRawBufferPointer, emit: (UnsafeRawBufferPointer) -> Void
    ) -> Progress {
        .needsMore
    }
}
