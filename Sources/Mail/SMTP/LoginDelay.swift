/// How long the reply to a failed login waits: a second, and twice as long after each more.
public struct LoginDelay: Hashable, Sendable {
    /// Of the first failure, in milliseconds.
    public static let shortest: Int64 = 1000
    /// In milliseconds. Longer, and clients would give up on a mistyped password.
    public static let longest: Int64 = 16_000
    /// After so many milliseconds without another, failures are forgotten.
    public static let memory: Int64 = 900_000

    /// Of the last failure; 0: none.
    private var delay: Int64 = 0
    private var time: Int64 = 0

    /// Counts a failure, and says its delay.
    mutating func failed(at now: Int64) -> Int64 {
        let isFirst = isForgotten(at: now)
        time = isFirst ? now : max(time, now)
        delay = isFirst ? Self.shortest : min(delay &* 2, Self.longest)
        return delay
    }

    func isForgotten(at now: Int64) -> Bool {
        let (elapsed, overflow) = now.subtractingReportingOverflow(time)
        return delay == 0 || (overflow ? now > time : elapsed >= Self.memory)
    }
}
