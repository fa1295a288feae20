public import Mail

/// What the daemon shows to the control socket: all that `relayctl` can learn. Implemented by the service.
public protocol ControlSource: Sendable {
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
    /// What Prometheus scrapes, as text (`/v1/metrics`).
    func metrics() async -> String
}

extension ControlSource {
    /// Nothing is counted here.
    public func metrics() async -> String { "" }
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

/// Which messages of the queue are asked for. All conditions given must hold.
public struct QueueQuery: Hashable, Sendable {
    /// Messages with a recipient whose next-hop domain this is.
    public var destination: DomainName?
    /// Reverse-path, compared without regard to ASCII case; empty is the null reverse-path.
    public var sender: String?
    /// Compared without regard to ASCII case.
    public var recipient: String?
    /// Messages in this page, 1 to ``limitCeiling``.
    public var limit: Int
    /// ``QueuePage/next`` of the page before.
    public var cursor: String?

    public static let defaultLimit = 100
    public static let limitCeiling = 1000
    /// Octets of a cursor or an address in a query (RFC 5321 §4.5.3.1.3: a path has at most 256).
    public static let textLimit = 320

    public init(
        destination: DomainName? = nil, sender: String? = nil, recipient: String? = nil,
        limit: Int = QueueQuery.defaultLimit, cursor: String? = nil
    ) {
        self.destination = destination
        self.sender = sender
        self.recipient = recipient
        self.limit = limit
        self.cursor = cursor
    }
}
