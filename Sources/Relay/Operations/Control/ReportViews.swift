public import Mail
import Store

/// Answer to `GET /v1/tlsrpt`: what is counted today, and what became of the last reports. Times are seconds since the epoch.
public struct ReportStatusView: Codable, Hashable, Sendable {
    /// Reports are sent.
    public var enabled: Bool
    /// What keeps them from being sent.
    public var missing: [String]
    /// What keeps them from being sent just now, though they are on: no key may sign them.
    public var problems: [String] = []
    public var organization: String?
    public var contact: String?
    public var submitter: String?
    /// The UTC day that is counted now.
    public var day: String
    /// When its reports go out: from, and until.
    public var sendFrom: Int64
    public var sendUntil: Int64
    /// Sessions of today that are not counted, for want of room.
    public var droppedSessions: Int64
    /// Datagrams of `tlsrpt.socket` since the start: taken, and dropped because they could not be read; absent without a socket.
    public var observationsTaken: Int?
    public var observationsDropped: Int?
    /// One page, alphabetical.
    public var domains: [ReportDomainView]
    /// Addresses that are left alone for a while.
    public var suppressed: [ReportSuppressionView]
    /// `after` of the next page; nil where this one is the last.
    public var next: String?
}

/// One domain that mail was delivered to, or tried to.
public struct ReportDomainView: Codable, Hashable, Sendable {
    public var domain: String
    /// Of today so far, under all policies.
    public var sessions: Int64
    public var failures: Int64
    /// The newest report that was planned; nil where none is remembered.
    public var last: ReportView?
}

/// One report of ours.
public struct ReportView: Codable, Hashable, Sendable {
    public var day: String
    public var id: String
    /// `planned`, `under-way` or `ended`.
    public var state: String
    /// When there is something to do next.
    public var dueAt: Int64?
    public var endedAt: Int64?
    /// `accepted`, `undelivered`, `unwanted`, `no-destination` or `unknown`.
    public var outcome: String?
    public var words: String?
    public var sessions: Int64
    public var failures: Int64
    public var destinations: [ReportDestinationView]

    init(_ report: StoredReport) {
        day = report.day.description
        id = report.id
        state =
            switch report.state {
            case .planned: "planned"
            case .underWay: "under-way"
            case .ended: "ended"
            }
        dueAt = report.dueAt?.seconds
        endedAt = report.endedAt?.seconds
        outcome = report.outcome?.rawValue
        words = report.words
        sessions = report.successes &+ report.failures
        failures = report.failures
        destinations = report.destinations.map(ReportDestinationView.init)
    }
}

/// One address of a report.
public struct ReportDestinationView: Codable, Hashable, Sendable {
    public var uri: String
    /// `due`, `queued`, `accepted`, `failed` or `suppressed`.
    public var state: String
    public var attempts: Int
    public var nextAttempt: Int64?
    /// The mail's id in the queue.
    public var queueId: String?
    public var words: String?

    init(_ destination: ReportDestination) {
        uri = destination.uri
        state = destination.state.rawValue
        attempts = destination.attempts
        nextAttempt = destination.nextAttempt?.seconds
        queueId = destination.message?.text
        words = destination.words
    }
}

public struct ReportSuppressionView: Codable, Hashable, Sendable {
    public var uri: String
    public var since: Int64
    public var until: Int64
    public var words: String

    init(_ suppression: ReportSuppression) {
        uri = suppression.uri
        since = suppression.since.seconds
        until = suppression.until.seconds
        words = suppression.words
    }
}

/// Answer to `GET /v1/tlsrpt/preview`.
public struct ReportPreviewPage: Codable, Hashable, Sendable {
    /// Octets of reports in one page, unless the first alone is longer.
    public static let octetLimit = 1 << 20

    public var reports: [ReportPreview]
    public var next: String?
}

/// What the report of one domain would say now.
public struct ReportPreview: Codable, Hashable, Sendable {
    public var domain: String
    public var day: String
    public var fileName: String
    public var subject: String
    /// The JSON of the report (RFC 8460 §4.4), as text.
    public var report: String
    /// The part of the mail that is for people.
    public var summary: String
    /// Where it would go, by the record or the override: addresses as they are written there.
    public var destinations: [String] = []
    /// Why it would go nowhere, or that this is not known; nil where it would go somewhere.
    public var destinationError: String?
}

/// Answer to `POST /v1/tlsrpt/send`.
public struct ReportSendView: Codable, Hashable, Sendable {
    public var day: String
    /// Domains whose reports go out now: the first ``namesLimit`` of them.
    public var domains: [String]
    /// How many they are in all.
    public var count: Int
    /// Why nothing is sent; nil where something is.
    public var error: String?

    public static let namesLimit = 100

    /// - Parameter count: nil where `domains` are all.
    public init(day: String, domains: [String], count: Int? = nil, error: String? = nil) {
        self.day = day
        self.domains = Array(domains.prefix(Self.namesLimit))
        self.count = count ?? domains.count
        self.error = error
    }
}

/// Which reports are meant.
public struct ReportQuery: Hashable, Sendable {
    /// Nil: today for a preview, yesterday for sending.
    public var day: ReportDay?
    public var domain: DomainName?
    /// `next` of the page before.
    public var after: DomainName?
    public var limit: Int

    public static let limitCeiling = 100

    public init(
        day: ReportDay? = nil, domain: DomainName? = nil, after: DomainName? = nil,
        limit: Int = ReportQuery.limitCeiling
    ) {
        self.day = day
        self.domain = domain
        self.after = after
        self.limit = limit
    }
}
