public import Mail

/// A destination that the operator gives no mail to.
public struct Suspension: Hashable, Sendable {
    public var destination: String
    public var since: WallTime
    /// When it ends by itself; nil for never.
    public var until: WallTime?
    /// Cut at ``QueueLimits/detailText`` octets.
    public var reason: String
    /// When it was resumed; nil where it was not.
    public var endedAt: WallTime?

    public init(
        destination: String, since: WallTime, until: WallTime? = nil, reason: String, endedAt: WallTime? = nil
    ) {
        self.destination = destination
        self.since = since
        self.until = until
        self.reason = reason
        self.endedAt = endedAt
    }

    /// When it ended or will end by itself; nil where it goes on until somebody resumes the destination.
    public var end: WallTime? { endedAt ?? until }

    public func isActive(at time: WallTime) -> Bool { end.map { $0 > time } ?? true }
}

/// Mail that is held as soon as it comes: all conditions that are set are met.
public struct HoldRule: Hashable, Sendable {
    /// Given by the store, never used twice.
    public var number: Int64
    public var sender: ReversePath?
    public var senderDomain: DomainName?
    public var recipient: Mailbox?
    public var recipientDomain: DomainName?
    public var destination: String?
    /// Cut at ``QueueLimits/detailText`` octets.
    public var reason: String
    public var since: WallTime

    public init(
        number: Int64 = 0, sender: ReversePath? = nil, senderDomain: DomainName? = nil, recipient: Mailbox? = nil,
        recipientDomain: DomainName? = nil, destination: String? = nil, reason: String, since: WallTime
    ) {
        self.number = number
        self.sender = sender
        self.senderDomain = senderDomain
        self.recipient = recipient
        self.recipientDomain = recipientDomain
        self.destination = destination
        self.reason = reason
        self.since = since
    }
}
