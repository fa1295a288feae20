public import Mail

/// What became of recipients of one message in one attempt: written in one transaction.
public struct Settlement: Sendable {
    public var message: MessageNumber
    public var recipients: [RecipientOutcome]
    /// DSNs caused by these outcomes: they are queued exactly if the outcomes are recorded, so that a crash neither
    /// loses nor doubles a bounce.
    public var notices: [NewMessage]
    /// What TLS-RPT counts of the attempt, exactly if its outcomes are recorded (RFC 8460 §4).
    public var sessions: [ReportedSession]
    /// The day the sessions are filed under; nil where nothing is counted.
    public var day: ReportDay?
    /// What was handed over, and how: counted exactly if the outcomes are recorded, on the day of the first of them.
    public var deliveries: [DeliveryCount]
    /// The proof of each part of a message with REQUIRETLS that was handed over: kept exactly if the outcomes are recorded.
    public var proofs: [RequireTLSProof]

    public init(
        message: MessageNumber, recipients: [RecipientOutcome], notices: [NewMessage] = [],
        sessions: [ReportedSession] = [], day: ReportDay? = nil, deliveries: [DeliveryCount] = [],
        proofs: [RequireTLSProof] = []
    ) {
        self.message = message
        self.recipients = recipients
        self.notices = notices
        self.sessions = sessions
        self.day = day
        self.deliveries = deliveries
        self.proofs = proofs
    }
}

/// The outcome of one recipient in one attempt.
public struct RecipientOutcome: Sendable {
    public var recipient: RecipientNumber
    public var outcome: Outcome
    /// The host that decided.
    public var host: String?
    /// When it was decided.
    public var time: WallTime
    /// When a deferred recipient is due again. Not read for final outcomes.
    public var nextAttempt: WallTime
    /// The next moment at which something must be done about a deferred recipient even if its destination gets no attempt.
    /// Not read for final outcomes.
    public var deadline: WallTime
    /// A new expiry; nil keeps the one it has.
    public var expiresAt: WallTime?
    /// True where the delayed DSN for this recipient is among ``Settlement/notices``.
    public var delayedNoticeSent: Bool
    /// The start of the present row of TLS policy failures; nil where the last failure was none.
    public var policyFailureSince: WallTime?
    /// False where the recipient was put off without a try of its own: then its attempts do not count up.
    public var isAttempt: Bool
    /// The tries at hosts. Kept to the last ``QueueLimits/attemptHistory`` of each recipient.
    public var attempts: [AttemptRecord]
    /// True where the words of the host that decided came over TLS. Only then does a refused report suppress its address:
    /// in clear anybody on the way could have said it.
    public var wasSecured: Bool

    public init(
        _ recipient: RecipientNumber, _ outcome: Outcome, host: String? = nil, time: WallTime, nextAttempt: WallTime,
        deadline: WallTime, expiresAt: WallTime? = nil, delayedNoticeSent: Bool = false,
        policyFailureSince: WallTime? = nil, isAttempt: Bool = true, attempts: [AttemptRecord] = [],
        wasSecured: Bool = false
    ) {
        self.recipient = recipient
        self.outcome = outcome
        self.host = host
        self.time = time
        self.nextAttempt = nextAttempt
        self.deadline = deadline
        self.expiresAt = expiresAt
        self.delayedNoticeSent = delayedNoticeSent
        self.policyFailureSince = policyFailureSince
        self.isAttempt = isAttempt
        self.attempts = attempts
        self.wasSecured = wasSecured
    }
}

/// What ``QueueStore/settle(_:)`` did.
public struct Settled: Hashable, Sendable {
    /// Recipients of the message that are not final. At 0 the message is gone.
    public let openRecipients: Int
    /// In the order of ``Settlement/notices``.
    public let notices: [QueuedMessage]
    /// Where the settlement ended the message: all that is known of it, with these outcomes and attempts. Nil where it goes
    /// on, and for the simple kind, of which the caller knows everything: all recipients in this settlement, and none
    /// with an attempt before it.
    public let ended: QueueDetail?
}
