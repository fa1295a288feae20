public import Mail

/// One GET or POST: all that is known and allowed before a connection is made.
public struct HTTPSRequest: Hashable, Sendable {
    /// What is asked of the host.
    public enum Method: Hashable, Sendable {
        case get
        /// Sends `body`, at most ``postLimit`` octets, as `contentType`: printable ASCII. Of the answer only status and
        /// `Retry-After` are of use: its body is dropped.
        case post(body: [UInt8], contentType: String)
    }

    /// Whose certificates are believed.
    public enum Trust: Hashable, Sendable {
        /// The system's trust anchors, where libcurl was built to find them.
        case system
        /// The anchors in this PEM file instead of them.
        case file(String)
        /// Anybody's, and for any name. Only for a POST: RFC 8460 §3 lets one who submits a report ignore certificates that
        /// fail (RPTF-24). What is read must be verified.
        case unverified
    }

    /// Addresses that are tried; the rest are left out. Ours.
    public static let addressLimit = 16
    /// Octets of a response's head, or of its heads where there are several, and of its trailer. Ours.
    public static let headerLimit = 65_536
    /// Octets of ``path``. Ours.
    public static let pathLimit = 2_048
    /// Octets of the body of a POST. Ours.
    public static let postLimit = 16 << 20
    /// Octets of the media type of a POST. Ours.
    public static let contentTypeLimit = 200
    /// Until the TLS handshake is over, over all addresses. Ours.
    public static let connectTimeout: Duration = .seconds(30)

    public let method: Method
    /// Name of the host: it goes out as SNI and in `Host`, and the certificate must carry it as DNS-ID (RFC 9525 §6.3).
    public let host: DomainName
    public let port: UInt16
    /// The path, with a query where there is one: printable ASCII from `/` on.
    public let path: String
    /// Where `host` is. Nothing else is connected to, and nothing is looked up: without an address the fetch fails.
    public let addresses: [IPAddress]
    /// Octets of the answer's body, counted on what was read. More fails a GET; for a POST it ends the reading, and 0 will do.
    public let bodyLimit: Int
    /// For all of it, waiting for a place among the transfers included.
    public let timeout: Duration
    public let trust: Trust

    public init(
        method: Method = .get, host: DomainName, path: String, port: UInt16 = 443, addresses: [IPAddress],
        bodyLimit: Int,
        timeout: Duration, trust: Trust = .system
    ) {
        self.method = method
        self.host = host
        self.path = path
        self.port = port
        self.addresses = addresses
        self.bodyLimit = bodyLimit
        self.timeout = timeout
        self.trust = trust
    }
}
