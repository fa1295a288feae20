import Mail

/// Answer to `GET /v1/alarms`.
public struct AlarmsView: Codable, Hashable, Sendable {
    /// Standing ones first, oldest first; then the others, newest first.
    public var alarms: [AlarmView]
    /// Of all that there are.
    public var standing: Int
    /// Of those that stand.
    public var unacknowledged: Int
    /// False where the newest are not on disk yet, for the store does not take them.
    public var kept: Bool
    /// `before` of the next page; nil at the end.
    public var next: Int64?

    public init(
        alarms: [AlarmView], standing: Int, unacknowledged: Int, kept: Bool = true, next: Int64? = nil
    ) {
        self.alarms = alarms
        self.standing = standing
        self.unacknowledged = unacknowledged
        self.kept = kept
        self.next = next
    }
}

/// One alarm; also the answer to `POST /v1/alarms/NUMBER/acknowledge`. Times are seconds since the epoch.
public struct AlarmView: Codable, Hashable, Sendable {
    /// By which it is acknowledged; 0 while it is not on disk.
    public var number: Int64
    /// Raw value of `AlarmKind`.
    public var kind: String
    /// Empty where the kind says it all.
    public var subject: String
    public var words: String
    public var standing: Bool
    /// A fault on this side.
    public var local: Bool
    public var raisedAt: Int64
    public var seenAt: Int64
    public var clearedAt: Int64?
    /// Why it was cleared.
    public var clearing: String?
    public var acknowledgedAt: Int64?
    public var acknowledgement: String?

    public init(
        number: Int64, kind: String, subject: String, words: String, standing: Bool, local: Bool, raisedAt: Int64,
        seenAt: Int64, clearedAt: Int64? = nil, clearing: String? = nil, acknowledgedAt: Int64? = nil,
        acknowledgement: String? = nil
    ) {
        self.number = number
        self.kind = kind
        self.subject = subject
        self.words = words
        self.standing = standing
        self.local = local
        self.raisedAt = raisedAt
        self.seenAt = seenAt
        self.clearedAt = clearedAt
        self.clearing = clearing
        self.acknowledgedAt = acknowledgedAt
        self.acknowledgement = acknowledgement
    }

    init(_ alarm: OperatorAlarm) {
        self.init(
            number: alarm.number, kind: alarm.kind.rawValue, subject: alarm.subject, words: alarm.words,
            standing: alarm.isStanding, local: alarm.kind.isLocal, raisedAt: alarm.raisedAt.seconds,
            seenAt: alarm.seenAt.seconds, clearedAt: alarm.clearedAt?.seconds, clearing: alarm.clearing,
            acknowledgedAt: alarm.acknowledgedAt?.seconds, acknowledgement: alarm.acknowledgement)
    }
}

/// What hooks get: what became of which alarm, and where.
struct AlarmTidingView: Codable, Hashable, Sendable {
    /// `raised`, `cleared` or `acknowledged`.
    var event: String
    var hostname: String
    var alarm: AlarmView

    init(_ change: AlarmHook.Change, _ alarm: OperatorAlarm, hostname: DomainName) {
        event = change.rawValue
        self.hostname = hostname.text
        self.alarm = AlarmView(alarm)
    }
}

/// Part of the answer to `GET /v1/status`.
public struct AlarmCountView: Codable, Hashable, Sendable {
    public var standing: Int
    public var unacknowledged: Int

    public init(standing: Int, unacknowledged: Int) {
        self.standing = standing
        self.unacknowledged = unacknowledged
    }
}

/// Answer to `GET /v1/doctor`.
public struct DoctorView: Codable, Hashable, Sendable {
    public var checks: [DoctorCheckView]

    public init(checks: [DoctorCheckView]) { self.checks = checks }

    /// Of all checks the worst.
    public var worst: DoctorCheckView.State {
        let states = checks.map(\.state)
        return states.contains(.fault) ? .fault : states.contains(.warning) ? .warning : .ok
    }
}

/// What one check of `relayctl doctor` found.
public struct DoctorCheckView: Codable, Hashable, Sendable {
    /// `resolver`, `port-25`: a word of ours.
    public var name: String
    public var state: State
    /// What was found, a sentence without its full stop.
    public var words: String
    /// What to do; nil where nothing is to be done.
    public var cure: String?

    public enum State: String, Codable, Hashable, Sendable, CaseIterable {
        case ok
        /// Nothing can be said.
        case unknown
        case warning
        case fault
    }

    public init(_ name: String, _ state: State, _ words: String, cure: String? = nil) {
        self.name = name
        self.state = state
        self.words = words
        self.cure = cure
    }
}

/// Which alarms are asked for.
public struct AlarmQuery: Hashable, Sendable {
    /// True: only those that stand; false: only those that are over; nil: all.
    public var standing: Bool?
    /// ``AlarmsView/next`` of the page before.
    public var before: Int64?
    /// Of those that are over, 1 to ``limitCeiling``.
    public var limit: Int

    public static let usualLimit = 100
    public static let limitCeiling = 1000

    public init(standing: Bool? = nil, before: Int64? = nil, limit: Int = AlarmQuery.usualLimit) {
        self.standing = standing
        self.before = before
        self.limit = limit
    }
}
