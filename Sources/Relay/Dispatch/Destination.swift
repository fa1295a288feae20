import DequeModule
import Mail
import Net

/// What the dispatcher holds about one destination while there is something to do for it.
///
/// Touched by the dispatcher only. A class, so that a queue of thousands is changed in its place and not copied.
final class Destination {
    let name: String
    var window: DestinationWindow
    /// Jobs that wait for a connection: senders take turns, and urgent mail goes first.
    var ready = Turns<Job>()
    /// True where mail of it that is due may lie on disk and not in memory.
    var hasMoreOnDisk = false
    /// Deliveries under way, and those idle with an open connection.
    var workers = 0
    /// Deliveries that keep a connection open and wait for another job.
    var idle: Deque<Idle> = []
    /// True while it stands in the line for one of the connections of the whole daemon.
    var isInLine = false
    /// The hosts it shares with other destinations; nil before the first attempt has found them.
    var site: Site?
    /// True while it stands in the line of its site.
    var isInSiteLine = false
    /// By `[[queue.rule]]`; nil where nothing limits it.
    var pace: Pace?
    /// True while it waits for its pace, or its site's.
    var isPaced = false
    /// All its hosts rest, for what mail to it or to others found: meanwhile nothing is tried, and nobody is to blame.
    private var rest: (since: WallTime, until: WallTime)?
    /// Why all its hosts failed, while it is backed off; else why the last attempt that failed did.
    var failure: Reason?
    /// The address family that worked last.
    var family: AddressFamily?
    /// How the last session was secured, for the operator.
    var lastLevel: String?
    /// Recipients that were settled as delivered: now and then taken as a rate.
    var delivered = RecentCount()

    init(name: String, window: DestinationWindow, pace: Pace?) {
        self.name = name
        self.window = window
        self.pace = pace
    }

    /// How it stands: down, resting, or open.
    func opening(at now: WallTime) -> DestinationWindow.Opening {
        if let until = restsUntil(at: now) { return .closed(until: until) }
        return window.opening(at: now)
    }

    /// The end of its rest; nil where it does not rest.
    func restsUntil(at now: WallTime) -> WallTime? {
        // A clock that was set back must not keep it at rest.
        guard let rest, now < rest.until, now >= rest.since else { return nil }
        return rest.until
    }

    /// All its hosts rest.
    /// - Returns: until when: no longer than a host may, since `until` may be of a clock that was set back meanwhile.
    func rests(until: WallTime, at now: WallTime) -> WallTime {
        let until = min(until, now.advanced(by: HostRest.longest))
        rest = (now, until)
        return until
    }

    func endRest() { rest = nil }

    /// Nothing is under way, nothing waits, and nothing would be lost with it.
    var isForgettable: Bool { workers == 0 && ready.isEmpty && !window.isDown && !hasMoreOnDisk && !isPaced }

    struct Idle {
        let continuation: CheckedContinuation<Assignment?, Never>
        let expires: Deadline
    }
}

/// A job with the window's leave to deliver it.
struct Assignment: Sendable {
    let job: Job
    /// nil: the job went past the window of a destination that is down.
    let ticket: DestinationWindow.Ticket?
    let family: AddressFamily?
}

/// How many of something there were in the last whole minute.
struct RecentCount {
    private var minute: Int64 = 0
    private var current = 0
    private var before = 0

    mutating func add(_ number: Int, at time: WallTime) {
        turn(to: time)
        current += number
    }

    /// Of the last minute: that of the present one that is over, and of the one before that is not.
    func perMinute(at time: WallTime) -> Double {
        var count = self
        count.turn(to: time)
        let part = Double(max(0, min(59, time.seconds - count.minute * 60))) / 60
        return Double(count.current) + Double(count.before) * (1 - part)
    }

    private mutating func turn(to time: WallTime) {
        let now = time.seconds / 60
        guard now != minute else { return }
        before = now == minute + 1 ? current : 0
        current = 0
        minute = now
    }
}
