/// A key as DNS holds it, at `<selector>._domainkey.<domain>` (RFC 6376 §3.6.1).
public struct DKIMKeyRecord: Hashable, Sendable {
    /// `k=`
    public let keyType: DKIMKeyType
    /// `p=`: SubjectPublicKeyInfo in DER for RSA (DKIM-05), 32 octets for Ed25519 (DKIM-03); empty for a revoked key.
    public let publicKey: [UInt8]
    /// `t=y`
    public let isTesting: Bool
    /// `t=s`: the domain of `i=` must be that of `d=`, not one below it.
    public let isStrict: Bool
    /// `s=`; empty for every service.
    public let services: [String]
    /// `h=`; empty for every hash.
    public let hashes: [String]
    /// `n=`, for people.
    public let notes: String?

    /// Octets of an Ed25519 key (RFC 8463 §4.2).
    public static let ed25519Length = 32

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

    /// Reads the text of one record, its strings joined. Unknown tags, flags, services and hashes are passed over, as
    /// RFC 6376 §3.6.1 demands.
    public init(parsing record: [UInt8]) throws(DKIMFault) {
        let list = try DKIMTagList(record[...])
        if let version = list["v"] {
            // > This tag MUST be the first tag in the record.
            guard version.value.elementsEqual("DKIM1".utf8) else {
                throw DKIMFault(.unacceptable, "the version v=\(RecordFields.quoted(version.value)) is unknown")
            }
            guard list.tags.first?.name == "v" else { throw DKIMFault(.syntax, "v= is not the first tag") }
        }
        let type = list["k"].map { String(decoding: $0.value, as: UTF8.self) } ?? DKIMKeyType.rsa.rawValue
        guard let keyType = DKIMKeyType(rawValue: type) else {
            throw DKIMFault(.unacceptable, "the key type k=\(RecordFields.quoted(Array(type.utf8)[...])) is unknown")
        }
        guard let key = list["p"] else { throw DKIMFault(.unacceptable, "the tag p= is missing") }
        guard let publicKey = Base64.decoded(key.value) else {
            throw DKIMFault(.syntax, "the value of p= is no base64")
        }
        if !publicKey.isEmpty { try Self.check(publicKey, keyType) }
        let flags = try Self.words("t", in: list)
        self.init(
            keyType: keyType, publicKey: publicKey, isTesting: flags.contains("y"), isStrict: flags.contains("s"),
            services: try Self.words("s", in: list), hashes: try Self.words("h", in: list),
            notes: list["n"].flatMap { DKIMQuotedPrintable.decoded($0.value) }.map(SafeText.string))
    }

    /// What can be told without cryptography.
    private static func check(_ key: [UInt8], _ type: DKIMKeyType) throws(DKIMFault) {
        switch type {
        case .ed25519:
            guard key.count == ed25519Length else {
                throw DKIMFault(.syntax, "an Ed25519 key has \(ed25519Length) octets, and p= has \(key.count)")
            }
        case .rsa:
            // Both forms in use are a SEQUENCE of ASN.1.
            guard key.first == 0x30 else { throw DKIMFault(.syntax, "the value of p= is no RSA key") }
        }
    }

    /// The parts of a list; none where the tag is missing or empty.
    private static func words(_ name: String, in list: DKIMTagList) throws(DKIMFault) -> [String] {
        guard let tag = list[name], !tag.value.isEmpty else { return [] }
        return try DKIMTagList.list(tag.value).map { word throws(DKIMFault) in
            guard !word.isEmpty else { throw DKIMFault(.syntax, "the list \(name)= has an empty element") }
            guard word.allSatisfy(ASCII.isPrintable) else {
                throw DKIMFault(.syntax, "the list \(name)= has an element that is no word")
            }
            return String(decoding: word, as: UTF8.self)
        }
    }

    public var isRevoked: Bool { publicKey.isEmpty }

    /// `s=` allows `email`: ordinary verifiers take the key.
    public var isForMail: Bool { allows("email") }
    /// `s=` allows `tlsrpt`: readers of TLS reports take the key (RFC 8460 §3).
    public var isForReports: Bool { allows("tlsrpt") }
    /// `s=` allows `tlsrpt`, but not `email`. Ordinary verifiers pass the key over, and reports signed by it count as unsigned
    /// for them (RPTF-19). `s=email:tlsrpt` should serve both, but some verifiers know no list there: no `s=` is the surest.
    public var isHiddenFromOrdinaryVerifiers: Bool { isForReports && !isForMail }
    /// `h=` allows SHA-256, the one hash we know.
    public var allowsSHA256: Bool { hashes.isEmpty || hashes.contains("sha256") }

    private func allows(_ service: String) -> Bool {
        services.isEmpty || services.contains("*") || services.contains(service)
    }

    /// The record is of the key whose public part, in the record's form, is `publicKey` (DKIM-23).
    public func matches(_ keyType: DKIMKeyType, publicKey: [UInt8]) -> Bool {
        !isRevoked && self.keyType == keyType && self.publicKey == publicKey
    }
}
