import Mail
import Testing

@testable import Relay

@Suite("How long the daemon runs")
struct LifetimeTests {
    private static let start = WallTime(seconds: 1_800_000_000)

    @Test(
        "a clock that is set changes when it began, and not for how long it runs",
        arguments: [-86_400, 3, 86_400] as [Int64])
    func step(by seconds: Int64) {
        var life = Lifetime(from: Self.start, uptime: 500)
        #expect(life.tell(at: Self.start.advanced(by: 60), uptime: 560) == (Self.start, 60))
        let told = life.tell(at: Self.start.advanced(by: 90 + seconds), uptime: 590)
        #expect(told == (Self.start.advanced(by: seconds), 90))
        // It stays there.
        #expect(life.tell(at: Self.start.advanced(by: 121 + seconds), uptime: 620) == (told.started, 120))
    }

    @Test(
        "clocks that are read one after the other do not make it seem another start",
        arguments: [-2, -1, 0, 1, 2] as [Int64])
    func reading(apart seconds: Int64) {
        var life = Lifetime(from: Self.start, uptime: 500)
        #expect(life.tell(at: Self.start.advanced(by: 60 + seconds), uptime: 560) == (Self.start, 60))
        #expect(life.tell(at: Self.start, uptime: 499) == (Self.start, 0))
    }
}
