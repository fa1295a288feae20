import Mail
import Store

/// By which rules mail waits: when it is tried again, how long, in whose turn, and what the operator ordered meanwhile.
struct QueueTerms: Sendable {
    /// `[retry]`
    let schedule: Schedule
    /// `[[queue.rule]]`
    let rules: QueueRules
    let routing: Routing
    let orders: StandingOrders

    /// What holds for mail of `sender` to `domain` after a failure of that kind; nil before the first.
    func schedule(sender: ReversePath, domain: MailDomain, after cause: Reason.Cause? = nil) -> Schedule {
        rules.schedule(schedule, sender: sender, destination: domain.domainName, failure: cause)
    }

    /// Whose turn it is counted as.
    func lane(sender: ReversePath, login: String?, domain: MailDomain, demand: MessageDemand) -> SenderLane {
        SenderLane(
            sender: sender, login: login, priority: rules.priority(sender: sender, destination: domain.domainName),
            isOptionalTLS: demand.isOptional)
    }

    /// A recipient of a message that comes in at `time`.
    /// - Parameters:
    ///   - expires: nil: by the rules.
    ///   - mayHold: false for what the relay makes itself: no rule of the operator's is meant for it.
    func newRecipient(
        _ asked: Envelope.Recipient, sender: ReversePath, login: String? = nil, demand: MessageDemand,
        expires: WallTime? = nil, at time: WallTime, mayHold: Bool = false
    ) -> NewRecipient {
        let domain = asked.mailbox.domain
        let destination = routing.nextHop(for: domain).destination
        let schedule = schedule(sender: sender, domain: domain)
        let isDSN = sender == .null
        let expires = expires ?? schedule.expires(created: time, isDSN: isDSN)
        return NewRecipient(
            asked.mailbox, destination: destination, nextAttempt: time, expiresAt: expires,
            deadline: schedule.deadline(
                received: time, expires: expires, wantsDelay: asked.request.wants(.delayed), delayedSent: false,
                isDSN: isDSN),
            lane: lane(sender: sender, login: login, domain: domain, demand: demand), request: asked.request,
            hold: mayHold ? orders.hold(sender: sender, recipient: asked.mailbox, destination: destination) : nil)
    }
}

extension MailDomain {
    /// Nil for an address literal.
    fileprivate var domainName: DomainName? {
        if case .name(let name) = self { name } else { nil }
    }
}
