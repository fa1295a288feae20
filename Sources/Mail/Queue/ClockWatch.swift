/// The wall clock, held against one that nobody sets.
///
/// Everything that gives mail up goes by the wall clock, and one wrong step of it (a bad time server, a machine that wakes with
/// another date) would bounce the whole queue, let cached policies expire, and close days of reports. So a step of more than
/// ``tolerance`` is not believed at once: time goes on as it did before, by the clock of the machine's uptime, until the new time has stood for
/// ``patience``, or the clock is set back. What is done about a step that is believed is the caller's.
///
/// A value without a clock of its own: both times are arguments.
public struct ClockWatch: Hashable, Sendable {
    /// Both clocks at one instant.
    public struct Reading: Hashable, Sendable {
        public var wall: WallTime
        /// Seconds since the machine started, those asleep included (`CLOCK_BOOTTIME`).
        public var uptime: Int64

        public init(wall: WallTime, uptime: Int64) {
            self.wall = wall
            self.uptime = uptime
        }

        /// What the wall clock says beyond the uptime.
        fileprivate var offset: Int64 { wall.seconds.difference(uptime) }
    }

    /// A step of the wall clock.
    public struct Step: Hashable, Sendable {
        /// What it would say now without the step.
        public var from: WallTime
        /// What it says now.
        public var to: WallTime

        public init(from: WallTime, to: WallTime) {
            self.from = from
            self.to = to
        }

        /// Seconds of a step that is believed at most: more is no clock. Some 300 years. Ours.
        public static let furthest: Int64 = 10_000_000_000

        /// Below zero where it was set back.
        public var seconds: Int64 { to.seconds.difference(from.seconds) }
        public var isForwards: Bool { seconds > 0 }
        /// False where no time makes it true.
        public var isBelievable: Bool { seconds.magnitude <= UInt64(Self.furthest) }

        /// The two may be looks at one step: a clock that is slewed meanwhile makes it no other.
        public func isLike(_ other: Step) -> Bool {
            seconds.distance(other.seconds) <= ClockWatch.tolerance
        }
    }

    /// Seconds by which the two may differ at once without a doubt: a clock that is put right by less harms nothing here. Ours.
    public static let tolerance: Int64 = 3600
    /// Seconds a new time must stand before it is believed, by default. Ours.
    public static let usualPatience: Int64 = 600

    /// Seconds; 0 for a watch that believes everything.
    public var patience: Int64

    /// Of the time that is believed; nil before the first reading.
    private var believed: Int64?
    private var doubt: Doubt?

    private struct Doubt: Hashable, Sendable {
        /// Of the new time.
        var offset: Int64
        /// Uptime at which it was first seen.
        var since: Int64
    }

    public init(patience: Int64 = ClockWatch.usualPatience) {
        self.patience = patience
    }

    /// The time to go by.
    public mutating func time(_ reading: Reading) -> WallTime {
        guard let believed else {
            // The first time is believed: there is nothing to hold it against.
            self.believed = reading.offset
            return reading.wall
        }
        guard patience > 0, reading.offset.distance(believed) > Self.tolerance else {
            self.believed = reading.offset
            doubt = nil
            return reading.wall
        }
        if let known = doubt, reading.offset.distance(known.offset) <= Self.tolerance {
            doubt = Doubt(offset: reading.offset, since: min(known.since, reading.uptime))
        } else {
            doubt = Doubt(offset: reading.offset, since: reading.uptime)
        }
        return WallTime(seconds: reading.uptime).advanced(by: believed)
    }

    /// The step that is not believed; nil where the clocks go together.
    public func doubted(_ reading: Reading) -> Step? {
        guard let believed, doubt != nil else { return nil }
        return Step(from: WallTime(seconds: reading.uptime).advanced(by: believed), to: reading.wall)
    }

    /// The step that has stood long enough to be believed. One that is too far never has.
    public func due(_ reading: Reading) -> Step? {
        guard let doubt, reading.offset.distance(doubt.offset) <= Self.tolerance,
            reading.uptime.difference(doubt.since) >= patience, let step = doubted(reading), step.isBelievable
        else { return nil }
        return step
    }

    /// Seconds until the step is believed, 0 where it is due; nil where it never is, or where there is none.
    public func secondsLeft(_ reading: Reading) -> Int64? {
        guard let doubt, let step = doubted(reading), step.isBelievable else { return nil }
        return max(0, patience.difference(reading.uptime.difference(doubt.since)))
    }

    /// Goes by the wall clock as it is now.
    /// - Returns: false, and the time goes on as it did, where the clock does not show `step` any more.
    public mutating func believe(_ step: Step, _ reading: Reading) -> Bool {
        _ = time(reading)
        guard let now = doubted(reading), now.isLike(step) else { return false }
        believed = reading.offset
        doubt = nil
        return true
    }
}

extension Int64 {
    /// At the ends of the range the end of it, so that no clock can trap.
    fileprivate func difference(_ other: Int64) -> Int64 {
        let (result, overflow) = subtractingReportingOverflow(other)
        return overflow ? (self < other ? .min : .max) : result
    }

    fileprivate func distance(_ other: Int64) -> Int64 {
        let difference = difference(other)
        return difference == .min ? .max : abs(difference)
    }
}
