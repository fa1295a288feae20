/// What one MX host must show before it gets a byte of envelope or content.
///
/// Decided before connecting, from DNS facts, policies and the operator's rules, by ``HostPolicy``; compared with
/// ``PeerEvidence`` after the handshake. Connections and TLS sessions may be reused only under the same ``terms`` (INT-06).
/// Lists whose order means nothing, which DNS answers change at will, are kept in one order.
public struct TLSRequirement: Hashable, Sendable {
    public internal(set) var level: Level
    /// Which source set the level; nil where nothing demands anything.
    public internal(set) var by: Basis?
    /// What must be proved where the level is `authenticated`: of each set at least one. Empty below that level.
    public internal(set) var demands: [Set<Proof>]
    /// Checked where set, and demanded only where ``demands`` says so; else its result is recorded (D1, D15).
    public internal(set) var dane: DANEReference?
    /// Checked where set, and demanded only where ``demands`` says so; else its result is recorded (D1, STS-34).
    public internal(set) var webPKI: WebPKIReference?
    /// The operator's own check (`by = ["pkix"]`), with its names and trust anchors.
    public internal(set) var pkix: WebPKIReference?
    /// The check of a rule in mode `observe`, where it differs from ``pkix``: recorded, and never demanded.
    public internal(set) var observedPKIX: WebPKIReference?
    /// ``dane`` is checked for a ``PolicyShadow`` alone: TLS-RPT counts nothing of what an operator only tries.
    public internal(set) var isDANEForShadow = false
    /// The leaf's certificate or key must be one of these where ``demands`` says so.
    public internal(set) var fingerprints: [Fingerprint]
    /// Secure TLSA records exist, none is usable: counted as `tlsa-invalid` although mail may go out (D3, DANE-15).
    public internal(set) var hasOnlyUnusableTLSA: Bool
    /// The TLSA records could not be looked up, and the message goes all the same (INT-15): counted as `dnssec-invalid`.
    public internal(set) var hasUnknownTLSA: Bool
    /// The MTA-STS policy in force, mode `enforce` or `testing`.
    public internal(set) var sts: STSReference?
    /// After STARTTLS the host must offer REQUIRETLS, and MAIL carries it (RFC 8689 §4.2.1, INT-12).
    public internal(set) var requireTLS: RequireTLSUse
    /// The name for SNI (TLS-04): the TLSA base domain under DANE, else the MX name; nil for an address literal.
    public internal(set) var serverName: DomainName?
    /// Below 1.2 only where the level allows cleartext.
    public internal(set) var minimumVersion: TLSVersionFloor
    /// Shown to the server that asks for one; nil for none.
    public internal(set) var clientIdentity: ClientIdentity?
    /// How a failed handshake is met where the level allows cleartext; nil is the operator's `tls.opportunistic_fallback`.
    public internal(set) var fallback: OpportunisticFallback?
    /// Words for people: no part of ``terms``.
    public internal(set) var reason: Explanation

    public init(
        level: Level, by: Basis?, demands: [Set<Proof>]? = nil, dane: DANEReference? = nil,
        webPKI: WebPKIReference? = nil, pkix: WebPKIReference? = nil, fingerprints: [Fingerprint] = [],
        hasOnlyUnusableTLSA: Bool = false,
        hasUnknownTLSA: Bool = false, sts: STSReference? = nil, requireTLS: RequireTLSUse = .no,
        serverName: DomainName?, minimumVersion: TLSVersionFloor = .tls12, clientIdentity: ClientIdentity? = nil,
        fallback: OpportunisticFallback? = nil, reason: Explanation
    ) {
        self.level = level
        self.by = by
        self.demands = demands ?? (level == .authenticated && dane != nil ? [[.dane]] : [])
        self.dane = dane
        self.webPKI = webPKI
        self.pkix = pkix
        self.fingerprints = fingerprints.ordered(by: <)
        self.hasOnlyUnusableTLSA = hasOnlyUnusableTLSA
        self.hasUnknownTLSA = hasUnknownTLSA
        self.sts = sts
        self.requireTLS = requireTLS
        self.serverName = serverName
        self.minimumVersion = Self.floor(minimumVersion, at: level)
        self.clientIdentity = clientIdentity
        self.fallback = fallback
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
    public enum Basis: String, Hashable, Sendable, CaseIterable {
        case dane
        /// DANE for a host known only through an insecure MX: never presented as authenticated (RFC 7672 §2.2.1, D1).
        case daneHost = "dane-host"
        case mtaSTS = "mta-sts"
        case requireTLS = "requiretls"
        case local
    }

    /// A way for a host to prove who it is.
    public enum Proof: String, Hashable, Sendable, CaseIterable {
        case dane
        /// Public trust anchors and the host's own name, as MTA-STS and REQUIRETLS want it.
        case webPKI = "webpki"
        /// The operator's names and trust anchors.
        case pkix
        case fingerprint
    }

    /// What becomes of the REQUIRETLS keyword (RFC 8689).
    public enum RequireTLSUse: Hashable, Sendable {
        case no
        /// Sent where the host offers it (D10: notices about REQUIRETLS mail).
        case ifOffered
        /// No mail without it.
        case demanded
    }

    /// TLS-01: below 1.2 only where the alternative is cleartext.
    static func floor(_ version: TLSVersionFloor, at level: Level) -> TLSVersionFloor {
        level > .opportunistic ? max(version, .tls12) : version
    }

    static let byDANE: Set<Proof> = [.dane]
    static let byWebPKI: Set<Proof> = [.webPKI]

    /// True where a failed or missing STARTTLS may end in cleartext.
    public var cleartextAllowed: Bool { level <= .opportunistic }

    /// True where a failure of `proof` is the failure of the host.
    public func demands(_ proof: Proof) -> Bool {
        demands.contains { $0.contains(proof) }
    }
}

/// What the DANE verifier needs (RFC 7672 §3).
public struct DANEReference: Hashable, Sendable {
    public let baseDomain: DomainName
    /// Usable records only (RFC 7672 §3.1), in ascending order. Never empty.
    public let records: [TLSARecord]
    /// Names accepted for DANE-TA, the base domain first, the others in ascending order (RFC 7672 §3.2.2).
    public let referenceIdentifiers: [DomainName]

    public init(baseDomain: DomainName, records: [TLSARecord], referenceIdentifiers: [DomainName]) {
        self.baseDomain = baseDomain
        self.records = records.ordered(by: <)
        self.referenceIdentifiers = referenceIdentifiers.ordered { left, right in
            right != baseDomain && (left == baseDomain || left.text < right.text)
        }
    }
}

/// What the check of a certificate against public trust anchors needs (RFC 8461 §4.2, RFC 9525 §6).
public struct WebPKIReference: Hashable, Sendable {
    /// DNS names of which the certificate must hold one as a DNS-ID, in ascending order. Fixed before the certificate is seen
    /// (TLS-06). Never empty.
    public let names: [DomainName]
    public let trust: TrustStore

    public init(names: [DomainName], trust: TrustStore) {
        self.names = names.ordered { $0.text < $1.text }
        self.trust = trust
    }
}

/// Where trust anchors come from.
public enum TrustStore: Hashable, Sendable {
    /// The operating system's certification authorities.
    case system
    /// This PEM file, and no others.
    case file(String)
}

/// An MTA-STS policy as one host met it (RFC 8461 §4).
public struct STSReference: Hashable, Sendable {
    /// The policy domain.
    public let domain: DomainName
    public let id: String
    /// `enforce` or `testing`.
    public let mode: STSPolicy.Mode
    /// The pattern that matches the MX name; nil where none does.
    public let pattern: MXPattern?

    public init(domain: DomainName, id: String, mode: STSPolicy.Mode, pattern: MXPattern?) {
        self.domain = domain
        self.id = id
        self.mode = mode
        self.pattern = pattern
    }
}

/// The lowest protocol version a requirement accepts (TLS-01).
public enum TLSVersionFloor: String, Hashable, Sendable, CaseIterable, Comparable {
    /// 1.0 and 1.1 by switch, and only where the alternative is cleartext (D14).
    case tls10 = "1.0"
    case tls11 = "1.1"
    case tls12 = "1.2"
    case tls13 = "1.3"

    /// Those that may stand where TLS is demanded (RFC 9325 §3.1.1).
    public static let demandable: [TLSVersionFloor] = [.tls12, .tls13]

    /// The spellings order as the versions do.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A certificate of our own with its key: paths of PEM files.
public struct ClientIdentity: Hashable, Sendable {
    public let certificateFile: String
    public let keyFile: String

    public init(certificateFile: String, keyFile: String) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}

/// A SHA-256 digest of a leaf certificate (DER) or of its SubjectPublicKeyInfo (DER): 32 octets.
public enum Fingerprint: Hashable, Sendable, Comparable {
    case certificate([UInt8])
    case publicKey([UInt8])

    /// Octets of a digest.
    public static let length = 32

    /// Any order will do, as long as it is one: certificates first.
    public static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.certificate(let left), .certificate(let right)), (.publicKey(let left), .publicKey(let right)):
            left.lexicographicallyPrecedes(right)
        case (.certificate, .publicKey): true
        case (.publicKey, .certificate): false
        }
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

extension Array {
    /// The same in ascending order; the array itself where it is so already, as what comes of facts mostly is.
    fileprivate func ordered(by precedes: (Element, Element) -> Bool) -> [Element] {
        for (left, right) in zip(self, dropFirst()) where precedes(right, left) { return sorted(by: precedes) }
        return self
    }
}
