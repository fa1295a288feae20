public import Mail

/// What an operator or a rule did to a message that may still be in the queue.
public struct TraceNote: Hashable, Sendable {
    public var time: WallTime
    public var id: QueueID
    /// "held: TEXT", "released", "retried", "deleted", "bounced: TEXT"; at most ``TraceLimits/words`` octets are kept.
    public var words: String

    public init(time: WallTime, id: QueueID, words: String) {
        self.time = time
        self.id = id
        self.words = words
    }
}

/// One life that was found, or the notes about a message whose life has not ended.
public struct TraceFinding: Hashable, Sendable {
    /// nil where only notes are there: the message is in the queue, or its record is gone.
    public let life: Life?
    /// Oldest first; at most ``TraceLimits/notesShown``.
    public let notes: [TraceNote]

    public init(life: Life?, notes: [TraceNote]) {
        self.life = life
        self.notes = notes
    }
}

/// How the trace stands, for metrics and `relayctl status`.
public struct TraceState: Hashable, Sendable {
    /// Lives on disk.
    public let rows: Int64
    /// Octets of the file that are in use.
    public let octets: Int64
    /// When the oldest life on disk ended; nil where there is none.
    public let oldest: WallTime?
    /// Lives and notes that were not kept, since the start: too many at once, or the disk would not take them.
    public let dropped: Int64
    /// The last fault of the disk in words; nil since something was written after it.
    public let fault: String?
}
