/// What came of the GET for a policy, before anybody reads the text.
public enum STSFetchAnswer: Hashable, Sendable {
    /// The server answered. `contentType`: the field as written.
    case answered(status: Int, contentType: String?, body: [UInt8])
    /// The server's certificate was not accepted; the words say why.
    case certificateRefused(String)
    /// Anything else: no connection, no TLS, no end within the bounds. The words say what.
    case failed(String)
}

/// Whether an answer carries a policy text (RFC 8461 §3.2, §3.3), which is still to be parsed.
public enum STSFetchReading {
    /// The octets of the policy.
    ///
    /// Only status 200 counts (STS-11), and only `text/plain` (STS-10), with no other character set than those of the
    /// grammar.
    public static func policyText(of answer: STSFetchAnswer) throws(STSFetchFault) -> [UInt8] {
        switch answer {
        case .certificateRefused(let words):
            throw STSFetchFault(.stsWebPKIInvalid, words)
        case .failed(let words):
            throw STSFetchFault(.stsPolicyFetchError, words)
        case .answered(let status, let contentType, let body):
            guard status == 200 else {
                throw STSFetchFault(.stsPolicyFetchError, "the policy host answered with status \(status), not 200")
            }
            try check(contentType)
            guard body.count <= STSPolicy.textLimit else {
                throw STSFetchFault(.stsPolicyFetchError, "the policy has more than \(STSPolicy.textLimit) octets")
            }
            return body
        }
    }

    /// Octets of a media type that is shown to people; the rest is cut. Ours.
    static let shownLimit = 100

    private static func check(_ contentType: String?) throws(STSFetchFault) {
        guard let contentType else {
            throw STSFetchFault(.stsPolicyInvalid, "the policy has no media type, text/plain is needed")
        }
        let shown = SafeText.string(contentType.utf8.prefix(shownLimit))
        guard let type = MediaType(reading: contentType.utf8), type.isTextPlain else {
            throw STSFetchFault(.stsPolicyInvalid, "the policy's media type is \(shown), not text/plain")
        }
        // RFC 8461 §3.2: "All parameters other than charset=utf-8 or charset=us-ascii are ignored." A text that says it is
        // in another character set is not one of the grammar, which is UTF-8.
        for charset in type.charsets {
            let isKnown = ["utf-8", "us-ascii"].contains { ASCII.equalIgnoringCase(charset, $0.utf8) }
            guard isKnown else {
                throw STSFetchFault(
                    .stsPolicyInvalid, "the policy's media type is \(shown), neither UTF-8 nor US-ASCII")
            }
        }
    }
}

/// `Content-Type` (RFC 9110 §8.3.1), as far as a policy needs it.
private struct MediaType {
    let isTextPlain: Bool
    /// Values of all `charset` parameters, without quotes.
    private(set) var charsets: [[UInt8]] = []

    /// Nil where there is no type. Parameters that are malformed are passed over, as those that are unknown.
    init?(reading text: some Sequence<UInt8>) {
        let parts = Self.parts(Array(text))
        guard let type = parts.first, !type.isEmpty else { return nil }
        isTextPlain = ASCII.equalIgnoringCase(type, "text/plain".utf8)
        for parameter in parts.dropFirst() {
            guard let equals = parameter.firstIndex(of: UInt8(ascii: "=")),
                ASCII.equalIgnoringCase(parameter[..<equals], "charset".utf8)
            else { continue }
            charsets.append(Self.unquoted(parameter[(equals + 1)...]))
        }
    }

    /// What stands between semicolons outside of quotes, without blanks around it.
    private static func parts(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        var isQuoted = false
        var isEscaped = false
        for (index, byte) in text.enumerated() {
            if isEscaped {
                isEscaped = false
            } else if isQuoted && byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == UInt8(ascii: ";") && !isQuoted {
                parts.append(trimmed(text[start..<index]))
                start = index + 1
            }
        }
        parts.append(trimmed(text[start...]))
        return parts
    }

    private static func trimmed(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = octets
        while let last = rest.last, ASCII.isBlank(last) { rest.removeLast() }
        while let first = rest.first, ASCII.isBlank(first) { rest.removeFirst() }
        return rest
    }

    private static func unquoted(_ value: ArraySlice<UInt8>) -> [UInt8] {
        let quote = UInt8(ascii: "\"")
        guard value.count >= 2, value.first == quote, value.last == quote else { return Array(value) }
        var octets: [UInt8] = []
        var isEscaped = false
        for byte in value.dropFirst().dropLast() {
            if !isEscaped && byte == UInt8(ascii: "\\") {
                isEscaped = true
                continue
            }
            isEscaped = false
            octets.append(byte)
        }
        return octets
    }
}
