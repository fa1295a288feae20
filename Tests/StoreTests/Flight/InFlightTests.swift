import Glibc
import Mail
import Testing

@testable import Store

@Suite("What was being delivered when the program fell")
struct InFlightTests {
    private final class Folder {
        let path: String
        let descriptor: CInt

        init() throws {
            path = "/tmp/waxwing-flight-\(UInt64.random(in: 0 ... .max))"
            try #require(mkdir(path, 0o700) == 0)
            descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY)
            try #require(descriptor >= 0)
        }

        deinit {
            _ = unlink("\(path)/in-flight")
            _ = rmdir(path)
            _ = close(descriptor)
        }
    }

    private static func number(_ value: Int64) -> MessageNumber { MessageNumber(value) }

    @Test("Whoever was under way on the thread that fell is a suspect, and counted from crash to crash")
    func crashes() throws {
        let folder = try Folder()
        for crashes in 1...4 {
            let flight = try InFlight(in: folder.descriptor)
            if crashes > 1 {
                let suspects = [InFlight.Suspect(message: Self.number(7), crashes: crashes - 1)]
                #expect(flight.crash == InFlight.Crash(signal: SIGSEGV, suspects: suspects))
            } else {
                #expect(flight.crash == nil)
            }
            flight.leave(flight.enter(Self.number(5)))
            _ = flight.enter(Self.number(7))
            flight.note(signal: SIGSEGV)
        }
    }

    @Test("A crash of another thread makes a suspect of all that were under way")
    func elsewhere() throws {
        let folder = try Folder()
        do {
            let flight = try InFlight(in: folder.descriptor)
            _ = flight.enter(Self.number(7))
            _ = flight.enter(Self.number(8))
            flight.note(signal: SIGILL, thread: 1)
        }
        let crash = try #require(try InFlight(in: folder.descriptor).crash)
        #expect(crash.suspects.map(\.message) == [Self.number(7), Self.number(8)])
        // It is told once.
        #expect(try InFlight(in: folder.descriptor).crash == nil)
    }

    @Test("An end without a fault of ours makes nobody a suspect, and is not counted")
    func killed() throws {
        let folder = try Folder()
        do {
            let flight = try InFlight(in: folder.descriptor)
            _ = flight.enter(Self.number(7))
        }
        do {
            let flight = try InFlight(in: folder.descriptor)
            #expect(flight.crash == nil)
            _ = flight.enter(Self.number(7))
            flight.note(signal: SIGABRT)
        }
        #expect(try InFlight(in: folder.descriptor).crash?.suspects.map(\.crashes) == [1])
    }

    @Test("So many at once have a place, one more has none, and one that left makes room")
    func bound() throws {
        let folder = try Folder()
        let flight = try InFlight(in: folder.descriptor)
        let places = (1...Int64(InFlight.slots)).map { flight.enter(Self.number($0)) }
        #expect(places.allSatisfy { $0 != nil })
        #expect(flight.enter(Self.number(9999)) == nil)
        flight.leave(places[3])
        flight.leave(nil)
        #expect(flight.enter(Self.number(9999)) != nil)
    }

    @Test("Of so many the crashes are counted; one more takes the place of one with the fewest")
    func countedBound() throws {
        let folder = try Folder()
        for message in 1...Int64(InFlight.counted) {
            let flight = try InFlight(in: folder.descriptor)
            _ = flight.enter(Self.number(message))
            flight.note(signal: SIGSEGV)
        }
        // The first has two now.
        for message in [1, 5000] as [Int64] {
            let flight = try InFlight(in: folder.descriptor)
            _ = flight.enter(Self.number(message))
            flight.note(signal: SIGSEGV)
        }
        do {
            let flight = try InFlight(in: folder.descriptor)
            #expect(flight.crash?.suspects == [InFlight.Suspect(message: Self.number(5000), crashes: 1)])
            _ = flight.enter(Self.number(1))
            flight.note(signal: SIGSEGV)
        }
        #expect(try InFlight(in: folder.descriptor).crash?.suspects.map(\.crashes) == [3])
    }

    @Test(
        "A file that is something else is begun anew",
        arguments: [0, 3, InFlight.Layout.size, InFlight.Layout.size + 1])
    func garbage(size: Int) throws {
        let folder = try Folder()
        let descriptor = openat(folder.descriptor, "in-flight", O_WRONLY | O_CREAT, 0o600)
        let octets = [UInt8](repeating: 0xEE, count: size)
        #expect(write(descriptor, octets, size) == size)
        close(descriptor)
        let flight = try InFlight(in: folder.descriptor)
        #expect(flight.crash == nil)
        #expect(flight.enter(Self.number(1)) != nil)
    }
}
