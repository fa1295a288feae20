/// What DNS says about one MX host, or about the one host of a next hop without MX records.
public struct HostFacts: Hashable, Sendable {
    /// As the MX record names it, never expanded (DANE-20).
    public let host: MXHost
    /// 0 where there is no MX record.
    public let preference: UInt16
    public let addresses: AddressFacts
    public let tlsa: TLSAFacts
    /// Set where the host is out of the question whatever its addresses are.
    public let exclusion: Exclusion?

    public enum Exclusion: Hashable, Sendable {
        /// The MX record names no host name: an IP address, or octets no host name has (MX-14).
        case notAHostName
        /// It is this machine, by name or address (MX-09).
        case ourselves
        /// It is no better than this machine's own level: using it could loop (RFC 5321 §5.1).
        case behindOurselves
    }

    public init(
        host: MXHost, preference: UInt16, addresses: AddressFacts, tlsa: TLSAFacts, exclusion: Exclusion? = nil
    ) {
        self.host = host
        self.preference = preference
        self.addresses = addresses
        self.tlsa = tlsa
        self.exclusion = exclusion
    }
}

/// The address lookups of one host, both families taken together (RFC 7672 §2.2.2).
public struct AddressFacts: Hashable, Sendable {
    public let lookup: Lookup
    /// In the resolver's order within a family. At most ``RecordLimits/addresses`` of each.
    public let addresses: [IPAddress]
    /// Published, but never to be connected to: loopback, unspecified, multicast, broadcast.
    public let refused: [IPAddress]
    /// Insecure where any family that has addresses is; nil where nothing was asked.
    public let security: Security?
    /// The end of the chain where the host is an alias, else nil.
    public let expandedName: DomainName?
    /// One family failed though the other answered, in the resolver's words: `AAAA: SERVFAIL` (SEC-15).
    public let partialFailure: String?

    public enum Lookup: Hashable, Sendable {
        case found
        /// Neither A nor AAAA, for certain.
        case absent
        /// No family has addresses, and at least one lookup failed.
        case failed(String)
        case notQueried
    }

    public init(
        lookup: Lookup, addresses: [IPAddress] = [], refused: [IPAddress] = [], security: Security? = nil,
        expandedName: DomainName? = nil, partialFailure: String? = nil
    ) {
        self.lookup = lookup
        self.addresses = addresses
        self.refused = refused
        self.security = security
        self.expandedName = expandedName
        self.partialFailure = partialFailure
    }

    public static let notQueried = AddressFacts(lookup: .notQueried)
}

/// The TLSA lookup of one host and port (RFC 7672 §2.2.3).
public struct TLSAFacts: Hashable, Sendable {
    /// The base domain of the RRset found, or the last candidate asked; nil where none was.
    public let baseDomain: DomainName?
    public let lookup: Lookup
    /// Of the TLSA answer (or of the CNAME question that decides whether to ask); nil where none was needed.
    public let security: Security?
    /// Usable and unusable, in the resolver's order; at most ``RecordLimits/tlsa``, the usable ones kept first.
    public let records: [TLSARecord]
    /// Of ``records`` those whose data no verifier can read, though their form is good (DANE-26). Found out by whoever can,
    /// before anything is decided: see ``DestinationFacts/reading(_:)``.
    public let unreadable: Set<TLSARecord>
    /// Those of ``records`` by which a host can be authenticated, in ascending order: every decision asks for them.
    public let usableRecords: [TLSARecord]
    /// Records too short to be TLSA at all. They void themselves, not the set: it still demands TLS (DANE-10, DANE-26).
    public let malformed: Int

    public enum Lookup: Hashable, Sendable {
        /// There are records; only ``TLSAFacts/security`` says whether they bind.
        case found
        /// None at any candidate.
        case absent
        /// Nothing is known: the host is unreachable for this attempt (DANE-11).
        case failed(String)
        /// DANE cannot apply, so nothing was asked (DANE-02).
        case notQueried(String)
    }

    public init(
        baseDomain: DomainName?, lookup: Lookup, security: Security?, records: [TLSARecord] = [],
        unreadable: Set<TLSARecord> = [], malformed: Int = 0
    ) {
        self.baseDomain = baseDomain
        self.lookup = lookup
        self.security = security
        self.records = records
        self.unreadable = unreadable
        usableRecords = records.filter { $0.isUsable && !unreadable.contains($0) }.sorted()
        self.malformed = malformed
    }

    /// What SMTP makes of one of ``records``: by its form, and by what its data was read as.
    public func usability(of record: TLSARecord) -> TLSARecord.Usability {
        guard record.isUsable, unreadable.contains(record) else { return record.usability }
        return .unusable(.unreadable(selector: record.selector))
    }
}
