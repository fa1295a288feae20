/// What came of the GET for a policy, before anybody reads the text.
public enum STSFetchAnswer: Hashable, Sendable {
    /// The server answered. `contentType`: the field as written.
    case answered(status: Int, contentType: String?, body: [UInt8])
    /// The server's certificate was not accepted.
    case certificateRefused(String)
    /// Anything else: no connection, no TLS, no end within the bounds.
    case failed(String)
}

/// Whether an answer carries a policy text (RFC 8461 §3.2, §3.3).
public enum STSFetchReading {
    /// The octets of the policy, which are still to be parsed.
    public static func policyText(of answer: STSFetchAnswer) throws(STSFetchFault) -> [UInt8] {
        throw STSFetchFault(.stsPolicyFetchError, "unfinished")
    }
}
