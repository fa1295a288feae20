/// What one connection to one host showed, or why there was none: what history, alarms and exceptions learn from.
public struct HostSighting: Hashable, Sendable {
    public var time: WallTime
    /// The next-hop domain under whose policy the host was met; nil for an address.
    public var domain: DomainName?
    public var host: MXHost
    public var address: IPAddress
    public var port: UInt16
    public var contact: Contact
    /// What the host had to show.
    public var requirement: TLSRequirement
    /// What it showed; nil where the connection ended before that.
    public var evidence: PeerEvidence?
    /// How it proved itself; nil where mail was not to go on.
    public var verified: VerifiedLevel?
    /// Why no mail went to it.
    public var refusal: Reason?
    public var shadows: [ShadowFinding]
    /// The date in the greeting, where it has one.
    public var greetingTime: WallTime?
    /// What the sender of the message asked of transport security: a host is met by it, and is not to be judged by it.
    public var demand: MessageDemand

    public enum Contact: Hashable, Sendable {
        /// The TCP connection was refused, timed out, or had no way.
        case unreachable
        /// Connected, and no greeting came.
        case silent
        case greeted
    }

    public init(
        time: WallTime, domain: DomainName?, host: MXHost, address: IPAddress, port: UInt16, contact: Contact,
        requirement: TLSRequirement, evidence: PeerEvidence? = nil, verified: VerifiedLevel? = nil,
        refusal: Reason? = nil, shadows: [ShadowFinding] = [], greetingTime: WallTime? = nil,
        demand: MessageDemand = .ordinary
    ) {
        self.time = time
        self.domain = domain
        self.host = host
        self.address = address
        self.port = port
        self.contact = contact
        self.requirement = requirement
        self.evidence = evidence
        self.verified = verified
        self.refusal = refusal
        self.shadows = shadows
        self.greetingTime = greetingTime
        self.demand = demand
    }
}
