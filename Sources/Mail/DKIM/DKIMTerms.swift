/// What a signature says about itself, beside what it covers. There is no `l=`: what is added behind it would count as
/// signed (DKIM-21, RPTF-17).
public struct DKIMTerms: Hashable, Sendable {
    /// `d=`, in A-labels, which stay valid in mail with SMTPUTF8 (RFC 8616 §5; DKIM-19).
    public let signingDomain: DomainName
    /// `s=`
    public let selector: DomainName
    /// `a=`
    public let algorithm: DKIMAlgorithm
    /// `c=`
    public let canonicalization: DKIMCanonicalization
    /// `t=`
    public let time: WallTime
    /// `x=`
    public let expiry: WallTime?
    /// `i=`
    public let identity: DKIMIdentity?
    /// Where the key record is: `s._domainkey.d`.
    public let keyName: DomainName

    /// Throws where `expiry` is not later than `time` (DKIM-20), where `identity` is not of `signingDomain` or below it
    /// (DKIM-18), and where the names are no host names or too long together.
    public init(
        signingDomain: DomainName, selector: DomainName, algorithm: DKIMAlgorithm,
        canonicalization: DKIMCanonicalization = .relaxed, time: WallTime, expiry: WallTime? = nil,
        identity: DKIMIdentity? = nil
    ) throws(DKIMFault) {
        guard signingDomain.isHostName, signingDomain.labels.count > 1 else {
            throw DKIMFault(.unacceptable, "\(signingDomain) is no domain that can sign")
        }
        guard let keyName = DKIMSignature.keyName(selector, signingDomain) else {
            throw DKIMFault(
                .unacceptable, "selector \(selector) and domain \(signingDomain) make too long a name together")
        }
        if let identity, !identity.isCovered(by: signingDomain) {
            throw DKIMFault(
                .unacceptable, "the identity \(identity) is not of \(signingDomain) or of a domain below it")
        }
        // sig-t-tag = %x74 [FWS] "=" [FWS] 1*12DIGIT
        let range: ClosedRange<Int64> = 0...999_999_999_999
        guard range.contains(time.seconds), expiry.map({ range.contains($0.seconds) }) ?? true else {
            throw DKIMFault(.unacceptable, "the time of a signature has at most 12 digits")
        }
        if let expiry, expiry <= time {
            throw DKIMFault(.unacceptable, "a signature must expire later than it is made")
        }
        self.signingDomain = signingDomain
        self.selector = selector
        self.algorithm = algorithm
        self.canonicalization = canonicalization
        self.time = time
        self.expiry = expiry
        self.identity = identity
        self.keyName = keyName
    }
}
