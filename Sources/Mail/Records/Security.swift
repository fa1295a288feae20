/// The DNSSEC state of an answer, as the daemon acts on it and as JSON spells it (RFC 4035 §4.3, RFC 7672 §2.1.1).
///
/// `bogus` and `failed` mean that nothing is known: neither may ever be read as "absent" or "insecure" (SEC-05).
public enum Security: String, Hashable, Sendable, CaseIterable {
    /// Validated up to a trust anchor.
    case secure
    /// Provably unsigned, or no trust anchor covers it: an answer, but anybody's.
    case insecure
    /// Signed, and validation failed.
    case bogus
    /// No answer: SERVFAIL, REFUSED, a timeout, a malformed reply, a resolver that died.
    case failed
}

/// Types of resource records the program asks for, by their IANA numbers.
public enum RecordType: UInt16, Hashable, Sendable {
    case a = 1
    case ns = 2
    case cname = 5
    case ptr = 12
    case mx = 15
    case txt = 16
    case aaaa = 28
    case ds = 43
    case dnskey = 48
    case tlsa = 52
}

/// One question to the resolver.
public struct Question: Hashable, Sendable, CustomStringConvertible {
    public let name: DomainName
    public let type: RecordType

    public init(_ name: DomainName, _ type: RecordType) {
        self.name = name
        self.type = type
    }

    public var description: String { "\(name) \(type)" }
}

/// What the resolver said to one ``Question``: the octets as they came, and four facts kept apart.
public struct Answer: Hashable, Sendable {
    public let question: Question
    public let result: Result
    public let security: Security
    /// The name at the end of the CNAME chain; the question's own name where there was no alias.
    public let canonicalName: DomainName
    /// Seconds this may be used (TTL, bounded by signature expiry; the resolver's word).
    public let timeToLive: UInt32

    public enum Result: Hashable, Sendable {
        /// RDATA of each record, in the resolver's order, of any length: the reader checks.
        case records([[UInt8]])
        /// The name exists without records of this type.
        case noData
        /// NXDOMAIN.
        case noSuchName
        /// Bogus or failed (``Answer/security`` says which), in words for a log and a DSN.
        case failed(String)
    }

    public init(
        _ question: Question, _ result: Result, _ security: Security, canonicalName: DomainName? = nil,
        timeToLive: UInt32 = 0
    ) {
        self.question = question
        self.result = result
        self.security = security
        self.canonicalName = canonicalName ?? question.name
        self.timeToLive = timeToLive
    }
}
