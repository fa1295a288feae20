import Logging
import Mail
import Net
import Store

/// Looks whether what keeps mail back is gone, a few destinations at a time, and has their mail tried at once where it is.
struct RepairRound: Sendable {
    let repairs: Repairs
    let log: Logger
    let clock: @Sendable () -> WallTime
    /// Looks at one destination.
    let look: @Sendable (RepairBook.Trouble) async -> RepairFinding
    /// Has its mail tried at once: how many recipients.
    let wake: @Sendable (RepairBook.Trouble) async -> Int
    /// Domains with an exception that is active.
    let exceptionDomains: @Sendable () -> [DomainName]
    /// Looks at one of them as if it had none.
    let lookWithoutException: @Sendable (DomainName) async -> RepairFinding
    /// Told what would become of its mail without its exception: nil where it would go.
    let onTrueVerdict: @Sendable (DomainName, Reason?) async -> Void

    /// Between two rounds: a look is late by so much at most.
    static let pause: Duration = .seconds(2)
    /// Between two readings of what waits in the store: after one that was complete, as far as there was room, and failed.
    /// Ours: what is deferred meanwhile is heard of without them, and one goes through the whole queue.
    enum ReadingPause: Int64 {
        case complete = 3_600
        case partial = 600
        case failed = 60
    }

    /// What is due now. Each ends by itself, within ``RepairLook/limit``.
    func begin(in group: inout DiscardingTaskGroup) {
        let now = clock()
        for trouble in repairs.due(at: now) { group.addTask { await visit(trouble) } }
        for domain in repairs.dueExceptions(exceptionDomains(), at: now) {
            group.addTask { await visit(domain) }
        }
    }

    func visit(_ trouble: RepairBook.Trouble) async {
        let finding = await look(trouble)
        guard finding == .mended, !Task.isCancelled else {
            return repairs.ended(trouble.destination, finding == .mended ? .unknown : finding, at: clock())
        }
        // Before the mail goes: what comes of it is already told of a waking.
        let now = clock()
        repairs.ended(trouble.destination, .mended, at: now)
        let count = await wake(trouble)
        // Nobody waited any more: the mail went by an exception, or was given up.
        guard count > 0 else { return }
        log.event(
            .notice,
            LogLine("repaired").with("destination", trouble.destination).with("cause", trouble.cause.rawValue)
                .with("after", "\(max(0, now.seconds - trouble.since.seconds))s").with("recipients", count))
    }

    func visit(_ domain: DomainName) async {
        defer { repairs.ended(domain) }
        switch await lookWithoutException(domain) {
        case .mended: await onTrueVerdict(domain, nil)
        case .stays(let reason): await onTrueVerdict(domain, reason)
        case .unknown: break
        }
    }
}

/// Has the mail of a destination that TLS policy keeps back tried at once, and no other: who can make a policy fail and mend
/// it at will must not be able to have all a domain's mail tried as often (CVE-1999-0419).
struct RepairWaking: Sendable {
    let store: any QueueStore
    let dispatcher: Dispatcher
    let log: Logger
    let clock: @Sendable () -> WallTime

    static let causes = Set(Reason.Cause.allCases.filter(\.isTLSPolicy))

    /// Makes due what waits for its next attempt, a page at a time, as ``QueueOrders`` does. What was never tried is due
    /// anyway, and comes where the destination was down for such a cause.
    /// - Returns: how many recipients.
    func wake(_ destination: String) async -> Int {
        let filter = QueueFilter(destination: destination, states: [.due], causes: Self.causes)
        var cursor: RecipientNumber?
        var count = 0
        do throws(StoreError) {
            while !Task.isCancelled {
                let page = try await store.select(filter, after: cursor, limit: QueueOrders.page)
                count += try await dispatcher.withHold(of: page) { (mine) throws(StoreError) in
                    try await store.change(.retry, mine.map(\.number), at: clock()).changed
                }.value
                guard page.count == QueueOrders.page, let last = page.last else { break }
                cursor = last.number
            }
        } catch {
            if error != .closed {
                log.event(
                    .error,
                    LogLine("store-failed").with("doing", "waking mail after a repair").with("reason", "\(error)"))
            }
        }
        await dispatcher.repaired(destination)
        return count
    }
}

extension Dispatcher {
    /// What kept the mail of a destination back is gone: where it is down for that, it is up.
    func repaired(_ name: String) {
        guard !isDraining, let destination = destination(name) else { return }
        if destination.window.isDown, destination.failure?.cause.isTLSPolicy == true { destination.window.reset() }
        overflow(destination)
        serve(destination)
        wantAllDue()
    }
}
