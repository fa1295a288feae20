import Testing

@testable import Mail

@Suite struct SuspensionHistoryTests {
    private static func at(_ seconds: Int64) -> WallTime { WallTime(seconds: seconds) }

    private static func span(_ since: Int64, _ until: Int64?, ended: Int64? = nil) -> SuspensionHistory.Span {
        .init(destination: "a.test", since: at(since), until: until.map(at), endedAt: ended.map(at))
    }

    @Test(
        "D19 seconds of suspension between 100 and 200",
        arguments: [
            ([], 0, "never"),
            ([span(120, 150)], 30, "within"),
            ([span(50, 150)], 50, "begun before"),
            ([span(150, 250)], 50, "ends after"),
            ([span(50, 250)], 100, "all of it"),
            ([span(150, nil)], 50, "without an end"),
            ([span(150, nil, ended: 160)], 10, "ended by hand"),
            ([span(150, 170, ended: 160)], 10, "ended early"),
            ([span(150, 170, ended: 190)], 20, "over before somebody ended it"),
            ([span(120, 150), span(130, 140)], 30, "one within the other counts once"),
            ([span(120, 150), span(140, 160)], 40, "what overlaps counts once"),
            ([span(140, 160), span(120, 150)], 40, "in any order"),
            ([span(120, 130), span(130, 140), span(150, 160)], 30, "one after the other"),
            ([span(10, 100), span(200, 300)], 0, "up to and from the edges"),
            ([span(150, 150), span(160, 140)], 0, "of no length"),
        ] as [([SuspensionHistory.Span], Int64, String)])
    func seconds(spans: [SuspensionHistory.Span], expected: Int64, why: String) {
        let history = SuspensionHistory(spans)
        #expect(history.seconds(of: "a.test", from: Self.at(100), to: Self.at(200)) == expected, "\(why)")
        #expect(history.seconds(of: "b.test", from: Self.at(100), to: Self.at(200)) == 0)
        #expect(history.seconds(of: "a.test", from: Self.at(200), to: Self.at(100)) == 0)
    }

    @Test("time the clock left out counts for no destination, and once where one was suspended as well")
    func everywhere() {
        var left = Self.span(120, 150)
        left.destination = SuspensionHistory.everywhere
        let history = SuspensionHistory([left, Self.span(140, 160)])
        #expect(history.seconds(of: "a.test", from: Self.at(100), to: Self.at(200)) == 40)
        #expect(history.seconds(of: "b.test", from: Self.at(100), to: Self.at(200)) == 30)
        #expect(history.seconds(of: SuspensionHistory.everywhere, from: Self.at(100), to: Self.at(200)) == 30)
    }

    @Test("numbers at the end of the range do not trap")
    func range() {
        let history = SuspensionHistory([Self.span(.min, nil)])
        #expect(history.seconds(of: "a.test", from: Self.at(.min), to: Self.at(.max)) == .max)
        #expect(Schedule.effectiveExpiry(Self.at(.max - 5), suspended: .max) == Self.at(.max))
        #expect(Schedule.effectiveExpiry(Self.at(5), suspended: -7) == Self.at(5))
    }

    @Test(
        "D19 the next thing to do about a recipient: the delayed notice, once, else the end",
        arguments: [
            (true, false, false, 0, 14_400, "the notice"),
            (true, true, false, 0, 432_000, "the notice was sent"),
            (false, false, false, 0, 432_000, "NOTIFY without DELAY"),
            (true, false, true, 0, 432_000, "a notice draws no notice"),
            (true, false, false, 1000, 15_400, "time suspended does not count for the notice"),
            (true, true, false, 1000, 433_000, "nor for the end"),
        ] as [(Bool, Bool, Bool, Int64, Int64, String)])
    func deadline(
        wantsDelay: Bool, delayedSent: Bool, isDSN: Bool, suspended: Int64, expected: Int64, why: String
    ) {
        let deadline = Schedule().deadline(
            received: Self.at(0), expires: Self.at(432_000), wantsDelay: wantsDelay, delayedSent: delayedSent,
            isDSN: isDSN, suspended: suspended)
        #expect(deadline == Self.at(expected), "\(why)")
    }

    @Test("a life shorter than the delay has no notice of it, nor has delayed_after = 0")
    func short() {
        func deadline(_ schedule: Schedule, expires: Int64) -> WallTime {
            schedule.deadline(
                received: Self.at(0), expires: Self.at(expires), wantsDelay: true, delayedSent: false, isDSN: false)
        }
        #expect(deadline(Schedule(), expires: 3600) == Self.at(3600))
        #expect(deadline(Schedule(delayedAfter: 0), expires: 432_000) == Self.at(432_000))
    }
}
