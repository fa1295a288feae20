import Testing

@testable import Mail

@Suite struct PaceTests {
    /// Milliseconds at which `number` begin, when each asks again as it is told.
    private static func starts(_ pace: inout Pace, from begin: Int64 = 0, _ number: Int) -> [Int64] {
        var (now, starts) = (begin, [Int64]())
        while starts.count < number {
            if let again = pace.admit(at: now) { now = again } else { starts.append(now) }
        }
        return starts
    }

    @Test(
        "A rate is spread evenly: at once is what a second gives, and at least one",
        arguments: [
            (600, 600, [0, 1000, 2000, 3000], "one a second"),
            (1, 60, [0, 60_000, 120_000, 180_000], "one a minute"),
            (100, 60, [0, 600, 1200, 1800], "a part that is no whole second"),
            (600, 60, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 200], "ten a second: ten, then one by one"),
            (7, 2, [0, 0, 0, 286, 572, 858], "three and a half a second: three"),
            (1, 86_400, [0, 86_400_000], "one a day"),
        ] as [(Int, Int, [Int64], String)])
    func spread(count: Int, seconds: Int, expected: [Int64], why: String) throws {
        var pace = Pace(try #require(Rate(count: count, seconds: seconds)))
        #expect(Self.starts(&pace, expected.count) == expected, "\(why)")
    }

    @Test("Never more than the rate and its burst within its span", arguments: [(600, 60), (5, 3), (1000, 1), (7, 2)])
    func bounded(count: Int, seconds: Int) throws {
        var pace = Pace(try #require(Rate(count: count, seconds: seconds)))
        let starts = Self.starts(&pace, 3 * count + 10)
        let burst = max(1, count / seconds)
        for (number, begin) in starts.enumerated() {
            let within = starts[number...].prefix { $0 < begin + Int64(seconds) * 1000 }.count
            #expect(within <= count + burst)
        }
        // And it is used: the whole takes no longer than it must, to the millisecond.
        let last = try #require(starts.last)
        #expect(last <= Int64((3 * count + 10) * seconds * 1000 / count + 1))
    }

    @Test("A quiet hour saves no more than one second's worth")
    func idle() throws {
        var pace = Pace(try #require(Rate(count: 600, seconds: 60)))
        _ = Self.starts(&pace, 30)
        let starts = Self.starts(&pace, from: 3_600_000, 12)
        #expect(starts.filter { $0 == 3_600_000 }.count == 10)
    }

    @Test("Another rate holds at once, and gives nothing away")
    func change() throws {
        var pace = Pace(try #require(Rate(count: 60, seconds: 60)))
        #expect(pace.admit(at: 0) == nil)
        pace.rate = try #require(Rate(count: 6, seconds: 60))
        #expect(pace.admit(at: 0) != nil)
        #expect(pace.admit(at: 10_000) == nil && pace.admit(at: 10_001) == 20_000)
    }

    @Test("A clock that is set back, or at its end, neither traps nor asks for the past")
    func clock() throws {
        var pace = Pace(try #require(Rate(count: 1, seconds: 1)))
        #expect(pace.admit(at: 100_000) == nil)
        #expect(pace.admit(at: 5) == 101_000)
        #expect(pace.admit(at: .min) ?? 0 > .min)
        #expect(pace.admit(at: .max) == nil)
        #expect(pace.admit(at: .max) == .max)
        for rate in [
            Rate(count: Rate.countLimit, seconds: Rate.secondsLimit), Rate(count: Rate.countLimit, seconds: 1),
            Rate(count: 1, seconds: Rate.secondsLimit),
        ] {
            var pace = Pace(try #require(rate))
            for now in [Int64.min, -1, 0, 1, .max] { _ = pace.admit(at: now) }
        }
    }
}
