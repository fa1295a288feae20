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

    /// Octets of a command line without its CRLF. RFC 5321 §4.5.3.1.4 asks for 512, the extensions for more (1036 with
    /// DSN, RFC 3461 §5.4; SIZE, BODY, SMTPUTF8, AUTH= and REQUIRETLS add 563).
    public static let lineLimit = 2048

    /// `keyword` or `keyword=value` behind a path (RFC 5321 §4.1.2 `esmtp-param`).
    public struct Parameter: Hashable, Sendable {
        /// In upper case.
        public let keyword: String
        public let value: String?

        public init(_ keyword: String, _ value: String? = nil) {
            self.keyword = keyword
            self.value = value
        }
    }
}
