public import Mail

/// Which messages or recipients an operator means: those that satisfy every condition that is set. Conditions on a
/// recipient are met by one and the same recipient of a message, which is not final yet.
public struct QueueFilter: Hashable, Sendable {
    /// One of these messages; at most ``QueueLimits/page`` are looked at. Empty: any.
    public var ids: [QueueID]
    /// Waiting for this destination.
    public var destination: String?
    /// With this reverse-path.
    public var sender: ReversePath?
    /// With a reverse-path of this domain.
    public var senderDomain: DomainName?
    /// To this mailbox.
    public var recipient: Mailbox?
    /// To a mailbox of this domain.
    public var recipientDomain: DomainName?
    /// With this `Message-ID`, as it was written.
    public var messageID: String?
    /// Received before.
    public var receivedBefore: WallTime?
    /// In one of these states. Nil: any that is not final; final states match nothing.
    public var states: Set<RecipientState>?
    /// Of those that wait, only those with an attempt behind them, or only those without. Nil: both.
    public var isAttempted: Bool?
    /// Whose last outcome was for one of these causes. Nil: whatever it was.
    public var causes: Set<Reason.Cause>?

    public init(
        ids: [QueueID] = [], destination: String? = nil, sender: ReversePath? = nil, senderDomain: DomainName? = nil,
        recipient: Mailbox? = nil, recipientDomain: DomainName? = nil, messageID: String? = nil,
        receivedBefore: WallTime? = nil, states: Set<RecipientState>? = nil, isAttempted: Bool? = nil,
        causes: Set<Reason.Cause>? = nil
    ) {
        self.ids = ids
        self.destination = destination
        self.sender = sender
        self.senderDomain = senderDomain
        self.recipient = recipient
        self.recipientDomain = recipientDomain
        self.messageID = messageID
        self.receivedBefore = receivedBefore
        self.states = states
        self.isAttempted = isAttempted
        self.causes = causes
    }
}

/// A recipient that a ``QueueFilter`` matches.
public struct SelectedRecipient: Hashable, Sendable {
    public let number: RecipientNumber
    public let message: MessageNumber
    public let id: QueueID
    public let sender: ReversePath
    public let mailbox: Mailbox
    public let destination: String
    public let state: RecipientState
    public let receivedAt: WallTime
    /// Octets of the message's content.
    public let size: Int64
}

/// What an operator orders for recipients.
public enum QueueChange: Hashable, Sendable {
    /// Those that wait are due now.
    case retry
    /// Those that wait are taken out of delivery. Who is held already keeps the first reason; it is cut at
    /// ``QueueLimits/detailText``.
    case hold(reason: String)
    /// Those held are due now, and expire later by the time they were held. Not for quarantined mail.
    case release
    /// Those that are not final leave the queue, and nobody is told.
    case delete
}

/// What ``QueueStore/change(_:_:at:)`` did.
public struct QueueChanged: Hashable, Sendable {
    /// Recipients that were changed.
    public let changed: Int
    /// Messages that left the queue by it, with all that is known of them as it stood at the end.
    public let ended: [QueueDetail]
}
