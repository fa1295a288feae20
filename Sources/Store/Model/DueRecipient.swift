public import Mail

/// A recipient that waits, with what the dispatcher needs to know of its message.
public struct DueRecipient: Hashable, Sendable {
    public let number: RecipientNumber
    public let message: MessageNumber
    public let id: QueueID
    public let mailbox: Mailbox
    /// What the sender asks to be told of it (RFC 3461 §4.1, §4.2).
    public let request: RecipientRequest
    public let destination: String
    public let lane: SenderLane
    public let attempts: Int
    public let nextAttempt: WallTime
    /// When something must be done about it even if its destination gets no attempt.
    public let deadline: WallTime
    public let delayedNoticeSent: Bool
    public let policyFailureSince: WallTime?
    public let kind: MessageKind
    public let receivedAt: WallTime
    /// The recipient's own.
    public let expiresAt: WallTime
    /// Octets of content.
    public let size: Int64
    /// What the sender asked of transport security (RFC 8689).
    public let demand: MessageDemand

    /// Where the next page of ``QueueStore/due(before:after:excluding:limit:)`` starts.
    public var cursor: DueCursor {
        DueCursor(nextAttempt: nextAttempt, destination: destination, lane: lane, number: number)
    }
}

/// A place in the order of what is due: by second, destination, lane and arrival.
public struct DueCursor: Hashable, Sendable {
    public let nextAttempt: WallTime
    public let destination: String
    public let lane: SenderLane
    public let number: RecipientNumber

    public init(nextAttempt: WallTime, destination: String, lane: SenderLane, number: RecipientNumber) {
        self.nextAttempt = nextAttempt
        self.destination = destination
        self.lane = lane
        self.number = number
    }
}

/// What the dispatcher can give nothing to now: such rows are passed over on the index, unread.
public struct DueExclusion: Hashable, Sendable {
    /// Nothing of these.
    public var destinations: [String]
    /// Of these only lanes with the optional bit.
    public var ordinary: [String]
    /// These lanes at these destinations.
    public var lanes: [LanePlace]
    /// These lanes at any destination.
    public var senders: [SenderLane]

    public init(
        destinations: [String] = [], ordinary: [String] = [], lanes: [LanePlace] = [], senders: [SenderLane] = []
    ) {
        self.destinations = destinations
        self.ordinary = ordinary
        self.lanes = lanes
        self.senders = senders
    }
}

/// A lane at one destination.
public struct LanePlace: Hashable, Sendable {
    public var destination: String
    public var lane: SenderLane

    public init(destination: String, lane: SenderLane) {
        self.destination = destination
        self.lane = lane
    }
}

/// A recipient whose deadline has passed.
public struct OverdueRecipient: Hashable, Sendable {
    public let due: DueRecipient
    /// The last outcome; nil before the first attempt.
    public let lastOutcome: Outcome?

    /// Where the next page of ``QueueStore/overdue(at:after:excluding:limit:)`` starts.
    public var cursor: DeadlineCursor {
        DeadlineCursor(deadline: due.deadline, destination: due.destination, number: due.number)
    }
}

/// A place in the order of what is overdue.
public struct DeadlineCursor: Hashable, Sendable {
    public let deadline: WallTime
    public let destination: String
    public let number: RecipientNumber

    public init(deadline: WallTime, destination: String, number: RecipientNumber) {
        self.deadline = deadline
        self.destination = destination
        self.number = number
    }
}
