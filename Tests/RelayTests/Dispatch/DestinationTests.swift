import Mail
import Testing

@testable import Relay

@Suite("A destination in memory")
struct DestinationTests {
    private static let start = PolicyWorld.start

    private static func after(_ seconds: Int64) -> WallTime { start.advanced(by: seconds) }

    private static func make() -> Destination {
        Destination(name: "b.example", window: DestinationWindow(limit: 1), pace: nil)
    }

    @Test("Q-04 where all its hosts rest it is closed until the end of it, and not at the end")
    func rest() {
        let destination = Self.make()
        #expect(destination.opening(at: Self.start) == .open)
        #expect(destination.rests(until: Self.after(60), at: Self.start) == Self.after(60))
        #expect(destination.opening(at: Self.start) == .closed(until: Self.after(60)))
        #expect(destination.opening(at: Self.after(59)) == .closed(until: Self.after(60)))
        #expect(destination.opening(at: Self.after(60)) == .open)
        destination.endRest()
        #expect(destination.opening(at: Self.after(59)) == .open)
    }

    @Test("A clock that was set back does not keep it at rest")
    func setBack() {
        let destination = Self.make()
        _ = destination.rests(until: Self.after(60), at: Self.start)
        #expect(destination.restsUntil(at: Self.after(-1)) == nil)
        #expect(destination.opening(at: Self.after(-86_400)) == .open)
    }

    @Test("A rest whose end is of the clock before it was set back lasts as long as a host's at most")
    func toldLate() {
        let destination = Self.make()
        let end = Self.after(HostRest.longest)
        #expect(destination.rests(until: Self.after(86_400), at: Self.start) == end)
        #expect(destination.restsUntil(at: Self.after(HostRest.longest - 1)) == end)
        #expect(destination.restsUntil(at: end) == nil)
    }
}
