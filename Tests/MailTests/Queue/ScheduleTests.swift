import Testing

@testable import Mail

@Suite struct ScheduleTests {
    private static let now = WallTime(seconds: 1_800_000_000)
    private static let far = WallTime(seconds: 3_000_000_000)

    @Test(
        "Q-02, D19 five minutes, doubling to two hours",
        arguments: [
            (-1, 300), (0, 300), (1, 300), (2, 600), (3, 1200), (4, 2400), (5, 4800), (6, 7200), (7, 7200),
            (.max, 7200),
        ]
            as [(Int, Int64)])
    func backoff(attempts: Int, seconds: Int64) {
        #expect(Schedule().backoff(after: attempts) == seconds)
    }

    @Test("Jitter comes on top, never below, and spreads")
    func jitter() {
        var dice = SplitMix(seed: 5)
        let waits = (0..<1000).map { _ in
            Schedule().nextAttempt(after: 2, at: Self.now, expires: Self.far, using: &dice).seconds - Self.now.seconds
        }
        #expect(waits.allSatisfy { (600...720).contains($0) })
        #expect(Set(waits).count > 100)
        var exact = Schedule()
        exact.jitter = 0
        #expect(
            exact.nextAttempt(after: 1, at: Self.now, expires: Self.far, using: &dice) == Self.now.advanced(by: 300))
    }

    @Test("The last attempt is at expiry, and an attempt is never now")
    func expiry() {
        var dice = SplitMix(seed: 5)
        let soon = Self.now.advanced(by: 60)
        #expect(Schedule().nextAttempt(after: 9, at: Self.now, expires: soon, using: &dice) == soon)
        let past = Self.now.advanced(by: -60)
        #expect(Schedule().nextAttempt(after: 9, at: Self.now, expires: past, using: &dice) == Self.now.advanced(by: 1))
    }

    @Test("Q-03, D19 five days, two for DSNs; held time does not count; the delayed notice at four hours")
    func lifetimes() {
        let schedule = Schedule()
        #expect(schedule.expires(created: Self.now, isDSN: false) == Self.now.advanced(by: 432_000))
        #expect(schedule.expires(created: Self.now, isDSN: true) == Self.now.advanced(by: 172_800))
        #expect(schedule.expires(created: Self.now, isDSN: false, held: 100) == Self.now.advanced(by: 432_100))
        #expect(schedule.expires(created: Self.now, isDSN: false, held: -100) == Self.now.advanced(by: 432_000))
        #expect(schedule.delayedNotice(created: Self.now, isDSN: false) == Self.now.advanced(by: 14_400))
        #expect(schedule.delayedNotice(created: Self.now, isDSN: true) == nil, "Q-05")
        // Attempts on day 4 by default; a shorter lifetime is taken at its word.
        #expect(schedule.expires(created: Self.now, isDSN: false) > Self.now.advanced(by: 4 * 86_400))
        var short = schedule
        short.lifetime = 600
        #expect(short.expires(created: Self.now, isDSN: false) == Self.now.advanced(by: 600))
        var silent = schedule
        (silent.delayedAfter, silent.warnAfter) = (0, 0)
        #expect(silent.delayedNotice(created: Self.now, isDSN: false) == nil)
    }

    @Test("No configuration and no clock overflows")
    func extremes() {
        var dice = SplitMix(seed: 5)
        let values: [Int64] = [.min, -1, 0, 1, 300, Schedule.longest, Schedule.longest + 1, .max]
        for first in values {
            for second in values {
                for jitter in [-1, 0, 0.2, 1, 1e300, .infinity, .nan] {
                    let schedule = Schedule(
                        minimum: first, maximum: second, jitter: jitter, lifetime: second, dsnLifetime: first,
                        delayedAfter: second, warnAfter: first)
                    for at in [WallTime(seconds: .min), WallTime(seconds: 0), WallTime(seconds: .max)] {
                        let expires = schedule.expires(created: at, isDSN: false, held: second)
                        #expect(expires >= at)
                        for attempts in [Int.min, 0, 1, 70, .max] {
                            #expect((1...Schedule.longest).contains(schedule.backoff(after: attempts)))
                            #expect(schedule.nextAttempt(after: attempts, at: at, expires: expires, using: &dice) >= at)
                        }
                        _ = schedule.delayedNotice(created: at, isDSN: false, held: first)
                    }
                }
            }
        }
    }
}
