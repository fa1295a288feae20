/// What `_mta-sts.<domain>` TXT says (RFC 8461 §3.1).
public enum STSRecordFacts: Hashable, Sendable {
    /// Exactly one valid record, with this id.
    case found(id: String)
    /// None, or none that counts; the words say which.
    case absent(String)
    /// The lookup failed: not discovered, and no proof of absence (SEC-14).
    case failed(String)
    /// MTA-STS cannot apply, or was not asked in time.
    case notQueried
}

extension STSRecordFacts {
    /// The id, where there is a record.
    public var id: String? {
        if case .found(let id) = self { id } else { nil }
    }

    /// There is certainly none.
    public var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }
}

/// All that is known about MTA-STS for one next hop, before anything is decided: made by `PolicyFinder` from TXT, cache
/// and fetch, read by ``HostPolicy``.
public struct STSFacts: Hashable, Sendable {
    /// The policy domain (RFC 8461 §1.1); nil where MTA-STS cannot apply: address literals, or switched off.
    public let domain: DomainName?
    public let record: STSRecordFacts
    /// The policy in force, mode `none` among them; never an expired one.
    public let held: STSCacheEntry.Held?
    /// True where ``held`` was not fetched just now.
    public let isCached: Bool
    /// Why the newest fetch failed, or why nothing could be fetched; nil where all is well.
    public let fault: STSFetchFault?
    /// Nothing is in force, and discovery failed or was not over in time: the decision is marked `sts-unknown`
    /// (RFC 8461 §3.3, the sole exception of invariant 2).
    public let isUnknown: Bool
    /// A policy was held and cannot be read back from the store, and none could be fetched in its place: it may be in force,
    /// so mail waits (faults: a corrupt cache).
    public let isLost: Bool
    /// The domain has a TXT record, nothing is in force, and a fault of ours (trust anchors that cannot be read, too many fetches)
    /// kept its policy from being fetched: in words. RFC 8461 §3.3 excuses the domain's failures, not ours, so mail waits.
    public let prevention: String?

    public init(
        domain: DomainName?, record: STSRecordFacts, held: STSCacheEntry.Held? = nil, isCached: Bool = false,
        fault: STSFetchFault? = nil, isUnknown: Bool = false, isLost: Bool = false, prevention: String? = nil
    ) {
        self.prevention = prevention
        self.domain = domain
        self.record = record
        self.held = held
        self.isCached = isCached
        self.fault = fault
        self.isUnknown = isUnknown
        self.isLost = isLost
    }

    /// MTA-STS does not apply (MX-14), or is off.
    public static let notApplicable = STSFacts(domain: nil, record: .notQueried)
}
