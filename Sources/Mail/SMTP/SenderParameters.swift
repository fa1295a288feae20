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
    /// AUTH (RFC 4954 §5): a mailbox in xtext exactly as it came, or `<>`. Who submitted the message, as the client has it;
    /// nothing to trust.
    public var submitter: String?

    /// Octets of AUTH's value (RFC 4954 §3: the line grows by 500).
    public static let submitterLimit = 500

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

extension SenderParameters {
    /// Reads the parameters of MAIL. What is not known is refused, and known ones with a value that is none.
    init(_ parameters: [CommandParameter]) throws(CommandError) {
        self.init()
        for parameter in parameters {
            switch parameter.keyword {
            case "SIZE": declaredSize = try Self.size(parameter)
            case "BODY":
                // BINARYMIME is not offered, and no other type is known.
                guard let type = BodyType(rawValue: try parameter.word()) else {
                    throw .unknownParameter("BODY=\(try parameter.word())")
                }
                body = type
            case "SMTPUTF8": isInternationalized = try parameter.flag()
            case "REQUIRETLS": requireTLS = try parameter.flag()
            case "RET":
                guard let content = ReturnedContent(rawValue: try parameter.word()) else { throw .badValue("RET") }
                returns = content
            case "ENVID":
                let text = try parameter.text()
                // Nothing raw may reach the notice that states it (RFC 3461 §4.4).
                guard text.utf8.count <= Envelope.envelopeIDLimit, let decoded = XText.decoded(text.utf8),
                    decoded.allSatisfy(ASCII.isPrintable)
                else { throw .badValue("ENVID") }
                envelopeID = text
            case "AUTH": submitter = try Self.submitter(parameter)
            default: throw .unknownParameter(parameter.keyword)
            }
        }
    }

    // size-value = 1*20DIGIT (RFC 1870 §3); what no Int holds is certainly too large.
    private static func size(_ parameter: CommandParameter) throws(CommandError) -> Int {
        guard let digits = parameter.value, (1...20).contains(digits.count), digits.allSatisfy(ASCII.isDigit) else {
            throw .badValue("SIZE")
        }
        return ASCII.decimal(digits, as: Int.self) ?? .max
    }

    /// The decoded value must be a mailbox or `<>`. Other text is taken as `<>` rather than refused (SRV-46): it says as little.
    private static func submitter(_ parameter: CommandParameter) throws(CommandError) -> String {
        let text = try parameter.text()
        guard text.utf8.count <= submitterLimit, let decoded = XText.decoded(text.utf8) else { throw .badValue("AUTH") }
        if decoded.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw .badValue("AUTH") }
        return (try? Mailbox(parsing: decoded, toASCII: { _ in nil })) == nil ? "<>" : text
    }
}
