/// Something that is known of a domain or of a host, and may change.
public struct KnownFact: Hashable, Sendable {
    /// The next-hop domain, or the host's name for what belongs to the host whatever domain it serves.
    public var name: String
    public var kind: Kind
    /// The present value in one fixed spelling, so that the order of answers is no change.
    public var value: String
    /// When it was seen with this value first.
    public var since: WallTime
    /// When it was seen last, to the day.
    public var seenAt: WallTime

    /// The raw values are on disk and in JSON: never changed, only added to.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        // Of a domain.
        /// The MX set with its security.
        case mx
        /// The MTA-STS id.
        case stsID = "sts-id"
        /// Mode, hosts and max_age of the MTA-STS policy.
        case stsPolicy = "sts-policy"
        // Of a host.
        /// The TLSA set with its security.
        case tlsa
        /// `offered` or `missing`.
        case startTLS = "starttls"
        /// How it proved itself: `dane`, `webpki`, `none` and so on.
        case verified
        /// The issuer of its certificate.
        case issuer
    }

    public init(name: String, kind: Kind, value: String, since: WallTime, seenAt: WallTime? = nil) {
        self.name = name
        self.kind = kind
        self.value = value
        self.since = since
        self.seenAt = seenAt ?? since
    }
}

/// A change of a ``KnownFact`` that was seen.
public struct FactChange: Hashable, Sendable {
    /// Given by the store, never used twice.
    public var number: Int64
    public var name: String
    public var kind: KnownFact.Kind
    public var time: WallTime
    /// What it was before; nil where nothing was known.
    public var old: String?
    public var new: String

    public init(number: Int64 = 0, name: String, kind: KnownFact.Kind, time: WallTime, old: String?, new: String) {
        self.number = number
        self.name = name
        self.kind = kind
        self.time = time
        self.old = old
        self.new = new
    }
}
