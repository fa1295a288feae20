import Logging
import Mail
import Net
import Store
import Synchronization

/// Writes down what became of recipients, with the notices that causes, as one transaction: station 7.
///
/// A settlement that the store does not take is tried again until it does: forgetting it would send the mail twice.
struct OutcomeRecorder: Sendable {
    let store: any QueueStore & ReportStore
    let schedule: Schedule
    let bouncer: Bouncer
    let counters: Counters
    let log: Logger
    let routing: Routing
    let clock: @Sendable () -> WallTime
    let stopping: Flag
    let unsettled: Unsettled

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
            decide(recipient, settled.outcome, of: job.message, at: now, notBefore: nil)
        }
        for (recipient, (one, settled)) in zip(job.recipients, zip(decided, result.recipients)) {
            write(DeliveryLine(job, recipient, settled.trace, one, at: now))
        }
        return await settle(
            job, decided, result.attempts, traces: result.recipients.map(\.trace), sessions: result.sessions, at: now)
    }

    /// Recipients of a destination that is backed off until `until`: deferred without an attempt of their own.
    func putOff(_ job: Job, because failure: Reason, until: WallTime) async -> Recorded {
        let now = clock()
        if let awaited = job.awaited {
            return putOff(job, because: failure, awaited, at: now)
        }
        let decided = job.recipients.map { recipient in
            decide(recipient, .deferred(failure, nil), of: job.message, at: now, notBefore: until)
        }
        for (recipient, one) in zip(job.recipients, decided) {
            write(DeliveryLine(job, recipient, nil, one, at: now))
        }
        return await settle(job, decided, [], traces: [], isAttempt: false, at: now)
    }

    /// The fate of one recipient once the clock had its word.
    private func decide(
        _ recipient: Job.Recipient, _ outcome: Outcome, of message: StoredMessage, at now: WallTime,
        notBefore: WallTime?
    ) -> Decided {
        guard case .deferred(let reason, let reply) = outcome else { return Decided(recipient, outcome, now) }
        if now >= message.expiresAt {
            let expired = Reason(.expired, "given up after \(message.age(at: now).inWords): \(reason.detail)")
            return Decided(recipient, .bounced(expired, reply), now, expiredFrom: reason)
        }
        var generator = SystemRandomNumberGenerator()
        let own = schedule.nextAttempt(
            after: recipient.attempts + 1, at: now, expires: message.expiresAt, using: &generator)
        var decided = Decided(recipient, outcome, max(own, notBefore ?? own))
        // A key that is not published holds mail back like a policy: the operator is to look (D19).
        let isHeldBack = reason.cause.isTLSPolicy || reason.cause == .dkimUnpublished
        decided.policyFailureSince = isHeldBack ? recipient.policyFailureSince ?? now : nil
        decided.isDelayNoticeDue =
            !recipient.delayedNoticeSent && recipient.request.wants(.delayed)
            && schedule.delayedNotice(created: message.receivedAt, isDSN: message.reversePath == .null)
                .map { $0 <= now } == true
        return decided
    }

    private func settle(
        _ job: Job, _ decided: [Decided], _ attempts: [AttemptRecord], traces: [AttemptResult.Trace],
        sessions: [ReportedSession] = [], isAttempt: Bool = true, at now: WallTime
    ) async -> Recorded {
        let traces = decided.indices.map { $0 < traces.count ? traces[$0] : nil }
        guard let notices = await bouncer.notices(for: job, decided, traces, at: now) else {
            // Without its notice a bounce is not written down either: it stays due, and is decided again.
            await count(sessions)
            return Recorded(nextAttempts: [now.advanced(by: schedule.minimum)])
        }
        let settlement = Settlement(
            message: job.message.number,
            recipients: decided.enumerated().map { index, one in
                RecipientOutcome(
                    one.recipient.number, one.outcome, host: traces[index]?.host?.description, time: now,
                    nextAttempt: one.nextAttempt,
                    delayedNoticeSent: one.recipient.delayedNoticeSent || one.isDelayNoticeDue,
                    policyFailureSince: one.policyFailureSince, isAttempt: isAttempt, attempts: attempts,
                    wasSecured: traces[index]?.tlsVersion != nil)
            },
            notices: notices.map(\.message), sessions: sessions, day: ReportDay(of: now))
        guard let settled = await write(settlement, of: job) else {
            await count(sessions)
            return Recorded()
        }
        count(decided, of: job, at: now)
        counters.queueFlow.add(settled.notices.count - (settled.openRecipients == 0 ? 1 : 0), ordering: .relaxed)
        var recorded = Recorded()
        for (notice, queued) in zip(notices, settled.notices) {
            recorded.notices += Job.fresh(
                queued, recipients: [Envelope.Recipient(notice.recipient)], routing: routing, content: notice.content)
        }
        recorded.nextAttempts = decided.filter(\.isDeferred).map { min($0.nextAttempt, job.message.expiresAt) }
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
                case .unknown, .closed, .duplicate, .damaged:
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

    func write(_ line: DeliveryLine) {
        if line.isWarning(after: schedule.warnAfter) {
            log.event(.warning, line.line)
        } else {
            log.event(.info, line.line)
        }
    }
}

/// The fate of one recipient, ready to be written.
struct Decided: Sendable {
    let recipient: Job.Recipient
    let outcome: Outcome
    let nextAttempt: WallTime
    /// What kept it back, where it now bounces because its time is over.
    let expiredFrom: Reason?
    var policyFailureSince: WallTime?
    var isDelayNoticeDue = false

    init(_ recipient: Job.Recipient, _ outcome: Outcome, _ nextAttempt: WallTime, expiredFrom: Reason? = nil) {
        self.recipient = recipient
        self.outcome = outcome
        self.nextAttempt = nextAttempt
        self.expiredFrom = expiredFrom
    }

    var isDeferred: Bool {
        if case .deferred = outcome { true } else { false }
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
