public import Mail

/// What the daemon shows to the control socket: all that `relayctl` can learn. Implemented by the service.
public protocol ControlSource: ExceptionSource, ProofSource {
    func status() async -> StatusView
    /// One page, oldest first. An error becomes 500 with its description.
    func queue(_ query: QueueQuery) async throws -> QueuePage
    /// nil where no message has this id.
    func show(_ id: QueueID) async throws -> MessageView?
    /// JSON of a `PolicyDocument`: what a delivery to `domain` would decide now. An error becomes 500.
    func policy(_ domain: DomainName) async throws -> [UInt8]
    /// One page of the cache of MTA-STS policies, in alphabetical order from behind `domain`. An error becomes 500.
    func policyPage(after domain: DomainName?, limit: Int) async throws -> STSPage
    /// Looks up the TXT record and fetches the policy now, whatever is cached (RFC 8461 §3.3): what came of it.
    func refreshPolicy(of domain: DomainName) async -> STSRefreshView
    /// What TLS-RPT counted today, and what became of the last reports. An error becomes 500.
    func reports(_ query: ReportQuery) async throws -> ReportStatusView
    /// The reports of a day as they would be sent now. An error becomes 500.
    func reportPreview(_ query: ReportQuery) async throws -> ReportPreviewPage
    /// Sends reports of a day that is over without waiting for their time. An error becomes 500.
    func sendReports(_ query: ReportQuery) async throws -> ReportSendView

    /// Changes, or in a dry run only finds, the recipients of one page of the queue; `reason` is the operator's, for the
    /// trace, for who lists the queue, and of a bounce for the sender. What is being delivered right now is left alone.
    /// - Parameter cursor: ``QueueOrderPage/next`` of the page before; nil for the first.
    func order(
        _ verb: QueueVerb, _ selectors: QueueSelectors, dryRun: Bool, reason: String?, cursor: String?
    ) async throws -> QueueOrderPage
    /// Those with most mail first; all that are suspended where `suspendedOnly`, with mail or without.
    func destinations(limit: Int, suspendedOnly: Bool) async throws -> DestinationsPage
    /// Gives a destination no more attempts, for so many seconds or until it is resumed. A second time replaces the first.
    func suspend(_ name: DestinationName, seconds: Int64?, reason: String?) async throws -> SuspensionView
    func resume(_ name: DestinationName) async throws -> ResumptionView
    func holds() async throws -> HoldsView
    /// Holds what comes from now on and matches; what is in the queue is the affair of ``order(_:_:dryRun:reason:cursor:)``.
    func addHold(_ rule: HoldOrder, reason: String?) async throws -> HoldRuleView
    /// False where there is no such rule. What it held stays held.
    func removeHold(_ number: Int64) async throws -> Bool
    /// Lives of messages by queue id, Message-ID (with or without angle brackets) or address, newest first.
    func trace(key: String, limit: Int) async throws -> TracePage
    /// The same, with what each attempt was decided by.
    func explain(key: String, limit: Int) async throws -> ExplainAnswer
    /// The newest that matches, with what a ticket needs besides.
    func bundle(key: String) async throws -> BundleAnswer
    /// Reads the configuration anew and applies it, or nothing of it.
    func reload() async throws -> ReloadView
    /// What another configuration would change, for one page of the domains that mail goes to; nothing is sent.
    func simulate(_ query: SimulationQuery) async throws -> SimulationPage
    /// The exposition for Prometheus.
    func metrics() async throws -> String
    /// Alarms; those that are told of are on disk, unless the answer says that they are not. An error becomes 500.
    func alarms(_ query: AlarmQuery) async throws -> AlarmsView
    /// nil where no alarm of that number stands. Returned once it is on disk; an error becomes 500.
    func acknowledgeAlarm(_ number: Int64, words: String?) async throws -> AlarmView?
    /// Runs the local checks now.
    func doctor() async -> DoctorView
    /// What is known of a domain and its hosts, and what changed, newest first; nil where nothing is known.
    /// - Parameter before: ``HistoryView/next`` of the page before; nil for the first.
    func history(of name: DomainName, before: Int64?, limit: Int) async throws -> HistoryView?
    /// What will be returned within so many seconds; nil: as far as the daemon looks ahead itself.
    func forecast(seconds: Int64?) async throws -> ForecastView
}

/// A source that has no alarms.
extension ControlSource {
    public func alarms(_ query: AlarmQuery) async throws -> AlarmsView {
        AlarmsView(alarms: [], standing: 0, unacknowledged: 0)
    }

    public func acknowledgeAlarm(_ number: Int64, words: String?) async throws -> AlarmView? { nil }

    public func doctor() async -> DoctorView { DoctorView(checks: []) }
}

/// What a hold rule is to hold. All conditions given must hold, and one must be.
public struct HoldOrder: Hashable, Sendable {
    public var sender: AddressSelector?
    public var recipient: AddressSelector?
    public var destination: DestinationName?

    public init(
        sender: AddressSelector? = nil, recipient: AddressSelector? = nil, destination: DestinationName? = nil
    ) {
        self.sender = sender
        self.recipient = recipient
        self.destination = destination
    }

    /// What of the queue the rule would have held.
    public var selectors: QueueSelectors {
        QueueSelectors(destination: destination, sender: sender, recipient: recipient)
    }
}

/// Which page of the policy cache is asked for.
public struct PolicyQuery: Hashable, Sendable {
    /// ``STSPage/next`` of the page before; nil for the first.
    public var after: DomainName?
    /// Policies in this page, 1 to ``limitCeiling``.
    public var limit: Int

    public static let limitCeiling = 100

    public init(after: DomainName? = nil, limit: Int = PolicyQuery.limitCeiling) {
        self.after = after
        self.limit = limit
    }
}

/// Which messages of the queue are asked for. All conditions given must hold; with none, it is all messages.
public struct QueueQuery: Hashable, Sendable {
    public var selectors: QueueSelectors
    /// Messages with a recipient in one of these states; empty: in any.
    public var states: Set<QueueState>
    /// Messages in this page, 1 to ``limitCeiling``.
    public var limit: Int
    /// ``QueuePage/next`` of the page before.
    public var cursor: String?

    public static let defaultLimit = 100
    public static let limitCeiling = 1000

    public init(
        _ selectors: QueueSelectors = QueueSelectors(), states: Set<QueueState> = [],
        limit: Int = QueueQuery.defaultLimit, cursor: String? = nil
    ) {
        self.selectors = selectors
        self.states = states
        self.limit = limit
        self.cursor = cursor
    }
}

/// Bounds of what stands in a request to the control socket.
public enum ControlLimits {
    /// Octets of a cursor, an address or a key in a query (RFC 5321 §4.5.3.1.3: a path has at most 256; a Message-ID that is
    /// kept, 255).
    public static let text = 320
    /// Octets of the operator's reason: what fits on a line or two of a notice.
    public static let reason = 400
    /// Destinations in an answer.
    public static let destinations = 1000
    /// Destinations in an answer where nobody says how many.
    public static let usualDestinations = 100
    /// Seconds of an exception: 90 days. Ours: one that is needed for longer is a rule.
    public static let exception: Int64 = 7_776_000
    /// Days of which ``ObservedView`` is asked for. Ours: as long as the counts are worth anything.
    public static let observedDays = 366
    /// Days where nobody says how many.
    public static let usualObservedDays = 7
    /// Lives in an answer.
    public static let lives = 100
    /// Lives in an answer where nobody says how many.
    public static let usualLives = 20
    /// Messages that are explained in an answer: each may name twenty documents of each recipient.
    public static let explained = 20
    /// The same where nobody says how many.
    public static let usualExplained = 5
    /// Changes in one answer of a history.
    public static let changes = 1000
    /// Changes where nobody says how many.
    public static let usualChanges = 50
    /// Seconds of a forecast: a year.
    public static let forecast: Int64 = 31_536_000
    /// Seconds of a suspension: a year.
    public static let suspension: Int64 = 31_536_000
}
