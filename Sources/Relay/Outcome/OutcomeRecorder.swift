import Logging
import Mail
import Net
import Store
import Synchronization

/// Writes down what became of recipients, with the notices that causes, as one transaction: station 7.
///
/// A settlement that the store does not take is tried again until it does: forgetting it would send the mail twice.
struct OutcomeRecorder: Sendable {
    let store: any QueueStore & ReportStore & DeliveryStore
    let terms: QueueTerms
    let bouncer: Bouncer
    /// Where the lives of messages that ended are written; nil where none are.
    let trace: TraceStore?
    let counters: Counters
    let log: Logger
    let clock: @Sendable () -> WallTime
    let stopping: Flag
    let unsettled: Unsettled
    /// Faults on this side that stand, and may be why mail waits.
    var faults = LocalFaults()
    /// Hears which destinations wait for a repair; nil where nobody looks.
    var repairs: Repairs?
    /// Who waits for what becomes of canaries; nil where nobody does.
    var canaries: CanaryWatch?

    /// Between two tries to write a settlement that the store did not take.
    static let retryPause: Duration = .seconds(1)
    /// Tries while the daemon runs; then the mail is left due, and sent again.
    static let retryLimit = 3600
    /// Tries once the daemon is told to stop.
    static let lastTries = 3

    struct Recorded: Sendable {
        /// Notices that are in the queue now.
        var notices: [Job] = []
        /// When what was deferred is due again.
        var nextAttempts: [WallTime] = []
        /// False where the store did not take it: on disk all is as it was.
        var isWritten = true
    }

    /// The result of an attempt.
    func record(_ job: Job, _ result: AttemptResult) async -> Recorded {
        guard !job.recipients.isEmpty else {
            await count(result.sessions)
            return Recorded()
        }
        if job.awaited == nil, let damage = result.recipients.lazy.compactMap(\.outcome.damage).first {
            await quarantine(job, damage)
            await count(result.sessions)
            return Recorded()
        }
        let now = clock()
        if let awaited = job.awaited { return await conclude(job, result, awaited, at: now) }
        for passed in result.passedOver where !result.isTold(passed) {
            log.event(.info, HostFailedLine(job, passed).line)
        }
        let decided = zip(job.recipients, result.recipients).map { recipient, settled in
            decide(recipient, settled.outcome, in: job, at: now)
        }
        for (recipient, (one, settled)) in zip(job.recipients, zip(decided, result.recipients)) {
            write(DeliveryLine(job, recipient, settled.trace, one, at: now, suspect: suspect(of: one)))
        }
        return await settle(job, decided, result, at: now)
    }

    /// The fault on this side that a deferral may really come of.
    private func suspect(of decided: Decided) -> AlarmKind? {
        guard decided.isDeferred, let cause = decided.outcome.reason?.cause else { return nil }
        return faults.suspect(of: cause)
    }

    /// Recipients whose time for a notice, or to be given up, came without an attempt: their destination is down.
    /// - Parameter failure: why it is, or what kept them back last.
    func remind(_ job: Job, of failure: Reason) async -> Recorded {
        let now = clock()
        // What was suspected then is for the queue: a notice says what was seen.
        let failure = failure.withoutSuspicion
        let decided = job.recipients.map { remind($0, of: failure, in: job, at: now) }
        let told = decided.filter { !$0.isDeferred || $0.isDelayNoticeDue }
        let later = decided.filter { $0.isDeferred && !$0.isDelayNoticeDue }
        if !later.isEmpty {
            do throws(StoreError) {
                try await store.postponeDeadlines(later.map { ($0.recipient.number, $0.deadline) })
            } catch {
                log.event(.error, LogLine("store-failed").with("doing", "postponing").with("reason", "\(error)"))
            }
        }
        guard !told.isEmpty else { return Recorded() }
        var job = job
        job.recipients = told.map(\.recipient)
        for (recipient, one) in zip(job.recipients, told) {
            write(DeliveryLine(job, recipient, nil, one, at: now))
        }
        return await settle(job, told, nil, isAttempt: false, at: now)
    }

    /// Returns recipients to the sender by the operator's order.
    /// - Returns: how many, and the notices that tell of it.
    func bounce(_ job: Job, because reason: Reason) async -> (count: Int, notices: [Job]) {
        let now = clock()
        let decided = job.recipients.map { Decided($0, .bounced(reason, nil), now) }
        for (recipient, one) in zip(job.recipients, decided) {
            write(DeliveryLine(job, recipient, nil, one, at: now))
        }
        let recorded = await settle(job, decided, nil, isAttempt: false, at: now)
        return (recorded.isWritten ? decided.count : 0, recorded.notices)
    }

    private func settle(
        _ job: Job, _ decided: [Decided], _ result: AttemptResult?, isAttempt: Bool = true, at now: WallTime
    ) async -> Recorded {
        let traces = decided.indices.map { result?.recipients[$0].trace }
        let sessions = result?.sessions ?? []
        guard let notices = await bouncer.notices(for: job, decided, traces, at: now) else {
            // Without its notice a bounce is not written down either: it stays due, and is decided again.
            await count(sessions)
            return Recorded(nextAttempts: [now.advanced(by: terms.schedule.minimum)], isWritten: false)
        }
        let settlement = Settlement(
            message: job.message.number,
            recipients: decided.enumerated().map { index, one in
                RecipientOutcome(
                    one.recipient.number, one.outcome.suspecting(suspect(of: one)),
                    host: traces[index]?.host?.description, time: now,
                    nextAttempt: one.nextAttempt, deadline: one.deadline,
                    delayedNoticeSent: one.recipient.delayedNoticeSent || one.isDelayNoticeDue,
                    policyFailureSince: one.policyFailureSince, isAttempt: isAttempt, attempts: result?.attempts ?? [],
                    wasSecured: traces[index]?.tlsVersion != nil)
            },
            notices: notices.map(\.message), sessions: sessions, day: ReportDay(of: now),
            deliveries: Self.deliveries(of: job, decided, traces),
            proofs: Self.proofs(of: job, decided, traces, at: now))
        if isAttempt, decided.contains(where: \.isDeferred) { await waitForDocuments() }
        guard let settled = await write(settlement, of: job) else {
            await count(sessions)
            return Recorded(isWritten: false)
        }
        if isAttempt { noteRepairs(of: job, decided, at: now) }
        count(decided, of: job, at: now)
        if job.message.kind == .canary { canaries?.note(job, decided, at: now) }
        counters.queueFlow.add(settled.notices.count - (settled.openRecipients == 0 ? 1 : 0), ordering: .relaxed)
        keepLife(of: job, decided, result, settled, notices.map(\.message.id), at: now)
        var recorded = Recorded()
        for (notice, queued) in zip(notices, settled.notices) {
            recorded.notices += Job.fresh(queued, of: notice.message.recipients, terms: terms, content: notice.content)
        }
        recorded.nextAttempts = decided.filter(\.isDeferred).map(\.nextAttempt)
        return recorded
    }

    /// Until the store takes it. Mail that was delivered and not written down would be delivered again.
    private func write(_ settlement: Settlement, of job: Job) async -> Settled? {
        var isCounted = false
        defer { if isCounted { unsettled.ended() } }
        var triesInStop = 0
        for attempt in 1...Self.retryLimit {
            do throws(StoreError) {
                return try await store.settle(settlement)
            } catch {
                switch error {
                case .unknown, .closed, .duplicate, .damaged, .unreadable:
                    log.event(
                        .error,
                        LogLine("settle-refused").with("queue_id", job.message.id).with("reason", "\(error)"))
                    return nil
                case .busy, .full, .failed:
                    if attempt == 1 {
                        unsettled.began()
                        isCounted = true
                        log.event(
                            .error,
                            LogLine("settle-failed").with("queue_id", job.message.id).with("reason", "\(error)")
                                .with(
                                    "cure",
                                    "free space on the disk of the queue; the result is kept until it can be written"))
                    }
                }
            }
            if stopping.isSet {
                triesInStop += 1
                if triesInStop >= Self.lastTries { break }
            }
            guard let loop = Loop.current, await loop.pause(Self.retryPause) else {
                return nil
            }
        }
        log.event(
            .error,
            LogLine("settle-given-up").with("queue_id", job.message.id)
                .with("reason", "the store does not take the result: what was delivered will be delivered again"))
        return nil
    }

    private func quarantine(_ job: Job, _ reason: Reason) async {
        log.event(.error, LogLine("quarantined").with("queue_id", job.message.id).with("reason", reason.detail))
        try? await store.quarantine(job.message.id, because: reason.detail)
    }

    /// Sessions of an attempt that settles nobody: cut short by our end, or of a damaged message.
    func count(_ sessions: [ReportedSession]) async {
        guard !sessions.isEmpty else { return }
        do throws(StoreError) {
            try await store.count(sessions, day: ReportDay(of: clock()))
        } catch {
            log.event(.error, LogLine("report-store-failed").with("reason", "\(error)"))
        }
    }

    func count(_ decided: [Decided], of job: Job, at now: WallTime) {
        for one in decided {
            counters.metrics.count(one.outcome, after: job.message.age(at: now))
            switch one.outcome {
            case .delivered: counters.delivered.add(1, ordering: .relaxed)
            case .deferred: counters.deferred.add(1, ordering: .relaxed)
            case .bounced: counters.bounced.add(1, ordering: .relaxed)
            }
        }
    }

    /// The line of fresh mail whose destination is down or suspended: nothing was tried, nothing is written down.
    func tell(_ job: Job, waitsFor reason: Reason, until opening: DestinationWindow.Opening) {
        let now = clock()
        let next = if case .closed(let until) = opening { until } else { now }
        for recipient in job.recipients {
            write(DeliveryLine(job, recipient, nil, Decided(recipient, .deferred(reason, nil), next), at: now))
        }
    }

    func write(_ line: DeliveryLine) {
        if line.isWarning(after: terms.schedule.warnAfter) {
            log.event(.warning, line.line)
        } else {
            log.event(.info, line.line)
        }
    }
}

extension Outcome {
    var reason: Reason? {
        switch self {
        case .delivered: nil
        case .deferred(let reason, _), .bounced(let reason, _): reason
        }
    }

    /// Set where the stored content turned out to be damaged: then the message leaves delivery.
    var damage: Reason? {
        guard let reason, reason.cause == .contentDamaged else { return nil }
        return reason
    }
}
