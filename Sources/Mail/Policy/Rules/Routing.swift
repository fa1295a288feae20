/// Where mail for a domain goes: the operator's routes, else the domain itself (MX-17).
public struct Routing: Hashable, Sendable {
    public let rules: RuleTable
    /// `delivery.port`
    public let port: UInt16

    public init(rules: RuleTable = RuleTable(), port: UInt16 = NextHop.defaultPort) {
        self.rules = rules
        self.port = port
    }

    /// The next hop of a recipient.
    public func nextHop(for domain: MailDomain) -> NextHop {
        rules.route(for: domain)?.nextHop ?? NextHop(domain, port: port)
    }

    /// The next hop that is met under the policies of `domain`: the smarthost of that name, where there is one.
    public func nextHop(ofPolicyDomain domain: DomainName) -> NextHop {
        let configured = rules.rules.lazy.compactMap(\.route?.nextHop).first { $0.domain == domain }
        return configured ?? nextHop(for: .name(domain))
    }

    /// What else the operator said about a configured next hop; nil for any other.
    public func route(to nextHop: NextHop) -> Route? {
        rules.route(to: nextHop)
    }
}

extension NextHop {
    /// The name of the group that shares connections and backoff. A smarthost and a recipient's domain of the same name are
    /// two: mail to one may need a password that the other must not see.
    public var destination: String { isConfigured ? Self.configuredPrefix + description : description }

    /// What the destination of a next hop begins with that the operator named.
    public static let configuredPrefix = "via:"

    /// The next-hop domain in the name of a destination, without brackets and port; nil for an address.
    public static func domain(of destination: String) -> DomainName? {
        var text =
            destination.hasPrefix(configuredPrefix) ? destination.dropFirst(configuredPrefix.count) : destination[...]
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            text = text[..<end].dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            text = text[..<colon]
        }
        return try? DomainName(String(text))
    }
}
