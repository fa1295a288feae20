/// `Local-part@domain` (RFC 5321 §4.1.2).
public struct Mailbox: Hashable, Sendable, CustomStringConvertible {
    /// As the client wrote it, case kept (RFC 5321 §2.4), with its quotes where it needs them.
    public let localPart: String
    public let domain: MailDomain

    public init(localPart: String, domain: MailDomain) {
        self.localPart = localPart
        self.domain = domain
    }

    public var description: String { "\(localPart)@\(domain)" }

    /// False where the local-part holds UTF-8 (RFC 6531 §3.3): only a host that offers SMTPUTF8 can be given it.
    public var isASCII: Bool { localPart.utf8.allSatisfy { $0 < 0x80 } }
}

/// What stands right of the `@`.
public enum MailDomain: Hashable, Sendable, CustomStringConvertible {
    case name(DomainName)
    /// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3).
    case literal(IPAddress)

    public var description: String {
        switch self {
        case .name(let name): name.text
        case .literal(.v4(let value)): "[\(IPAddress.v4(value))]"
        case .literal(let address): "[IPv6:\(address)]"
        }
    }
}

/// The argument of MAIL FROM (RFC 5321 §4.1.1.2).
public enum ReversePath: Hashable, Sendable, CustomStringConvertible {
    /// `<>`: no notice may ever answer this mail (RFC 5321 §4.5.5).
    case null
    case mailbox(Mailbox)

    /// Without angle brackets; empty for the null reverse-path.
    public var description: String {
        switch self {
        case .null: ""
        case .mailbox(let mailbox): mailbox.description
        }
    }
}
