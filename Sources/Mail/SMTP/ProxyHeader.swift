/// What a trusted proxy says of the connection it passes on, before the first octet of SMTP: the PROXY protocol of HAProxy,
/// versions 1 and 2 (haproxy.org, `doc/proxy-protocol.txt`).
public enum ProxyHeader: Hashable, Sendable {
    /// The proxy's own connection, or one it cannot describe by addresses: the real peer counts.
    case local
    /// IPv4-mapped addresses are the IPv4 addresses they map.
    case proxied(source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16)

    /// Octets of a line of version 1, with its CRLF (section 2.1 of the specification).
    public static let lineLimit = 107
    /// Octets of a header of version 2: 16 and what its length field counts, addresses and TLVs. The field could say 65,535;
    /// all TLVs that the specification names fit in 2 kB.
    public static let binaryLimit = 16 + 2048

    /// Reads the start of a connection: all octets that came so far. Asking again with more of them costs little.
    public static func read(_ bytes: some Collection<UInt8>) -> ProxyReading {
        .needsMore
    }
}

/// What the octets so far are.
public enum ProxyReading: Hashable, Sendable {
    /// The start of a header; never said of ``ProxyHeader/binaryLimit`` octets or more.
    case needsMore
    /// A header of `consumed` octets. What follows is the client's.
    case header(ProxyHeader, consumed: Int)
    /// No header, and none whatever follows: the connection must be dropped. The reason is for the log.
    case invalid(String)
}
