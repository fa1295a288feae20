import COpenSSL
public import Mail

/// The arithmetic of SCRAM-SHA-256 (RFC 5802 §3, RFC 7677 §3). All of it blocks; what takes a password does so for as long as
/// its verifier has rounds.
public enum SCRAM {
    /// What to keep of a password.
    ///
    /// - Throws: of kind `requirement` where the salt or the rounds are out of the bounds of ``SCRAMVerifier``.
    public static func verifier(
        for password: Password, salt: [UInt8], iterations: Int = SCRAMVerifier.usualIterations
    ) throws(TLSError) -> SCRAMVerifier {
        guard SCRAMVerifier.iterationRange.contains(iterations), SCRAMVerifier.saltRange.contains(salt.count) else {
            throw TLSError(.requirement, text: "the salt or the iterations are out of bounds")
        }
        var salted = try saltedPassword(password, salt, iterations)
        defer { wipe(&salted) }
        var clientKey = try hmac(Array("Client Key".utf8), key: salted)
        defer { wipe(&clientKey) }
        guard
            let verifier = SCRAMVerifier(
                iterations: iterations, salt: salt, storedKey: try SHA256Digest.digest(of: clientKey),
                serverKey: try hmac(Array("Server Key".utf8), key: salted))
        else { throw TLSError(.requirement, text: "the salt or the iterations are out of bounds") }
        return verifier
    }

    /// Whether the verifier was made of this password.
    public static func matches(_ password: Password, _ verifier: SCRAMVerifier) throws(TLSError) -> Bool {
        var salted = try saltedPassword(password, verifier.salt, verifier.iterations)
        defer { wipe(&salted) }
        var clientKey = try hmac(Array("Client Key".utf8), key: salted)
        defer { wipe(&clientKey) }
        return areEqual(try SHA256Digest.digest(of: clientKey), verifier.storedKey)
    }

    /// Our signature over the exchange where the proof is right, nil where it is not.
    public static func serverSignature(
        upon proof: SCRAMProof, by verifier: SCRAMVerifier
    ) throws(TLSError) -> [UInt8]? {
        let signature = try hmac(proof.authMessage, key: verifier.storedKey)
        guard proof.proof.count == signature.count else { return nil }
        var clientKey = zip(proof.proof, signature).map { $0 ^ $1 }
        defer { wipe(&clientKey) }
        let isRight = areEqual(try SHA256Digest.digest(of: clientKey), verifier.storedKey)
        // Computed for a wrong proof too: the time taken tells nothing.
        let ours = try hmac(proof.authMessage, key: verifier.serverKey)
        return isRight ? ours : nil
    }

    /// HMAC-SHA-256 (RFC 2104 §2).
    public static func hmac(_ octets: [UInt8], key: [UInt8]) throws(TLSError) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: SHA256Digest.length)
        var length = 0
        try OpenSSL.call("EVP_Q_mac") {
            EVP_Q_mac(
                nil, "HMAC", nil, "SHA256", nil, key, key.count, octets, octets.count, &code, code.count, &length)
                == nil
                ? 0 : 1
        }
        return code
    }

    /// Hi(password, salt, iterations)
    private static func saltedPassword(
        _ password: Password, _ salt: [UInt8], _ iterations: Int
    ) throws(TLSError) -> [UInt8] {
        guard let rounds = CInt(exactly: iterations) else { throw TLSError(.requirement, text: "too many iterations") }
        var salted = [UInt8](repeating: 0, count: SHA256Digest.length)
        try OpenSSL.call("PKCS5_PBKDF2_HMAC") {
            password.octets.withUnsafeBytes { octets in
                salt.withUnsafeBytes { salt in
                    PKCS5_PBKDF2_HMAC(
                        octets.bindMemory(to: CChar.self).baseAddress, CInt(octets.count),
                        salt.bindMemory(to: UInt8.self).baseAddress, CInt(salt.count), rounds, EVP_sha256(),
                        CInt(salted.count), &salted)
                }
            }
        }
        return salted
    }

    /// In the same time whatever differs.
    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    private static func wipe(_ octets: inout [UInt8]) {
        octets.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}
