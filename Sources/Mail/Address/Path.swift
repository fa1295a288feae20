/// Makes A-labels of a domain that has U-labels (RFC 6531 §3.2); nil where it is no domain by IDNA. What IDNA knows of
/// characters is a library's, and lives outside.
public typealias DomainToASCII = @Sendable (String) -> DomainName?

/// The argument of RCPT TO (RFC 5321 §4.1.1.3).
public enum ForwardPath: Hashable, Sendable {
    case mailbox(Mailbox)
    /// `<Postmaster>` without a domain, in any case (RFC 5321 §4.1.1.3).
    case postmaster

    /// Reads a path with its angle brackets. Without `toASCII` it must be ASCII.
    public init(parsing bytes: some Collection<UInt8>, toASCII: DomainToASCII? = nil) throws(PathError) {
        var reader = PathReader(bytes, toASCII: toASCII)
        self = try reader.forwardPath()
        if !reader.atEnd { throw .syntax }
    }
}

extension ForwardPath: CustomStringConvertible {
    /// Without angle brackets.
    public var description: String {
        switch self {
        case .mailbox(let mailbox): mailbox.description
        case .postmaster: "Postmaster"
        }
    }
}

extension ReversePath {
    /// Reads a path with its angle brackets; `<>` is the null reverse-path. Without `toASCII` it must be ASCII.
    public init(parsing bytes: some Collection<UInt8>, toASCII: DomainToASCII? = nil) throws(PathError) {
        var reader = PathReader(bytes, toASCII: toASCII)
        self = try reader.reversePath()
        if !reader.atEnd { throw .syntax }
    }
}

extension Mailbox {
    /// RFC 5321 §4.5.3.1.1: octets of a local-part, quotes included. UTF-8 has no other limit.
    public static let localPartLimit = 64
    /// RFC 5321 §4.5.3.1.3: octets of a path with its angle brackets and any source route, as it came and with A-labels.
    public static let pathLimit = 256

    /// Reads `local-part@domain` without angle brackets (RFC 5321 §4.1.2 `Mailbox`). With `toASCII` the local-part may hold
    /// UTF-8 and the domain U-labels (RFC 6531 §3.3); without, it must be ASCII.
    public init(parsing bytes: some Collection<UInt8>, toASCII: DomainToASCII? = nil) throws(PathError) {
        var reader = PathReader(bytes, toASCII: toASCII)
        self = try reader.mailbox()
        if !reader.atEnd { throw .syntax }
    }

    /// True for `u@sales`: such a domain is never completed, and nothing can be delivered to it (RFC 5321 §2.3.5).
    public var isPartial: Bool {
        switch domain {
        case .name(let name): name.labels.count == 1
        case .literal: false
        }
    }

    /// True for the local-part `postmaster` in any case (RFC 5321 §4.5.1).
    public var isPostmaster: Bool {
        ASCII.equalIgnoringCase(localPart.utf8, "postmaster".utf8)
    }
}

extension MailDomain {
    /// Reads an address literal with its brackets (RFC 5321 §4.1.3). Tags other than `IPv6:` are refused: nobody could be
    /// reached by them.
    init(parsingLiteral bytes: some Collection<UInt8>) throws(PathError) {
        let tag = "IPv6:".utf8
        var inner = Array(bytes)
        guard inner.count >= 2, inner.removeFirst() == UInt8(ascii: "["), inner.removeLast() == UInt8(ascii: "]") else {
            throw .domain
        }
        let isV6 = ASCII.equalIgnoringCase(inner.prefix(tag.count), tag)
        if isV6 { inner.removeFirst(tag.count) }
        switch IPAddress(parsing: inner) {
        case .v4(let value) where !isV6: self = .literal(.v4(value))
        case .v6(let high, let low) where isV6: self = .literal(.v6(high: high, low: low))
        case .v4, .v6, nil: throw .domain
        }
    }
}

/// Why an argument is no path.
public enum PathError: Error, Hashable, Sendable {
    /// Not in angle brackets, an empty forward-path, or something behind the end.
    case syntax
    /// A bad or missing local-part; an empty quoted one among them.
    case localPart
    /// A bad or missing domain or address literal.
    case domain
    /// Longer than RFC 5321 §4.5.3.1 lets it be.
    case tooLong
    /// Octets of 0x80 and above need SMTPUTF8 (RFC 6531 §3.5).
    case needsUTF8
    /// Octets of 0x80 and above that are no UTF-8, or a character that no address may hold: a C1 control, U+FEFF.
    case badUTF8
    /// A domain with characters above ASCII that IDNA knows no A-labels for.
    case badULabel
}
