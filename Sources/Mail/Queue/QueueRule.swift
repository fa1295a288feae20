/// One `[[queue.rule]]`: what mail it is for, and what holds for that; nil is what the rule does not say.
public struct QueueRule: Hashable, Sendable {
    // Conditions: all that are given must hold.
    /// The recipient's domain, or the name of a configured next hop where mail goes through one.
    public var destination: RulePattern?
    public var sender: SenderPattern?
    /// The MX host mail goes to, whatever the domain.
    public var mx: RulePattern?
    /// Why the last attempt failed.
    public var failure: FailureClass?

    // Settings.
    public var priority: Priority?
    /// Seconds, as the three below: see ``Schedule``.
    public var retryMinimum: Int64?
    public var retryMaximum: Int64?
    public var lifetime: Int64?
    /// 0: never.
    public var delayedAfter: Int64?
    /// Open at once.
    public var connections: Int?
    /// Messages.
    public var rate: RateLimit?

    public init(
        destination: RulePattern? = nil, sender: SenderPattern? = nil, mx: RulePattern? = nil,
        failure: FailureClass? = nil, priority: Priority? = nil, retryMinimum: Int64? = nil,
        retryMaximum: Int64? = nil, lifetime: Int64? = nil, delayedAfter: Int64? = nil, connections: Int? = nil,
        rate: RateLimit? = nil
    ) {
        self.destination = destination
        self.sender = sender
        self.mx = mx
        self.failure = failure
        self.priority = priority
        self.retryMinimum = retryMinimum
        self.retryMaximum = retryMaximum
        self.lifetime = lifetime
        self.delayedAfter = delayedAfter
        self.connections = connections
        self.rate = rate
    }

    var hasSchedule: Bool {
        retryMinimum != nil || retryMaximum != nil || lifetime != nil || delayedAfter != nil
    }

    var hasLimits: Bool { connections != nil || rate != nil }

    /// A rule for a sender at a destination is more specific than one for either, one for a sender more than one for a
    /// destination; of two alike in that, the one for a class of failure.
    var specificity: Specificity {
        let (senderWeight, destinationWeight) = (sender?.weight ?? -1, destination?.weight ?? -1)
        return Specificity(
            both: senderWeight > 0 && destinationWeight > 0, sender: senderWeight, destination: destinationWeight,
            failure: failure != nil)
    }

    struct Specificity: Hashable, Comparable {
        let both: Bool
        let sender: Int
        let destination: Int
        let failure: Bool

        static func < (left: Self, right: Self) -> Bool {
            (left.both ? 1 : 0, left.sender, left.destination, left.failure ? 1 : 0)
                < (right.both ? 1 : 0, right.sender, right.destination, right.failure ? 1 : 0)
        }
    }
}
