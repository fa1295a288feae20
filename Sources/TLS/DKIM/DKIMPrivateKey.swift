import COpenSSL
public import Mail

/// A key that signs mail. It shows its public part only: it has no description, and no text of it becomes a String.
public final class DKIMPrivateKey: Sendable {
    /// RFC 8301 §3.2: signers use RSA of at least 1024 bits (DKIM-02).
    public static let bitsRequired = DKIMVerification.bitsRequired
    /// RFC 8301 §3.2: and should use at least 2048.
    public static let bitsRecommended = 2048
    /// RFC 8301 §3.2: verifiers need not take RSA of more than 4096 bits. Signing grows with the third power of them, and all
    /// deliveries of an event loop wait: 16,384 bits take 170 ms.
    public static let bitsLimit = 4096

    public let keyType: DKIMKeyType
    /// Of the modulus; 256 for Ed25519.
    public let bits: Int
    /// In the form of a record's `p=`: SubjectPublicKeyInfo for RSA (DKIM-05), 32 octets for Ed25519 (DKIM-03).
    public let publicKey: [UInt8]

    private let key: OwnedKey

    /// Reads an RSA or Ed25519 key in PEM (PKCS#8 or PKCS#1), unencrypted. RSA below ``bitsRequired`` or above ``bitsLimit`` is
    /// refused. The octets stay the caller's, to be wiped by it.
    public convenience init(pem: [UInt8]) throws(TLSError) {
        var failure: TLSError?
        var key: OwnedKey?
        pem.withUnsafeBytes { buffer in
            do throws(TLSError) { key = try Self.read(buffer) } catch { failure = error }
        }
        guard let key else { throw failure ?? TLSError(.library, text: "there is no key") }
        try self.init(key)
    }

    init(_ key: OwnedKey) throws(TLSError) {
        let bits = Int(EVP_PKEY_get_bits(key.pointer))
        switch EVP_PKEY_get_base_id(key.pointer) {
        case EVP_PKEY_RSA:
            keyType = .rsa
            guard bits >= Self.bitsRequired else {
                throw TLSError(
                    .requirement,
                    text: "the RSA key has \(bits) bits, which is too short: \(Self.bitsRequired) are needed, "
                        + "\(Self.bitsRecommended) are recommended (RFC 8301 §3.2). Make another: \(Self.making)")
            }
            guard bits <= Self.bitsLimit else {
                throw TLSError(
                    .requirement,
                    text: "the RSA key has \(bits) bits, which is too long: not every verifier takes more than "
                        + "\(Self.bitsLimit), and \(Self.bitsRecommended) are recommended (RFC 8301 §3.2). "
                        + "Make another: \(Self.making)")
            }
            publicKey = try CertificateEncoding.publicKey(of: key)
        case EVP_PKEY_ED25519:
            keyType = .ed25519
            publicKey = try Self.rawPublicKey(of: key)
        default:
            throw TLSError(.requirement, text: Self.otherKind(of: key))
        }
        self.bits = bits
        self.key = key
        try checkSelf()
    }

    /// The one algorithm it signs by (DKIM-01).
    public var algorithm: DKIMAlgorithm { keyType.algorithm }
    /// RSA below ``bitsRecommended`` (DKIM-02).
    public var isWeak: Bool { keyType == .rsa && bits < Self.bitsRecommended }

    /// The signature of ``DKIMSigningPlan/input(bodyHash:)``: RSA PKCS#1 v1.5 over its SHA-256, or PureEdDSA of its SHA-256
    /// (RFC 8463 §3, DKIM-03).
    public func sign(_ input: [UInt8]) throws(TLSError) -> [UInt8] {
        let operation = try KeyOperation()
        switch keyType {
        case .rsa: return try operation.sign(input, by: key, EVP_sha256())
        case .ed25519: return try operation.sign(try SHA256Digest.digest(of: input), by: key, nil)
        }
    }

    /// A key whose halves do not belong together would ruin all mail: it is told at loading.
    private func checkSelf() throws(TLSError) {
        let input = Array("waxwing".utf8)
        let signature = try sign(input)
        guard try DKIMPublicKey(keyType, publicKey).verify(signature: signature, of: input) else {
            throw TLSError(.requirement, text: "the parts of the key do not belong together")
        }
    }

    private static func rawPublicKey(of key: OwnedKey) throws(TLSError) -> [UInt8] {
        var length = DKIMKeyRecord.ed25519Length
        var octets = [UInt8](repeating: 0, count: length)
        try OpenSSL.call("EVP_PKEY_get_raw_public_key") {
            EVP_PKEY_get_raw_public_key(key.pointer, &octets, &length)
        }
        return octets
    }
}

extension CertificateEncoding {
    /// The SubjectPublicKeyInfo of `key`.
    static func publicKey(of key: OwnedKey) throws(TLSError) -> [UInt8] {
        var start: UnsafeMutablePointer<UInt8>?
        let length = try OpenSSL.call("i2d_PUBKEY") { i2d_PUBKEY(key.pointer, &start) }
        defer { CRYPTO_free(start, nil, 0) }
        return Array(UnsafeBufferPointer(start: start, count: Int(length)))
    }
}
