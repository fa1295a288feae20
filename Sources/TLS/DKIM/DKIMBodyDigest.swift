public import Mail

/// The hash of a body that comes in pieces of any size: canonical form and SHA-256 in one.
public struct DKIMBodyDigest: ~Copyable, Sendable {
    private var canonicalizer: DKIMBodyCanonicalizer
    private var digest: SHA256Digest

    private init(_ canonicalizer: DKIMBodyCanonicalizer, _ digest: consuming SHA256Digest) {
        self.canonicalizer = canonicalizer
        self.digest = digest
    }

    /// - Parameter limit: octets of the canonical form that are hashed, the tag `l=`; nil for all.
    public static func begin(
        _ form: DKIMCanonicalization.Form, limit: UInt64? = nil
    ) throws(TLSError) -> DKIMBodyDigest {
        DKIMBodyDigest(DKIMBodyCanonicalizer(form, limit: limit), try SHA256Digest.begin())
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) throws(TLSError) {
        try Self.update(&canonicalizer, &digest, bytes)
    }

    public mutating func update(_ bytes: [UInt8]) throws(TLSError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(TLSError) in
            try Self.update(&canonicalizer, &digest, UnsafeRawBufferPointer(buffer))
        }
    }

    public consuming func finish() throws(TLSError) -> DKIMBodyHash {
        try Self.finish(&canonicalizer, &digest)
        return DKIMBodyHash(digest: try digest.finish(), length: canonicalizer.length)
    }

    private static func update(
        _ canonicalizer: inout DKIMBodyCanonicalizer, _ digest: inout SHA256Digest, _ bytes: UnsafeRawBufferPointer
    ) throws(TLSError) {
        try canonicalizer.update(bytes) { (piece) throws(TLSError) in try digest.update(piece) }
    }

    private static func finish(
        _ canonicalizer: inout DKIMBodyCanonicalizer, _ digest: inout SHA256Digest
    ) throws(TLSError) {
        try canonicalizer.finish { (piece) throws(TLSError) in try digest.update(piece) }
    }
}
