/// Renders replies for the wire (RFC 5321 §4.2, RFC 2034 §4).
public enum ReplyWriter {
    /// RFC 5321 §4.5.3.1.5: octets of a reply line with its CRLF.
    public static let lineLimit = 512

    /// Appends `reply` to `bytes`: the code on each line, the enhanced code on each line where there is one, nothing but
    /// printable ASCII, no line above the limit. Longer texts go on in a further line, at a blank where there is one.
    public static func append(_ reply: Reply, to bytes: inout [UInt8]) {
        let code = Array(String(reply.code).utf8)
        let enhanced = reply.enhanced.map { Array("\($0) ".utf8) } ?? []
        let room = lineLimit - code.count - 1 - enhanced.count - 2
        let texts = reply.lines.flatMap { pieces(of: $0, upTo: room) }
        for (index, text) in texts.enumerated() {
            bytes += code
            bytes.append(index == texts.count - 1 ? ASCII.space : UInt8(ascii: "-"))
            bytes += enhanced
            bytes += text
            bytes += [ASCII.carriageReturn, ASCII.lineFeed]
        }
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
