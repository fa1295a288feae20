import FlyingFox
import Mail

/// The queue, asked about and ordered.
extension ControlClient {
    /// How long a page of an order may take: of a bounce each message gets a notice.
    static let orderPatience: Duration = .seconds(60)

    /// One page.
    public func queue(_ query: QueueQuery) async throws(ControlClientError) -> ControlReply<QueuePage> {
        var items = Self.items(query.selectors)
        for state in QueueState.allCases where query.states.contains(state) { items.append(("state", state.rawValue)) }
        items.append(("limit", "\(query.limit)"))
        if let cursor = query.cursor { items.append(("cursor", cursor)) }
        return try await get("/v1/queue", items)
    }

    /// One page of an order; of ids at most ``QueueSelectors/idLimit``.
    public func order(
        _ verb: QueueVerb, _ selectors: QueueSelectors, dryRun: Bool, reason: String?, cursor: String?
    ) async throws(ControlClientError) -> ControlReply<QueueOrderPage> {
        var items = Self.items(selectors)
        if dryRun { items.append(("dry_run", "yes")) }
        if let reason { items.append(("reason", reason)) }
        if let cursor { items.append(("cursor", cursor)) }
        return try await post("/v1/queue/\(verb.rawValue)", items, patience: Self.orderPatience)
    }

    public func destinations(
        limit: Int, suspendedOnly: Bool = false
    ) async throws(ControlClientError) -> ControlReply<DestinationsPage> {
        try await get("/v1/destinations", [("limit", "\(limit)")] + (suspendedOnly ? [("suspended", "yes")] : []))
    }

    public func suspend(
        _ name: DestinationName, seconds: Int64?, reason: String?
    ) async throws(ControlClientError) -> ControlReply<SuspensionView> {
        var items: [(String, String)] = []
        if let seconds { items.append(("seconds", "\(seconds)")) }
        if let reason { items.append(("reason", reason)) }
        return try await post("/v1/destinations/\(name)/suspend", items)
    }

    public func resume(_ name: DestinationName) async throws(ControlClientError) -> ControlReply<ResumptionView> {
        try await post("/v1/destinations/\(name)/resume")
    }

    public func holds() async throws(ControlClientError) -> ControlReply<HoldsView> {
        try await get("/v1/holds")
    }

    public func addHold(
        _ rule: HoldOrder, reason: String?
    ) async throws(ControlClientError) -> ControlReply<HoldRuleView> {
        var items = Self.items(rule.selectors)
        if let reason { items.append(("reason", reason)) }
        return try await post("/v1/holds/add", items)
    }

    /// nil where there is no such rule.
    public func removeHold(_ number: Int64) async throws(ControlClientError) -> ControlReply<HoldRemovalView>? {
        do throws(ControlClientError) {
            return try await post("/v1/holds/\(number)/remove")
        } catch .refused(status: 404, _) {
            return nil
        } catch {
            throw error
        }
    }

    /// The lives of the messages that a queue id, a Message-ID or an address names.
    public func trace(key: String, limit: Int) async throws(ControlClientError) -> ControlReply<TracePage> {
        try await get("/v1/trace", [("key", key), ("limit", "\(limit)")])
    }

    /// Has the daemon read its configuration anew.
    public func reload() async throws(ControlClientError) -> ControlReply<ReloadView> {
        try await post("/v1/reload", patience: Self.orderPatience)
    }

    /// The exposition for Prometheus.
    public func metrics() async throws(ControlClientError) -> String {
        String(decoding: try await fetch("/v1/metrics", []), as: UTF8.self)
    }

    func post<View: Decodable>(
        _ path: String, _ items: [(String, String)] = [], patience: Duration? = nil
    ) async throws(ControlClientError) -> ControlReply<View> {
        try reply(to: path, try await fetch(path, items, method: .POST, patience: patience))
    }

    private static func items(_ selectors: QueueSelectors) -> [(String, String)] {
        var items = selectors.ids.map { ("id", $0.text) }
        if let name = selectors.destination { items.append(("destination", name.text)) }
        if let sender = selectors.sender { items.append(("sender", sender.description)) }
        if let recipient = selectors.recipient { items.append(("recipient", recipient.description)) }
        if let age = selectors.olderThan { items.append(("older_than", "\(age)")) }
        if selectors.all { items.append(("all", "yes")) }
        return items
    }
}
