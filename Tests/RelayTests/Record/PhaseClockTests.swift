import Mail
import Net
import Testing

@testable import Relay

@Suite struct PhaseClockTests {
    @Test("Each wait is in its phase; what belongs to none is in none")
    func phases() {
        var (clock, now) = (PhaseClock(at: Deadline(nanoseconds: 0)), UInt64(0))
        let waits: [(Phase?, UInt64)] = [
            (.greeting, 5_000_000), (.hello, 2_000_001), (.tls, 7_000_000), (.hello, 1), (.envelope, 3_000_000),
            (nil, 90_000_000), (.lookup, 90_000_000), (.content, 4_000_000), (.finalReply, 1),
        ]
        for (phase, length) in waits {
            now += length
            clock.read(phase, at: Deadline(nanoseconds: now))
        }
        // A clock that stands still.
        clock.read(.content, at: Deadline(nanoseconds: now))
        #expect(clock.times(lookup: 11, connect: 12, isResumed: true).description == "11/12/7r/5/3/3/4/1")
    }
}
