/// The domain or host mail goes to next, and the port.
public struct NextHop: Hashable, Sendable, CustomStringConvertible {
    public let target: Target
    /// Part of the TLSA query name (DANE-08).
    public let port: UInt16
    /// True where the operator named it (a smarthost, MX-17): then it may be a loopback address or this machine, on
    /// purpose. False where it is a stranger's word, a recipient's domain.
    public let isConfigured: Bool

    public enum Target: Hashable, Sendable {
        /// Subject to MX resolution: a recipient's domain, or a smarthost written without brackets.
        case domain(DomainName)
        /// `[host]`: used as it stands, without an MX lookup (RFC 7672 §2.2.2, DANE-23).
        case host(DomainName)
        /// `[192.0.2.1]`: neither DNS nor DANE (MX-14).
        case address(IPAddress)
    }

    /// SMTP relay (RFC 5321 §4.5.4.2).
    public static let defaultPort: UInt16 = 25

    public init(_ target: Target, port: UInt16 = NextHop.defaultPort, isConfigured: Bool = false) {
        self.target = target
        self.port = port
        self.isConfigured = isConfigured
    }

    /// The next hop of a recipient for whom no route is configured.
    public init(_ domain: MailDomain, port: UInt16 = NextHop.defaultPort) {
        switch domain {
        case .name(let name): self.init(.domain(name), port: port)
        case .literal(let address): self.init(.address(address), port: port)
        }
    }

    /// The next-hop domain (RFC 7672 §1.1); nil for an address literal.
    public var domain: DomainName? {
        switch target {
        case .domain(let name), .host(let name): name
        case .address: nil
        }
    }

    public var description: String {
        switch target {
        case .domain(let name): port == Self.defaultPort ? name.text : "\(name):\(port)"
        case .host(let name): port == Self.defaultPort ? "[\(name)]" : "[\(name)]:\(port)"
        case .address(let address): port == Self.defaultPort ? "[\(address)]" : "[\(address)]:\(port)"
        }
    }
}
