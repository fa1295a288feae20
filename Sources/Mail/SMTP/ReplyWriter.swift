/// Renders replies for the wire (RFC 5321 §4.2, RFC 2034 §4).
public enum ReplyWriter {
    /// RFC 5321 §4.5.3.1.5: octets of a reply line with its CRLF.
    public static let lineLimit = 512

    /// Appends `reply` to `bytes`: the code on each line, the enhanced code on each line where there is one, nothing but
    /// printable ASCII, no line above the limit. Longer texts go on in a further line, at a blank where there is one.
    public static func append(_ reply: Reply, to bytes: inout [UInt8]) {
        let before = bytes.count
        appendHead(reply, isLast: true, to: &bytes)
        let room = lineLimit - (bytes.count - before) - 2
        bytes.removeLast(bytes.count - before)
        for (index, text) in reply.lines.enumerated() {
            let isLast = index == reply.lines.count - 1
            if text.utf8.count <= room, text.utf8.allSatisfy(ASCII.isPrintable) {
                append(text.utf8, of: reply, isLast: isLast, to: &bytes)
                continue
            }
            let pieces = pieces(of: text, upTo: room)
            for (place, piece) in pieces.enumerated() {
                append(piece, of: reply, isLast: isLast && place == pieces.count - 1, to: &bytes)
            }
        }
    }

    private static func append(
        _ text: some Collection<UInt8>, of reply: Reply, isLast: Bool, to bytes: inout [UInt8]
    ) {
        appendHead(reply, isLast: isLast, to: &bytes)
        bytes.append(contentsOf: text)
        bytes.append(ASCII.carriageReturn)
        bytes.append(ASCII.lineFeed)
    }

    private static func appendHead(_ reply: Reply, isLast: Bool, to bytes: inout [UInt8]) {
        append(reply.code, to: &bytes)
        bytes.append(isLast ? ASCII.space : UInt8(ascii: "-"))
        guard let enhanced = reply.enhanced else { return }
        append(UInt16(enhanced.class), to: &bytes)
        bytes.append(UInt8(ascii: "."))
        append(enhanced.subject, to: &bytes)
        bytes.append(UInt8(ascii: "."))
        append(enhanced.detail, to: &bytes)
        bytes.append(ASCII.space)
    }

    /// In decimal digits.
    private static func append(_ number: UInt16, to bytes: inout [UInt8]) {
        if number >= 10 { append(number / 10, to: &bytes) }
        bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    /// The octets of `text` with `?` for each that is not printable ASCII: no text can start a line of its own.
    private static func pieces(of text: String, upTo room: Int) -> [ArraySlice<UInt8>] {
        var rest = text.utf8.map { ASCII.isPrintable($0) ? $0 : UInt8(ascii: "?") }[...]
        var pieces: [ArraySlice<UInt8>] = []
        while rest.count > room {
            let head = rest.prefix(room)
            // A blank in the second half is worth breaking at.
            let blank = head.lastIndex(of: ASCII.space)
            let end = blank.flatMap { $0 - head.startIndex > room / 2 ? $0 + 1 : nil } ?? head.endIndex
            pieces.append(rest[..<end])
            rest = rest[end...]
        }
        return pieces + [rest]
    }
}

extension Reply {
    /// The octets of ``ReplyWriter``.
    public var rendered: [UInt8] {
        var bytes: [UInt8] = []
        ReplyWriter.append(self, to: &bytes)
        return bytes
    }
}
