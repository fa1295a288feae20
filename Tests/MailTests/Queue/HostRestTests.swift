import Testing

@testable import Mail

@Suite struct HostRestTests {
    private static let start = WallTime(seconds: 1_800_000_000)
    private static let host = IPAddress.v4(0xC000_0201)

    private static func after(_ seconds: Int64) -> WallTime { start.advanced(by: seconds) }

    /// An address that has just begun to rest.
    private static func resting(_ dice: inout SplitMix) -> HostRest {
        var rest = HostRest()
        for _ in 0..<HostRest.threshold { rest.failed(host, port: 25, at: start, using: &dice) }
        return rest
    }

    @Test("Q-04 an address rests after two failures in a row, and not before")
    func threshold() {
        var dice = SplitMix(seed: 1)
        var rest = HostRest()
        #expect(rest.mayTry(Self.host, port: 25, at: Self.start) == true)
        rest.failed(Self.host, port: 25, at: Self.start, using: &dice)
        #expect(rest.mayTry(Self.host, port: 25, at: Self.start) == true)
        rest.succeeded(Self.host, port: 25)
        rest.failed(Self.host, port: 25, at: Self.start, using: &dice)
        #expect(rest.mayTry(Self.host, port: 25, at: Self.start) == true, "not in a row")
        rest.failed(Self.host, port: 25, at: Self.start, using: &dice)
        #expect(rest.mayTry(Self.host, port: 25, at: Self.start) == false)
        // Another port, another address: another server.
        #expect(rest.mayTry(Self.host, port: 587, at: Self.start) == true)
        #expect(rest.mayTry(.v4(0xC000_0202), port: 25, at: Self.start) == true)
        #expect(rest.count == 1)
    }

    @Test("Q-04 rests double from 30 seconds to ten minutes, and are never shorter")
    func backoff() throws {
        var dice = SplitMix(seed: 2)
        var rest = Self.resting(&dice)
        var now = Self.start
        for expected in [30, 60, 120, 240, 480, 600, 600, 600] as [Int64] {
            let until = try #require(rest.restsUntil(Self.host, port: 25, at: now))
            let length = until.seconds - now.seconds
            #expect(length >= expected && Double(length) <= Double(expected) * (1 + HostRest.jitter))
            #expect(length <= HostRest.longest)
            #expect(rest.mayTry(Self.host, port: 25, at: until.advanced(by: -1)) == false)
            now = until
            #expect(rest.mayTry(Self.host, port: 25, at: now) == true)
            rest.failed(Self.host, port: 25, at: now, using: &dice)
        }
    }

    @Test("Q-04 when the rest is over one may try, and the others wait for what comes of it")
    func trial() {
        var dice = SplitMix(seed: 3)
        var rest = Self.resting(&dice)
        let now = Self.after(40)
        #expect(rest.mayTry(Self.host, port: 25, at: now) == true)
        #expect(rest.mayTry(Self.host, port: 25, at: now) == false)
        #expect(rest.mayTry(Self.host, port: 25, at: now.advanced(by: HostRest.trialLimit - 1)) == false)
        // No word for a minute: another one may.
        #expect(rest.mayTry(Self.host, port: 25, at: now.advanced(by: HostRest.trialLimit)) == true)
        #expect(rest.mayTry(Self.host, port: 25, at: now.advanced(by: HostRest.trialLimit)) == false)
        rest.released(Self.host, port: 25)
        #expect(rest.mayTry(Self.host, port: 25, at: now.advanced(by: HostRest.trialLimit)) == true)
        rest.succeeded(Self.host, port: 25)
        for _ in 0..<5 { #expect(rest.mayTry(Self.host, port: 25, at: now) == true) }
        #expect(rest.count == 0)
    }

    @Test("Connections that began before the rest make it no longer")
    func late() {
        var dice = SplitMix(seed: 4)
        var rest = Self.resting(&dice)
        let until = rest.restsUntil(Self.host, port: 25, at: Self.after(1))
        for second in 1..<20 { rest.failed(Self.host, port: 25, at: Self.after(Int64(second)), using: &dice) }
        #expect(rest.restsUntil(Self.host, port: 25, at: Self.after(20)) == until)
    }

    @Test("A clock that was set back does not keep an address at rest")
    func clock() {
        var dice = SplitMix(seed: 5)
        var rest = Self.resting(&dice)
        #expect(rest.restsUntil(Self.host, port: 25, at: Self.after(-3600)) == nil)
        #expect(rest.mayTry(Self.host, port: 25, at: Self.after(-3600)) == true)
        #expect(rest.mayTry(Self.host, port: 25, at: Self.after(-3600)) == false)
    }

    @Test("At the limit all are remembered; beyond, the one that failed longest ago is forgotten")
    func bounded() {
        var dice = SplitMix(seed: 6)
        var rest = HostRest()
        func fail(_ number: Int) {
            for _ in 0..<2 { rest.failed(.v4(UInt32(number)), port: 25, at: Self.start, using: &dice) }
        }
        for number in 0..<HostRest.limit { fail(number) }
        #expect(rest.count == HostRest.limit && rest.mayTry(.v4(0), port: 25, at: Self.start) == false)
        // The first one fails again: now the second is the oldest.
        #expect(rest.mayTry(.v4(0), port: 25, at: Self.after(40)) == true)
        rest.failed(.v4(0), port: 25, at: Self.after(40), using: &dice)
        fail(HostRest.limit)
        #expect(rest.count == HostRest.limit)
        #expect(rest.restsUntil(.v4(0), port: 25, at: Self.after(41)) != nil)
        #expect(rest.mayTry(.v4(1), port: 25, at: Self.start) == true)
        #expect(rest.mayTry(.v4(2), port: 25, at: Self.start) == false)
        // Hosts that come and go leave nothing behind.
        for number in 0..<(3 * HostRest.limit) {
            rest.failed(.v4(1), port: 25, at: Self.start, using: &dice)
            if number % 2 == 0 { rest.succeeded(.v4(1), port: 25) }
        }
        #expect(rest.count <= HostRest.limit)
    }
}
