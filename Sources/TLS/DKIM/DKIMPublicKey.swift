public import Mail

/// A key as a record's `p=` holds it.
public final class DKIMPublicKey: Sendable {
    public let keyType: DKIMKeyType
    /// Of the modulus; 256 for Ed25519.
    public let bits: Int

    public init(_ keyType: DKIMKeyType, _ octets: [UInt8]) throws(TLSError) {
        throw TLSError(.library, text: "")
    }

    /// True where `signature` is that of `input`, octets that are still to be hashed.
    public func verify(signature: [UInt8], of input: [UInt8]) throws(TLSError) -> Bool { false }

    /// For ``DKIMVerification/result(of:key:body:verify:)``.
    public static func check(_ key: DKIMKeyRecord, _ signature: [UInt8], _ input: [UInt8]) -> DKIMSignatureCheck {
        .invalid
    }
}
