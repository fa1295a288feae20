/// A DKIM-Signature field as a value (RFC 6376 §3.5).
public struct DKIMSignature: Hashable, Sendable {
    public let algorithm: DKIMAlgorithm
    /// `b=`
    public let signature: [UInt8]
    /// `bh=`
    public let bodyHash: [UInt8]
    public let canonicalization: DKIMCanonicalization
    /// `d=`, as written.
    public let domain: String
    /// `s=`, as written.
    public let selector: String
    /// `h=`, in lower case.
    public let names: [String]
    /// `i=`, as written and not decoded; nil where there is none.
    public let identity: String?
    /// `l=`
    public let bodyLength: UInt64?
    /// `t=`
    public let time: WallTime?
    /// `x=`
    public let expiry: WallTime?

    /// Reads the value of a field: what stands behind the colon.
    public init(parsing value: some Sequence<UInt8>) throws(DKIMFault) {
        throw DKIMFault("")
    }

    /// Where the key record is; nil where `d=` or `s=` are no A-labels.
    public var keyName: DomainName? { nil }
}
