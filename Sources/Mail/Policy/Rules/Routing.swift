/// Where mail for a domain goes: the operator's routes, else the domain itself (MX-17).
public struct Routing: Hashable, Sendable {
    public let rules: RuleTable
    /// `delivery.port`
    public let port: UInt16
    private let routes: [NextHop: Route]

    public init(rules: RuleTable = RuleTable(), port: UInt16 = NextHop.defaultPort) {
        self.rules = rules
        self.port = port
        // The configuration refuses two routes to one next hop that differ in more than their name.
        routes = Dictionary(rules.rules.compactMap(\.route).map { ($0.nextHop, $0) }) { first, _ in first }
    }

    /// The next hop of a recipient.
    public func nextHop(for domain: MailDomain) -> NextHop {
        rules.route(for: domain)?.nextHop ?? NextHop(domain, port: port)
    }

    /// What else the operator said about a configured next hop; nil for any other.
    public func route(to nextHop: NextHop) -> Route? {
        nextHop.isConfigured ? routes[nextHop] : nil
    }
}

extension NextHop {
    /// The name of the group that shares connections and backoff. A smarthost and a recipient's domain of the same name are
    /// two: mail to one may need a password that the other must not see.
    public var destination: String { isConfigured ? "via:\(description)" : description }
}
