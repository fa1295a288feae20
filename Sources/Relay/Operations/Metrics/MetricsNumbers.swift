import DNS
import Mail

/// Numbers that other parts hold, as they were when a scrape asked for them. nil: not known now, and left out.
struct MetricsNumbers: Sendable {
    var queue = QueueGauges()
    var store = StoreGauges()
    var resolver = ResolverGauges()
    /// MTA-STS policies in memory by their mode.
    var policies: [STSPolicy.Mode: Int]?
    /// Open now.
    var intakeConnections: Int?
    var deliveryConnections: Int?
    /// When the certificate of each listener that has one ends; by the listener's name.
    var certificates: [(listener: String, notAfter: WallTime)] = []
    var observations: (taken: Int, dropped: Int)?
    /// Alarms that stand, by their kind.
    var alarms: [AlarmKind: Int]?
    var process = ProcessGauges()
    var version = ""
    var hostname = ""
}

/// How the queue stands. Whoever fills it must not go through the whole queue more often than ``MetricsPace/scan`` allows.
struct QueueGauges: Hashable, Sendable {
    var messages: Int?
    var quarantinedMessages: Int?
    /// Messages that were being delivered at a crash, and wait for the end of their rest.
    var restingMessages: Int?
    /// Recipients whose time for an attempt has come.
    var due: Int?
    /// Recipients whose next attempt is later.
    var deferred: Int?
    var held: Int?
    var quarantined: Int?
    /// Seconds for which the recipient that is due longest has been due; 0 where none is.
    var oldestDue: Int64?
    /// Destinations with deliveries under way or mail in memory.
    var activeDestinations: Int?
    /// Destinations that failed and are left alone for now.
    var downDestinations: Int?
    /// Destinations that the operator suspended.
    var suspendedDestinations: Int?
}

/// How the disk of the queue stands.
struct StoreGauges: Hashable, Sendable {
    var freeBytes: UInt64?
    var floorBytes: Int?
    var freeInodes: UInt64?
    /// Transactions on disk, and those that failed.
    var commits: UInt64?
    var failedCommits: UInt64?
    var isJournalStuck: Bool?
    /// Settlements that the store does not take now.
    var unsettled: Int?
    /// The intake takes no mail: why.
    var shortage: IntakeCapacity.Shortage?
    /// Records of ended messages that did not get to disk.
    var traceDropped: UInt64?
    var traceRecords: Int?
    var traceBytes: Int64?
}

/// How the resolver fares.
struct ResolverGauges: Sendable {
    var isRunning: Bool?
    var counters: ResolverCounters?
    var openLookups: Int?
    /// nil while no self-test has ended.
    var selfTest: ValidationStatus?
    var isSelfTestWanted = true
}

extension QueueGauges {
    /// Of what waits and what is held, as the store counts it.
    init(messages: Int, quarantinedMessages: Int, held: Int) {
        self.messages = messages
        self.quarantinedMessages = quarantinedMessages
        self.held = held
    }
}
