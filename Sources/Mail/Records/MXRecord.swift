/// One MX record (RFC 1035 §3.3.9).
public struct MXRecord: Hashable, Sendable {
    public let preference: UInt16
    public let exchange: Exchange

    public enum Exchange: Hashable, Sendable, CustomStringConvertible {
        case host(MXHost)
        /// `.`: no host at all (RFC 7505 §3).
        case root

        public var description: String {
            switch self {
            case .host(let host): host.description
            case .root: "."
            }
        }
    }

    public init(preference: UInt16, exchange: Exchange) {
        self.preference = preference
        self.exchange = exchange
    }

    /// Reads RDATA: two octets of preference and an uncompressed name to the end. Nil where it is anything else: that
    /// record is void, the others of the set are not.
    public init?(rdata: [UInt8]) {
        guard rdata.count > 2, let name = WireName(rdata[2...]) else { return nil }
        let preference = UInt16(rdata[0]) << 8 | UInt16(rdata[1])
        switch name {
        case .root:
            self.init(preference: preference, exchange: .root)
        case .name(let name):
            // RFC 5321 §5.1: an MX names a host. "192.0.2.1" is a well-formed domain name, but no top-level domain is
            // a number, so it can only be an address in the wrong place (MX-14).
            let isAddress = name.labels.last?.utf8.allSatisfy { (0x30...0x39).contains($0) } ?? false
            self.init(preference: preference, exchange: .host(isAddress ? .unreadable(name.text) : .name(name)))
        case .unreadable(let text):
            self.init(preference: preference, exchange: .host(.unreadable(text)))
        }
    }
}

/// What an MX record, a route or an address literal names.
public enum MXHost: Hashable, Sendable, CustomStringConvertible {
    case name(DomainName)
    /// Only from an address literal or a configured route: an MX record that spells an address is `unreadable`.
    case address(IPAddress)
    /// A name that can be no host's: the text with its odd octets escaped (`\000`), for logs.
    case unreadable(String)

    public var description: String {
        switch self {
        case .name(let name): name.text
        case .address(let address): "[\(address)]"
        case .unreadable(let text): text
        }
    }

    public var name: DomainName? {
        if case .name(let name) = self { name } else { nil }
    }
}
