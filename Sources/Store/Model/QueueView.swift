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
    public let attempts: Int
    public let nextAttempt: WallTime
    public let delayedNoticeSent: Bool
    public let policyFailureSince: WallTime?
    public let kind: MessageKind
    public let receivedAt: WallTime
    public let expiresAt: WallTime
    /// Octets of content.
    public let size: Int64
    /// What the sender asked of transport security (RFC 8689).
    public let demand: MessageDemand

    /// Where the next page starts.
    public var cursor: DueCursor { DueCursor(nextAttempt: nextAttempt, destination: destination, number: number) }
}

/// A place in the order of what is due.
public struct DueCursor: Hashable, Sendable {
    public let nextAttempt: WallTime
    public let destination: String
    public let number: RecipientNumber

    public init(nextAttempt: WallTime, destination: String, number: RecipientNumber) {
        self.nextAttempt = nextAttempt
        self.destination = destination
        self.number = number
    }
}

/// A destination with waiting recipients.
public struct WaitingDestination: Hashable, Sendable {
    public let name: String
    /// When its first recipient is due.
    public let nextAttempt: WallTime
}

/// Which messages a listing shows: those that satisfy every condition that is set.
public struct QueueFilter: Hashable, Sendable {
    /// With an open recipient of this destination.
    public var destination: String?
    /// With this reverse-path.
    public var sender: ReversePath?
    /// With this recipient.
    public var recipient: Mailbox?
    /// Received before.
    public var receivedBefore: WallTime?
    public var quarantinedOnly: Bool

    public init(
        destination: String? = nil, sender: ReversePath? = nil, recipient: Mailbox? = nil,
        receivedBefore: WallTime? = nil, quarantinedOnly: Bool = false
    ) {
        self.destination = destination
        self.sender = sender
        self.recipient = recipient
        self.receivedBefore = receivedBefore
        self.quarantinedOnly = quarantinedOnly
    }
}

/// One line of a listing.
public struct QueueEntry: Hashable, Sendable {
    public let message: StoredMessage
    /// Recipients that are not final.
    public let openRecipients: Int
    /// All recipients.
    public let recipients: Int
    /// The earliest next attempt of a waiting recipient; nil where none waits.
    public let nextAttempt: WallTime?
}

/// Everything about one message.
public struct QueueDetail: Hashable, Sendable {
    public let message: StoredMessage
    public let recipients: [RecipientDetail]

    public struct RecipientDetail: Hashable, Sendable {
        public let recipient: StoredRecipient
        /// Oldest first, at most ``QueueLimits/attemptHistory``.
        public let attempts: [AttemptRecord]
    }
}

/// How much is in the queue.
public struct QueueCounts: Hashable, Sendable {
    public let messages: Int
    public let quarantinedMessages: Int
    /// Recipients that wait for an attempt.
    public let dueRecipients: Int
    public let heldRecipients: Int
}

/// Waiting recipients of one destination.
public struct DestinationCount: Hashable, Sendable {
    public let destination: String
    public let recipients: Int
}

/// Room on the disk of the store.
public struct FreeSpace: Hashable, Sendable {
    /// Bytes an unprivileged process may still write.
    public let bytes: UInt64
    public let totalBytes: UInt64
    /// Files an unprivileged process may still make; nil where the file system does not count them, as btrfs.
    public let inodes: UInt64?
    /// Files that the file system can hold; nil as ``inodes``.
    public let totalInodes: UInt64?
}

/// Bounds of the queue on disk.
public enum QueueLimits {
    /// Octets of content kept beside the row; more goes to a file of its own (measured: BLOBs win below this).
    public static let inlineContent = 256 * 1024
    /// Attempts kept for each recipient: five days at two hours are 60, and the last tell the story.
    public static let attemptHistory = 20
    /// Octets of one remote reply kept.
    public static let replyText = 4096
    /// Octets of a reason kept.
    public static let detailText = 1024
    /// Rows of one page of a query, whatever was asked for.
    public static let page = 1000
}
