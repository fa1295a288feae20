/// Brings a body that comes in pieces of any size into canonical form (RFC 6376 §3.4.3, §3.4.4).
///
/// Needs the same little memory for any body: blanks and empty lines that may turn out to be the last are counted.
public struct DKIMBodyCanonicalizer: Sendable {
    /// Octets of the canonical form so far; all of them after ``finish(_:)``. Those behind `limit` count as well.
    public private(set) var length: UInt64 = 0

    /// - Parameter limit: octets of the canonical form that are handed out, the tag `l=`; nil for all.
    public init(_ form: DKIMCanonicalization.Form, limit: UInt64? = nil) {
    }

    /// Takes the next octets of the body and hands out what of the canonical form is certain.
    public mutating func update<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer, _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
    }

    /// The body has ended: hands out the rest.
    public mutating func finish<Failure: Error>(
        _ emit: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
    }
}

/// The hash of a canonical body, the tag `bh=`, and the octets it had.
public struct DKIMBodyHash: Hashable, Sendable {
    /// SHA-256, 32 octets.
    public let digest: [UInt8]
    /// Of the whole canonical body, whatever `l=` says.
    public let length: UInt64

    public init(digest: [UInt8], length: UInt64) {
        self.digest = digest
        self.length = length
    }
}
