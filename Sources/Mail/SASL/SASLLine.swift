/// The lines of an exchange in SMTP (RFC 4954 §4).
public enum SASLLine {
    /// `334 `, the challenge in base64, CRLF.
    public static func challenge(_ octets: [UInt8]) -> [UInt8] {
        Array("334 ".utf8) + Base64.encoded(octets) + [ASCII.carriageReturn, ASCII.lineFeed]
    }

    /// What the client said; the line is without its CRLF.
    public enum Response: Hashable, Sendable {
        case octets([UInt8])
        /// `*`
        case cancelled
        case malformed
    }

    public static func response(_ line: [UInt8]) -> Response {
        if line == [UInt8(ascii: "*")] { return .cancelled }
        return decoded(line).map { .octets($0) } ?? .malformed
    }

    /// The argument of AUTH behind the mechanism: `=` stands for no octets at all.
    public static func initialResponse(_ argument: [UInt8]) -> Response {
        if argument == [UInt8(ascii: "=")] { return .octets([]) }
        guard !argument.isEmpty else { return .malformed }
        return decoded(argument).map { .octets($0) } ?? .malformed
    }

    /// No blanks: those are for folded text.
    private static func decoded(_ line: [UInt8]) -> [UInt8]? {
        line.allSatisfy { $0 > ASCII.space } ? Base64.decoded(line) : nil
    }
}
