/// One signature of one message, in two steps: the octets to sign, then the field that holds their signature. With several
/// keys there is a plan for each, which knows nothing of the others (DKIM-04).
public struct DKIMSigningPlan: Hashable, Sendable {
    public let terms: DKIMTerms
    /// `h=`, in lower case.
    public let names: [String]

    /// - Parameter content: what `message` was read of.
    public init(
        _ message: DKIMSignable, of content: [UInt8], terms: DKIMTerms, choice: DKIMFieldChoice = .standard
    ) {
        self.terms = terms
        names = []
    }

    /// The octets the key signs, by SHA-256 (RFC 6376 §3.7, DKIM-08).
    /// - Parameter bodyHash: SHA-256 of the canonical body.
    public func input(bodyHash: [UInt8]) -> [UInt8] { [] }

    /// The whole field, with its name and its last CRLF. It goes above everything else of the message (DKIM-17).
    public func field(bodyHash: [UInt8], signature: [UInt8]) -> [UInt8] { [] }
}
