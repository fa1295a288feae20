/// When a message is tried again, when its sender hears of a delay, when it is given up (RFC 5321 §4.5.4.1, D19).
///
/// All times are seconds. Values out of range are brought into range where they are used, and no sum can overflow.
public struct Schedule: Hashable, Sendable {
    /// Backoff after the first failure; it doubles with each further one (RFC 5321 §4.5.4.1 speaks of 30 minutes as a
    /// rule, with two tries in the first hour: 5, 10 and 20 minutes are that first hour).
    public var minimum: Int64
    /// Longest backoff, before jitter.
    public var maximum: Int64
    /// Fraction of the backoff by which an attempt may come later, 0 to 1: never earlier.
    public var jitter: Double
    /// RFC 5321 §4.5.4.1: at least 4 to 5 days.
    public var lifetime: Int64
    /// Lifetime of what carries the null reverse-path.
    public var dsnLifetime: Int64
    /// The sender is told of a delay after this, once; 0 means never.
    public var delayedAfter: Int64
    /// The operator is told after this where TLS policy is the reason; 0 means never.
    public var warnAfter: Int64

    /// Ten years: no time of this schedule is longer.
    public static let longest: Int64 = 315_360_000

    public init(
        minimum: Int64 = 300, maximum: Int64 = 7200, jitter: Double = 0.2, lifetime: Int64 = 432_000,
        dsnLifetime: Int64 = 172_800, delayedAfter: Int64 = 14_400, warnAfter: Int64 = 3600
    ) {
        self.minimum = minimum
        self.maximum = maximum
        self.jitter = jitter
        self.lifetime = lifetime
        self.dsnLifetime = dsnLifetime
        self.delayedAfter = delayedAfter
        self.warnAfter = warnAfter
    }

    /// Seconds to wait after the `attempts`th failed attempt (1 for the first), without jitter.
    public func backoff(after attempts: Int) -> Int64 {
        Self.doubled(minimum, upTo: maximum, times: max(attempts, 1) - 1)
    }

    /// When to try again after the `attempts`th failed attempt. Never later than `expires`, so that a message is given
    /// up when its time is over and not at the end of a long backoff; never earlier than a second from now.
    public func nextAttempt(
        after attempts: Int, at now: WallTime, expires: WallTime, using generator: inout some RandomNumberGenerator
    ) -> WallTime {
        let backoff = backoff(after: attempts)
        let wait = backoff + Self.draw(upTo: backoff, fraction: jitter, using: &generator)
        return max(min(now.advanced(by: wait), expires), now.advanced(by: 1))
    }

    /// When the message is given up. `held` are the seconds it lay held or suspended: that time does not count (D19).
    public func expires(created: WallTime, isDSN: Bool, held: Int64 = 0) -> WallTime {
        created.advanced(by: Self.bounded(isDSN ? dsnLifetime : lifetime)).advanced(by: max(0, held))
    }

    /// When the delayed DSN is due; nil for never. A DSN never draws a DSN (RFC 5321 §4.5.5).
    public func delayedNotice(created: WallTime, isDSN: Bool, held: Int64 = 0) -> WallTime? {
        guard delayedAfter > 0, !isDSN else { return nil }
        return created.advanced(by: Self.bounded(delayedAfter)).advanced(by: max(0, held))
    }

    /// `first` doubled `times` times, at most `limit`.
    static func doubled(_ first: Int64, upTo limit: Int64, times: Int) -> Int64 {
        let limit = bounded(limit)
        var value = min(bounded(first), limit)
        var left = times
        while left > 0, value < limit {
            value = min(value * 2, limit)  // Both are at most `longest`.
            left -= 1
        }
        return value
    }

    /// A number of seconds from 0 to `fraction` of `seconds`.
    static func draw(
        upTo seconds: Int64, fraction: Double, using generator: inout some RandomNumberGenerator
    ) -> Int64 {
        Int64.random(in: 0...share(of: seconds, fraction), using: &generator)
    }

    private static func share(of seconds: Int64, _ fraction: Double) -> Int64 {
        guard fraction > 0 else { return 0 }  // Not a number is not greater either.
        let thousandths = Int64(min(fraction, 1) * 1000)
        return bounded(seconds) * thousandths / 1000
    }

    private static func bounded(_ seconds: Int64) -> Int64 {
        max(1, min(seconds, longest))
    }
}
