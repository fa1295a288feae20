/// The header section of a message (RFC 5322 §2.2): names and places of its fields. Octets stay where they are.
///
/// Nothing is judged: a line that is no field is kept as one without a name, because a relay passes it on as it is.
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
        var fields: [Field] = []
        var start = 0
        var position = 0
        var bodyOffset: Int?
        while position < content.count {
            let line = Self.line(of: content, from: position)
            if line.text.isEmpty, line.hasEnd {
                bodyOffset = line.next
                break
            }
            // A folded line goes with the field above it (RFC 5322 §2.2.3).
            let isFolded = position > start && ASCII.isBlank(content[position])
            if position > start, !isFolded {
                fields.append(Self.field(content, start..<position))
                start = position
            }
            position = line.next
        }
        if position > start { fields.append(Self.field(content, start..<position)) }
        self.fields = fields
        self.end = position
        self.bodyOffset = bodyOffset
    }

    /// The fields of that name in any case, in order.
    public func fields(named name: String) -> [Field] {
        fields.filter { ASCII.equalIgnoringCase($0.name.utf8, name.utf8) }
    }

    private static func line(of content: [UInt8], from start: Int) -> (text: Range<Int>, next: Int, hasEnd: Bool) {
        var index = start
        while let found = content[index...].firstIndex(of: ASCII.lineFeed) {
            if found > start, content[found - 1] == ASCII.carriageReturn {
                return (start..<found - 1, found + 1, true)
            }
            index = found + 1
        }
        return (start..<content.count, content.count, false)
    }

    // field-name = 1*ftext; ftext = %d33-57 / %d59-126
    private static func field(_ content: [UInt8], _ range: Range<Int>) -> Field {
        let bytes = content[range]
        var end = range.upperBound
        if bytes.suffix(2).elementsEqual("\r\n".utf8) { end -= 2 }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
            return Field(name: "", range: range, value: range.lowerBound..<end)
        }
        var name = bytes[..<colon]
        while let last = name.last, ASCII.isBlank(last) { name.removeLast() }
        guard !name.isEmpty, name.allSatisfy({ (33...126).contains($0) }) else {
            return Field(name: "", range: range, value: range.lowerBound..<end)
        }
        return Field(name: String(decoding: name, as: UTF8.self), range: range, value: colon + 1..<max(colon + 1, end))
    }
}
