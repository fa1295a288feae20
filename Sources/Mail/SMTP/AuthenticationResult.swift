/// How an AUTH exchange with a client ended (RFC 4954 §4).
public enum AuthenticationResult: Hashable, Sendable {
    /// Who is logged in: the name of the credentials file.
    case succeeded(user: String)
    case failed(Failure)

    public enum Failure: Hashable, Sendable {
        /// Wrong name or password, whichever: 535.
        case credentials
        /// The client sent `*`: 501.
        case cancelled
        /// No base64, or no message of the mechanism: 501.
        case malformed
        /// A line of more than ``AuthenticationResult/lineLimit`` octets: 500.
        case tooLong
        /// The credentials could not be looked at: 454.
        case unavailable
        /// The client did not answer in time.
        case timedOut
        /// The client is gone.
        case peerClosed
        /// The daemon stops.
        case shuttingDown
    }

    /// Octets of a base64 line with its CRLF (RFC 4954 §4).
    public static let lineLimit = 12_288
}
