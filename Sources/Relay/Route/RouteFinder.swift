import DNS
import DequeModule
package import Mail
import Net
import TLS

/// Finds and remembers what DNS says about a next hop. One search for many waiting messages; remembered until the first
/// of the answers behind it runs out (DANE-47), so that a warm decision needs no lookup.
///
/// The search itself, which decides what to ask, is the value `Mail.RouteSearch`.
package actor RouteFinder {
    /// Next hops remembered; those used least recently go first.
    static let limit = 20_000
    /// Octets remembered, for a stranger's zone may hold 50 hosts with 64 KiB of TLSA records each. Ours.
    static let weightLimit = 64 * 1024 * 1024
    /// Seconds a search is remembered at least, so that a TTL of 0 does not cost a lookup for each message of a burst.
    static let shortest: UInt32 = 1
    /// Seconds a search is remembered at most, whatever the zone says.
    static let longest: UInt32 = 3600
    /// Questions of one search that are asked at the same time: a stranger's zone with 50 MX hosts must not take the
    /// resolver's places from everybody else.
    static let questionsAtOnce = 8
    /// Seconds a failed search is remembered: the next attempt must ask again.
    static let failed: UInt32 = 1

    private struct Entry {
        let facts: DestinationFacts
        let expires: Deadline
    }

    package typealias Lookup = @concurrent @Sendable (Question) async -> Answer

    private let resolve: Lookup
    private let settings: RouteSettings
    private let metrics: Metrics?
    private var known = RecentTable<NextHop, Entry>(
        limit: RouteFinder.limit, weightLimit: RouteFinder.weightLimit, weigh: { $0.facts.weight })
    private var searches: [NextHop: Task<DestinationFacts, Never>] = [:]

    package init(settings: RouteSettings, resolve: @escaping Lookup) {
        self.init(settings: settings, metrics: nil, resolve: resolve)
    }

    init(settings: RouteSettings, metrics: Metrics?, resolve: @escaping Lookup) {
        self.settings = settings
        self.metrics = metrics
        self.resolve = resolve
    }

    /// What is known about `nextHop` now, asked where it is not.
    package func facts(for nextHop: NextHop) async -> DestinationFacts {
        if let entry = known.use(nextHop), !entry.expires.hasPassed { return entry.facts }
        if let search = searches[nextHop] { return await search.value }
        let search = Task(executorPreference: Loop.current) { [settings, resolve] in
            let facts = await Self.search(nextHop, settings: settings, resolve: resolve)
            await self.remember(facts)
            return facts
        }
        searches[nextHop] = search
        return await search.value
    }

    private func remember(_ facts: DestinationFacts) {
        searches[facts.nextHop] = nil
        metrics?.count(facts)
        let seconds =
            facts.hasFailure
            ? Self.failed : min(max(facts.timeToLive, Self.shortest), Self.longest)
        known.insert(Entry(facts: facts, expires: .after(.seconds(Int64(seconds)))), for: facts.nextHop)
    }

    /// Asks what the search wants asked, some at a time, until it is satisfied.
    private static func search(
        _ nextHop: NextHop, settings: RouteSettings, resolve: @escaping Lookup
    ) async -> DestinationFacts {
        var search = RouteSearch(for: nextHop, settings: settings)
        await withTaskGroup(of: Answer.self) { group in
            var open = Deque(search.start())
            var asked = 0
            while true {
                while asked < Self.questionsAtOnce, let question = open.popFirst() {
                    asked += 1
                    group.addTask { await resolve(question) }
                }
                guard let answer = await group.next() else { break }
                asked -= 1
                open.append(contentsOf: search.handle(answer))
            }
        }
        // The search judges records by their form; whether OpenSSL can read a certificate in them, only OpenSSL knows.
        return search.result?.reading(DANECheck.isReadable)
            ?? DestinationFacts(
                nextHop: nextHop, mx: MXFacts(lookup: .failed("the search for its hosts did not end"), security: nil),
                hosts: [], timeToLive: 0)
    }
}

extension DestinationFacts {
    /// True where a lookup behind these facts failed: they are no ground to stand on for long.
    var hasFailure: Bool {
        if case .failed = mx.lookup { return true }
        return hosts.contains { host in
            if case .failed = host.addresses.lookup { return true }
            if case .failed = host.tlsa.lookup { return true }
            return host.addresses.partialFailure != nil
        }
    }
}

extension DestinationFacts {
    /// Octets in memory, about.
    var weight: Int {
        hosts.reduce(1_024) { sum, host in
            sum + 1_024 + host.addresses.addresses.count * 64
                + host.tlsa.records.reduce(0) { $0 + 128 + $1.data.count }
        }
    }
}
