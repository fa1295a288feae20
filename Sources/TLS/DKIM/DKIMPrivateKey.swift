public import Mail

/// A key that signs mail. It shows its public part only: no description, no text of the key.
public final class DKIMPrivateKey: Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case rsa2048 = "rsa-2048"
        case rsa3072 = "rsa-3072"
        case rsa4096 = "rsa-4096"
        case ed25519
    }

    /// RFC 8301 §3.2: what signers must have at least, and should have.
    public static let bitsRequired = 1024
    public static let bitsRecommended = 2048
    /// Octets of a key file; RSA of 16,384 bits needs 13,000.
    public static let fileLimit = 65_536

    public let keyType: DKIMKeyType
    /// Of the modulus; 256 for Ed25519.
    public let bits: Int
    /// In the form of a record's `p=`.
    public let publicKey: [UInt8]

    /// Reads an unencrypted RSA or Ed25519 key in PEM (PKCS#8 or PKCS#1). RSA below ``bitsRequired`` is refused (DKIM-02).
    public init(pem: [UInt8]) throws(TLSError) {
        throw TLSError(.library, text: "")
    }

    /// Reads a key file. A file that group or others can read or write is refused, and one that is no regular file.
    public static func load(file path: String) throws(TLSError) -> DKIMPrivateKey {
        throw TLSError(.library, text: "")
    }

    /// A new key, as PKCS#8 in PEM.
    public static func generate(_ kind: Kind) throws(TLSError) -> [UInt8] {
        throw TLSError(.library, text: "")
    }

    public var algorithm: DKIMAlgorithm { keyType.algorithm }
    /// RSA below ``bitsRecommended`` (DKIM-02).
    public var isWeak: Bool { keyType == .rsa && bits < Self.bitsRecommended }

    /// The signature of ``DKIMSigningPlan/input(bodyHash:)``: RSA PKCS#1 v1.5 over its SHA-256, or PureEdDSA of its SHA-256
    /// (DKIM-03).
    public func sign(_ input: [UInt8]) throws(TLSError) -> [UInt8] {
        throw TLSError(.library, text: "")
    }
}
