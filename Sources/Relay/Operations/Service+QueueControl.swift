import Mail
import Store

/// Orders to the queue over the control socket.
extension Service {
    /// What the store is asked for.
    func queueFilter(_ query: QueueQuery) -> QueueFilter {
        let selectors = query.selectors
        var filter = QueueFilter()
        filter.destination = selectors.destination.map { name in
            name.domain.map { routing.nextHop(for: .name($0)).destination } ?? name.text
        }
        switch selectors.sender {
        case .mailbox(let mailbox): filter.sender = .mailbox(mailbox)
        case .null: filter.sender = .null
        case .domain, nil: break
        }
        if case .mailbox(let mailbox) = selectors.recipient { filter.recipient = mailbox }
        return filter
    }

    public func order(
        _ verb: QueueVerb, _ selectors: QueueSelectors, dryRun: Bool, reason: String?, cursor: String?
    ) async throws -> QueueOrderPage { throw NotWired() }

    public func destinations(limit: Int, suspendedOnly: Bool) async throws -> DestinationsPage { throw NotWired() }

    public func suspend(
        _ name: DestinationName, seconds: Int64?, reason: String?
    ) async throws -> SuspensionView { throw NotWired() }

    public func resume(_ name: DestinationName) async throws -> ResumptionView { throw NotWired() }

    public func holds() async throws -> HoldsView { throw NotWired() }

    public func addHold(_ rule: HoldOrder, reason: String?) async throws -> HoldRuleView { throw NotWired() }

    public func removeHold(_ number: Int64) async throws -> Bool { throw NotWired() }

    public func trace(key: String, limit: Int) async throws -> TracePage { throw NotWired() }

    public func reload() async throws -> ReloadView { throw NotWired() }

    public func metrics() async throws -> String { throw NotWired() }

    private struct NotWired: Error, CustomStringConvertible {
        var description: String { "not wired" }
    }
}
