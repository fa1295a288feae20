/// All that DNS says about one next hop, before anything is decided: made by ``RouteSearch``, read by ``HostDecision``,
/// ``DeliveryPlan`` and ``PolicyDocument``.
public struct DestinationFacts: Hashable, Sendable {
    public let nextHop: NextHop
    public let mx: MXFacts
    /// By preference, equals in the resolver's order; security never reorders them (MX-10). Hosts that cannot be used
    /// are among them, with the reason.
    public let hosts: [HostFacts]
    /// Seconds until the first of the answers behind this runs out: afterwards ask again (DANE-47).
    public let timeToLive: UInt32

    public init(nextHop: NextHop, mx: MXFacts, hosts: [HostFacts], timeToLive: UInt32) {
        self.nextHop = nextHop
        self.mx = mx
        self.hosts = hosts
        self.timeToLive = timeToLive
    }

    /// The same facts with those TLSA records marked whose data cannot be read: `isReadable` says so of each that is good in
    /// form. The core reads no certificates; a record that the verifier cannot use must be known before the decision, or the
    /// host would fail for ever where RFC 7672 §2.2 asks for TLS with any certificate (DANE-15, DANE-26).
    public func reading(_ isReadable: (TLSARecord) -> Bool) -> DestinationFacts {
        let read = hosts.map { host in
            let unreadable = Set(host.tlsa.records.filter { $0.isUsable && !isReadable($0) })
            guard unreadable != host.tlsa.unreadable else { return host }
            return HostFacts(
                host: host.host, preference: host.preference, addresses: host.addresses,
                tlsa: TLSAFacts(
                    baseDomain: host.tlsa.baseDomain, lookup: host.tlsa.lookup, security: host.tlsa.security,
                    records: host.tlsa.records, unreadable: unreadable, malformed: host.tlsa.malformed),
                exclusion: host.exclusion)
        }
        return DestinationFacts(nextHop: nextHop, mx: mx, hosts: read, timeToLive: timeToLive)
    }
}

/// What the MX lookup of the next-hop domain gave (RFC 5321 §5.1).
public struct MXFacts: Hashable, Sendable {
    public let lookup: Lookup
    /// Of the MX answer with all aliases that lead to it (SEC-09); nil where no MX lookup belongs to the next hop.
    public let security: Security?
    /// The end of the chain where the domain is an alias (MX-02), else nil.
    public let expandedDomain: DomainName?

    public enum Lookup: Hashable, Sendable {
        /// By preference, equals in the resolver's order; at most ``RecordLimits/mx``.
        case records([MXRecord])
        /// No MX record: the domain is its own host, preference 0 (MX-04).
        case implicit
        /// `MX 0 .`: the domain takes no mail (RFC 7505 §3).
        case null
        /// NXDOMAIN, and no doubt about it.
        case noSuchDomain
        /// Nothing is known; the words are the resolver's (MX-05).
        case failed(String)
        /// A host or address named by the operator or by an address literal.
        case notQueried
    }

    public init(lookup: Lookup, security: Security?, expandedDomain: DomainName? = nil) {
        self.lookup = lookup
        self.security = security
        self.expandedDomain = expandedDomain
    }

    /// The records, where there are any.
    public var records: [MXRecord] {
        if case .records(let records) = lookup { records } else { [] }
    }
}
