public import Mail

/// The arithmetic of SCRAM-SHA-256 (RFC 5802 §3, RFC 7677 §3). All of it blocks; what takes a password does so for as long as
/// its verifier has rounds.
public enum SCRAM {
    /// What to keep of a password.
    ///
    /// - Throws: of kind `requirement` where the salt or the rounds are out of the bounds of ``SCRAMVerifier``.
    public static func verifier(
        for password: Password, salt: [UInt8], iterations: Int = SCRAMVerifier.usualIterations
    ) throws(TLSError) -> SCRAMVerifier { throw TLSError(.library, text: "") }

    public static func matches(_ password: Password, _ verifier: SCRAMVerifier) throws(TLSError) -> Bool { false }

    /// Our signature over the exchange where the proof is right, nil where it is not.
    public static func serverSignature(
        upon proof: SCRAMProof, by verifier: SCRAMVerifier
    ) throws(TLSError) -> [UInt8]? { nil }

    /// HMAC-SHA-256 (RFC 2104).
    public static func hmac(_ octets: [UInt8], key: [UInt8]) throws(TLSError) -> [UInt8] { [] }
}
