/// Mail that is sent for no other end than to see what becomes of it (`[[canary]]`): to a good domain it must arrive, and at a
/// deliberately bad one it must be refused.
public struct Canary: Hashable, Sendable {
    /// What the operator calls it.
    public var name: String
    public var sender: Mailbox
    public var recipient: Mailbox
    public var expectation: Expectation
    /// Seconds from the end of one run to the next, at least ``within``.
    public var every: Int64
    /// Seconds it is tried for, then it is taken out of the queue.
    public var within: Int64

    public enum Expectation: String, Hashable, Sendable, CaseIterable {
        case delivered
        /// Kept back for a reason of transport security, for as long as it is tried.
        case refused
    }

    public init(
        name: String, sender: Mailbox, recipient: Mailbox, expectation: Expectation, every: Int64, within: Int64
    ) {
        self.name = name
        self.sender = sender
        self.recipient = recipient
        self.expectation = expectation
        self.every = every
        self.within = within
    }
}

/// What a run of a canary showed.
public struct CanaryResult: Hashable, Sendable {
    public var time: WallTime
    /// Of its message; nil where none was made.
    public var id: QueueID?
    public var verdict: Verdict
    /// Why it was not delivered; nil where it was, or where nothing was heard.
    public var cause: Reason.Cause?
    /// One sentence.
    public var words: String

    public enum Verdict: String, Hashable, Sendable, CaseIterable {
        case good
        case bad
        /// Nothing was learned: the host was not reached, or something else than transport security decided.
        case unknown
    }

    public init(time: WallTime, id: QueueID?, verdict: Verdict, cause: Reason.Cause?, words: String) {
        self.time = time
        self.id = id
        self.verdict = verdict
        self.cause = cause
        self.words = words
    }
}

extension Canary {
    /// What became of a canary's message.
    public enum Fate: Hashable, Sendable {
        case delivered
        /// Given up, for this reason in the end.
        case refused(Reason)
        /// Its time is over, and no attempt is known.
        case unheard
    }

    /// - Parameter fate: after all that was tried within its time.
    public func judge(_ fate: Fate, of id: QueueID?, at time: WallTime) -> CanaryResult {
        let (verdict, cause, words): (CanaryResult.Verdict, Reason.Cause?, String)
        switch (fate, expectation) {
        case (.delivered, .delivered):
            (verdict, cause, words) = (.good, nil, "delivered, as it should be")
        case (.delivered, .refused):
            (verdict, cause, words) = (
                .bad, nil, "mail to \(recipient.domain) was delivered, and should have been refused"
            )
        case (.refused(let reason), .delivered) where reason.cause.provesNothing:
            (verdict, cause, words) = (.unknown, reason.cause, "not delivered: \(reason.detail)")
        case (.refused(let reason), .delivered):
            (verdict, cause, words) = (
                .bad, reason.cause, "mail to \(recipient.domain) should have been delivered: \(reason.detail)"
            )
        case (.refused(let reason), .refused) where reason.cause.isPolicyRefusal:
            (verdict, cause, words) = (.good, reason.cause, "refused, as it should be: \(reason.detail)")
        case (.refused(let reason), .refused):
            (verdict, cause, words) = (
                .unknown, reason.cause, "not delivered, but for another reason than a policy: \(reason.detail)"
            )
        case (.unheard, _):
            (verdict, cause, words) = (.unknown, nil, "nothing was heard of it within its time")
        }
        return CanaryResult(time: time, id: id, verdict: verdict, cause: cause, words: words)
    }
}

extension Reason.Cause {
    /// Mail was kept back by transport security, as it should be kept back from a bad host. Signatures that do not validate
    /// are among it: an answer that is forged is no failure of the network.
    var isPolicyRefusal: Bool {
        switch self {
        case .requireTLSUnsupported, .requireTLSUnvalidated, .hostDemandsTLS, .dnsBogus: true
        default: isTLSPolicy
        }
    }

    /// The host was not asked, or did not answer: which says nothing of policies, and nothing of the mail.
    var provesNothing: Bool {
        switch self {
        case .dnsTemporary, .connectFailed, .connectionLost, .timedOut: true
        case .shutdown, .contentDamaged, .localFailure, .suspended, .operatorBounced, .dkimUnpublished, .expired: true
        default: false
        }
    }
}
