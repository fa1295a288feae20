/// Who a host belongs to, as far as its name and its address tell: a provider has many hosts, and one fault of it shows at
/// all of them.
///
/// Two hosts are unrelated where both the domain they are named after and the network they stand in are different.
public struct HostKin: Hashable, Sendable {
    /// `example.org` of `mx1.mail.example.org`; an address where the host has no name.
    public let name: String
    /// The first 24 bits of an IPv4 address, the first 48 of an IPv6 address.
    public let network: IPAddress

    public init(_ host: MXHost, _ address: IPAddress) {
        let address = address.unmapped
        network = Self.network(of: address)
        name = host.name.map(Self.family) ?? "\(network)"
    }

    /// Labels of a name under a country's registry that has its own second level, `co.uk`: a label of at most so many
    /// octets before a top-level domain of two. A guess in place of the Public Suffix List, and wrong on the safe side:
    /// it takes too many hosts for related (`a.ab.example` and `b.ab.example` are), hardly ever too few.
    static let shortLabel = 3

    static func family(of name: DomainName) -> String {
        let labels = name.labels
        let isSecondLevel =
            labels.count > 2 && labels[labels.count - 1].utf8.count == 2
            && labels[labels.count - 2].utf8.count <= shortLabel
        return labels.suffix(isSecondLevel ? 3 : 2).joined(separator: ".")
    }

    static func network(of address: IPAddress) -> IPAddress {
        switch address {
        case .v4(let value): .v4(value & 0xFFFF_FF00)
        case .v6(let high, _): .v6(high: high & 0xFFFF_FFFF_FFFF_0000, low: 0)
        }
    }
}

extension HostKin {
    /// Counts hosts that are unrelated to each other: one is taken unless one that was taken has its name or its network.
    struct Counted {
        private var names: Set<String> = []
        private var networks: Set<IPAddress> = []

        /// - Returns: false for one that is related to one before it.
        mutating func insert(_ kin: HostKin) -> Bool {
            guard !names.contains(kin.name), !networks.contains(kin.network) else { return false }
            names.insert(kin.name)
            networks.insert(kin.network)
            return true
        }
    }
}
