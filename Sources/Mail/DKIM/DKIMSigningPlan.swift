/// One signature of one message, in two steps: the octets to sign, then the field that holds their signature. With several
/// keys there is a plan for each, which knows nothing of the others (DKIM-04).
public struct DKIMSigningPlan: Hashable, Sendable {
    public let terms: DKIMTerms
    /// `h=`, in lower case; `from` is among them (DKIM-07).
    public let names: [String]

    private let fields: [UInt8]

    /// - Parameters:
    ///   - message: a message that may be signed.
    ///   - content: what `message` was read of.
    public init(
        _ message: DKIMSignable, of content: [UInt8], terms: DKIMTerms, choice: DKIMFieldChoice = .standard
    ) {
        self.init(message.header, of: content, terms: terms, names: choice.names(for: message.header))
    }

    init(_ header: HeaderSection, of content: [UInt8], terms: DKIMTerms, names: [String]) {
        self.terms = terms
        self.names = names
        fields = DKIMHeaderHash(header, of: content).fields(names, terms.canonicalization.header)
    }

    /// The octets the key signs, by their SHA-256: the fields, then the own field with an empty `b=` and without CRLF
    /// (RFC 6376 §3.7, DKIM-08).
    /// - Parameter bodyHash: SHA-256 of the canonical body, the form of ``DKIMTerms/canonicalization``.
    public func input(bodyHash: [UInt8]) -> [UInt8] {
        fields
            + DKIMHeaderHash.ownField(
                field(bodyHash: bodyHash, signature: [])[...], terms.canonicalization.header)
    }

    /// The whole field, with its name and its last CRLF. It goes above everything else of the message (DKIM-17).
    public func field(bodyHash: [UInt8], signature: [UInt8]) -> [UInt8] {
        DKIMFieldWriter.field(terms, names: names, bodyHash: bodyHash, signature: signature)
    }
}
