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
    /// Only status 200 counts (STS-11), and only `text/plain` (STS-10), whatever its parameters are.
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

    /// RFC 8461 §3.2: "All parameters other than charset=utf-8 or charset=us-ascii are ignored", and those two say what the
    /// grammar says anyway: so no parameter makes a difference, a foreign character set among them.
    private static func check(_ contentType: String?) throws(STSFetchFault) {
        guard let contentType else {
            throw STSFetchFault(.stsPolicyInvalid, "the policy has no media type, text/plain is needed")
        }
        // RFC 9110 §8.3.1: neither type nor subtype can hold a semicolon, quoted or not.
        let type = contentType.utf8.prefix { $0 != UInt8(ascii: ";") }
        guard ASCII.equalIgnoringCase(trimmed(Array(type)[...]), "text/plain".utf8) else {
            let shown = SafeText.string(contentType.utf8.prefix(shownLimit))
            throw STSFetchFault(.stsPolicyInvalid, "the policy's media type is \(shown), not text/plain")
        }
    }

    private static func trimmed(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = octets
        while let last = rest.last, ASCII.isBlank(last) { rest.removeLast() }
        while let first = rest.first, ASCII.isBlank(first) { rest.removeFirst() }
        return rest
    }
}
