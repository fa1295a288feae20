public import Mail

/// Totals of one domain and day.
public struct CountedDomain: Hashable, Sendable {
    public var domain: DomainName
    public var successes: Int64
    public var failures: Int64

    public init(domain: DomainName, successes: Int64, failures: Int64) {
        self.domain = domain
        self.successes = successes
        self.failures = failures
    }
}

/// A report that is to be made.
public struct PlannedReport: Hashable, Sendable {
    public var domain: DomainName
    public var day: ReportDay
    /// `report-id`, `left@right`: the same however often it is sent (RPTF-05, D7).
    public var id: String
    /// Some time after midnight (RPTF-26).
    public var dueAt: WallTime

    public init(domain: DomainName, day: ReportDay, id: String, dueAt: WallTime) {
        self.domain = domain
        self.day = day
        self.id = id
        self.dueAt = dueAt
    }
}

/// A report with what has become of it.
public struct StoredReport: Hashable, Sendable {
    /// The raw values are on disk: never changed, only added to.
    public enum State: Int, Hashable, Sendable, CaseIterable {
        /// Nothing was looked up yet.
        case planned = 0
        /// On its way to its destinations.
        case underWay = 1
        case ended = 2
    }

    public var domain: DomainName
    public var day: ReportDay
    public var id: String
    public var state: State
    /// When there is something to do: for a planned report its time, for one under way the first of its destinations. Nil
    /// where it waits for the queue alone, or has ended.
    public var dueAt: WallTime?
    /// When the first attempt was made: 24 hours later nothing more is tried (RPTF-25). For a planned report, when it was
    /// postponed for the first time.
    public var begunAt: WallTime?
    public var endedAt: WallTime?
    /// How it ended.
    public var outcome: ReportOutcome?
    /// One sentence on the last thing that happened; from strangers in part, escaped when shown.
    public var words: String?
    /// What it says; before it has begun, what is counted so far.
    public var successes: Int64
    public var failures: Int64
    public var destinations: [ReportDestination]

    public init(
        domain: DomainName, day: ReportDay, id: String, state: State = .planned, dueAt: WallTime? = nil,
        begunAt: WallTime? = nil, endedAt: WallTime? = nil, outcome: ReportOutcome? = nil, words: String? = nil,
        successes: Int64 = 0, failures: Int64 = 0, destinations: [ReportDestination] = []
    ) {
        self.domain = domain
        self.day = day
        self.id = id
        self.state = state
        self.dueAt = dueAt
        self.begunAt = begunAt
        self.endedAt = endedAt
        self.outcome = outcome
        self.words = words
        self.successes = successes
        self.failures = failures
        self.destinations = destinations
    }
}

/// How a report ended. The raw values are on disk and in JSON: never changed, only added to.
public enum ReportOutcome: String, Hashable, Sendable, CaseIterable {
    /// At least one destination has it (RPTF-22).
    case accepted
    /// No destination took it.
    case undelivered
    /// The domain has no TLSRPT record: nobody asked for it.
    case unwanted
    /// The record names no destination that can be written to, or all of them are suppressed.
    case noDestination = "no-destination"
    /// Whether it is wanted could not be found out within a day.
    case unknown
    /// Nothing was counted any more.
    case empty
}

/// One `rua` of a report under way.
public struct ReportDestination: Hashable, Sendable {
    /// The raw values are on disk and in JSON: never changed, only added to.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// To be tried at ``nextAttempt``.
        case due
        /// A mail in our own queue, ``message``.
        case queued
        case accepted
        /// Refused for good, or given up after 24 hours (RPTF-25).
        case failed
        /// Not tried: suppressed, or malformed.
        case suppressed

        /// Nothing more will happen.
        public var isFinal: Bool { self != .due && self != .queued }
    }

    /// As the record has it; `directory:/path` where the operator overrides it.
    public var uri: String
    public var state: State
    public var attempts: Int
    public var lastAttempt: WallTime?
    public var nextAttempt: WallTime?
    /// The mail.
    public var message: QueueID?
    /// What the last attempt came to.
    public var words: String?

    public init(
        uri: String, state: State, attempts: Int = 0, lastAttempt: WallTime? = nil, nextAttempt: WallTime? = nil,
        message: QueueID? = nil, words: String? = nil
    ) {
        self.uri = uri
        self.state = state
        self.attempts = attempts
        self.lastAttempt = lastAttempt
        self.nextAttempt = nextAttempt
        self.message = message
        self.words = words
    }
}

/// An address that reports of one domain are not sent to for a while. Those of other domains that name it are: nobody but
/// the domain itself may cut itself off.
public struct ReportSuppression: Hashable, Sendable {
    /// Whom the reports are about, and whose record names the address.
    public var domain: DomainName
    public var uri: String
    /// When the last refusal came.
    public var since: WallTime
    public var until: WallTime
    /// Refusals without an accepted report between them, at least 1.
    public var refusals: Int
    /// The last refusal.
    public var words: String

    /// Seconds for which an address that refused a report with 5yz is left alone the first time; twice as long after
    /// each further refusal in a row.
    public static let firstDuration: Int64 = 36 * 3600
    /// Seconds that are never exceeded.
    public static let longestDuration: Int64 = 30 * 86_400

    public init(
        domain: DomainName, uri: String, since: WallTime, until: WallTime, refusals: Int = 1, words: String
    ) {
        self.domain = domain
        self.uri = uri
        self.since = since
        self.until = until
        self.refusals = refusals
        self.words = words
    }

    /// Seconds for which the address is left alone after so many refusals in a row.
    static func duration(after refusals: Int) -> Int64 {
        // 2^5 days are beyond the longest.
        min(firstDuration << min(max(refusals &- 1, 0), 5), longestDuration)
    }
}
