/// One command of a client, after its syntax was found good (RFC 5321 §4.1.1).
public enum Command: Hashable, Sendable {
    case ehlo(ClientName)
    case helo(ClientName)
    case mail(ReversePath, [Parameter])
    case rcpt(ForwardPath, [Parameter])
    case data
    case rset
    case noop
    case quit
    case vrfy
    case help
    case startTLS

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
