/// How much of a rate is spent. Numbers are exact: of a rate of `count` in some milliseconds, each millisecond gives back
/// `count` units, and what is counted costs as many units as there are milliseconds.
struct TokenBucket: Hashable, Sendable {
    private var spent: Int64 = 0
    private var time: Int64 = 0
    /// Of the rate that `spent` is in units of, in milliseconds; 0 before the first.
    private var period: Int64 = 0
    private var count: Int64 = 0

    /// Spends `number`, 1 to the rate's count, or nothing. `room` are the units that can be spent at once, where those are
    /// fewer than all of the rate.
    mutating func spend(_ number: Int, of rate: Rate, at now: Int64, room: Int64 = .max) -> Bool {
        settle(rate, at: now)
        let cost = Int64(number) &* period
        guard cost <= min(room, count &* period) &- spent else { return false }
        spent &+= cost
        return true
    }

    /// When `number` could be spent, had nothing been spent since the last ``spend(_:of:at:room:)``.
    func whenFree(_ number: Int, room: Int64) -> Int64 {
        let missing = spent &+ Int64(number) &* period &- min(room, count &* period)
        guard missing > 0, count > 0 else { return time }
        let (free, overflow) = time.addingReportingOverflow((missing &+ count &- 1) / count)
        return overflow ? .max : free
    }

    /// How many could be spent.
    func left(of rate: Rate, at now: Int64) -> Int {
        var bucket = self
        bucket.settle(rate, at: now)
        return Int((bucket.count &* bucket.period &- bucket.spent) / bucket.period)
    }

    /// Nothing is spent any more: this says no more than no bucket at all.
    func isFull(at now: Int64) -> Bool {
        spent <= refill(until: now)
    }

    /// No product overflows: a rate's bounds keep `count * period` below 2^62.
    private mutating func settle(_ rate: Rate, at now: Int64) {
        spent = max(0, spent &- refill(until: now))
        time = period == 0 ? now : max(time, now)
        let newPeriod = Int64(rate.seconds) &* 1000
        let newCount = Int64(rate.count)
        if period != 0, newPeriod != period || newCount != count {
            // Under other limits the same share stays spent, as near as whole numbers say, and rather more than less.
            let (high, low) = spent.multipliedFullWidth(by: newCount &* newPeriod)
            let whole = (count &* period).dividingFullWidth((high, low))
            spent = whole.quotient &+ (whole.remainder > 0 ? 1 : 0)
        }
        period = newPeriod
        count = newCount
    }

    /// Units given back since `time`.
    private func refill(until now: Int64) -> Int64 {
        let (elapsed, overflow) = now.subtractingReportingOverflow(time)
        if overflow { return now > time ? count &* period : 0 }
        return count &* min(max(0, elapsed), period)
    }
}
