import Mail
import Testing

@Suite("A wall clock held against the uptime")
struct ClockWatchTests {
    private typealias Reading = ClockWatch.Reading

    private static let start: Int64 = 1_800_000_000

    /// What the clocks say `uptime` seconds after the start, where somebody has put the wall clock `step` seconds ahead.
    private func reading(_ uptime: Int64, step: Int64 = 0) -> ClockWatch.Reading {
        Reading(wall: WallTime(seconds: Self.start + uptime + step), uptime: uptime)
    }

    private func time(_ uptime: Int64) -> WallTime { WallTime(seconds: Self.start + uptime) }

    @Test("A step up to the tolerance is followed, one second more is not", arguments: [1, -1] as [Int64])
    func tolerance(sign: Int64) {
        var watch = ClockWatch()
        #expect(watch.time(reading(0)) == time(0))
        #expect(watch.time(reading(10, step: sign * 3600)) == time(10 + sign * 3600))
        #expect(watch.doubted(reading(10, step: sign * 3600)) == nil)

        var other = ClockWatch()
        _ = other.time(reading(0))
        #expect(other.time(reading(10, step: sign * 3601)) == time(10))
        #expect(other.doubted(reading(10, step: sign * 3601))?.seconds == sign * 3601)
    }

    @Test("A new time is believed when it has stood for the patience, and not a second sooner")
    func patience() throws {
        var watch = ClockWatch()
        _ = watch.time(reading(0))
        for uptime in stride(from: 100 as Int64, through: 699, by: 1) {
            #expect(watch.time(reading(uptime, step: 86_400)) == time(uptime))
            #expect(watch.due(reading(uptime, step: 86_400)) == nil)
        }
        #expect(watch.secondsLeft(reading(699, step: 86_400)) == 1)
        let step = try #require(watch.due(reading(700, step: 86_400)))
        #expect(step == ClockWatch.Step(from: time(700), to: time(700 + 86_400)))
        #expect(step.isForwards)
        // Until the caller says so the old time goes on.
        #expect(watch.time(reading(701, step: 86_400)) == time(701))
        #expect(watch.believe(step, reading(702, step: 86_400)) == true)
        #expect(watch.time(reading(703, step: 86_400)) == time(703 + 86_400))
        #expect(watch.doubted(reading(703, step: 86_400)) == nil)
    }

    @Test("A clock that is set right again was never believed")
    func returns() {
        var watch = ClockWatch()
        _ = watch.time(reading(0))
        #expect(watch.time(reading(10, step: 30 * 86_400)) == time(10))
        #expect(watch.time(reading(300)) == time(300))
        #expect(watch.doubted(reading(300)) == nil)
        // The patience begins anew with the next step.
        #expect(watch.time(reading(400, step: 30 * 86_400)) == time(400))
        #expect(watch.secondsLeft(reading(400, step: 30 * 86_400)) == 600)
    }

    @Test("Another step during the doubt begins it anew; a slewing one does not")
    func further() {
        var watch = ClockWatch()
        _ = watch.time(reading(0))
        _ = watch.time(reading(10, step: 86_400))
        _ = watch.time(reading(500, step: 2 * 86_400))
        #expect(watch.secondsLeft(reading(500, step: 2 * 86_400)) == 600)
        for uptime in stride(from: 600 as Int64, through: 1099, by: 100) {
            _ = watch.time(reading(uptime, step: 2 * 86_400 + uptime))
        }
        #expect(watch.due(reading(1100, step: 2 * 86_400 + 1100)) != nil)
    }

    @Test("Set back, time does not go back before the step is believed")
    func backwards() {
        var watch = ClockWatch()
        var last = watch.time(reading(0))
        for uptime in stride(from: 1 as Int64, through: 601, by: 1) {
            let now = watch.time(reading(uptime, step: -86_400))
            #expect(now > last)
            last = now
        }
        #expect(watch.due(reading(601, step: -86_400))?.isForwards == false)
    }

    @Test("Without patience every step is time that has passed, also one that was doubted before")
    func impatient() {
        var watch = ClockWatch(patience: 0)
        _ = watch.time(reading(0))
        #expect(watch.time(reading(1, step: 86_400)) == time(1 + 86_400))
        #expect(watch.doubted(reading(1, step: 86_400)) == nil)

        var other = ClockWatch()
        _ = other.time(reading(0))
        #expect(other.time(reading(1, step: 86_400)) == time(1))
        other.patience = 0
        #expect(other.time(reading(2, step: 86_400)) == time(2 + 86_400))
        #expect(other.due(reading(2, step: 86_400)) == nil)
    }

    @Test(
        "Only the step that was meant is believed: not one that was set right, nor another",
        arguments: [1, -1] as [Int64])
    func meanwhile(sign: Int64) throws {
        for (now, isBelieved) in [(0, false), (2 * 86_400, false), (-86_400, false), (86_400, true)] as [(Int64, Bool)]
        {
            var watch = ClockWatch()
            _ = watch.time(reading(0))
            _ = watch.time(reading(10, step: sign * 86_400))
            let step = try #require(watch.due(reading(610, step: sign * 86_400)))
            #expect(watch.believe(step, reading(620, step: sign * now)) == isBelieved)
            #expect(watch.time(reading(621, step: sign * now)) == time(621 + (isBelieved ? sign * now : 0)))
        }
    }

    @Test("A step as far as any is believed, one of a second more never", arguments: [1, -1] as [Int64])
    func furthest(sign: Int64) {
        for (step, isBelieved) in [(ClockWatch.Step.furthest, true), (ClockWatch.Step.furthest + 1, false)] {
            var watch = ClockWatch()
            _ = watch.time(reading(0))
            _ = watch.time(reading(10, step: sign * step))
            #expect((watch.secondsLeft(reading(11, step: sign * step)) == 599) == isBelieved)
            #expect((watch.due(reading(100_000, step: sign * step)) != nil) == isBelieved)
            #expect(watch.doubted(reading(100_000, step: sign * step))?.isBelievable == isBelieved)
        }
    }

    @Test("The ends of the range do not trap", arguments: [Int64.min, -1, 0, 1, Int64.max], [Int64.min, 0, Int64.max])
    func ends(wall: Int64, uptime: Int64) {
        var watch = ClockWatch()
        for first in [Int64.min, 0, Int64.max] {
            _ = watch.time(Reading(wall: WallTime(seconds: first), uptime: 0))
            let reading = Reading(wall: WallTime(seconds: wall), uptime: uptime)
            _ = watch.time(reading)
            _ = watch.doubted(reading)?.seconds
            _ = watch.due(reading)
            _ = watch.secondsLeft(reading)
            if let step = watch.doubted(reading) { _ = watch.believe(step, reading) }
        }
    }
}
