/// What a host showed when we asked for TLS.
public enum PeerEvidence: Hashable, Sendable {
    /// EHLO did not list STARTTLS.
    case startTLSNotOffered
    /// STARTTLS drew something else than 220.
    case startTLSRefused(Reply)
    /// Bytes lay in the clear behind the 220: somebody injects (RFC 3207 §6, CLI-28).
    case cleartextAfterStartTLS
    /// No TLS came to be. `certificate` is set where the peer's certificate had been seen.
    case handshakeFailed(HandshakeFailure)
    case established(TLSSessionFacts)
}

/// Why a handshake ended without a session.
public struct HandshakeFailure: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The peer's certificate did not satisfy the verifier.
        case verification(CertificateFault)
        /// No version, cipher or group in common, an alert, garbage.
        case negotiation
        /// The connection ended or was reset within the handshake.
        case connectionLost
        case timedOut
        /// Our own library failed (memory, a record it would not take): fail closed.
        case ours
    }
    public let kind: Kind
    /// OpenSSL's words.
    public let text: String

    public init(_ kind: Kind, text: String) {
        self.kind = kind
        self.text = text
    }
}

/// What was wrong with a certificate, sorted as TLS-RPT sorts it (RFC 8460 §4.3).
public enum CertificateFault: Hashable, Sendable {
    case hostMismatch
    case expired
    case notYetValid
    case notTrusted
    /// No TLSA record matched (D4: validation-failure).
    case noMatchingTLSA
    case other
}

/// An established session, as logs, verdicts and reports need it.
public struct TLSSessionFacts: Hashable, Sendable {
    /// "TLSv1.3"
    public var version: String
    /// "TLS_AES_256_GCM_SHA384"
    public var cipher: String
    public var resumed: Bool
    /// What the DANE verifier said.
    public var verification: Verification
    /// What the check against public trust anchors said; nil where none was asked for.
    public var webPKI: WebPKIEvidence?
    /// The same for the operator's names and trust anchors.
    public var pkix: WebPKIEvidence?
    /// The same for those of a rule in mode `observe`, where they differ.
    public var observedPKIX: WebPKIEvidence?
    /// The key exchange: "X25519", "X25519MLKEM768"; nil where the library does not say.
    public var group: String?
    public var certificate: CertificateFacts?

    public enum Verification: Hashable, Sendable {
        /// Not asked for.
        case unverified
        /// OpenSSL's verifier said yes and named the record: depth 0 is the leaf.
        case dane(matched: TLSARecord, depth: Int)
        case failed(CertificateFault, String)
    }

    public init(
        version: String, cipher: String, resumed: Bool, verification: Verification, webPKI: WebPKIEvidence? = nil,
        pkix: WebPKIEvidence? = nil, group: String? = nil, certificate: CertificateFacts?
    ) {
        self.version = version
        self.cipher = cipher
        self.resumed = resumed
        self.verification = verification
        self.webPKI = webPKI
        self.pkix = pkix
        self.group = group
        self.certificate = certificate
    }
}

/// What became of a certificate under ``WebPKIReference`` (RFC 8461 §4.2).
public enum WebPKIEvidence: Hashable, Sendable {
    /// A trusted chain, all dates good, and this of the reference names is a DNS-ID of the leaf.
    case trusted(name: DomainName)
    case failed(CertificateFault, String)
}

/// The peer's leaf certificate, for people.
public struct CertificateFacts: Hashable, Sendable {
    public var subject: String
    public var names: [String]
    public var notBefore: WallTime?
    public var notAfter: WallTime?
    public var issuer: String?
    /// SHA-256 of the certificate and of its SubjectPublicKeyInfo, both DER; nil where they could not be made.
    public var certificateDigest: [UInt8]?
    public var publicKeyDigest: [UInt8]?

    public init(
        subject: String, names: [String], notBefore: WallTime? = nil, notAfter: WallTime?, issuer: String? = nil,
        certificateDigest: [UInt8]? = nil, publicKeyDigest: [UInt8]? = nil
    ) {
        self.subject = subject
        self.names = names
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.issuer = issuer
        self.certificateDigest = certificateDigest
        self.publicKeyDigest = publicKeyDigest
    }

    /// True where the certificate or its key is the one `fingerprint` names.
    public func has(_ fingerprint: Fingerprint) -> Bool {
        switch fingerprint {
        case .certificate(let digest): digest.count == Fingerprint.length && certificateDigest == digest
        case .publicKey(let digest): digest.count == Fingerprint.length && publicKeyDigest == digest
        }
    }
}
