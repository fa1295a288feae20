import Logging
import Mail
import Store
import Synchronization

/// Carries out what the operator orders about mail in the queue, a page of it at a time.
///
/// What is changed is taken from the dispatcher first, so that nobody delivers what is just being returned; what is being
/// delivered at that moment is left alone and counted.
struct QueueOrders: Sendable {
    let store: any QueueStore
    let dispatcher: Dispatcher
    let recorder: OutcomeRecorder
    let trace: TraceStore?
    let counters: Counters
    let log: Logger
    let clock: @Sendable () -> WallTime

    /// Recipients of one page: one transaction.
    static let page = 500
    /// Recipients of one message that a line of the log names.
    static let named = 20

    func carryOut(
        _ verb: QueueVerb, _ filter: QueueFilter, dryRun: Bool, reason: String?, cursor: String?
    ) async throws(StoreError) -> QueueOrderPage {
        let after = try cursor.map { (text) throws(StoreError) in
            guard let number = Int64(text) else { throw .failed("\(LogLine.escaped(text)) is no cursor") }
            return RecipientNumber(number)
        }
        let found = try await store.select(filter, after: after, limit: Self.page)
        var page = QueueOrderPage(next: found.count < Self.page ? nil : found.last.map { "\($0.number.value)" })
        let meant = found.filter { verb.applies(to: $0.state) }
        page.skipped = found.count - meant.count
        page.noteSkipped(found.lazy.map(\.state).filter { !verb.applies(to: $0) })
        if dryRun {
            let busy = await dispatcher.underWay(meant.map(\.number))
            let free = meant.filter { !busy.contains($0.number) }
            page.note(free, busy: busy.count)
            page.suspended = suspended(verb, free)
            return page
        }
        let (mine, changed) = try await dispatcher.withHold(of: meant) { (mine) throws(StoreError) in
            try await change(verb, mine, reason ?? "")
        }
        page.note(mine, busy: meant.count - mine.count)
        page.skipped += mine.count - changed
        page.touched = changed
        page.suspended = suspended(verb, mine)
        if verb == .retry || verb == .release { await dispatcher.lookAgain(at: Set(mine.map(\.destination))) }
        return page
    }

    /// Destinations of mail that is to go, and does not while they are suspended; nil where there is none.
    private func suspended(_ verb: QueueVerb, _ recipients: [SelectedRecipient]) -> [SuspendedCount]? {
        guard verb == .retry || verb == .release else { return nil }
        let now = clock()
        let counts = Dictionary(recipients.map { ($0.destination, 1) }, uniquingKeysWith: +)
        let suspended = counts.compactMap { name, count in
            recorder.terms.orders.suspension(of: name, at: now).map {
                SuspendedCount(destination: name, recipients: count, until: $0.until?.seconds)
            }
        }
        return suspended.isEmpty
            ? nil
            : Array(
                suspended.sorted { ($0.recipients, $1.destination) > ($1.recipients, $0.destination) }
                    .prefix(QueueOrderPage.destinationLimit))
    }

    /// - Returns: how many were changed.
    private func change(
        _ verb: QueueVerb, _ recipients: [SelectedRecipient], _ reason: String
    ) async throws(StoreError) -> Int {
        if recipients.isEmpty { return 0 }
        let change: QueueChange
        switch verb {
        case .bounce: return try await bounce(recipients, reason)
        case .retry: change = .retry
        case .hold: change = .hold(reason: reason)
        case .release: change = .release
        case .delete: change = .delete
        }
        let now = clock()
        let changed = try await store.change(change, recipients.map(\.number), at: now)
        note(verb, recipients, reason, at: now)
        counters.queueFlow.add(-changed.ended.count, ordering: .relaxed)
        for ended in changed.ended {
            trace?.record(Life(ended, messageID: ended.message.messageID, endedAt: now, notices: []))
        }
        return changed.changed
    }

    private func bounce(_ recipients: [SelectedRecipient], _ reason: String) async throws(StoreError) -> Int {
        let words = reason.isEmpty ? "returned by the operator of this relay" : reason
        var count = 0
        for group in recipients.grouped() {
            guard let first = group.first, let detail = try await store.show(first.id) else { continue }
            let numbers = Set(group.map(\.number))
            let open = detail.recipients.map(\.recipient).filter { numbers.contains($0.number) && !$0.state.isFinal }
            // One notice for those of one destination, as after an attempt.
            for members in Dictionary(grouping: open, by: \.destination).values {
                guard let any = members.first else { continue }
                let nextHop = recorder.terms.routing.nextHop(for: any.mailbox.domain)
                let job = Job(
                    message: detail.message, nextHop: nextHop, lane: SenderLane(value: 0),
                    recipients: members.map(Job.Recipient.init), content: nil)
                let done = await recorder.bounce(job, because: Reason(.operatorBounced, words))
                count += done.count
                if done.count > 0 { note(.bounce, group, reason, at: clock()) }
                await dispatcher.submit(done.notices)
            }
        }
        return count
    }

    private func note(_ verb: QueueVerb, _ recipients: [SelectedRecipient], _ reason: String, at now: WallTime) {
        for group in recipients.grouped() {
            guard let first = group.first else { continue }
            var whom = group.prefix(Self.named).map { "\($0.mailbox)" }.joined(separator: " ")
            if group.count > Self.named { whom += " and \(group.count - Self.named) others" }
            let words = reason.isEmpty ? "\(verb.past) by the operator" : "\(verb.past) by the operator: \(reason)"
            trace?.note(TraceNote(time: now, id: first.id, words: "\(words) (\(whom))"))
            log.event(
                .notice,
                LogLine("ordered").with("verb", verb.rawValue).with("queue_id", first.id)
                    .with("from", "<\(first.sender)>").with("to", whom).with("reason", reason.isEmpty ? nil : reason))
        }
    }
}

extension QueueVerb {
    /// There is something to do for a recipient in that state.
    func applies(to state: RecipientState) -> Bool {
        switch (self, state) {
        case (.retry, .due), (.hold, .due), (.release, .held): true
        case (.bounce, .due), (.bounce, .held), (.bounce, .quarantined): true
        case (.delete, .due), (.delete, .held), (.delete, .quarantined): true
        case (.retry, _), (.hold, _), (.release, _), (.bounce, _), (.delete, _): false
        }
    }

    /// "held", for the trace.
    var past: String {
        switch self {
        case .retry: "retried"
        case .hold: "held"
        case .release: "released"
        case .bounce: "bounced"
        case .delete: "deleted"
        }
    }
}

extension [SelectedRecipient] {
    /// Those of one message together, in order.
    fileprivate func grouped() -> [[SelectedRecipient]] {
        var groups: [[SelectedRecipient]] = []
        for recipient in self {
            if let last = groups.indices.last, groups[last][0].message == recipient.message {
                groups[last].append(recipient)
            } else {
                groups.append([recipient])
            }
        }
        return groups
    }
}

extension Job.Recipient {
    init(_ stored: StoredRecipient) {
        self.init(
            number: stored.number, mailbox: stored.mailbox, request: stored.request, attempts: stored.attempts,
            delayedNoticeSent: stored.delayedNoticeSent, policyFailureSince: stored.policyFailureSince,
            expiresAt: stored.expiresAt)
    }
}

extension QueueOrderPage {
    fileprivate mutating func noteSkipped(_ states: some Sequence<RecipientState>) {
        for state in states {
            if state == .quarantined { skippedQuarantined = (skippedQuarantined ?? 0) + 1 }
            if state == .held { skippedHeld = (skippedHeld ?? 0) + 1 }
        }
    }

    fileprivate mutating func note(_ recipients: [SelectedRecipient], busy: Int) {
        touched = recipients.count
        self.busy = busy
        examples = recipients.prefix(Self.exampleLimit).map {
            QueueOrderExample(
                id: $0.id.text, sender: $0.sender.description, recipient: $0.mailbox.description,
                destination: $0.destination, state: $0.state.word(attempts: 1))
        }
        byDestination = Dictionary(recipients.map { ($0.destination, 1) }, uniquingKeysWith: +)
            .sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(Self.destinationLimit)
            .map { DestinationCount(destination: $0.key, recipients: $0.value) }
    }
}
