import Mail
import Store

/// GET /v1/exceptions. Times are seconds since the epoch.
public struct ExceptionsView: Codable, Hashable, Sendable {
    public let exceptions: [ExceptionView]

    public init(exceptions: [ExceptionView]) { self.exceptions = exceptions }
}

/// One exception.
public struct ExceptionView: Codable, Hashable, Sendable {
    public let domain: String
    /// `encrypted` or `opportunistic`
    public let allow: String
    public let since: Int64
    public let until: Int64
    public let reason: String
    public let untilFixed: Bool
    /// `needed`, `unneeded` where hosts that were met lately would all have met the true policy, or `unknown` where none was
    /// met yet.
    public let state: String
    /// Absent where it is needed.
    public let unneededSince: Int64?
    /// Over which mail went under it, since the daemon started.
    public let connections: Int64

    public init(
        domain: String, allow: String, since: Int64, until: Int64, reason: String, untilFixed: Bool = false,
        unneededSince: Int64? = nil, isKnown: Bool = true, connections: Int64 = 0
    ) {
        self.domain = domain
        self.allow = allow
        self.since = since
        self.until = until
        self.reason = reason
        self.untilFixed = untilFixed
        self.state = unneededSince != nil ? "unneeded" : isKnown ? "needed" : "unknown"
        self.unneededSince = unneededSince
        self.connections = connections
    }

    init(_ standing: Exceptions.Standing) {
        self.init(
            standing.exception, unneededSince: standing.unneededSince, isKnown: standing.isKnown,
            connections: standing.connections)
    }

    init(
        _ exception: PolicyException, unneededSince: WallTime? = nil, isKnown: Bool = false, connections: Int64 = 0
    ) {
        self.init(
            domain: exception.domain.text, allow: exception.allow.rawValue, since: exception.since.seconds,
            until: exception.until.seconds, reason: exception.reason, untilFixed: exception.isUntilFixed,
            unneededSince: unneededSince?.seconds, isKnown: isKnown, connections: connections)
    }
}

/// POST /v1/exceptions/add
public struct ExceptionAdditionView: Codable, Hashable, Sendable {
    public let exception: ExceptionView
    /// The one whose place it took; absent where there was none.
    public let replaced: ExceptionView?
    /// Recipients that are kept back for their policy and are tried now, at most ``waitingLimit``.
    public let waiting: Int

    /// Beyond these they are not counted.
    public static let waitingLimit = 1_000

    public init(exception: ExceptionView, replaced: ExceptionView? = nil, waiting: Int = 0) {
        self.exception = exception
        self.replaced = replaced
        self.waiting = waiting
    }
}

/// GET /v1/observed
public struct ObservedView: Codable, Hashable, Sendable {
    public let days: Int
    /// Those that would have refused most first.
    public let observed: [ObservedRowView]
    /// There are more counts than one answer takes.
    public let isCut: Bool

    public init(days: Int, observed: [ObservedRowView], isCut: Bool = false) {
        self.days = days
        self.observed = observed
        self.isCut = isCut
    }

    init(days: Int, _ counts: [ObservedCount], isCut: Bool) {
        struct Name: Hashable {
            let rule: String
            let destination: String
        }
        let rows = Dictionary(grouping: counts) { Name(rule: $0.rule, destination: $0.destination) }
        let views = rows.map { name, counts in
            let causes = Dictionary(
                counts.compactMap { count in count.cause.map { ($0, count.connections) } }, uniquingKeysWith: +)
            return ObservedRowView(
                rule: name.rule, destination: name.destination,
                wentThrough: counts.reduce(0) { $0 + ($1.cause == nil ? $1.connections : 0) }, causes: causes)
        }
        self.init(
            days: days,
            observed: views.sorted {
                ($1.wouldRefuse, $1.wentThrough, $0.rule, $0.destination)
                    < ($0.wouldRefuse, $0.wentThrough, $1.rule, $1.destination)
            }, isCut: isCut)
    }
}

/// What rules in mode `observe` would have done at one destination: connections.
public struct ObservedRowView: Codable, Hashable, Sendable {
    /// `rule "example.org"`
    public let rule: String
    public let destination: String
    public let wouldRefuse: Int64
    public let wentThrough: Int64
    /// Of `would_refuse`, by cause.
    public let causes: [CauseCount]

    public struct CauseCount: Codable, Hashable, Sendable {
        public let cause: String
        public let connections: Int64
    }

    public init(rule: String, destination: String, wentThrough: Int64, causes: [String: Int64]) {
        self.rule = rule
        self.destination = destination
        self.wouldRefuse = causes.values.reduce(0, +)
        self.wentThrough = wentThrough
        self.causes = causes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            CauseCount(cause: $0.key, connections: $0.value)
        }
    }
}
