/// When a message is tried again, when its sender hears of a delay, when it is given up (RFC 5321 §4.5.4.1, D19).
public struct Schedule: Hashable, Sendable {
    /// All in seconds; 0 for `delayedAfter` and `warnAfter` means never.
    public var minimum: Int64
    public var maximum: Int64
    /// Fraction of the backoff by which an attempt may come later, 0 to 1: never earlier.
    public var jitter: Double
    public var lifetime: Int64
    /// Lifetime of what carries the null reverse-path.
    public var dsnLifetime: Int64
    public var delayedAfter: Int64
    public var warnAfter: Int64

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
}
