public import Mail

/// The hash of a body that comes in pieces of any size: canonical form and SHA-256 in one.
public struct DKIMBodyDigest: ~Copyable, Sendable {
    private var canonicalizer: DKIMBodyCanonicalizer
    private var digest: SHA256Digest

    private init(_ canonicalizer: DKIMBodyCanonicalizer, _ digest: consuming SHA256Digest) {
        self.canonicalizer = canonicalizer
        self.digest = digest
    }

    public static func begin(
        _ form: DKIMCanonicalization.Form, limit: UInt64? = nil
    ) throws(TLSError) -> DKIMBodyDigest {
        DKIMBodyDigest(DKIMBodyCanonicalizer(form, limit: limit), try SHA256Digest.begin())
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) throws(TLSError) {
    }

    public consuming func finish() throws(TLSError) -> DKIMBodyHash {
        DKIMBodyHash(digest: [], length: 0)
    }
}
