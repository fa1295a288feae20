import CLinux
import Glibc
import Testing

@testable import Store

/// A folder of its own for the file of what is being delivered, removed at the end.
final class FlightFolder {
    let path: String
    let descriptor: CInt

    init() throws {
        path = "/tmp/waxwing-flight-\(UInt64.random(in: 0 ... .max))"
        try #require(mkdir(path, 0o700) == 0)
        descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY)
        try #require(descriptor >= 0)
    }

    deinit {
        _ = unlink("\(path)/\(InFlight.fileName)")
        _ = rmdir(path)
        _ = close(descriptor)
    }

    /// Opened as a start does.
    func open(isKept: (MessageNumber) -> Bool = { _ in true }) throws -> InFlight {
        try InFlight(in: descriptor, isKept: isKept)
    }

    /// Writes what the handler would, on this thread or another.
    func note(_ flight: InFlight, signal: Int32, thread: UInt32 = waxwing_thread_id()) throws {
        flight.keep()
        let file = openat(descriptor, InFlight.fileName, O_WRONLY)
        try #require(file >= 0)
        defer { _ = close(file) }
        let words = [UInt32(bitPattern: signal), thread]
        try #require(pwrite(file, words, 8, off_t(InFlight.Layout.note)) == 8)
    }

    /// A life of the program that ends by a fault while these are being delivered.
    /// - Returns: what its start found.
    @discardableResult
    func life(
        _ messages: [Int64], fall signal: Int32 = SIGSEGV, isKept: (MessageNumber) -> Bool = { _ in true }
    ) throws -> InFlight.Crash? {
        let flight = try open(isKept: isKept)
        for message in messages { _ = flight.enter(MessageNumber(message)) }
        try note(flight, signal: signal)
        return flight.crash
    }
}
