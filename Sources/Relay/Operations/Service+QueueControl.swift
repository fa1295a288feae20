import FlyingFox
import Logging
import Mail
import Store

/// Orders to the queue over the control socket.
extension Service {
    /// What the store is asked for.
    func queueFilter(_ query: QueueQuery) -> QueueFilter {
        var filter = queueFilter(query.selectors)
        if !query.states.isEmpty {
            filter.states = Set(query.states.map(\.stored))
            let (queued, deferred) = (query.states.contains(.queued), query.states.contains(.deferred))
            if queued != deferred { filter.isAttempted = deferred }
        }
        return filter
    }

    func queueFilter(_ selectors: QueueSelectors) -> QueueFilter {
        var filter = QueueFilter(ids: selectors.ids, destination: selectors.destination.map(destinationName))
        (filter.sender, filter.senderDomain) = selectors.sender.map(\.asSender) ?? (nil, nil)
        (filter.recipient, filter.recipientDomain) = selectors.recipient.map(\.asRecipient) ?? (nil, nil)
        filter.receivedBefore = selectors.olderThan.map { Self.clock().advanced(by: -$0) }
        return filter
    }

    /// A name that an order is about. One that is no destination because its mail is routed is refused: the order would be about
    /// all mail that goes that way.
    private func orderedName(_ name: DestinationName) throws(ControlRefusal) -> String {
        let destination = destinationName(name)
        guard destination == name.text else {
            throw ControlRefusal(
                .badRequest, "routed", "mail for \(name) waits at \(destination), with all other mail that goes there",
                "Name \(destination), or choose by --recipient @\(name)")
        }
        return destination
    }

    /// As the queue knows it: a domain that is routed elsewhere waits for its next hop.
    func destinationName(_ name: DestinationName) -> String {
        name.domain.map { terms.routing.nextHop(for: .name($0)).destination } ?? name.text
    }

    public func order(
        _ verb: QueueVerb, _ selectors: QueueSelectors, dryRun: Bool, reason: String?, cursor: String?
    ) async throws -> QueueOrderPage {
        if let name = selectors.destination { _ = try orderedName(name) }
        return try await QueueOrders(
            store: store, dispatcher: dispatcher, recorder: await dispatcher.recorder, trace: traces,
            counters: counters, log: log,
            clock: Self.clock
        ).carryOut(verb, queueFilter(selectors), dryRun: dryRun, reason: reason, cursor: cursor)
    }

    // MARK: Destinations

    public func destinations(limit: Int, suspendedOnly: Bool) async throws -> DestinationsPage {
        let now = Self.clock()
        let suspended = terms.orders.suspensions(at: now)
        var views: [String: DestinationView] = [:]
        var names: [String] = []
        let summaries = try await store.destinationsSummary(
            at: now, limit: suspendedOnly ? QueueLimits.page : limit)
        for summary in summaries {
            names.append(summary.destination)
            views[summary.destination] = DestinationView(
                name: summary.destination, due: summary.due, deferred: summary.deferred, held: summary.held,
                oldest: summary.oldest.seconds)
        }
        if suspendedOnly { names = [] }
        var known = Set(names)
        for suspension in suspended.sorted(by: { $0.destination < $1.destination })
        where known.insert(suspension.destination).inserted {
            names.append(suspension.destination)
        }
        if !suspendedOnly, names.count < limit {
            for state in await dispatcher.busyStates() where known.insert(state.name).inserted {
                names.append(state.name)
            }
        }
        names = Array(names.prefix(limit))
        let states = Dictionary(
            await dispatcher.states(of: names).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let bySuspension = Dictionary(suspended.map { ($0.destination, $0) }, uniquingKeysWith: { $1 })
        return DestinationsPage(
            destinations: names.map { name in
                var view = views[name] ?? DestinationView(name: name)
                if let state = states[name] { view.add(state) }
                if let suspension = bySuspension[name] { view.add(suspension) }
                return view
            })
    }

    public func suspend(
        _ name: DestinationName, seconds: Int64?, reason: String?
    ) async throws -> SuspensionView {
        let now = Self.clock()
        let destination = try orderedName(name)
        let suspension = Suspension(
            destination: destination, since: now, until: seconds.map { now.advanced(by: $0) }, reason: reason ?? "")
        try await store.suspend(suspension)
        try await renewOrders()
        await dispatcher.suspended(destination)
        log.event(
            .notice,
            LogLine("suspended").with("destination", destination).with("until", suspension.until?.rfc3339)
                .with("reason", reason))
        let held = terms.orders.suspension(of: destination, at: now) ?? suspension
        let waiting = try await store.waiting(at: destination)
        return SuspensionView(
            destination: destination, since: held.since.seconds, until: held.until?.seconds, reason: held.reason,
            waiting: waiting)
    }

    public func resume(_ name: DestinationName) async throws -> ResumptionView {
        let destination = destinationName(name)
        let resumed = try await store.resume(destination, at: Self.clock())
        try await renewOrders()
        if resumed {
            log.event(.notice, LogLine("resumed").with("destination", destination))
            await dispatcher.lookAgain(at: [destination])
        }
        return ResumptionView(destination: destination, resumed: resumed)
    }

    /// Reads from the store what the operator has ordered.
    func renewOrders() async throws(StoreError) {
        let reading = terms.orders.beginReading()
        let now = Self.clock()
        let since = now.advanced(by: -QueueLimits.suspensionDays * 86_400)
        terms.orders.renew(
            suspensions: try await store.suspensions(endedAfter: since), holds: try await store.holdRules(), at: now,
            reading: reading)
    }

    /// Suspensions whose time is over: their mail goes again. About once a second.
    func endSuspensions() async {
        let elapsed = terms.orders.elapsed(at: Self.clock())
        guard !elapsed.isEmpty else { return }
        // On disk they ended with their time.
        do throws(StoreError) { try await renewOrders() } catch {
            return log.event(
                .error, LogLine("store-failed").with("doing", "reading suspensions").with("reason", "\(error)"))
        }
        for suspension in elapsed {
            log.event(
                .notice,
                LogLine("resumed").with("destination", suspension.destination).with("reason", "its time is over"))
        }
        await dispatcher.lookAgain(at: Set(elapsed.map(\.destination)))
    }

    // MARK: Rules that hold

    public func holds() async throws -> HoldsView {
        HoldsView(holds: try await store.holdRules().map(HoldRuleView.init))
    }

    public func addHold(_ rule: HoldOrder, reason: String?) async throws -> HoldRuleView {
        if let name = rule.destination { _ = try orderedName(name) }
        let filter = queueFilter(rule.selectors)
        let kept = try await store.addHoldRule(
            HoldRule(
                sender: filter.sender, senderDomain: filter.senderDomain, recipient: filter.recipient,
                recipientDomain: filter.recipientDomain, destination: filter.destination, reason: reason ?? "",
                since: Self.clock()))
        try await renewOrders()
        log.event(.notice, LogLine("hold-rule-added").with("number", kept.number).with("reason", reason))
        return HoldRuleView(kept)
    }

    public func removeHold(_ number: Int64) async throws -> Bool {
        let removed = try await store.removeHoldRule(number)
        try await renewOrders()
        if removed { log.event(.notice, LogLine("hold-rule-removed").with("number", number)) }
        return removed
    }
}

extension QueueState {
    var stored: RecipientState {
        switch self {
        case .queued, .deferred: .due
        case .held: .held
        case .quarantined: .quarantined
        }
    }
}

extension AddressSelector {
    var asSender: (ReversePath?, DomainName?) {
        switch self {
        case .mailbox(let mailbox): (.mailbox(mailbox), nil)
        case .domain(let name): (nil, name)
        case .null: (.null, nil)
        }
    }

    var asRecipient: (Mailbox?, DomainName?) {
        switch self {
        case .mailbox(let mailbox): (mailbox, nil)
        case .domain(let name): (nil, name)
        case .null: (nil, nil)
        }
    }
}

extension DestinationView {
    mutating func add(_ memory: Dispatcher.DestinationState) {
        active = memory.connections
        connections = memory.connections
        window = memory.window
        site = memory.site
        ratePerMinute = Int(memory.deliveredPerMinute.rounded())
        tls = memory.level
        lastReason = memory.reason.map { ReasonView(cause: $0.cause.rawValue, detail: $0.detail) }
        if memory.isDown {
            state = "down"
            since = memory.downSince?.seconds
            until = memory.nextProbe?.seconds
            reason = memory.reason?.detail
        } else if memory.isWaiting {
            state = "waiting"
        }
    }

    mutating func add(_ suspension: Suspension) {
        state = "suspended"
        since = suspension.since.seconds
        until = suspension.until?.seconds
        reason = suspension.reason
    }
}

extension HoldRuleView {
    init(_ rule: HoldRule) {
        self.init(
            number: rule.number,
            sender: rule.sender.map { $0 == .null ? "<>" : "\($0)" } ?? rule.senderDomain.map { "@\($0)" },
            recipient: rule.recipient.map { "\($0)" } ?? rule.recipientDomain.map { "@\($0)" },
            destination: rule.destination, reason: rule.reason, since: rule.since.seconds)
    }
}
