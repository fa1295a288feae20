/// One command of a client, after its syntax was found good (RFC 5321 §4.1.1).
public enum Command: Hashable, Sendable {
    case ehlo(ClientName)
    case helo(ClientName)
    /// The greeting of LMTP (RFC 2033 §4.1). Whether LMTP is spoken here is not the grammar's to say.
    case lhlo(ClientName)
    case mail(ReversePath, SenderParameters)
    /// `isASCII`: no octet of the command was above 0x7F. Where one was, the transaction must have SMTPUTF8
    /// (RFC 6531 §3.5: ``CommandError/badForwardPath(_:)`` of ``PathError/needsUTF8``), even if the mailbox is ASCII now that
    /// its domain is of A-labels.
    case rcpt(ForwardPath, RecipientParameters, isASCII: Bool)
    case data
    /// A chunk of `size` octets follows the line at once (RFC 3030 §2), whatever the answer will be.
    case bdat(size: Int, isLast: Bool)
    case rset
    case noop
    case quit
    case vrfy
    case help
    case startTLS
    /// The mechanism in upper case; the initial response decoded, empty for `=` (RFC 4954 §4).
    case auth(mechanism: String, initialResponse: [UInt8]?)
    /// The attributes as they came: see ``ForwardedClient``.
    case xforward([UInt8])

    /// Octets of a command line without its CRLF.
    ///
    /// RFC 5321 §4.5.3.1.4 asks for 512 with the CRLF, and each extension for more: DSN 524 (RFC 3461 §5.4: 1036 in all), SIZE 26
    /// (RFC 1870 §3), BODY 16 (RFC 3030 §3), SMTPUTF8 10 (RFC 6531 §3.1), AUTH= 500 (RFC 4954 §3), REQUIRETLS 11
    /// (RFC 8689 §2). The rest, up to a power of two, is room for AUTH with an initial response from clients that do not count.
    public static let lineLimit = 2048

    /// What the extensions ask for together, with the CRLF: ``lineLimit`` is never less.
    static let requiredLine = 512 + 524 + 26 + 16 + 10 + 500 + 11
}
