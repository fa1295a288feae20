/// Answer to `POST /v1/queue/VERB`: what one page of the queue came to. The client asks again with ``next`` until it is nil.
public struct QueueOrderPage: Codable, Hashable, Sendable {
    /// Recipients changed; in a dry run: that would be.
    public var touched: Int
    /// Recipients that match and for which there is nothing to do: held already, or not held.
    public var skipped: Int
    /// Recipients that match and are being delivered right now: left alone.
    public var busy: Int
    /// Some of the touched ones, at most ``exampleLimit``.
    public var examples: [QueueOrderExample]
    /// Of the touched ones, the destinations with most of them, at most ``destinationLimit``.
    public var byDestination: [DestinationCount]
    /// Of the skipped ones: those that are quarantined, and those that are held.
    public var skippedQuarantined: Int?
    public var skippedHeld: Int?
    /// Of a retry or release: the destinations that are suspended, so that what was to go does not, at most ``destinationLimit``.
    public var suspended: [SuspendedCount]?
    /// Cursor of the next page; nil at the end.
    public var next: String?

    public static let exampleLimit = 20
    public static let destinationLimit = 50

    public init(
        touched: Int = 0, skipped: Int = 0, busy: Int = 0, examples: [QueueOrderExample] = [],
        byDestination: [DestinationCount] = [], skippedQuarantined: Int? = nil, skippedHeld: Int? = nil,
        suspended: [SuspendedCount]? = nil, next: String? = nil
    ) {
        self.touched = touched
        self.skipped = skipped
        self.busy = busy
        self.examples = examples
        self.byDestination = byDestination
        self.skippedQuarantined = skippedQuarantined
        self.skippedHeld = skippedHeld
        self.suspended = suspended
        self.next = next
    }
}

/// One recipient that an order is about.
public struct QueueOrderExample: Codable, Hashable, Sendable {
    /// Of its message.
    public var id: String
    /// Empty for the null reverse-path.
    public var sender: String
    public var recipient: String
    public var destination: String
    /// As ``RecipientView/state``, before the order.
    public var state: String

    public init(id: String, sender: String, recipient: String, destination: String, state: String) {
        self.id = id
        self.sender = sender
        self.recipient = recipient
        self.destination = destination
        self.state = state
    }
}

/// How many recipients of a destination an order is about.
public struct DestinationCount: Codable, Hashable, Sendable {
    public var destination: String
    public var recipients: Int

    public init(destination: String, recipients: Int) {
        self.destination = destination
        self.recipients = recipients
    }
}

/// A suspended destination, and how many recipients of an order wait for its end.
public struct SuspendedCount: Codable, Hashable, Sendable {
    public var destination: String
    public var recipients: Int
    /// nil: until it is resumed.
    public var until: Int64?

    public init(destination: String, recipients: Int, until: Int64? = nil) {
        self.destination = destination
        self.recipients = recipients
        self.until = until
    }
}

/// A rule that holds mail, also such as is still to come.
public struct HoldRuleView: Codable, Hashable, Sendable {
    /// By which it is removed.
    public var number: Int64
    /// `user@example.org`, `@example.org`, or `<>` for the null reverse-path; nil: any.
    public var sender: String?
    /// As ``sender``, without `<>`.
    public var recipient: String?
    public var destination: String?
    public var reason: String
    public var since: Int64

    public init(
        number: Int64, sender: String? = nil, recipient: String? = nil, destination: String? = nil, reason: String,
        since: Int64
    ) {
        self.number = number
        self.sender = sender
        self.recipient = recipient
        self.destination = destination
        self.reason = reason
        self.since = since
    }
}

/// Answer to `GET /v1/holds`.
public struct HoldsView: Codable, Hashable, Sendable {
    public var holds: [HoldRuleView]

    public init(holds: [HoldRuleView]) {
        self.holds = holds
    }
}

/// Answer to `POST /v1/holds/NUMBER/remove`.
public struct HoldRemovalView: Codable, Hashable, Sendable {
    public var number: Int64
    public var removed: Bool

    public init(number: Int64, removed: Bool) {
        self.number = number
        self.removed = removed
    }
}
