/// The header section of a message (RFC 5322 §2.2): names and places of its fields. Octets stay where they are.
public struct HeaderSection: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        /// As written, without blanks before the colon; empty for a line that is no field.
        public let name: String
        /// The whole field with its folded lines and its last CRLF.
        public let range: Range<Int>
        /// Behind the colon, up to the last CRLF.
        public let value: Range<Int>
    }

    public let fields: [Field]
    /// Octets of the fields together: what a headers-only copy takes.
    public let end: Int
    /// Behind the empty line; nil where there is none.
    public let bodyOffset: Int?

    /// Reads the start of `content`. Lines end with CRLF; an unfinished last line counts as a line.
    public init(reading content: [UInt8]) {
        fields = []
        end = 0
        bodyOffset = nil
    }

    /// The fields of that name in any case, in order.
    public func fields(named name: String) -> [Field] {
        fields.filter { ASCII.equalIgnoringCase($0.name.utf8, name.utf8) }
    }
}
