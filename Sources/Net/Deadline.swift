import Glibc

/// An instant of the monotonic clock. Every wait in this module ends by one; it is never compared with civil time.
public struct Deadline: Hashable, Comparable, Sendable {
    /// CLOCK_MONOTONIC in nanoseconds. `UInt64.max` means never.
    public let nanoseconds: UInt64

    /// The instant at that many nanoseconds of CLOCK_MONOTONIC.
    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// No deadline. For a listener at rest; a session always has one.
    public static let never = Deadline(nanoseconds: .max)

    /// This instant.
    public static var now: Deadline {
        var time = timespec()
        // clock_gettime(2) fails for clocks that do not exist only; this one always does.
        _ = clock_gettime(CLOCK_MONOTONIC, &time)
        return Deadline(nanoseconds: UInt64(truncatingIfNeeded: time.tv_sec &* 1_000_000_000 &+ time.tv_nsec))
    }

    /// That long from now; a negative duration is a deadline that has passed.
    public static func after(_ duration: Duration) -> Deadline {
        now.advanced(by: duration)
    }

    /// Later by the duration, or earlier by a negative one; stays within the first instant and never.
    public func advanced(by duration: Duration) -> Deadline {
        if self == .never { return .never }
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? Deadline(nanoseconds: 0) : .never }
        let (step, stepOverflow) = whole.addingReportingOverflow(attoseconds / 1_000_000_000)
        if stepOverflow { return seconds < 0 ? Deadline(nanoseconds: 0) : .never }
        let (sum, sumOverflow) =
            step < 0
            ? nanoseconds.subtractingReportingOverflow(step.magnitude)
            : nanoseconds.addingReportingOverflow(step.magnitude)
        if sumOverflow { return step < 0 ? Deadline(nanoseconds: 0) : .never }
        return Deadline(nanoseconds: sum)
    }

    /// Whether it lies behind us. Reads the clock.
    public var hasPassed: Bool {
        self != .never && self <= .now
    }

    /// What is left of it: zero when it has passed, nil for never.
    public var remaining: Duration? {
        if self == .never { return nil }
        let now = Deadline.now
        return now < self ? .nanoseconds(Int64(clamping: nanoseconds - now.nanoseconds)) : .zero
    }

    /// The earlier one first.
    public static func < (one: Deadline, other: Deadline) -> Bool {
        one.nanoseconds < other.nanoseconds
    }
}
