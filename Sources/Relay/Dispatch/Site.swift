import DequeModule
import Mail

/// Mail hosts that several destinations share: whoever hosts ten thousand domains sees one sender, not ten thousand. It
/// has a limit of its own, whatever the domains are (`delivery.site_connections`, `[[queue.rule]] mx`).
///
/// Touched by the dispatcher only.
final class Site {
    let name: String
    let limit: Int
    /// By `[[queue.rule]]`; nil where nothing limits it.
    var pace: Pace?
    /// Connections that may be open to it: each delivery under way has one.
    var inUse = 0
    /// Destinations that name it.
    var members = 0
    /// Destinations that wait for one of them.
    var line: Deque<Destination> = []

    init(_ terms: SiteTerms) {
        name = terms.name
        limit = terms.connections
        pace = terms.rate.map(Pace.init)
    }

    var isFull: Bool { inUse >= limit }
    /// Nobody uses it, nobody waits for it, nobody names it.
    var isForgettable: Bool { inUse == 0 && line.isEmpty && members == 0 }
}

/// Which site the hosts of a decision are, and what holds for it.
struct SiteTerms: Hashable, Sendable {
    /// The names of the hosts of the best preference in alphabetical order; the pattern of the rule where one is for them.
    let name: String
    let connections: Int
    let rate: Rate?

    /// - Returns: nil where there is no host: the attempt ends without a connection.
    init?(_ decision: PolicyDecision, rules: QueueRules, connections: Int) {
        guard let best = decision.hosts.lazy.map(\.host.preference).min() else { return nil }
        let hosts = decision.hosts.filter { $0.host.preference == best }.map(\.host.host)
        if let ruled = rules.siteLimits(hosts: hosts.compactMap(\.name)) {
            name = ruled.label
            self.connections = ruled.connections ?? connections
            rate = ruled.rate
        } else {
            name = hosts.map(\.description).sorted().joined(separator: ",")
            self.connections = connections
            rate = nil
        }
    }
}
