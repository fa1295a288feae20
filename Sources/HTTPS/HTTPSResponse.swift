/// What a server answered, whatever its status: 301 and 404 are answers too.
public struct HTTPSResponse: Hashable, Sendable {
    public let status: Int
    /// `Content-Type` as written: media type and parameters. Several fields are joined by `, ` (RFC 9110 §5.3). From a
    /// stranger: a log must escape it. Nil where there is none.
    public let contentType: String?
    /// At most ``HTTPSRequest/bodyLimit`` octets. Always empty where the status is not 2xx, such bodies are not read, and for a
    /// POST, whose answer's body is dropped.
    public let body: [UInt8]
    /// Seconds that the server asks to be left alone after a POST, counted from its answer (`Retry-After`, RFC 9110 §10.2.3), at
    /// most ``retryAfterLimit``. Nil where it says nothing that can be understood, and for a GET.
    public let retryAfter: Int?

    /// Seconds: a day, after which a report is stale (RFC 8460 §5.5).
    public static let retryAfterLimit = 86_400

    public init(status: Int, contentType: String?, body: [UInt8], retryAfter: Int? = nil) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.retryAfter = retryAfter
    }
}

/// Why there is no answer.
public struct HTTPSFailure: Error, Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The server's certificate was not accepted; the words say why.
        case certificate
        /// The TLS handshake failed for another reason: no common version, no TLS at all.
        case tls
        /// No connection to any address.
        case connect
        /// Not over at the deadline.
        case timedOut = "timed-out"
        /// More body than ``HTTPSRequest/bodyLimit``.
        case tooLarge = "too-large"
        /// More head than ``HTTPSRequest/headerLimit``, or one line that is too long.
        case tooManyHeaders = "too-many-headers"
        /// What came is not HTTP/1.1, or ended too early.
        case protocolError = "protocol-error"
        /// No place among the transfers, or none in time.
        case busy
        /// The caller's task was cancelled, or the client is closed.
        case cancelled
        /// A fault of this side: a request that cannot be made, a file of trust anchors that cannot be read.
        case ours

        /// Whether the fault says nothing about the server.
        public var isOurs: Bool { self == .busy || self == .cancelled || self == .ours }
    }

    public let kind: Kind
    /// One sentence: printable ASCII, safe for a log.
    public let words: String

    public init(_ kind: Kind, _ words: String) {
        self.kind = kind
        self.words = words
    }
}

extension HTTPSFailure: CustomStringConvertible {
    public var description: String { words }
}
