/// Where a report is posted to: an `https:` URI of a `rua` field, taken apart (RFC 8460 §3, §5.4).
///
/// The URI is a stranger's wish. What is refused here is never connected to, and the reason goes into the log. Where the host
/// is, DNS says later: each address is judged by ``IPAddress/refusedForReports(privateAllowed:loopbackAllowed:)``.
public struct ReportEndpoint: Hashable, Sendable {
    /// The name of the host: never an address in any spelling.
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
    /// The least other port: below it live services that would take a POST for something else, as 25 does. Ours.
    public static let leastOtherPort: UInt16 = 1_024
    /// Octets of ``path``. Ours.
    public static let pathLimit = 2_048

    /// Takes an `https:` URI apart (RFC 3986 §3); the fragment is dropped, for it is no part of a request.
    public static func read(uri: String) -> Result<ReportEndpoint, ReportEndpointFault> {
        do throws(ReportEndpointFault) {
            return .success(try ReportEndpoint(Array(uri.utf8)))
        } catch {
            return .failure(error)
        }
    }

    private init(_ uri: [UInt8]) throws(ReportEndpointFault) {
        let scheme = "https://".utf8
        guard ASCII.equalIgnoringCase(uri.prefix(scheme.count), scheme) else {
            throw ReportEndpointFault("it is no https URI")
        }
        guard uri.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw ReportEndpointFault("it has characters that no URI has")
        }
        let ends = Array("/?#".utf8)
        let authority = uri[scheme.count...].prefix { !ends.contains($0) }
        let rest = uri[authority.endIndex...].prefix { $0 != UInt8(ascii: "#") }
        (host, port) = try Self.authority(authority)
        path = (rest.first == UInt8(ascii: "/") ? "" : "/") + String(decoding: rest, as: UTF8.self)
        guard path.utf8.count <= Self.pathLimit else {
            throw ReportEndpointFault("its path has more than \(Self.pathLimit) octets")
        }
    }

    /// `host[:port]`
    private static func authority(_ text: ArraySlice<UInt8>) throws(ReportEndpointFault) -> (DomainName, UInt16) {
        if text.contains(UInt8(ascii: "@")) { throw ReportEndpointFault("it names a user") }
        if text.first == UInt8(ascii: "[") { throw ReportEndpointFault("its host is an address") }
        let name = text.prefix { $0 != UInt8(ascii: ":") }
        guard let host = try? DomainName(parsing: name), host.isHostName else {
            throw ReportEndpointFault("its host is not the name of a host")
        }
        if isNumeric(host) { throw ReportEndpointFault("its host is an address") }
        // RFC 3986 §3.2.3: the digits behind the colon may be left out.
        let digits = text[name.endIndex...].dropFirst()
        if digits.isEmpty { return (host, defaultPort) }
        guard let port = ASCII.decimal(digits, as: UInt16.self), port > 0 else {
            throw ReportEndpointFault("its port is none")
        }
        guard port == defaultPort || port >= leastOtherPort else {
            throw ReportEndpointFault("its port, \(port), is for other services")
        }
        return (host, port)
    }

    /// The one spelling that no top-level domain has and that programs read as IPv4: `127.0.0.1`, but also `127.1`, `0x7f.1`
    /// and `2130706433`. What ends in a number is an address, or nothing.
    private static func isNumeric(_ host: DomainName) -> Bool {
        guard let last = host.labels.last?.utf8 else { return true }
        return last.allSatisfy(ASCII.isDigit) || last.starts(with: "0x".utf8)
    }
}

/// Why nothing is posted to a URI.
public struct ReportEndpointFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// One clause, safe for a log.
    public let words: String

    public init(_ words: String) { self.words = words }

    public var description: String { words }
}
