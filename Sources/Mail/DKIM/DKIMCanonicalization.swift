/// How header and body are brought into the form that is hashed (RFC 6376 §3.4): the tag `c=`.
public struct DKIMCanonicalization: Hashable, Sendable, CustomStringConvertible {
    /// How much a relay on the way may change without harm.
    public enum Form: String, Hashable, Sendable, CaseIterable {
        /// Next to nothing.
        case simple
        /// Blanks, folds, and the case of field names.
        case relaxed
    }

    public let header: Form
    public let body: Form

    public init(header: Form, body: Form) {
        self.header = header
        self.body = body
    }

    /// `relaxed/relaxed`, what we sign with.
    public static let relaxed = DKIMCanonicalization(header: .relaxed, body: .relaxed)
    /// What a signature without `c=` means (RFC 6376 §3.5).
    public static let simple = DKIMCanonicalization(header: .simple, body: .simple)

    /// `relaxed/simple`: both halves always stand there (DKIM-12).
    public var description: String { "\(header.rawValue)/\(body.rawValue)" }

    // sig-c-tag = %x63 [FWS] "=" [FWS] sig-c-tag-alg ["/" sig-c-tag-alg]
    /// Reads the value of `c=`; nil where it names a form we do not know. A missing second half means simple (DKIM-12).
    init?(tag value: ArraySlice<UInt8>) {
        let halves = value.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { Form(rawValue: String(decoding: $0, as: UTF8.self)) }
        guard let first = halves.first, let header = first, halves.count <= 2 else { return nil }
        guard halves.count == 2 else {
            self.init(header: header, body: .simple)
            return
        }
        guard let body = halves[1] else { return nil }
        self.init(header: header, body: body)
    }
}

extension DKIMCanonicalization.Form {
    /// A header field in this form, with its last CRLF (RFC 6376 §3.4.1, §3.4.2; DKIM-10).
    /// - Parameter field: name, colon and value, with or without the last CRLF.
    func field(_ field: ArraySlice<UInt8>) -> [UInt8] {
        let hasEnd = field.suffix(2).elementsEqual("\r\n".utf8)
        let text = hasEnd ? field.dropLast(2) : field
        switch self {
        case .simple:
            return text + Array("\r\n".utf8)
        case .relaxed:
            let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
            var octets: [UInt8] = []
            octets.reserveCapacity(text.count + 2)
            for byte in text[..<colon] where !ASCII.isBlank(byte) { octets.append(ASCII.lowercased(byte)) }
            guard colon < text.endIndex else { return octets + Array("\r\n".utf8) }
            octets.append(UInt8(ascii: ":"))
            Self.appendUnfolded(text[(colon + 1)...], to: &octets)
            octets += [ASCII.carriageReturn, ASCII.lineFeed]
            return octets
        }
    }

    /// `value` on one line: runs of blanks are one space, none at either end.
    private static func appendUnfolded(_ value: ArraySlice<UInt8>, to octets: inout [UInt8]) {
        let start = octets.count
        var hasBlank = false
        var index = value.startIndex
        while index < value.endIndex {
            let byte = value[index]
            index += 1
            if byte == ASCII.carriageReturn, index < value.endIndex, value[index] == ASCII.lineFeed {
                // The fold itself; the blank behind it stays one.
                index += 1
                continue
            }
            if ASCII.isBlank(byte) {
                hasBlank = true
                continue
            }
            if hasBlank, octets.count > start { octets.append(ASCII.space) }
            hasBlank = false
            octets.append(byte)
        }
    }
}
