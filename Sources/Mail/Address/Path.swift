/// The argument of RCPT TO (RFC 5321 §4.1.1.3).
public enum ForwardPath: Hashable, Sendable {
    case mailbox(Mailbox)
    /// `<Postmaster>` without a domain, in any case (RFC 5321 §4.1.1.3).
    case postmaster
}

/// Why an argument is no path.
public enum PathError: Error, Hashable, Sendable {
    /// Not in angle brackets, an empty forward-path, or blanks where none may be.
    case syntax
    /// A bad or missing local-part; an empty quoted one among them.
    case localPart
    /// A bad or missing domain or address literal.
    case domain
    /// Longer than RFC 5321 §4.5.3.1 lets it be.
    case tooLong
    /// Octets of 0x80 and above need SMTPUTF8 (RFC 6531 §3.5).
    case needsUTF8
}

extension MailDomain {
    /// Reads an address literal with its brackets (RFC 5321 §4.1.3).
    init(parsingLiteral bytes: some Collection<UInt8>) throws(PathError) {
        throw .domain
    }
}
