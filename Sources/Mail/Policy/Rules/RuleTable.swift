/// All `[[rule]]` tables of the configuration: which settings hold for a host, and where mail for a domain goes.
///
/// The most specific rule wins, key by key; what it does not say, the next says. A rule for an MX host is more specific than
/// one for a destination, an exact name than a wildcard, a longer wildcard than a shorter. The order in the file never counts.
public struct RuleTable: Sendable {
    /// Most specific first.
    public let rules: [Rule]

    /// Rules of one configuration at most. A decision looks at those that match, however many there are.
    public static let limit = 10_000

    /// By host, then by destination.
    private let settings: PatternIndex<PatternIndex<[Rule]>>
    private let routes: PatternIndex<Route>
    private let routesByNextHop: [NextHop: Route]
    /// Is any rule in mode `observe`?
    public let hasObserved: Bool

    public init(_ rules: [Rule] = []) {
        // A stable order: equal ones stay as they came, though the configuration refuses them. Of two for the same, the one in
        // mode `observe` goes first: it is what the other may become.
        self.rules = rules.enumerated().sorted { left, right in
            let (first, second) = (left.element.specificity, right.element.specificity)
            if first != second { return first > second }
            if left.element.isObserved != right.element.isObserved { return left.element.isObserved }
            return left.offset < right.offset
        }.map(\.element)
        hasObserved = rules.contains(where: \.isObserved)
        var settings = PatternIndex<PatternIndex<[Rule]>>()
        var routes = PatternIndex<Route>()
        // A rule that names neither is for nothing.
        let effective = self.rules.filter { $0.destination != nil || $0.host != nil }
        for (host, rules) in Dictionary(grouping: effective, by: \.host) {
            var destinations = PatternIndex<[Rule]>()
            for (destination, rules) in Dictionary(grouping: rules, by: \.destination) {
                destinations[destination] = rules
            }
            settings[host] = destinations
        }
        for rule in self.rules where !rule.isObserved {
            if let destination = rule.destination, let route = rule.route, routes[destination] == nil {
                routes[destination] = route
            }
        }
        self.settings = settings
        self.routes = routes
        // The configuration refuses two routes to one next hop that differ in more than their name.
        routesByNextHop = Dictionary(self.rules.filter { !$0.isObserved }.compactMap(\.route).map { ($0.nextHop, $0) })
        { first, _ in first }
    }

    /// The settings for `host` of `destination` (the next-hop domain; nil for an address).
    ///
    /// - Parameters:
    ///   - trust: a rule for MX hosts of any destination only raises what is demanded where the host's name is just claimed.
    ///   - floor: what the rest of the configuration demands, which such a rule does not lower either.
    ///   - isForReports: for our own TLS-RPT reports, which yield only to a rule that names the domain or the host (D15).
    ///   - observing: as if the rules in mode `observe` were in force; else they are left out.
    public func settings(
        destination: DomainName?, host: MXHost, trust: HostNameTrust = .vouchedFor,
        floor: HostRule.Floor = HostRule.Floor(), isForReports: Bool = false, observing: Bool = false
    ) -> HostRule {
        var merged: HostRule?
        var claimed: [HostRule] = []
        // Specificity compares hosts before destinations, and so do these loops.
        for destinations in settings.matches(for: host) {
            for rules in destinations.matches(for: destination) {
                for rule in rules where observing || !rule.isObserved {
                    // Before they are merged: what everybody's rule does not say to a report, the next may.
                    let settings = isForReports ? rule.settings.forReports : rule.settings
                    if trust == .claimed, rule.isForAnyDestination {
                        claimed.append(settings)
                    } else if merged?.fill(from: settings) == nil {
                        // Mostly there is one, and nothing to merge.
                        merged = settings
                    }
                }
            }
        }
        var settings = merged ?? HostRule()
        for rule in claimed { settings.raise(by: rule, over: floor) }
        return settings
    }

    /// Where mail for `domain` goes; nil where MX records decide. Rules for MX hosts have no say.
    public func route(for domain: DomainName) -> Route? {
        routes.matches(for: domain).first
    }

    /// The same for the domain of a mailbox: an address literal goes where `*` goes.
    public func route(for domain: MailDomain) -> Route? {
        switch domain {
        case .name(let name): route(for: name)
        case .literal: routeOfAll
        }
    }

    /// Where all mail goes that no other rule sends elsewhere; nil where MX records decide.
    public var routeOfAll: Route? { routes[.any] }

    /// What else the operator said about a configured next hop; nil for any other.
    public func route(to nextHop: NextHop) -> Route? {
        nextHop.isConfigured ? routesByNextHop[nextHop] : nil
    }

    /// Of every rule that leads there, the most specific first. Goes through all rules.
    public func labels(ofRoutesTo nextHop: NextHop) -> [String] {
        rules.filter { !$0.isObserved }.compactMap(\.route).filter { $0.nextHop == nextHop }.map(\.label)
    }
}

/// The index follows from the rules, and is no part of what they are.
extension RuleTable: Hashable {
    public static func == (left: Self, right: Self) -> Bool { left.rules == right.rules }

    public func hash(into hasher: inout Hasher) { hasher.combine(rules) }
}

/// One `[[rule]]`.
public struct Rule: Hashable, Sendable {
    /// The next-hop domain; nil where the rule is for MX hosts of any destination.
    public let destination: RulePattern?
    /// The MX host's name, or the address of a next hop without a name; nil where the rule is for all hosts.
    public let host: RulePattern?
    public let settings: HostRule
    public let route: Route?
    /// `mode = "observe"`: evaluated beside what is in force, and never enforced. Its route, if any, does not count.
    public let isObserved: Bool

    public init(
        destination: RulePattern?, host: RulePattern?, settings: HostRule, route: Route? = nil, isObserved: Bool = false
    ) {
        self.destination = destination
        self.host = host
        let namesSomebody = (destination ?? .any) != .any || (host ?? .any) != .any
        var settings = namesSomebody ? settings : settings.ofEverybody
        if isObserved { settings.observedLabels = settings.labels }
        self.settings = settings
        self.route = route
        self.isObserved = isObserved
    }

    /// For certain MX hosts, whatever the domain: `mx` without `destination`.
    var isForAnyDestination: Bool {
        guard let host, host != .any else { return false }
        return destination == nil || destination == .any
    }

    var specificity: Specificity {
        Specificity(host: host?.weight ?? -1, destination: destination?.weight ?? -1)
    }

    struct Specificity: Hashable, Comparable {
        let host: Int
        let destination: Int

        static func < (left: Self, right: Self) -> Bool {
            (left.host, left.destination) < (right.host, right.destination)
        }
    }
}

/// A configured next hop (MX-17): it replaces MX records and becomes the policy domain of MTA-STS, TLSRPT and DANE.
public struct Route: Hashable, Sendable {
    public let nextHop: NextHop
    /// TLS from the first octet (RFC 8314 §3.3), as on port 465.
    public let implicitTLS: Bool
    /// A file of mode 0600 with `user:password`; nil for no AUTH.
    public let credentialsFile: String?
    /// `rule "*"`, with the operator's words where there are any, for explanations.
    public let label: String

    public init(nextHop: NextHop, implicitTLS: Bool = false, credentialsFile: String? = nil, label: String) {
        self.nextHop = nextHop
        self.implicitTLS = implicitTLS
        self.credentialsFile = credentialsFile
        self.label = label
    }
}
