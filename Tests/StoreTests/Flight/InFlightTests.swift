import Glibc
import Testing

@testable import Store

@Suite("What was being delivered when the program fell")
struct InFlightTests {
    private static func number(_ value: Int64) -> MessageNumber { MessageNumber(value) }

    @Test("Whoever was under way on the thread that fell is a suspect, and counted from crash to crash")
    func crashes() throws {
        let folder = try FlightFolder()
        for crashes in 1...4 {
            let flight = try folder.open()
            if crashes > 1 {
                let suspects = [InFlight.Suspect(message: Self.number(7), crashes: crashes - 1)]
                #expect(flight.crash == InFlight.Crash(signal: SIGSEGV, suspects: suspects))
            } else {
                #expect(flight.crash == nil)
            }
            flight.leave(flight.enter(Self.number(5)))
            _ = flight.enter(Self.number(7))
            try folder.note(flight, signal: SIGSEGV)
        }
    }

    @Test("A crash of another thread makes a suspect of all that were under way")
    func elsewhere() throws {
        let folder = try FlightFolder()
        do {
            let flight = try folder.open()
            _ = flight.enter(Self.number(7))
            _ = flight.enter(Self.number(8))
            try folder.note(flight, signal: SIGILL, thread: 1)
        }
        let crash = try #require(try folder.open().crash)
        #expect(crash.suspects.map(\.message) == [Self.number(7), Self.number(8)])
        // It is told once.
        #expect(try folder.open().crash == nil)
    }

    @Test("An end without a fault of ours makes nobody a suspect, and is not counted")
    func killed() throws {
        let folder = try FlightFolder()
        do {
            let flight = try folder.open()
            _ = flight.enter(Self.number(7))
        }
        #expect(try folder.life([7], fall: SIGABRT) == nil)
        #expect(try folder.open().crash?.suspects.map(\.crashes) == [1])
    }

    @Test("So many at once have a place, one more has none, and one that left makes room")
    func bound() throws {
        let folder = try FlightFolder()
        let flight = try folder.open()
        let places = (1...Int64(InFlight.slots)).map { flight.enter(Self.number($0)) }
        #expect(places.allSatisfy { $0 != nil })
        #expect(flight.enter(Self.number(9999)) == nil)
        flight.leave(places[3])
        flight.leave(nil)
        #expect(flight.enter(Self.number(9999)) != nil)
    }

    @Test("Of as many as can be under way, all are counted from crash to crash")
    func allCounted() throws {
        let folder = try FlightFolder()
        let messages = Array(1...Int64(InFlight.slots))
        for _ in 1...3 { try folder.life(messages) }
        let suspects = try #require(try folder.open().crash?.suspects)
        #expect(suspects.count == messages.count && suspects.allSatisfy { $0.crashes == 3 })
    }

    @Test("A message that is new in a full table gets beyond its first crash")
    func newInFullTable() throws {
        let folder = try FlightFolder()
        for _ in 1...2 { try folder.life(Array(1...Int64(InFlight.slots))) }
        for _ in 1...3 { try folder.life([5000, 5001]) }
        #expect(try folder.open().crash?.suspects.map(\.crashes) == [3, 3])
    }

    @Test("A message that is gone from the store is no suspect, and who gets its number inherits nothing")
    func gone() throws {
        let folder = try FlightFolder()
        for _ in 1...2 { try folder.life([7, 8]) }
        // Delivered before it fell a second time; 8 waits still.
        let crash = try #require(try folder.open { $0 == Self.number(8) }.crash)
        #expect(
            crash == InFlight.Crash(signal: SIGSEGV, suspects: [InFlight.Suspect(message: Self.number(8), crashes: 2)]))
        try folder.life([7, 8])
        #expect(try folder.open().crash?.suspects.map(\.crashes) == [1, 3])
    }

    @Test("A count goes with its message, also where no crash came between")
    func goneQuietly() throws {
        let folder = try FlightFolder()
        for _ in 1...2 { try folder.life([7]) }
        _ = try folder.open()
        _ = try folder.open { _ in false }
        try folder.life([7])
        #expect(try folder.open().crash?.suspects.map(\.crashes) == [1])
    }

    @Test("What is forgotten counts from none again, and nothing else does")
    func forgotten() throws {
        let folder = try FlightFolder()
        for _ in 1...3 { try folder.life([7, 8]) }
        do {
            let flight = try folder.open()
            #expect(flight.hasCounts)
            flight.forget([Self.number(7), Self.number(9)])
            #expect(flight.hasCounts)
        }
        try folder.life([7, 8])
        #expect(try folder.open().crash?.suspects.map(\.crashes) == [1, 4])
        let flight = try folder.open()
        flight.forget([Self.number(7), Self.number(8)])
        #expect(!flight.hasCounts)
    }

    /// What the first layout was: its number, and 256 counts behind the slots.
    private static let olderMagic: UInt64 = 0x5758_4649_3030_3031
    private static let olderSize = 64 + 1024 * 16 + 256 * 16

    @Test("A file of the older layout is begun anew", arguments: [olderSize, InFlight.Layout.size])
    func older(size: Int) throws {
        let folder = try FlightFolder()
        var words = [UInt64](repeating: 7, count: size / 8)
        words[0] = Self.olderMagic
        let descriptor = openat(folder.descriptor, InFlight.fileName, O_WRONLY | O_CREAT, 0o600)
        #expect(write(descriptor, words, size) == size)
        close(descriptor)
        let flight = try folder.open()
        #expect(flight.crash == nil && !flight.hasCounts)
    }

    @Test(
        "A file that is something else is begun anew",
        arguments: [0, 3, InFlight.Layout.size, InFlight.Layout.size + 1])
    func garbage(size: Int) throws {
        let folder = try FlightFolder()
        let descriptor = openat(folder.descriptor, InFlight.fileName, O_WRONLY | O_CREAT, 0o600)
        let octets = [UInt8](repeating: 0xEE, count: size)
        #expect(write(descriptor, octets, size) == size)
        close(descriptor)
        let flight = try folder.open()
        #expect(flight.crash == nil && !flight.hasCounts)
        #expect(flight.enter(Self.number(1)) != nil)
    }
}
