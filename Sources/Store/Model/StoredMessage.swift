public import Mail

/// A message of the queue, without recipients and content.
public struct StoredMessage: Hashable, Sendable {
    public let number: MessageNumber
    public let id: QueueID
    public let kind: MessageKind
    public let reversePath: ReversePath
    public let body: BodyType
    public let receivedAt: WallTime
    public let expiresAt: WallTime
    /// Octets of content.
    public let size: Int64
    /// SHA-256 of the content as it was received.
    public let digest: [UInt8]
    public let hasEightBit: Bool
    public let origin: MessageOrigin
    /// What the sender asked of transport security (RFC 8689).
    public let demand: MessageDemand
    /// RET (RFC 3461 §4.3); nil where it was not given.
    public let returns: ReturnedContent?
    /// ENVID (RFC 3461 §4.4) in xtext exactly as it came; nil where it was not given.
    public let envelopeID: String?
    /// `Message-ID` as written (RFC 5322 §3.6.4), at most ``QueueLimits/messageID`` octets.
    public let messageID: String?
    /// MAIL carried SMTPUTF8 (RFC 6531 §3.4).
    public let isInternationalized: Bool
    /// The header section holds an octet above 127 and MAIL carried SMTPUTF8.
    public let needsUTF8Header: Bool
    /// True where the content lies in a file of its own.
    public let isSpooled: Bool
    /// Why the message is out of delivery; nil for mail in good health.
    public let quarantined: String?
}

/// The state of one recipient. The raw values are on disk: never changed, only added to.
public enum RecipientState: Int, Hashable, Sendable, CaseIterable {
    /// Waits for its next attempt.
    case due = 0
    /// Taken out of delivery by the operator.
    case held = 1
    /// Taken out of delivery because the content is damaged.
    case quarantined = 2
    case delivered = 3
    case bounced = 4
    /// Removed by the operator, and nobody was told.
    case deleted = 5

    /// Delivered, bounced or deleted: nothing more will happen.
    public var isFinal: Bool { rawValue >= Self.delivered.rawValue }
}

/// One recipient of a message of the queue.
public struct StoredRecipient: Hashable, Sendable {
    public let number: RecipientNumber
    public let mailbox: Mailbox
    /// What the sender asks to be told of it (RFC 3461 §4.1, §4.2).
    public let request: RecipientRequest
    public let destination: String
    public let state: RecipientState
    /// Delivery attempts so far.
    public let attempts: Int
    public let nextAttempt: WallTime
    /// When it is given up. Time spent held is added when it is released.
    public let expiresAt: WallTime
    public let lastAttempt: WallTime?
    /// The last outcome; nil before the first attempt.
    public let lastOutcome: Outcome?
    /// The host that gave the last outcome.
    public let lastHost: String?
    /// True once the sender was told of the delay (D19: once).
    public let delayedNoticeSent: Bool
    /// When a TLS policy first kept this recipient back, in the present row of such failures.
    public let policyFailureSince: WallTime?
    /// Since when it is held; nil where it is not.
    public let heldAt: WallTime?
    public let holdReason: String?
}

/// One try at one host, for `queue show`.
public struct AttemptRecord: Hashable, Sendable {
    public var time: WallTime
    public var host: String?
    public var address: IPAddress?
    /// What the host had to show: "none", "opportunistic", "encrypted", "authenticated".
    public var tlsLevel: String?
    /// How it proved itself: "dane", "mta-sts"; nil where it did not.
    public var verifiedBy: String?
    /// What demanded ``tlsLevel``: "dane", "mta-sts", "requiretls", "local"; nil where nothing did.
    public var requiredBy: String?
    /// "delivered", "deferred" or "bounced", with the cause: "deferred dane-mismatch".
    public var result: String
    /// The remote's final reply.
    public var reply: Reply?
    public var milliseconds: Int64
    /// Key of the decision document it was made under; nil where none was kept.
    public var decision: String?
    /// Key of the evidence document the host was judged by; nil where it showed nothing.
    public var evidence: String?
    /// Milliseconds of the phases; nil where they were not written down.
    public var times: String?

    public init(
        time: WallTime, host: String?, address: IPAddress?, tlsLevel: String? = nil, verifiedBy: String? = nil,
        requiredBy: String? = nil, result: String, reply: Reply? = nil, milliseconds: Int64, decision: String? = nil,
        evidence: String? = nil, times: String? = nil
    ) {
        self.time = time
        self.host = host
        self.address = address
        self.tlsLevel = tlsLevel
        self.verifiedBy = verifiedBy
        self.requiredBy = requiredBy
        self.result = result
        self.reply = reply
        self.milliseconds = milliseconds
        self.decision = decision
        self.evidence = evidence
        self.times = times
    }
}
