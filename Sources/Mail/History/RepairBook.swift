/// Destinations whose mail is kept back by TLS policy, and when to see whether the cause is gone.
///
/// Whose turn comes first is looked at first, so that none waits for another; how many at once and in a minute is bounded.
/// Times are of a clock that may be set back: no wait counts that lies further ahead than it can.
public struct RepairBook: Sendable {
    /// Destinations that are remembered; beyond that they wait for their next retry as they would without. Ours.
    public static let limit = 20_000
    /// Seconds between a deferral and the first look, and between looks while the trouble is young. Ours.
    public static let shortest: Int64 = 30
    /// Seconds between two looks at most, while waking did not prove vain. Ours.
    public static let longest: Int64 = 600
    /// Looks come a tenth of the age of the trouble apart. Ours.
    public static let share: Int64 = 10
    /// Seconds between two looks at a domain with an exception. Ours.
    public static let exceptionInterval: Int64 = 600
    /// Seconds between two looks at most, where mail that was woken met the same cause again and again, or looks found
    /// nothing out. Ours.
    public static let longestInVain: Int64 = 3_600
    /// Seconds after a waking in which a deferral is the same trouble still. Ours.
    public static let memory: Int64 = 3_600
    /// Looks at once. Ours.
    public static let atOnce = 6
    /// Beside these, looks at once at domains with an exception: neither takes the other's places. Ours.
    public static let exceptionsAtOnce = 2
    /// Looks within a minute, over all destinations. Ours.
    public static let ofMinute = 120

    /// The mail of one destination that cannot go.
    public struct Trouble: Hashable, Sendable {
        public let destination: String
        public let nextHop: NextHop
        public let demand: MessageDemand
        public let cause: Reason.Cause
        public let since: WallTime
    }

    private struct Entry: Sendable {
        var trouble: Trouble
        var next: WallTime
        var isUnderWay = false
        /// Wakings after which the same cause came back.
        var vain = 0
        /// Looks in a row that found nothing out.
        var unknown = 0
        /// Mail was woken then; nil while it waits.
        var wokenAt: WallTime?
    }

    private var entries: [String: Entry] = [:]
    private var minute: Int64 = 0
    private var looksOfMinute = 0

    public init() {}

    /// Destinations that wait for a repair.
    public var count: Int { entries.values.count { $0.wokenAt == nil } }

    /// Looks under way.
    public var running: Int { entries.values.count { $0.isUnderWay } }

    /// It waits for a repair, or its mail was woken a while ago.
    public func isKnown(_ destination: String) -> Bool { entries[destination] != nil }

    /// Mail to a destination was deferred.
    ///
    /// Ordinary mail speaks for a destination before mail with demands of its own does.
    public mutating func noteDeferral(
        to nextHop: NextHop, _ demand: MessageDemand, _ cause: Reason.Cause, since: WallTime? = nil, at now: WallTime
    ) {
        let name = nextHop.destination
        guard cause.isTLSPolicy else { return }
        guard var entry = entries[name] else {
            if entries.count >= Self.limit { forgetWoken(at: now) }
            guard entries.count < Self.limit else { return }
            entries[name] = Entry(
                trouble: Trouble(
                    destination: name, nextHop: nextHop, demand: demand, cause: cause, since: min(since ?? now, now)),
                next: now.advanced(by: Self.shortest))
            return
        }
        if let wokenAt = entry.wokenAt {
            entry.wokenAt = nil
            if now.seconds - wokenAt.seconds < Self.memory, wokenAt <= now {
                // What was looked at was mended, and mail does not go: looking at it so often is of no use.
                entry.vain += 1
                entry.next = now.advanced(by: interval(of: entry, at: now))
            } else {
                entry.vain = 0
                entry.trouble = Trouble(
                    destination: name, nextHop: nextHop, demand: demand, cause: cause, since: now)
                entry.next = now.advanced(by: Self.shortest)
            }
        }
        if demand == .ordinary || entry.trouble.demand != .ordinary {
            entry.trouble = Trouble(
                destination: name, nextHop: nextHop, demand: demand, cause: cause, since: entry.trouble.since)
        }
        entries[name] = entry
    }

    /// Those to look at now, longest due first, as many as may be. Each is under way until ``ended(_:_:at:)``.
    public mutating func due(at now: WallTime) -> [Trouble] {
        if minute != now.seconds / 60 {
            minute = now.seconds / 60
            looksOfMinute = 0
        }
        let places = min(Self.atOnce - running, Self.ofMinute - looksOfMinute)
        guard places > 0 else { return [] }
        let due = entries.values.filter { entry in
            guard !entry.isUnderWay, entry.wokenAt == nil else { return false }
            return entry.next <= now || entry.next > now.advanced(by: Self.longestInVain)
        }
        let taken = due.sorted { ($0.next, $0.trouble.destination) < ($1.next, $1.trouble.destination) }.prefix(places)
        for entry in taken { entries[entry.trouble.destination]?.isUnderWay = true }
        looksOfMinute += taken.count
        return taken.map(\.trouble)
    }

    /// A look is over. Where the cause is gone, mail is woken.
    public mutating func ended(_ destination: String, _ finding: RepairFinding, at now: WallTime) {
        guard var entry = entries[destination] else { return }
        entry.isUnderWay = false
        entry.unknown = finding == .unknown ? entry.unknown + 1 : 0
        if finding == .mended {
            entry.wokenAt = now
        } else {
            entry.next = now.advanced(by: interval(of: entry, at: now))
        }
        entries[destination] = entry
    }

    /// Forgets all that is not among `waiting`, but for what is under way or came after `time`: it was delivered, or given
    /// up.
    public mutating func keep(_ waiting: Set<String>, since time: WallTime) {
        entries = entries.filter { name, entry in
            waiting.contains(name) || entry.isUnderWay || entry.trouble.since >= time
                || entry.wokenAt.map { $0.advanced(by: Self.memory) > time } == true
        }
    }

    /// Seconds to the next look.
    private func interval(of entry: Entry, at now: WallTime) -> Int64 {
        let (age, overflow) = now.seconds.subtractingReportingOverflow(entry.trouble.since.seconds)
        let usual = Self.interval(age: overflow ? .max : age)
        let vain = entry.vain + entry.unknown
        return Schedule.doubled(usual, upTo: max(usual, vain == 0 ? usual : Self.longestInVain), times: vain)
    }

    /// Seconds between looks at trouble of that age in seconds.
    public static func interval(age: Int64) -> Int64 {
        min(max(age / share, shortest), longest)
    }

    private mutating func forgetWoken(at now: WallTime) {
        entries = entries.filter { $0.value.wokenAt == nil }
    }
}
