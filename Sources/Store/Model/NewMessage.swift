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
    public var content: Content
    /// At least one.
    public var recipients: [NewRecipient]

    public init(
        id: QueueID, kind: MessageKind = .mail, reversePath: ReversePath, body: BodyType = .sevenBit,
        receivedAt: WallTime, expiresAt: WallTime, digest: [UInt8], hasEightBit: Bool = false,
        origin: MessageOrigin = MessageOrigin(), demand: MessageDemand = .ordinary, content: Content,
        recipients: [NewRecipient]
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
        self.content = content
        self.recipients = recipients
    }
}

/// One recipient of a ``NewMessage``.
public struct NewRecipient: Hashable, Sendable {
    public var mailbox: Mailbox
    /// The name of the group that shares connections and backoff: the next hop the caller chose. The store only compares
    /// it; ``QueueStore/reroute(_:)`` changes it.
    public var destination: String
    /// When it is due; for fresh mail the time of its receipt.
    public var nextAttempt: WallTime

    public init(_ mailbox: Mailbox, destination: String, nextAttempt: WallTime) {
        self.mailbox = mailbox
        self.destination = destination
        self.nextAttempt = nextAttempt
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
}

/// Who handed us a message, for traces, DSNs and `queue show`.
public struct MessageOrigin: Hashable, Sendable {
    /// The argument of EHLO.
    public var clientName: String?
    public var clientAddress: IPAddress?
    /// How the session was secured, in words ("TLSv1.3 TLS_AES_256_GCM_SHA384"); nil for cleartext.
    public var tls: String?

    public init(clientName: String? = nil, clientAddress: IPAddress? = nil, tls: String? = nil) {
        self.clientName = clientName
        self.clientAddress = clientAddress
        self.tls = tls
    }
}

/// The store's number of a message: rises with arrival, never used twice.
public struct MessageNumber: Hashable, Comparable, Sendable {
    public let value: Int64
    public init(_ value: Int64) { self.value = value }
    public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The store's number of a recipient: rises with arrival, never used twice.
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
