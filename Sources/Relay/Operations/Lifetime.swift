import Mail
import Synchronization

/// How long the daemon runs, by the clock of the machine's uptime, which nobody sets; and when that began by the time of day that holds now.
struct Lifetime: Sendable {
    /// Seconds by which the start may seem to move before it is another: two clocks are not read in the same instant, and what moves
    /// with each look would pass for restarts (`process_start_time_seconds`). Ours.
    static let tolerance: Int64 = 2

    private var started: WallTime
    private let begin: Int64

    /// - Parameter uptime: ``ClockWatch/Reading/uptime``
    init(from now: WallTime, uptime: Int64) {
        started = now
        begin = uptime
    }

    /// What to tell at this moment. The start and the seconds together are `now`, but for ``tolerance``: where the clock was set, and is
    /// believed, the start moves with it.
    mutating func tell(at now: WallTime, uptime: Int64) -> (started: WallTime, seconds: Int64) {
        let seconds = max(0, uptime - begin)
        let found = now.advanced(by: -seconds)
        let moved = max(started, found).seconds.subtractingReportingOverflow(min(started, found).seconds)
        if moved.overflow || moved.partialValue > Self.tolerance { started = found }
        return (started, seconds)
    }
}

extension Service {
    /// When this began, and for how many seconds it has gone on.
    var age: (started: WallTime, seconds: Int64) {
        let (now, uptime) = (Self.clock(), ClockWatch.Reading.now.uptime)
        return lifetime.withLock { $0.tell(at: now, uptime: uptime) }
    }
}
