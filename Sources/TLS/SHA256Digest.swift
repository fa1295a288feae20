import COpenSSL

/// A SHA-256 digest of octets that come in pieces: content files are checked by it.
///
/// The corresponding C functions are `EVP_DigestInit_ex2`, `EVP_DigestUpdate` and `EVP_DigestFinal_ex`.
public struct SHA256Digest: ~Copyable, @unchecked Sendable {
    // @unchecked Sendable because the EVP_MD_CTX has one owner, which cannot be copied.

    /// Octets of a digest.
    public static let length = 32

    private let context: OpaquePointer

    private init(owning context: OpaquePointer) {
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    public static func begin() throws(TLSError) -> SHA256Digest {
        let digest = SHA256Digest(owning: try OpenSSL.make("EVP_MD_CTX_new") { EVP_MD_CTX_new() })
        let context = digest.context
        try OpenSSL.call("EVP_DigestInit_ex2") { EVP_DigestInit_ex2(context, EVP_sha256(), nil) }
        return digest
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) throws(TLSError) {
        let context = context
        try OpenSSL.call("EVP_DigestUpdate") { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }
    }

    /// The digest, ``length`` octets.
    public consuming func finish() throws(TLSError) -> [UInt8] {
        let context = context
        var digest = [UInt8](repeating: 0, count: Self.length)
        try OpenSSL.call("EVP_DigestFinal_ex") { EVP_DigestFinal_ex(context, &digest, nil) }
        return digest
    }

    public static func digest(of bytes: [UInt8]) throws(TLSError) -> [UInt8] {
        var digest = try begin()
        // Not rethrowing through the closure: it keeps the error's type.
        var failure: TLSError?
        bytes.withUnsafeBytes { buffer in
            do throws(TLSError) { try digest.update(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
        return try digest.finish()
    }
}
