public import Logging
public import Mail
public import Net

extension Configuration {
    /// What holds for mail that waits.
    public struct Queue: Sendable, Equatable {
        /// All `[[queue.rule]]` tables, as they stand in the file. ``Configuration/queueRules`` is what follows from them.
        public var writtenRules: [WrittenQueueRule] = []
        /// How long a step of the clock must stand before it is believed.
        public var clockPatience = Duration.seconds(ClockWatch.usualPatience)
    }

    /// What became of messages that left the queue.
    public struct Trace: Sendable, Equatable {
        public var keep = Duration.seconds(30 * 86_400)
        /// Octets on disk; 0 switches the trace off.
        public var size = 1_000_000_000

        public var isOn: Bool { size > 0 }
    }

    /// Figures for Prometheus.
    public struct Metrics: Sendable, Equatable {
        /// TCP, never a Unix socket; nil for none.
        public var listen: SocketAddress? = .v4(address: 0x7F00_0001, port: 9425)
    }

    /// Parts of the daemon whose least level of log lines can be set by itself.
    public enum LogStation: String, Sendable, CaseIterable {
        case intake, dispatch, route, delivery, outcome, report, operations
    }

    /// One `[[queue.rule]]` as it stands in the file: nil is a key that is not there.
    public struct WrittenQueueRule: Sendable, Equatable {
        // What it is for: each that is given must match.
        public var destination: RulePattern?
        public var sender: SenderPattern?
        public var mx: RulePattern?
        public var failure: FailureClass?
        // What holds then.
        public var priority: PriorityWord?
        public var retryMinimum: Duration?
        public var retryMaximum: Duration?
        public var lifetime: Duration?
        /// Zero: never.
        public var delayedAfter: Duration?
        public var connections: Int?
        public var rate: RateLimit?

        public init() {}
    }

    public enum PriorityWord: String, Sendable, CaseIterable {
        case high, normal

        public var priority: Priority {
            switch self {
            case .high: .high
            case .normal: .normal
            }
        }
    }

    /// What follows from `[[queue.rule]]`.
    public var queueRules: QueueRules { QueueRules(queue.writtenRules.map(\.rule)) }
}

extension Configuration.Log {
    /// The least level that `station` logs.
    public func level(of station: Configuration.LogStation) -> Logger.Level { levels[station] ?? level }
}

extension Configuration.WrittenQueueRule {
    /// Spans in whole seconds.
    var rule: QueueRule {
        QueueRule(
            destination: destination, sender: sender, mx: mx, failure: failure, priority: priority?.priority,
            retryMinimum: retryMinimum?.components.seconds, retryMaximum: retryMaximum?.components.seconds,
            lifetime: lifetime?.components.seconds, delayedAfter: delayedAfter?.components.seconds,
            connections: connections, rate: rate)
    }
}
