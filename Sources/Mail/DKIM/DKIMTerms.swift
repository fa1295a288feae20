/// What a signature says about itself, beside what it covers.
public struct DKIMTerms: Hashable, Sendable {
    /// `d=`
    public let domain: DomainName
    /// `s=`
    public let selector: DomainName
    public let algorithm: DKIMAlgorithm
    public let canonicalization: DKIMCanonicalization
    /// `t=`
    public let time: WallTime
    /// `x=`
    public let expiry: WallTime?
    /// `i=`, such as `@news.example.org`
    public let identity: String?

    /// Throws where `expiry` is not later than `time` (DKIM-20), where `identity` is not of `domain` or below it (DKIM-18),
    /// and where names are no host names or too long together.
    public init(
        domain: DomainName, selector: DomainName, algorithm: DKIMAlgorithm,
        canonicalization: DKIMCanonicalization = .relaxed, time: WallTime, expiry: WallTime? = nil,
        identity: String? = nil
    ) throws(DKIMFault) {
        self.domain = domain
        self.selector = selector
        self.algorithm = algorithm
        self.canonicalization = canonicalization
        self.time = time
        self.expiry = expiry
        self.identity = identity
    }

    /// `s._domainkey.d`, where the key record is.
    public var keyName: String { "\(selector)._domainkey.\(domain)" }
}
