import COpenSSL

/// A SHA-256 digest of octets that come in pieces: content files are named and checked by it.
///
/// The corresponding C functions are `EVP_DigestInit_ex2`, `EVP_DigestUpdate` and `EVP_DigestFinal_ex`.
public struct SHA256: ~Copyable, @unchecked Sendable {
    /// Octets of a digest.
    public static let length = 32

    public static func begin() throws(TLSError) -> SHA256 { throw TLSError(.library, text: "unfinished") }
    public mutating func update(_ bytes: UnsafeRawBufferPointer) throws(TLSError) {}
    public consuming func finish() throws(TLSError) -> [UInt8] { [] }
    public static func digest(of bytes: [UInt8]) throws(TLSError) -> [UInt8] { [] }
}
