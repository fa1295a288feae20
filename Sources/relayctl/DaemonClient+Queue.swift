import Relay

extension DaemonClient {
    func queue(_ query: QueueQuery) async throws(Failure) -> ControlReply<QueuePage> {
        try await ask { client throws(ControlClientError) in try await client.queue(query) }
    }

    /// One page.
    func order(
        _ verb: QueueVerb, _ selectors: QueueSelectors, dryRun: Bool, reason: String?, cursor: String?
    ) async throws(Failure) -> QueueOrderPage {
        try await ask { client throws(ControlClientError) in
            try await client.order(verb, selectors, dryRun: dryRun, reason: reason, cursor: cursor).view
        }
    }

    func destinations(
        limit: Int, suspendedOnly: Bool = false
    ) async throws(Failure) -> ControlReply<DestinationsPage> {
        try await ask { client throws(ControlClientError) in
            try await client.destinations(limit: limit, suspendedOnly: suspendedOnly)
        }
    }

    func suspend(
        _ name: DestinationName, seconds: Int64?, reason: String?
    ) async throws(Failure) -> ControlReply<SuspensionView> {
        try await ask { client throws(ControlClientError) in
            try await client.suspend(name, seconds: seconds, reason: reason)
        }
    }

    func resume(_ name: DestinationName) async throws(Failure) -> ControlReply<ResumptionView> {
        try await ask { client throws(ControlClientError) in try await client.resume(name) }
    }

    func holds() async throws(Failure) -> ControlReply<HoldsView> {
        try await ask { client throws(ControlClientError) in try await client.holds() }
    }

    func addHold(_ rule: HoldOrder, reason: String?) async throws(Failure) -> ControlReply<HoldRuleView> {
        try await ask { client throws(ControlClientError) in try await client.addHold(rule, reason: reason) }
    }

    func removeHold(_ number: Int64) async throws(Failure) -> ControlReply<HoldRemovalView>? {
        try await ask { client throws(ControlClientError) in try await client.removeHold(number) }
    }

    func trace(key: String, limit: Int) async throws(Failure) -> ControlReply<TracePage> {
        try await ask { client throws(ControlClientError) in try await client.trace(key: key, limit: limit) }
    }

    func reload() async throws(Failure) -> ControlReply<ReloadView> {
        try await ask { client throws(ControlClientError) in try await client.reload() }
    }

    func metrics() async throws(Failure) -> String {
        try await ask { client throws(ControlClientError) in try await client.metrics() }
    }
}
