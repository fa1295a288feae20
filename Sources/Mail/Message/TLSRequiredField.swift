/// What the header section of a message says by `TLS-Required` (RFC 8689 §3).
public enum TLSRequiredField: Hashable, Sendable, CaseIterable {
    /// There is no such field.
    case absent
    /// Once, and it says `No`.
    case no
    /// Another value, or the field more than once: neither has an effect (INT-09).
    case withoutEffect
}

extension MessageDemand {
    /// How a message is tagged when it comes in (RFC 8689 §4.1, INT-08): the parameter wins over the field, and a message
    /// with the null reverse-path is a notice, which asks for less (RFC 8689 §5).
    /// - Parameters:
    ///   - requireTLS: MAIL carried REQUIRETLS.
    ///   - field: what the header section says.
    public init(requireTLS: Bool, field: TLSRequiredField, reversePath: ReversePath) {
        switch (requireTLS, reversePath, field) {
        case (true, .null, _): self = .requireTLSNotice
        case (true, .mailbox, _): self = .requireTLS
        case (false, _, .no): self = .optionalTLS
        case (false, _, .absent), (false, _, .withoutEffect): self = .ordinary
        }
    }

    /// The demand of a DSN about a message with this one (INT-14, D10).
    ///
    /// RFC 8689 §5 protects notices about REQUIRETLS mail like the mail. For `TLS-Required: No` it asks nothing of them: a
    /// notice is our own message, not a copy that somebody sends on (RFC 8689 §6), and needs no weaker way back than any other.
    public var ofNotice: MessageDemand {
        switch self {
        case .requireTLS, .requireTLSNotice: .requireTLSNotice
        case .ordinary, .optionalTLS, .report: .ordinary
        }
    }
}
