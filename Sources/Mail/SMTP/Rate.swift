/// So many in so many seconds.
public struct Rate: Hashable, Sendable {
    public static let countLimit = 1_000_000_000
    /// 31 days.
    public static let secondsLimit = 2_678_400

    /// 1 to ``countLimit``.
    public let count: Int
    /// 1 to ``secondsLimit``.
    public let seconds: Int

    /// Nil outside the bounds.
    public init?(count: Int, seconds: Int) {
        guard (1...Self.countLimit).contains(count), (1...Self.secondsLimit).contains(seconds) else { return nil }
        self.count = count
        self.seconds = seconds
    }
}

/// A rate as an operator sets it, where the empty text lifts it.
public enum RateLimit: Sendable, Hashable {
    case unlimited
    case atMost(Rate)

    public var rate: Rate? {
        if case .atMost(let rate) = self { rate } else { nil }
    }
}

/// What one client or user may do in some time; nil: as much as it likes.
public struct ClientLimits: Hashable, Sendable {
    public var connections: Rate?
    public var messages: Rate?
    public var recipients: Rate?

    public init(connections: Rate? = nil, messages: Rate? = nil, recipients: Rate? = nil) {
        self.connections = connections
        self.messages = messages
        self.recipients = recipients
    }
}
