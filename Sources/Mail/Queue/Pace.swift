/// A rate for what begins: messages to a destination or to a site.
///
/// It is spread evenly: what may begin at once is what the rate gives in a second, and at least one. `600/10m` is one each
/// second and not six hundred in a burst every ten minutes; `600/1m` is ten at once, and one more each tenth of a second.
/// Over the span of the rate there are so never more than its count and that burst.
public struct Pace: Hashable, Sendable {
    /// May change at any time, as by a reload: what was spent stays spent.
    public var rate: Rate
    private var bucket = TokenBucket()

    public init(_ rate: Rate) {
        self.rate = rate
    }

    /// May one more begin?
    ///
    /// - Parameter nowMilliseconds: of any clock, always the same one. If it is set back, time stands still until it is where
    ///   it was.
    /// - Returns: nil for yes, and then it is counted; else when to ask again, always later than now.
    public mutating func admit(at nowMilliseconds: Int64) -> Int64? {
        if bucket.spend(1, of: rate, at: nowMilliseconds, room: room) { return nil }
        let free = bucket.whenFree(1, room: room)
        return max(free, nowMilliseconds.addingReportingOverflow(1).overflow ? .max : nowMilliseconds + 1)
    }

    /// Units of ``TokenBucket``: those of as many as there are whole ones in a second, or of one. Never more than those of
    /// the whole rate, so that nothing overflows.
    private var room: Int64 {
        max(1, Int64(rate.count / rate.seconds)) &* Int64(rate.seconds) &* 1000
    }
}
