/// What MAIL says besides the reverse-path (RFC 5321 §4.1.1.2): the values of its parameters, read and found good.
public struct SenderParameters: Hashable, Sendable {
    /// SIZE in octets (RFC 1870 §6.1); `Int.max` for what no Int holds. Nil where it was not given.
    public var declaredSize: Int?
    /// BODY (RFC 6152 §2).
    public var body: BodyType
    /// SMTPUTF8 (RFC 6531 §3.4).
    public var isInternationalized: Bool
    /// REQUIRETLS (RFC 8689 §2).
    public var requireTLS: Bool
    /// RET (RFC 3461 §4.3).
    public var returns: ReturnedContent?
    /// ENVID (RFC 3461 §4.4) in xtext exactly as it came; what it stands for is printable ASCII.
    public var envelopeID: String?
    /// AUTH (RFC 4954 §5) in xtext exactly as it came: `<>` or a mailbox. Who submitted the message, as the client has it;
    /// nothing to trust.
    public var submitter: String?

    public init(
        declaredSize: Int? = nil, body: BodyType = .sevenBit, isInternationalized: Bool = false,
        requireTLS: Bool = false, returns: ReturnedContent? = nil, envelopeID: String? = nil, submitter: String? = nil
    ) {
        self.declaredSize = declaredSize
        self.body = body
        self.isInternationalized = isInternationalized
        self.requireTLS = requireTLS
        self.returns = returns
        self.envelopeID = envelopeID
        self.submitter = submitter
    }
}
