/// A key as DNS holds it, at `<selector>._domainkey.<domain>` (RFC 6376 §3.6.1).
public struct DKIMKeyRecord: Hashable, Sendable {
    /// `k=`
    public let keyType: DKIMKeyType
    /// `p=`: SubjectPublicKeyInfo for RSA (DKIM-05), 32 octets for Ed25519 (DKIM-03); empty for a revoked key.
    public let publicKey: [UInt8]
    /// `t=y`
    public let isTesting: Bool
    /// `t=s`: `i=` must be of `d=` itself.
    public let isStrict: Bool
    /// `s=`; empty for every service.
    public let services: [String]
    /// `h=`; empty for every hash.
    public let hashes: [String]
    /// `n=`
    public let notes: String?

    public init(
        keyType: DKIMKeyType, publicKey: [UInt8], isTesting: Bool = false, isStrict: Bool = false,
        services: [String] = [], hashes: [String] = [], notes: String? = nil
    ) {
        self.keyType = keyType
        self.publicKey = publicKey
        self.isTesting = isTesting
        self.isStrict = isStrict
        self.services = services
        self.hashes = hashes
        self.notes = notes
    }

    /// Reads the text of one record.
    public init(parsing record: [UInt8]) throws(DKIMFault) {
        throw DKIMFault("")
    }

    public var isRevoked: Bool { publicKey.isEmpty }
    /// Ordinary verifiers take the key: `s=` allows `email`.
    public var isForMail: Bool { true }
    /// Readers of TLS reports may take the key: `s=` allows `tlsrpt` or `email` (RFC 8460 §3).
    public var isForReports: Bool { true }
    /// `s=tlsrpt` alone: ordinary verifiers pass the key over (RPTF-19).
    public var isHiddenFromOrdinaryVerifiers: Bool { false }

    /// The record is of the key whose public part, in the record's form, is `publicKey` (DKIM-23).
    public func matches(_ keyType: DKIMKeyType, publicKey: [UInt8]) -> Bool { false }

    /// The text of the record, for DNS.
    public var text: String { "" }
    /// ``text`` in character-strings of at most 255 octets.
    public var strings: [String] { [] }
    /// The record in the form of a zone file.
    /// - Parameter name: the owner's, such as ``DKIMTerms/keyName``.
    public func zoneFileLines(name: String) -> String { "" }
}
