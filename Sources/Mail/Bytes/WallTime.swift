/// An instant of civil time: whole seconds since 1970-01-01T00:00:00Z.
///
/// Used for what outlives the process (queue times, expiry, dates in messages). Waits and deadlines are monotonic and
/// belong to `Net`. `Mail` never reads a clock: the time is an argument.
public struct WallTime: Hashable, Comparable, Sendable {
    /// Seconds since the epoch, negative before it.
    public var seconds: Int64

    public init(seconds: Int64) {
        self.seconds = seconds
    }

    public static func < (left: Self, right: Self) -> Bool {
        left.seconds < right.seconds
    }

    /// `seconds` later; at the end of the range the end of the range, so that hostile numbers cannot trap.
    public func advanced(by seconds: Int64) -> WallTime {
        let (sum, overflow) = self.seconds.addingReportingOverflow(seconds)
        return WallTime(seconds: overflow ? (seconds < 0 ? .min : .max) : sum)
    }
}
