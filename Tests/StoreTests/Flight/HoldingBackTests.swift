import CLinux
import Glibc
import Mail
import Testing

@testable import Store

@Suite("What the store does about the suspects of a crash")
struct HoldingBackTests {
    /// A life that falls while `messages` are being delivered on this thread.
    private func fall(_ fixture: Fixture, _ store: SQLiteStore, with messages: [MessageNumber]) async throws {
        let flight = try #require(store.inFlight)
        for message in messages { _ = flight.enter(message) }
        flight.keep()
        let words = [UInt32(SIGSEGV), waxwing_thread_id()]
        try fixture.write(
            words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } },
            to: InFlight.fileName,
            at: InFlight.Layout.note)
        await store.close()
    }

    private func nextAttempts(_ store: SQLiteStore, _ queued: QueuedMessage) async throws -> [Int64]? {
        try await store.show(queued.message.id)?.recipients.map {
            $0.recipient.nextAttempt.seconds - Fixture.start.seconds
        }
    }

    @Test("Recipients of a message are found by their numbers: no passage through those of all others")
    func plan() async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        let plan = try fixture.query("EXPLAIN QUERY PLAN " + FlightRows.holdBack, column: 3)
        #expect(plan.first == "SEARCH recipient USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "\(plan)")
        #expect(!plan.contains { $0.contains("SCAN") }, "\(plan)")
    }

    @Test("Each rests until its own time, and nobody is brought forward; held mail and other mail stay as they are")
    func rests() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([
            Fixture.message(to: ["a.net", "b.net", "c.net"]), Fixture.message(), Fixture.message(),
            Fixture.message(at: Fixture.start.advanced(by: 500)),
        ])
        _ = try await store.change(.hold(reason: "look"), [queued[0].recipients[1]], at: Fixture.start)
        let gone = MessageNumber(queued[3].message.number.value + 1)
        let waiting = try await store.holdBack([
            (queued[0].message.number, Fixture.start.advanced(by: 30)),
            (gone, Fixture.start.advanced(by: 40)),
            (queued[1].message.number, Fixture.start.advanced(by: 50)),
            (queued[3].message.number, Fixture.start.advanced(by: 60)),
        ])
        #expect(waiting == [2, 0, 1, 1])
        #expect(try await nextAttempts(store, queued[0]) == [30, 0, 30])
        #expect(try await nextAttempts(store, queued[1]) == [50])
        #expect(try await nextAttempts(store, queued[2]) == [0])
        #expect(try await nextAttempts(store, queued[3]) == [500])
        #expect(try await store.holdBack([]) == [])
        await store.close()
    }

    @Test(
        "Who gets the number of a message that is gone inherits no crash",
        arguments: [Fixture.options, Fixture.journaled])
    func numbers(_ options: SQLiteOptions) async throws {
        let fixture = try Fixture()
        for crashes in 1...3 {
            let store = try fixture.open(options)
            // What fell last was delivered by its last word: the queue is empty, and the number is given out again.
            #expect(store.inFlight?.crash?.suspects.isEmpty ?? (crashes == 1))
            let queued = try await store.enqueue([Fixture.message()])[0]
            #expect(queued.message.number == MessageNumber(1))
            try await store.settle(queued)
            try await fall(fixture, store, with: [queued.message.number])
        }
        let store = try fixture.open(options)
        let queued = try await store.enqueue([Fixture.message()])[0]
        try await fall(fixture, store, with: [queued.message.number])
        let last = try fixture.open(options)
        #expect(last.inFlight?.crash?.suspects == [InFlight.Suspect(message: queued.message.number, crashes: 1)])
        await last.close()
    }

    @Test("What is released has its crashes behind it; what is tried again or still held has not")
    func released() async throws {
        let fixture = try Fixture()
        var store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(), Fixture.message()])
        let numbers = queued.map(\.message.number)
        for _ in 1...2 {
            try await fall(fixture, store, with: numbers)
            store = try fixture.open()
        }
        let recipients = queued.flatMap(\.recipients)
        _ = try await store.change(.hold(reason: "look"), [recipients[0]], at: Fixture.start)
        _ = try await store.change(.retry, [recipients[1]], at: Fixture.start)
        // The second is not held: an order to release it does nothing.
        _ = try await store.change(.release, recipients, at: Fixture.start)
        try await fall(fixture, store, with: numbers)
        store = try fixture.open()
        #expect(store.inFlight?.crash?.suspects.map(\.crashes) == [1, 3])
        await store.close()
    }

    @Test("Who rests is known until the rest is over, also to the next life; who was made due before rests no more")
    func known() async throws {
        let fixture = try Fixture()
        var store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(), Fixture.message(), Fixture.message()])
        let numbers = queued.map(\.message.number)
        try await fall(fixture, store, with: Array(numbers.prefix(2)))
        store = try fixture.open()
        let end = Fixture.start.advanced(by: 30)
        // The third was not met in the crash: it is put off, and no suspect.
        _ = try await store.holdBack(numbers.map { ($0, end) })
        await store.close()
        store = try fixture.open()
        let rest = InFlight.Rest(until: end, crashes: 1)
        #expect(store.inFlight?.rests(after: Fixture.start) == [numbers[0]: rest, numbers[1]: rest])
        #expect(try await store.resting(at: Fixture.start) == 2)
        #expect(try await store.resting(at: end) == 0)
        _ = try await store.change(.retry, queued[0].recipients, at: Fixture.start)
        #expect(try await store.resting(at: Fixture.start) == 1)
        let plan = try fixture.query("EXPLAIN QUERY PLAN " + FlightRows.resting, column: 3)
        #expect(!plan.contains { $0.contains("SCAN recipient") || $0.contains("SCAN message") }, "\(plan)")
        await store.close()
    }

    @Test("A file that cannot be had is told, and the store opens without it")
    func missing() async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            #expect(store.openingReport.inFlightMissing == nil)
            await store.close()
        }
        unlink("\(fixture.path)/\(InFlight.fileName)")
        // Nothing that can be opened for writing, whoever runs the tests.
        try #require(mkdir("\(fixture.path)/\(InFlight.fileName)", 0o700) == 0)
        let store = try fixture.open()
        #expect(store.inFlight == nil)
        let missing = try #require(store.openingReport.inFlightMissing)
        #expect(missing == "\(fixture.path)/in-flight: \(Errno(code: EISDIR))")
        await store.close()
    }
}
