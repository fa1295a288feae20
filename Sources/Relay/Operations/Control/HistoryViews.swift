import Mail
import Store

/// Answer to `GET /v1/history/NAME`. Times are seconds since the epoch.
public struct HistoryView: Codable, Hashable, Sendable {
    public var name: String
    /// What is known now of the domain and of its MX hosts.
    public var known: [KnownFactView]
    /// Newest first.
    public var changes: [FactChangeView]
    /// `before` of the next page; nil where this one is the last.
    public var next: Int64?

    /// Code of the refusal where a rule routes the domain's mail elsewhere.
    public static let routedCode = "routed"

    public init(name: String, known: [KnownFactView], changes: [FactChangeView], next: Int64? = nil) {
        self.name = name
        self.known = known
        self.changes = changes
        self.next = next
    }
}

public struct KnownFactView: Codable, Hashable, Sendable {
    /// The domain, a host, or `HOST for DOMAIN`.
    public var name: String
    /// `mx`, `sts-id`, `sts-policy`, `tlsa`, `starttls`, `verified`, `issuer`.
    public var kind: String
    public var value: String
    public var since: Int64
    public var seenAt: Int64

    init(_ fact: KnownFact) {
        name = fact.name
        kind = fact.kind.rawValue
        value = fact.value
        since = fact.since.seconds
        seenAt = fact.seenAt.seconds
    }
}

public struct FactChangeView: Codable, Hashable, Sendable {
    public var number: Int64
    public var name: String
    public var kind: String
    public var time: Int64
    public var old: String?
    public var new: String
    /// The difference for people.
    public var words: String

    init(_ change: FactChange) {
        number = change.number
        name = change.name
        kind = change.kind.rawValue
        time = change.time.seconds
        old = change.old
        new = change.new
        words = FactWords.change(change.kind, from: change.old, to: change.new)
    }
}

/// Answer to `GET /v1/forecast`.
public struct ForecastView: Codable, Hashable, Sendable {
    /// Seconds the forecast reaches ahead.
    public var seconds: Int64
    /// Those of TLS policy first, then by the time the first is given up.
    public var destinations: [ForecastRow]
    /// False where there are more.
    public var isComplete: Bool
    /// Mail of suspended destinations that would be among these: it is neither tried nor given up before the suspension ends.
    /// ``ForecastRow/first`` and ``ForecastRow/last`` are then behind that end; where it has none, they are what they would be if it
    /// were resumed now.
    public var suspended: [ForecastRow]?

    public init(
        seconds: Int64, destinations: [ForecastRow], isComplete: Bool = true, suspended: [ForecastRow]? = nil
    ) {
        self.seconds = seconds
        self.destinations = destinations
        self.isComplete = isComplete
        self.suspended = suspended
    }
}

/// Mail that waits at one destination for one cause, and will be returned.
public struct ForecastRow: Codable, Hashable, Sendable {
    public var destination: String
    /// Nil where it was never tried.
    public var cause: String?
    public var detail: String?
    public var isPolicy: Bool
    public var messages: Int
    public var recipients: Int
    /// When the first and the last are returned: seconds since the epoch.
    public var first: Int64
    public var last: Int64
    /// Its destination is suspended, as ``RecipientView/waiting``.
    public var waiting: WaitingView?

    init(_ sum: ExpirySum) {
        destination = sum.destination
        cause = sum.cause
        detail = sum.detail
        isPolicy = sum.cause.flatMap(Reason.Cause.init(rawValue:))?.isTLSPolicy ?? false
        messages = sum.messages
        recipients = sum.recipients
        first = sum.first.seconds
        last = sum.last.seconds
    }

    static func isSooner(_ left: ForecastRow, _ right: ForecastRow) -> Bool {
        let (one, other) = (left.isPolicy ? 0 : 1, right.isPolicy ? 0 : 1)
        return (one, left.first, left.destination, left.cause ?? "")
            < (other, right.first, right.destination, right.cause ?? "")
    }
}
