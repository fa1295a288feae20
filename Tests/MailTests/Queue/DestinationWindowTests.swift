import Testing

@testable import Mail

@Suite struct DestinationWindowTests {
    private static let start = WallTime(seconds: 1_800_000_000)

    /// Fills the window and gives the tickets.
    private func fill(_ window: inout DestinationWindow, at now: WallTime = start) -> [DestinationWindow.Ticket] {
        var tickets: [DestinationWindow.Ticket] = []
        while case .go(let ticket) = window.admit(at: now) { tickets.append(ticket) }
        return tickets
    }

    @Test("The window grows with success up to its limit", arguments: [1, 2, 3, 20])
    func grows(limit: Int) {
        var window = DestinationWindow(limit: limit)
        #expect(fill(&window).count == min(limit, DestinationWindow.firstWidth))
        for _ in 0..<40 {
            window.succeeded(.init(isProbe: false))
            _ = fill(&window)
            #expect(window.inFlight <= limit)
        }
        #expect(window.width == limit && window.inFlight == limit)
        #expect(window.admit(at: Self.start) == .full)
    }

    @Test("It halves with each failure; one failure in a wide window is not an outage")
    func shrinks() {
        var dice = SplitMix(seed: 1)
        var window = DestinationWindow(limit: 20)
        for _ in 0..<40 {
            if case .go(let ticket) = window.admit(at: Self.start) { window.succeeded(ticket) }
        }
        var widths: [Int] = []
        for ticket in fill(&window) where !window.isDown {
            window.failed(ticket, at: Self.start, using: &dice)
            widths.append(window.width)
        }
        #expect(widths == [10, 5, 2, 1, 1])
        #expect(window.isDown)
    }

    /// A window that is down since `start`, nothing in flight.
    private func dead(_ dice: inout SplitMix) -> DestinationWindow {
        var window = DestinationWindow(limit: 20)
        for ticket in fill(&window) { window.failed(ticket, at: Self.start, using: &dice) }
        return window
    }

    @Test("Q-04 a dead destination costs one probe at a time, ever more rarely")
    func probes() throws {
        var dice = SplitMix(seed: 1)
        var window = dead(&dice)
        #expect(window.isDown && window.inFlight == 0 && window.downSince == Self.start)
        var now = Self.start
        var waits: [Int64] = []
        for _ in 0..<12 {
            guard case .down(let until) = window.admit(at: now) else { break }
            waits.append(until.seconds - now.seconds)
            now = until
            guard case .go(let ticket) = window.admit(at: now) else { break }
            #expect(ticket.isProbe)
            #expect(window.admit(at: now) == .full)
            window.failed(ticket, at: now, using: &dice)
        }
        #expect(waits.count == 12)
        for (place, wait) in waits.enumerated() {
            let expected = min(DestinationWindow.probeMinimum << Int64(min(place, 20)), DestinationWindow.probeMaximum)
            #expect((expected...expected * 6 / 5).contains(wait))
        }
        #expect(window.downSince == Self.start)
    }

    @Test("A probe that succeeds ends the outage, and the window begins small")
    func recovery() {
        var dice = SplitMix(seed: 1)
        var window = dead(&dice)
        let later = Self.start.advanced(by: 1000)
        guard case .go(let ticket) = window.admit(at: later) else {
            Issue.record("no probe")
            return
        }
        window.succeeded(ticket)
        #expect(!window.isDown && window.width == DestinationWindow.firstWidth && window.inFlight == 0)
    }

    @Test("Failures of deliveries that began before the outage add nothing")
    func lateFailures() {
        var dice = SplitMix(seed: 1)
        var window = DestinationWindow(limit: 4)
        for _ in 0..<4 {
            if case .go(let ticket) = window.admit(at: Self.start) { window.succeeded(ticket) }
        }
        var tickets = fill(&window)
        #expect(tickets.count == 4)
        while !window.isDown, let ticket = tickets.popLast() { window.failed(ticket, at: Self.start, using: &dice) }
        let before = window.admit(at: Self.start)
        for ticket in tickets { window.failed(ticket, at: Self.start.advanced(by: 30), using: &dice) }
        #expect(window.admit(at: Self.start) == before)
        #expect(window.inFlight == 0)
    }

    @Test("A delivery that says nothing gives its place back, a probe too")
    func released() {
        var dice = SplitMix(seed: 1)
        var window = dead(&dice)
        let later = Self.start.advanced(by: 1000)
        guard case .go(let ticket) = window.admit(at: later) else {
            Issue.record("no probe")
            return
        }
        window.released(ticket)
        #expect(window.isDown && window.inFlight == 0)
        #expect(window.admit(at: later) == .go(.init(isProbe: true)))
    }

    @Test("A clock set back does not keep a destination down, and a reset forgets")
    func clock() {
        var dice = SplitMix(seed: 1)
        var window = dead(&dice)
        #expect(window.admit(at: Self.start.advanced(by: -86_400)) == .go(.init(isProbe: true)))
        var other = dead(&dice)
        other.reset()
        #expect(other.admit(at: Self.start) == .go(.init(isProbe: false)))
    }
}
