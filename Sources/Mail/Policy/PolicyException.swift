/// An operator's exception for one domain: for a time its policy may fail without holding mail back.
///
/// It lowers what DANE, MTA-STS, `[tls]` and `[[rule]]` demand, and nothing else: not what a sender demanded with REQUIRETLS
/// (RFC 8689 §4.2.1), and no DNS failure that is none of a TLS policy. The true policy is evaluated beside it, see
/// ``PolicyShadow``.
public struct PolicyException: Hashable, Sendable {
    /// Of the recipients; not of its subdomains.
    public var domain: DomainName
    public var allow: Allowed
    public var since: WallTime
    /// From this second on it is none any more.
    public var until: WallTime
    /// The operator's own words.
    public var reason: String
    /// It ends as soon as the true policy is met again.
    public var isUntilFixed: Bool

    /// The least that is left of the demand. The raw values are on disk and in JSON: never changed, only added to.
    public enum Allowed: String, Hashable, Sendable, CaseIterable {
        /// TLS or nothing, any certificate.
        case encrypted
        /// TLS where it is offered, cleartext otherwise.
        case opportunistic

        public var level: TLSRequirement.Level {
            switch self {
            case .encrypted: .encrypted
            case .opportunistic: .opportunistic
            }
        }
    }

    public init(
        domain: DomainName, allow: Allowed, since: WallTime, until: WallTime, reason: String, isUntilFixed: Bool = false
    ) {
        self.domain = domain
        self.allow = allow
        self.since = since
        self.until = until
        self.reason = reason
        self.isUntilFixed = isUntilFixed
    }

    public func isActive(at time: WallTime) -> Bool { since <= time && time < until }
}
