public import Mail

/// A message about to be put into the queue.
public struct NewMessage: Sendable {
    public var id: QueueID
    public var kind: MessageKind
    public var reversePath: ReversePath
    public var body: BodyType
    public var receivedAt: WallTime
    public var expiresAt: WallTime
    /// SHA-256 of the content, computed by the caller while it streamed; the store keeps it and gives it back.
    public var digest: [UInt8]
    /// True where the content holds an octet above 127, whatever BODY= said (D17).
    public var hasEightBit: Bool
    public var origin: MessageOrigin
    /// What the sender asked of transport security (RFC 8689).
    public var demand: MessageDemand
    /// RET (RFC 3461 §4.3); nil where it was not given.
    public var returns: ReturnedContent?
    /// ENVID (RFC 3461 §4.4) in xtext exactly as it came; nil where it was not given.
    public var envelopeID: String?
    /// `Message-ID` as written (RFC 5322 §3.6.4), at most ``QueueLimits/messageID`` octets: more is cut off. Nil where there
    /// is none.
    public var messageID: String?
    /// MAIL carried SMTPUTF8 (RFC 6531 §3.4).
    public var isInternationalized: Bool
    /// The header section holds an octet above 127 and MAIL carried SMTPUTF8: no host without it may have this message.
    public var needsUTF8Header: Bool
    public var content: Content
    /// At least one.
    public var recipients: [NewRecipient]

    public init(
        id: QueueID, kind: MessageKind = .mail, reversePath: ReversePath, body: BodyType = .sevenBit,
        receivedAt: WallTime, expiresAt: WallTime, digest: [UInt8], hasEightBit: Bool = false,
        origin: MessageOrigin = MessageOrigin(), demand: MessageDemand = .ordinary, returns: ReturnedContent? = nil,
        envelopeID: String? = nil, messageID: String? = nil, isInternationalized: Bool = false,
        needsUTF8Header: Bool = false, content: Content, recipients: [NewRecipient]
    ) {
        self.id = id
        self.kind = kind
        self.reversePath = reversePath
        self.body = body
        self.receivedAt = receivedAt
        self.expiresAt = expiresAt
        self.digest = digest
        self.hasEightBit = hasEightBit
        self.origin = origin
        self.demand = demand
        self.returns = returns
        self.envelopeID = envelopeID
        self.messageID = messageID
        self.isInternationalized = isInternationalized
        self.needsUTF8Header = needsUTF8Header
        self.content = content
        self.recipients = recipients
    }
}

/// One recipient of a ``NewMessage``.
public struct NewRecipient: Hashable, Sendable {
    public var mailbox: Mailbox
    /// The name of the group that shares connections and backoff: the next hop the caller chose. The store only compares
    /// it; ``QueueStore/reroute(fingerprint:_:)`` changes it.
    public var destination: String
    /// When it is due; for fresh mail the time of its receipt.
    public var nextAttempt: WallTime
    /// When it is given up.
    public var expiresAt: WallTime
    /// The next moment at which something must be done about it even if its destination gets no attempt: the delayed
    /// notice, else ``expiresAt``.
    public var deadline: WallTime
    /// Who sends it, and how soon it goes.
    public var lane: SenderLane
    /// What the sender asks to be told of it (RFC 3461 §4.1, §4.2).
    public var request: RecipientRequest
    /// Why it is held from the start, as a hold rule says; nil where it is not.
    public var hold: String?

    /// Without `deadline` that is the expiry.
    public init(
        _ mailbox: Mailbox, destination: String, nextAttempt: WallTime, expiresAt: WallTime, deadline: WallTime? = nil,
        lane: SenderLane, request: RecipientRequest = .none, hold: String? = nil
    ) {
        self.mailbox = mailbox
        self.destination = destination
        self.nextAttempt = nextAttempt
        self.expiresAt = expiresAt
        self.deadline = deadline ?? expiresAt
        self.lane = lane
        self.request = request
        self.hold = hold
    }
}

/// What a message is. The raw values are on disk: never changed, only added to.
public enum MessageKind: Int, Hashable, Sendable, CaseIterable {
    case mail = 0
    /// A notice we made: it expires sooner, and nothing answers it.
    case dsn = 1
    /// A TLS-RPT report we made (RFC 8460 §5.3): nothing answers it, and its sessions are not counted (RPTC-18).
    case report = 2
    /// A TLS-RPT report that somebody else made and handed to us: mail like any other, but not counted either.
    case foreignReport = 3
    /// A message of `[[canary]]`: nothing answers it, and neither TLS-RPT nor `relayctl compliance` counts it.
    case canary = 4
}

/// Who handed us a message, for traces, DSNs and `queue show`.
public struct MessageOrigin: Hashable, Sendable {
    /// The argument of EHLO.
    public var clientName: String?
    public var clientAddress: IPAddress?
    /// How the session was secured, in words ("TLSv1.3 TLS_AES_256_GCM_SHA384"); nil for cleartext.
    public var tls: String?
    /// Who logged in (RFC 4954); nil where nobody did.
    public var login: String?
    /// The client before that one, in the words of XFORWARD; nil where it was not stated.
    public var forwarded: String?

    public init(
        clientName: String? = nil, clientAddress: IPAddress? = nil, tls: String? = nil, login: String? = nil,
        forwarded: String? = nil
    ) {
        self.clientName = clientName
        self.clientAddress = clientAddress
        self.tls = tls
        self.login = login
        self.forwarded = forwarded
    }
}

/// The store's number of a message: rises with arrival, never used twice while the store is open.
public struct MessageNumber: Hashable, Comparable, Sendable {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The store's number of a recipient: rises with arrival, never used twice while the store is open.
public struct RecipientNumber: Hashable, Comparable, Sendable {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// What ``QueueStore/enqueue(_:)`` made of a ``NewMessage``: the numbers, so that fresh mail needs no read from disk.
public struct QueuedMessage: Hashable, Sendable {
    public let message: StoredMessage
    /// In the order of ``NewMessage/recipients``.
    public let recipients: [RecipientNumber]
}
