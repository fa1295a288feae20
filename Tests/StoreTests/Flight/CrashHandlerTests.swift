import CLinux
import Glibc
import Testing

@testable import Store

/// The handler itself, in a process of its own that falls.
@Suite("The handler that notes a crash", .timeLimit(.minutes(10)))
struct CrashHandlerTests {
    /// Opened by the process that is to fall; its parent removes the folder.
    static func flight(in path: String) throws -> InFlight {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY)
        try #require(descriptor >= 0)
        return try InFlight(in: descriptor) { _ in true }
    }

    /// Uses up the stack of the thread.
    @inline(never)
    static func sink(_ depth: Int) -> Int {
        if depth == .max { return 0 }
        return sink(depth + 1) &+ depth
    }

    private static func found(_ folder: FlightFolder, _ signal: Int32) throws -> InFlight.Crash {
        let crash = try #require(try folder.open().crash)
        #expect(crash.signal == signal)
        return crash
    }

    private static let suspect = [InFlight.Suspect(message: MessageNumber(7), crashes: 1)]

    @Test("A fault is noted with its thread, and the process ends by it as it would have")
    func fault() async throws {
        let folder = try FlightFolder()
        await #expect(processExitsWith: .signal(SIGSEGV)) { [path = folder.path as String] in
            let flight = try CrashHandlerTests.flight(in: path)
            try #require(flight.watchCrashes() == nil)
            let other = WorkThread(named: "other") { _ = flight.enter(MessageNumber(8)) }
            other?.join()
            let thread = WorkThread(named: "falls") {
                _ = flight.enter(MessageNumber(7))
                // A page that nobody has.
                UnsafeMutablePointer<UInt8>(bitPattern: 8)?.pointee = 1
            }
            thread?.join()
        }
        #expect(try Self.found(folder, SIGSEGV).suspects == Self.suspect)
    }

    @Test("A thread of the store that uses up its stack is noted too")
    func overflow() async throws {
        let folder = try FlightFolder()
        await #expect(processExitsWith: .signal(SIGSEGV)) { [path = folder.path as String] in
            let flight = try CrashHandlerTests.flight(in: path)
            try #require(flight.watchCrashes() == nil)
            let thread = WorkThread(named: "sinks") {
                _ = flight.enter(MessageNumber(7))
                _ = CrashHandlerTests.sink(0)
            }
            thread?.join()
        }
        #expect(try Self.found(folder, SIGSEGV).suspects == Self.suspect)
    }

    @Test("abort(3) is noted")
    func aborted() async throws {
        let folder = try FlightFolder()
        await #expect(processExitsWith: .signal(SIGABRT)) { [path = folder.path as String] in
            let flight = try CrashHandlerTests.flight(in: path)
            try #require(flight.watchCrashes() == nil)
            _ = flight.enter(MessageNumber(7))
            withExtendedLifetime(flight) { abort() }
        }
        #expect(try Self.found(folder, SIGABRT).suspects == Self.suspect)
    }

    @Test("Who wanted to know of faults before is told behind the note")
    func earlier() async throws {
        let folder = try FlightFolder()
        await #expect(processExitsWith: .exitCode(42)) { [path = folder.path as String] in
            signal(SIGSEGV) { _ in _exit(42) }
            let flight = try CrashHandlerTests.flight(in: path)
            try #require(flight.watchCrashes() == nil)
            // The second call must not take the first for somebody before.
            try #require(flight.watchCrashes() == nil)
            withExtendedLifetime(flight) { _ = raise(SIGSEGV) }
        }
        _ = try Self.found(folder, SIGSEGV)
    }

    @Test("Nothing is noted any more once the watch has ended, or the file is closed; who was before is back")
    func ended() async throws {
        let folder = try FlightFolder()
        for isClosed in [true, false] {
            await #expect(processExitsWith: .exitCode(42)) {
                [path = folder.path as String, isClosed = isClosed as Bool] in
                signal(SIGBUS) { _ in _exit(42) }
                var flight: InFlight? = try CrashHandlerTests.flight(in: path)
                try #require(flight?.watchCrashes() == nil)
                if isClosed { flight = nil } else { flight?.stopWatching() }
                withExtendedLifetime(flight) { _ = raise(SIGBUS) }
            }
            #expect(try folder.open().crash == nil)
        }
    }
}
