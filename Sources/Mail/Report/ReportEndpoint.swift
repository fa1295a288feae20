/// Where a report is posted to: an `https:` URI of a `rua` field, taken apart (RFC 8460 §3, §5.4).
///
/// The URI is a stranger's wish. What is refused here is never connected to, and the reason goes into the log.
public struct ReportEndpoint: Hashable, Sendable {
    /// The name of the host; its addresses are asked for and judged by ``IPAddress/refusedForReports(privateAllowed:loopbackAllowed:)``.
    public let host: DomainName
    /// 443, or 1024 and above.
    public let port: UInt16
    /// Path and query as written, from `/` on: printable ASCII without `#`.
    public let path: String

    public init(host: DomainName, port: UInt16, path: String) {
        self.host = host
        self.port = port
        self.path = path
    }

    /// The port of https (RFC 9110 §4.2.2).
    public static let defaultPort: UInt16 = 443
    /// The least other port: below it are services that take what they did not ask for, as 25. Ours.
    public static let leastOtherPort: UInt16 = 1_024
    /// Octets of ``path``. Ours.
    public static let pathLimit = 2_048

    /// Takes an `https:` URI apart; the fragment is dropped.
    public static func read(uri: String) -> Result<ReportEndpoint, ReportEndpointFault> {
        .failure(ReportEndpointFault("unfinished: \(uri.utf8.count)"))
    }
}

/// Why nothing is posted to a URI.
public struct ReportEndpointFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// One clause, safe for a log.
    public let words: String

    public init(_ words: String) { self.words = words }

    public var description: String { words }
}
