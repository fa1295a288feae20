public import Mail

/// What holds for a client of the intake: the first `[[intake.client]]` that matches it, or `[intake]` alone.
public struct IntakeClient: Sendable, Hashable {
    /// For logs; nil where no table matches, or it has no name.
    public var name: String?
    /// Open at once.
    public var connections: Int
    /// Nil: any number.
    public var messageRate: Rate?
    public var recipientRate: Rate?
    public var connectionRate: Rate?
    /// Domains its reverse-paths may have; nil for any.
    public var senderDomains: [RulePattern]?
    /// The words of a 554 greeting, where it is not wanted at all.
    public var refusal: String?

    public init(
        name: String? = nil, connections: Int, messageRate: Rate? = nil, recipientRate: Rate? = nil,
        connectionRate: Rate? = nil, senderDomains: [RulePattern]? = nil, refusal: String? = nil
    ) {
        self.name = name
        self.connections = connections
        self.messageRate = messageRate
        self.recipientRate = recipientRate
        self.connectionRate = connectionRate
        self.senderDomains = senderDomains
        self.refusal = refusal
    }
}

/// SHA-256 of a certificate in DER.
public struct CertificateFingerprint: Sendable, Hashable {
    /// 32 octets.
    public let octets: [UInt8]

    /// Nil unless there are 32 of them.
    public init?(octets: [UInt8]) {
        guard octets.count == Fingerprint.length else { return nil }
        self.octets = octets
    }
}
