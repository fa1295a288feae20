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
