public import Mail

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
    /// Messages that rest behind a crash, as ``SQLiteStore/resting(at:)`` counts them.
    public var restingMessages = 0
}

/// What waits for one destination.
public struct DestinationSummary: Hashable, Sendable {
    public let destination: String
    /// Recipients whose time for an attempt has come.
    public let due: Int
    /// Recipients whose next attempt is later.
    public let deferred: Int
    public let held: Int
    /// When the message of the first of these was received.
    public let oldest: WallTime
}

/// Room on the disk of the store.
public struct FreeSpace: Hashable, Sendable {
    /// Bytes an unprivileged process may still write, without those that are ``promised``.
    public internal(set) var bytes: UInt64
    /// Bytes that are free, and that mail in the journal needs to get into the tables.
    public internal(set) var promised: UInt64 = 0
    public let totalBytes: UInt64
    /// Files an unprivileged process may still make; nil where the file system does not count them, as btrfs.
    public let inodes: UInt64?
    /// Files that the file system can hold; nil as ``inodes``.
    public let totalInodes: UInt64?
    /// The file system is mounted so that nothing can be written.
    var isReadOnly = false
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
    /// Rows of one reading of a destination: as many as may be in memory for it, and as many more.
    public static let refill = 5000
    /// Octets of the key of a record that an attempt names.
    public static let documentKey = 64
    /// Octets of the times of an attempt's phases.
    public static let phaseTimes = 256
    /// Octets of `Message-ID` kept.
    public static let messageID = 255
    /// Suspensions kept, ended ones included.
    public static let suspensions = 10_000
    /// Days for which an ended suspension is kept.
    public static let suspensionDays: Int64 = 60
    /// Steps of the clock that are remembered; the oldest goes first.
    public static let clockSteps = 100
    /// Hold rules.
    public static let holdRules = 1000
}
