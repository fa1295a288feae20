/// All `[[rule]]` tables of the configuration: which settings hold for a host, and where mail for a domain goes.
///
/// The most specific rule wins, key by key; what it does not say, the next says. A rule for an MX host is more specific than
/// one for a destination, an exact name than a wildcard, a longer wildcard than a shorter. The order in the file never counts.
public struct RuleTable: Hashable, Sendable {
    /// Most specific first.
    public let rules: [Rule]

    /// Rules of one configuration at most: each decision looks at all.
    public static let limit = 10_000

    private let routes: [Rule]
    private let hasHostRules: Bool

    public init(_ rules: [Rule] = []) {
        // A stable order: equal ones stay as they came, though the configuration refuses them.
        self.rules = rules.enumerated().sorted { left, right in
            left.element.specificity == right.element.specificity
                ? left.offset < right.offset : left.element.specificity > right.element.specificity
        }.map(\.element)
        routes = self.rules.filter { $0.route != nil }
        hasHostRules = !rules.isEmpty
    }

    /// The settings for `host` of `destination` (the next-hop domain; nil for an address).
    public func settings(destination: DomainName?, host: MXHost) -> HostRule {
        var merged = HostRule()
        guard hasHostRules else { return merged }
        for rule in rules where rule.matches(destination: destination, host: host) {
            merged.fill(from: rule.settings)
        }
        return merged
    }

    /// Where mail for `domain` goes; nil where MX records decide. Rules for MX hosts have no say.
    public func route(for domain: DomainName) -> Route? {
        routes.first { $0.destination?.matches(domain) == true }?.route
    }
}

/// One `[[rule]]`.
public struct Rule: Hashable, Sendable {
    /// The next-hop domain; nil where the rule is for MX hosts of any destination.
    public let destination: RulePattern?
    /// The MX host's name; nil where the rule is for all hosts.
    public let host: RulePattern?
    public let settings: HostRule
    public let route: Route?

    public init(destination: RulePattern?, host: RulePattern?, settings: HostRule, route: Route? = nil) {
        self.destination = destination
        self.host = host
        self.settings = settings
        self.route = route
    }

    func matches(destination name: DomainName?, host mxHost: MXHost) -> Bool {
        if let destination {
            guard name.map(destination.matches) ?? (destination == .any) else { return false }
        }
        if let host {
            guard mxHost.name.map(host.matches) ?? (host == .any) else { return false }
        }
        return destination != nil || host != nil
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

/// Names a rule is for: one, all below one, or all.
public enum RulePattern: Hashable, Sendable, CustomStringConvertible {
    case any
    /// `*.example.org`: every name below, at any depth (unlike an MTA-STS pattern, which stands for one label).
    case below(DomainName)
    case exactly(DomainName)

    public func matches(_ name: DomainName) -> Bool {
        switch self {
        case .any: true
        case .below(let parent): name.text.hasSuffix("." + parent.text)
        case .exactly(let other): name == other
        }
    }

    /// Higher is more specific.
    var weight: Int {
        switch self {
        case .any: 0
        case .below(let parent): 1 + parent.text.utf8.count
        case .exactly: 1 + DomainName.lengthLimit + 1
        }
    }

    public var description: String {
        switch self {
        case .any: "*"
        case .below(let parent): "*.\(parent)"
        case .exactly(let name): name.text
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
    /// `rule "*"`, for explanations.
    public let label: String

    public init(nextHop: NextHop, implicitTLS: Bool = false, credentialsFile: String? = nil, label: String) {
        self.nextHop = nextHop
        self.implicitTLS = implicitTLS
        self.credentialsFile = credentialsFile
        self.label = label
    }
}

extension HostRule {
    /// Takes from a less specific rule what is not said yet.
    mutating func fill(from other: HostRule) {
        demand = demand ?? other.demand
        minimumVersion = minimumVersion ?? other.minimumVersion
        clientIdentity = clientIdentity ?? other.clientIdentity
        sourceIPv4 = sourceIPv4 ?? other.sourceIPv4
        sourceIPv6 = sourceIPv6 ?? other.sourceIPv6
        requireTLS = requireTLS ?? other.requireTLS
        honoursOptionalTLS = honoursOptionalTLS ?? other.honoursOptionalTLS
        dane = dane ?? other.dane
        mtaSTS = mtaSTS ?? other.mtaSTS
        words = words ?? other.words
        labels += other.labels
    }
}
