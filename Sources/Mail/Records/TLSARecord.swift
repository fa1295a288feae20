/// One TLSA record (RFC 6698 §2.1), of whatever content a stranger published: ``usability`` says what SMTP makes of it.
public struct TLSARecord: Hashable, Sendable {
    public let usage: UInt8
    public let selector: UInt8
    public let matchingType: UInt8
    /// The certificate association data.
    public let data: [UInt8]

    public init(usage: UInt8, selector: UInt8, matchingType: UInt8, data: [UInt8]) {
        self.usage = usage
        self.selector = selector
        self.matchingType = matchingType
        self.data = data
    }

    /// Reads RDATA; nil where it is shorter than the three fixed octets (RFC 6698 §2.1).
    public init?(rdata: [UInt8]) {
        guard rdata.count >= 3 else { return nil }
        self.init(usage: rdata[0], selector: rdata[1], matchingType: rdata[2], data: Array(rdata[3...]))
    }
}

extension TLSARecord: Comparable {
    /// By the octets of the RDATA. Any order will do, as long as it is one: resolvers rotate record sets, and the same set is to
    /// be the same demand.
    public static func < (left: Self, right: Self) -> Bool {
        let (mine, others) = (
            (left.usage, left.selector, left.matchingType), (right.usage, right.selector, right.matchingType)
        )
        return mine == others ? left.data.lexicographicallyPrecedes(right.data) : mine < others
    }
}
