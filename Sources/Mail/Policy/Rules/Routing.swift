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
}
