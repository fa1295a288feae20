import Mail
import Store

/// The fate of one recipient once the clock had its word, ready to be written.
struct Decided: Sendable {
    let recipient: Job.Recipient
    let outcome: Outcome
    let nextAttempt: WallTime
    /// What kept it back, where it now bounces because its time is over.
    let expiredFrom: Reason?
    /// When it is given up, the time its destination lay suspended included.
    let expiresAt: WallTime
    /// When something is to be done about it even without an attempt: the notice of delay, or the end.
    var deadline: WallTime
    var policyFailureSince: WallTime?
    var isDelayNoticeDue = false

    init(
        _ recipient: Job.Recipient, _ outcome: Outcome, _ nextAttempt: WallTime, expiresAt: WallTime? = nil,
        expiredFrom: Reason? = nil
    ) {
        self.recipient = recipient
        self.outcome = outcome
        self.nextAttempt = nextAttempt
        self.expiredFrom = expiredFrom
        self.expiresAt = expiresAt ?? recipient.expiresAt
        self.deadline = self.expiresAt
    }

    var isDeferred: Bool {
        if case .deferred = outcome { true } else { false }
    }
}

extension OutcomeRecorder {
    /// What an attempt that came to `outcome` means for the recipient.
    func decide(_ recipient: Job.Recipient, _ outcome: Outcome, in job: Job, at now: WallTime) -> Decided {
        guard case .deferred(let reason, let reply) = outcome else { return Decided(recipient, outcome, now) }
        let life = Lifetime(of: recipient, in: job, kept: reason, terms, at: now)
        if now >= life.expires { return life.expired(reason, reply, at: now) }
        var generator = SystemRandomNumberGenerator()
        let next = life.schedule.nextAttempt(
            after: recipient.attempts + 1, at: now, expires: life.expires, using: &generator)
        return life.deferred(outcome, until: next, reason, at: now)
    }

    /// The same where its destination is down, and there was no attempt: it stays due.
    func remind(_ recipient: Job.Recipient, of failure: Reason, in job: Job, at now: WallTime) -> Decided {
        let life = Lifetime(of: recipient, in: job, kept: failure, terms, at: now)
        if now >= life.expires { return life.expired(failure, nil, at: now) }
        return life.deferred(.deferred(failure, nil), until: recipient.nextAttempt ?? now, failure, at: now)
    }

    /// The time of all its recipients is over, by the rules for what kept them back.
    func isOver(_ job: Job, of failure: Reason) -> Bool {
        let now = clock()
        return job.recipients.allSatisfy {
            now >= Lifetime(of: $0, in: job, kept: failure, terms, at: now).expires
        }
    }

    /// How long a recipient is tried, by the rules for what keeps it back.
    private struct Lifetime {
        let recipient: Job.Recipient
        let job: Job
        let schedule: Schedule
        let expires: WallTime
        /// Seconds in which its destination was suspended: they count for nothing (D19).
        let suspended: Int64
        /// Seconds in which it was held, likewise: its expiry was moved by them already.
        let held: Int64

        init(of recipient: Job.Recipient, in job: Job, kept reason: Reason, _ terms: QueueTerms, at now: WallTime) {
            self.recipient = recipient
            self.job = job
            let (sender, domain) = (job.message.reversePath, recipient.mailbox.domain)
            schedule = terms.schedule(sender: sender, domain: domain, after: reason.cause)
            held = max(0, recipient.expiresAt.seconds - job.message.expiresAt.seconds)
            suspended = terms.orders.secondsSuspended(job.destination, from: job.message.receivedAt, to: now)
            // A rule for this kind of failure may give up sooner than the others; later is not in its power.
            let isDSN = sender == .null
            let usual = terms.schedule(sender: sender, domain: domain)
            let sooner = schedule.expires(created: job.message.receivedAt, isDSN: isDSN, held: held)
            let isSooner = sooner < usual.expires(created: job.message.receivedAt, isDSN: isDSN, held: held)
            expires = (isSooner ? min(sooner, recipient.expiresAt) : recipient.expiresAt).advanced(by: suspended)
        }

        func expired(_ reason: Reason, _ reply: Reply?, at now: WallTime) -> Decided {
            let words = "given up after \(job.message.age(at: now).inWords): \(reason.detail)"
            return Decided(
                recipient, .bounced(Reason(.expired, words), reply), now, expiresAt: expires, expiredFrom: reason)
        }

        func deferred(_ outcome: Outcome, until next: WallTime, _ reason: Reason, at now: WallTime) -> Decided {
            var decided = Decided(recipient, outcome, next, expiresAt: expires)
            // A key that is not published holds mail back like a policy: the operator is to look (D19).
            let isHeldBack = reason.cause.isTLSPolicy || reason.cause == .dkimUnpublished
            decided.policyFailureSince = isHeldBack ? recipient.policyFailureSince ?? now : nil
            let received = job.message.receivedAt
            let isDSN = job.message.reversePath == .null
            let wants = recipient.request.wants(.delayed)
            decided.isDelayNoticeDue =
                !recipient.delayedNoticeSent && wants
                && schedule.delayedNotice(created: received, isDSN: isDSN, held: suspended + held)
                    .map { $0 <= now } == true
            decided.deadline = schedule.deadline(
                received: received.advanced(by: suspended + held), expires: expires, wantsDelay: wants,
                delayedSent: recipient.delayedNoticeSent || decided.isDelayNoticeDue, isDSN: isDSN)
            return decided
        }
    }
}
