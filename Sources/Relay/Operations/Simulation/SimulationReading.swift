import Mail
import Store

/// The names that another configuration is tried for, read from the store: recipients' domains that mail left for in the last
/// days, or waits for.
struct SimulationReading: Sendable {
    let store: any WatchStore
    let now: WallTime
    /// Recipients read under each route.
    var routedLimit = SimulationQuery.routedLimit

    /// Sorts behind the destinations of all routes, and before what comes after them.
    private static let behindRoutes = "via;"

    /// One page of names in alphabetical order; `unread`: recipients under routes that are beyond the bound.
    func page(_ query: SimulationQuery) async throws(StoreError) -> (seen: [Simulation.Seen], isLast: Bool, unread: Int)
    {
        let today = ReportDay(of: now)
        let limit = min(max(query.limit, 1), SimulationQuery.pageLimit)
        let sent = try await store.deliveries(
            by: .destination, from: ReportDay(number: today.number &- Int64(query.days) &+ 1), to: today,
            after: query.after, limit: limit + 1)
        let own = try await unrouted(after: query.after, limit: limit + 1)
        let (routed, unread) = try await routed()
        let behind = routed.filter { one in query.after.map { one.destination > $0 } ?? true }
        let (page, isLast) = Simulation.Seen.page(
            sent: sent, waiting: own, routed: Array(behind.prefix(limit + 1)), limit: limit)
        return (page, isLast, unread)
    }

    /// Destinations that are no routes.
    private func unrouted(after name: String?, limit: Int) async throws(StoreError) -> [WaitingCount] {
        let first = try await store.waitingDestinations(after: name, limit: limit)
        guard first.contains(where: \.isRoute) else { return first }
        let before = first.filter { $0.destination < NextHop.configuredPrefix }
        return before + (try await store.waitingDestinations(after: Self.behindRoutes, limit: limit))
    }

    /// What waits under routes, by the recipients' domain: where a configuration has no such route, that counts.
    private func routed() async throws(StoreError) -> (domains: [WaitingCount], unread: Int) {
        var counts: [String: Int] = [:]
        var unread = 0
        var place = NextHop.configuredPrefix
        while true {
            let page = try await store.waitingDestinations(after: place, limit: WatchLimits.page)
            let routes = page.prefix(while: \.isRoute)
            for route in routes {
                let domains = try await store.waitingDomains(at: route.destination, limit: routedLimit)
                var rest = route.recipients
                for one in domains {
                    counts[one.domain.description, default: 0] += one.recipients
                    rest -= one.recipients
                }
                unread += max(0, rest)
            }
            guard page.count == WatchLimits.page, routes.count == page.count, let last = page.last else { break }
            place = last.destination
        }
        let sorted = counts.sorted { $0.key < $1.key }
        return (sorted.map { WaitingCount(destination: $0.key, recipients: $0.value) }, unread)
    }
}

extension WaitingCount {
    fileprivate var isRoute: Bool { destination.hasPrefix(NextHop.configuredPrefix) }
}

extension Simulation.Seen {
    /// The first names of all lists, each of which is sorted and was asked for one more than `limit`.
    static func page(
        sent: [DeliverySum], waiting: [WaitingCount], routed: [WaitingCount] = [], limit: Int
    ) -> (page: [Simulation.Seen], isLast: Bool) {
        var names: [String: Simulation.Seen] = [:]
        for sum in sent where sum.name != DeliverySum.rest {
            names[sum.name, default: Simulation.Seen(name: sum.name)].messages +=
                sum.levels.values.reduce(0) { $0 + $1.messages }
        }
        // A domain may wait under a route, and under its own name.
        for one in waiting + routed {
            names[one.destination, default: Simulation.Seen(name: one.destination)].queued += one.recipients
        }
        let isLast = names.count <= limit && [sent.count, waiting.count, routed.count].allSatisfy { $0 <= limit }
        return (Array(names.values.sorted { $0.name < $1.name }.prefix(limit)), isLast)
    }
}
