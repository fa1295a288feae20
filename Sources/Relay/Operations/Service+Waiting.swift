import Mail
import Store

/// What keeps mail in the queue from being tried, beside the time of its next attempt.
extension Service {
    /// One message, with what is known of it beside the disk.
    func view(_ detail: QueueDetail, withHistory: Bool = false) async -> MessageView {
        var view = MessageView(detail, withHistory: withHistory)
        let numbers = detail.recipients.map(\.recipient.number)
        let underWay = await dispatcher.underWay(numbers)
        let now = Self.clock()
        let rest = store.inFlight?.rests(after: now)[detail.message.number]
        let names = Set(detail.recipients.map(\.recipient.destination))
        let states = Dictionary(
            await dispatcher.states(of: Array(names)).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for (index, recipient) in detail.recipients.map(\.recipient).enumerated() {
            if underWay.contains(recipient.number) { view.recipients[index].state = "active" }
            view.recipients[index].expiresAt = recipient.expiresAt.seconds
            switch recipient.state {
            case .held:
                view.recipients[index].waiting = WaitingView(
                    state: "held", since: recipient.heldAt?.seconds, reason: recipient.holdReason)
            case .due:
                view.recipients[index].waiting =
                    terms.orders.suspension(of: recipient.destination, at: now).map(WaitingView.init)
                    // An order, or a destination that is up again, may have made it due before.
                    ?? rest.flatMap { recipient.nextAttempt == $0.until ? WaitingView($0) : nil }
                    ?? states[recipient.destination].flatMap(WaitingView.init)
            case .quarantined:
                view.recipients[index].waiting = WaitingView(
                    state: "quarantined", reason: detail.message.quarantined)
            case .delivered, .bounced, .deleted: break
            }
        }
        return view
    }
}

extension WaitingView {
    init(_ suspension: Suspension) {
        self.init(
            state: "suspended", since: suspension.since.seconds, until: suspension.until?.seconds,
            reason: suspension.reason.isEmpty ? nil : suspension.reason)
    }

    init(_ rest: InFlight.Rest) {
        let times = rest.crashes == 1 ? "once" : rest.crashes == 2 ? "twice" : "\(rest.crashes) times"
        self.init(
            state: "resting", until: rest.until.seconds, reason: "relayd fell \(times) while this was being delivered")
    }

    /// Nil where the destination is up.
    init?(_ destination: Dispatcher.DestinationState) {
        guard destination.isDown else { return nil }
        self.init(
            state: "down", since: destination.downSince?.seconds, until: destination.nextProbe?.seconds,
            reason: destination.reason?.detail, cause: destination.reason?.cause.rawValue)
    }
}
