/// What one MX host must show before it gets a byte of envelope or content.
///
/// Decided before connecting, from DNS facts and policies, by ``TLSRequirement`` makers in this folder; compared with
/// ``PeerEvidence`` after the handshake. A requirement is also the key under which connections and TLS sessions may be
/// reused: only under an equal one (INT-06).
public struct TLSRequirement: Hashable, Sendable {
    public let level: Level
    /// Which source set the level; nil where nothing demands anything.
    public let by: Basis?
    /// Set exactly where DANE decides: with it the handshake is verified.
    public let dane: DANEReference?
    /// The name for SNI (TLS-04): the TLSA base domain under DANE, else the MX name; nil for an address literal.
    public let serverName: DomainName?
    public let reason: Explanation

    public init(level: Level, by: Basis?, dane: DANEReference?, serverName: DomainName?, reason: Explanation) {
        self.level = level
        self.by = by
        self.dane = dane
        self.serverName = serverName
        self.reason = reason
    }

    /// `none < opportunistic < encrypted < authenticated`; JSON spells them so.
    public enum Level: String, Hashable, Sendable, Comparable, CaseIterable {
        /// TLS is not even tried.
        case none
        /// TLS where offered, unverified; cleartext otherwise.
        case opportunistic
        /// TLS or nothing, any certificate.
        case encrypted
        /// TLS, and the peer proves who it is.
        case authenticated

        public static func < (left: Self, right: Self) -> Bool {
            left.rank < right.rank
        }

        private var rank: Int {
            switch self {
            case .none: 0
            case .opportunistic: 1
            case .encrypted: 2
            case .authenticated: 3
            }
        }
    }

    /// Who demands; JSON spells them so (`by`).
    public enum Basis: String, Hashable, Sendable {
        case dane
        /// DANE for a host known only through an insecure MX: never presented as authenticated (RFC 7672 §2.2.1, D1).
        case daneHost = "dane-host"
        case mtaSTS = "mta-sts"
        case requireTLS = "requiretls"
        case local
    }

    /// True where a failed or missing STARTTLS may end in cleartext.
    public var cleartextAllowed: Bool { level <= .opportunistic }
}

/// What the DANE verifier needs (RFC 7672 §3).
public struct DANEReference: Hashable, Sendable {
    public let baseDomain: DomainName
    /// Usable records only (RFC 7672 §3.1), in the resolver's order. Never empty.
    public let records: [TLSARecord]
    /// Names accepted for DANE-TA, the base domain first (RFC 7672 §3.2.2).
    public let referenceIdentifiers: [DomainName]

    public init(baseDomain: DomainName, records: [TLSARecord], referenceIdentifiers: [DomainName]) {
        self.baseDomain = baseDomain
        self.records = records
        self.referenceIdentifiers = referenceIdentifiers
    }
}

/// A sentence a tired operator understands, and the section that demands it ("RFC 7672 §2.2").
public struct Explanation: Hashable, Sendable {
    public let text: String
    public let source: String?

    public init(_ text: String, source: String? = nil) {
        self.text = text
        self.source = source
    }
}
