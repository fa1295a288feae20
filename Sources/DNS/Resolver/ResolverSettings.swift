/// What the resolver's worker process is told before its first question: everything it knows, since it reads no
/// configuration file.
public struct ResolverSettings: Hashable, Sendable {
    /// File of root trust anchors (DS or DNSKEY lines; more than one allowed, SEC-06). Empty means none at all: then
    /// every answer is insecure and DANE is off, which only a test may want (SEC-07).
    public var trustAnchorFile: String
    /// File of root hints; empty means those built into libunbound.
    public var rootHintsFile: String
    /// Addresses of resolvers to forward to, as libunbound reads them (`192.0.2.1`, `2001:db8::1@5353`). Empty means:
    /// ask the authoritative servers.
    public var forwarders: [String]
    /// Raw unbound options, applied last and in this order, so that they win over the program's own.
    public var options: [UnboundOption]
    /// How long one lookup may take before it is `failed`; the resolver goes on by itself after it.
    public var lookupTimeout: Duration

    /// Debian's dns-root-data.
    public static let defaultTrustAnchorFile = "/usr/share/dns/root.key"
    /// Longer than libunbound needs to give up on one dead server, shorter than any SMTP timeout.
    public static let defaultLookupTimeout: Duration = .seconds(20)

    public init(
        trustAnchorFile: String = defaultTrustAnchorFile, rootHintsFile: String = "", forwarders: [String] = [],
        options: [UnboundOption] = [], lookupTimeout: Duration = defaultLookupTimeout
    ) {
        self.trustAnchorFile = trustAnchorFile
        self.rootHintsFile = rootHintsFile
        self.forwarders = forwarders
        self.options = options
        self.lookupTimeout = lookupTimeout
    }
}

/// One raw option as in unbound.conf(5), server section: the name ends in a colon (`do-not-query-localhost:`).
public struct UnboundOption: Hashable, Sendable, CustomStringConvertible {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    public var description: String { "\(name) \(value)" }
}
