import Mail
import Testing

@testable import Store

@Suite("The queue follows a step of the clock", .timeLimit(.minutes(10)))
struct ClockMovingTests {
    static let day: Int64 = 86_400

    static func at(_ seconds: Int64) -> WallTime { Fixture.start.advanced(by: seconds) }

    /// A step of so many seconds at ``Fixture/start``, or later.
    static func step(_ seconds: Int64, at time: Int64 = 0) -> ClockWatch.Step {
        ClockWatch.Step(from: at(time), to: at(time + seconds))
    }

    /// One message with a recipient for each time; its deadline is ten seconds later.
    static func message(next times: [Int64]) throws -> NewMessage {
        var message = try Fixture.message(to: Array(repeating: "a.net", count: times.count))
        for (index, time) in times.enumerated() {
            message.recipients[index].nextAttempt = at(time)
            message.recipients[index].deadline = at(time + 10)
        }
        return message
    }

    /// Of all recipients, in seconds behind ``Fixture/start``.
    static func times(_ column: String, _ fixture: Fixture) throws -> [Int64] {
        try fixture.query("SELECT \(column) - \(Fixture.start.seconds) FROM recipient ORDER BY number")
            .compactMap { Int64($0) }
    }

    /// 2,500 recipients in three slices, all due in a minute.
    static func fill(_ store: SQLiteStore) async throws {
        for count in [1000, 1000, 500] {
            _ = try await store.enqueue([message(next: Array(repeating: 60, count: count))])
        }
    }

    static func isUnderWay(_ fixture: Fixture) throws -> Bool {
        try fixture.query("SELECT name FROM fact WHERE name LIKE 'clock move%'") != []
    }

    @Test("Forwards what is due stays due, and what waits waits as long as before")
    func forwards() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        _ = try await store.enqueue([Self.message(next: [-Self.day, -100, -5, 0, 1, 7200])])
        try await store.begin(Self.step(Self.day), because: "x")
        #expect(try await store.moveTimes() == 4, "those of which the attempt or the deadline lies ahead")
        #expect(try Self.times("next_attempt", fixture) == [-Self.day, -100, -5, 0, Self.day + 1, Self.day + 7200])
        #expect(
            try Self.times("deadline", fixture)
                == [-Self.day + 10, -90, Self.day + 5, Self.day + 10, Self.day + 11, Self.day + 7210])
        #expect(try await store.due(Self.at(Self.day)).count == 4)
        await store.close()
    }

    @Test(
        "Back what was due is due at once, also where its time lies between the two, and what waits waits as long as before"
    )
    func back() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        _ = try await store.enqueue([Self.message(next: [-2 * Self.day, -Self.day, -Self.day + 1, -100, 0, 1, 7200])])
        try await store.begin(Self.step(-Self.day), because: "x")
        #expect(try await store.moveTimes() == 6)
        #expect(
            try Self.times("next_attempt", fixture) == [
                -2 * Self.day, -Self.day, -2 * Self.day + 1, -Self.day - 100, -Self.day, -Self.day + 1,
                -Self.day + 7200,
            ])
        #expect(try await store.due(Self.at(-Self.day)).count == 5, "all that was due before")
        #expect(try await store.due(Self.at(-Self.day + 1)).count == 6)
        await store.close()
    }

    @Test("Only what waits is moved: not what is held, nor what is final", arguments: [day, -day])
    func states(seconds: Int64) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Self.message(next: [60, 60, 60])])[0]
        _ = try await store.change(.hold(reason: "x"), [queued.recipients[0]], at: Self.at(1))
        try await store.settle(queued, [1], next: Self.at(60))
        try await store.begin(Self.step(seconds), because: "x")
        #expect(try await store.moveTimes() == 1)
        let moved = try #require(try await store.show(queued.message.id)).recipients.map(\.recipient.nextAttempt)
        #expect(moved[0] == Self.at(60) && moved[2] == Self.at(60 + seconds))
        await store.close()
    }

    @Test("Mail that lies in the journal comes along", arguments: [day, -day])
    func journaled(seconds: Int64) async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        for _ in 0..<3 { _ = try await store.enqueue([Self.message(next: [60])]) }
        #expect(try fixture.query("SELECT count(*) FROM recipient") == ["0"], "they are in the journal")
        try await store.begin(Self.step(seconds), because: "x")
        #expect(try await store.moveTimes() == 3)
        #expect(try await store.due(Self.at(60 + seconds)).count == 3)
        #expect(try await store.due(Self.at(59 + seconds)).isEmpty)
        await store.close()
    }

    @Test("While mail is stuck in the journal a move back has no end; it ends behind it")
    func stuck() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        try fixture.sql("CREATE TRIGGER never BEFORE INSERT ON message BEGIN SELECT RAISE(ABORT, 'a row'); END")
        _ = try await store.enqueue([Self.message(next: [60])])
        await store.catchUp()
        #expect(store.journalTrouble != nil)
        try await store.begin(Self.step(-Self.day), because: "x")
        await #expect(throws: StoreError.self) { try await store.endMove(isBelieved: true, at: Self.at(-Self.day)) }
        #expect(try Self.isUnderWay(fixture))
        try fixture.sql("DROP TRIGGER never")
        for _ in 0..<3000 where store.journalTrouble != nil { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try await store.endMove(isBelieved: true, at: Self.at(-Self.day)) == 1)
        #expect(try await store.due(Self.at(60 - Self.day)).count == 1)
        await store.close()
    }

    @Test(
        "What a fault or a crash cuts off half way is carried on, and nothing is moved twice", arguments: [day, -day])
    func interrupted(seconds: Int64) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await Self.fill(store)
        try await store.begin(Self.step(seconds), because: "x")
        fixture.disk.failWALSync(after: 1)
        await #expect(throws: StoreError.self) { try await store.moveTimes() }
        let half = try Self.times("next_attempt", fixture)
        #expect(half.count { $0 == 60 + seconds } == 1000 && half.count { $0 == 60 } == 1500)
        let copy = try fixture.copyAsAfterCrash()
        // A second later it is the same step.
        if seconds > 0 { try await store.begin(Self.step(seconds, at: 1), because: "x") }
        #expect(try await store.moveTimes() == 1500)
        #expect(try await store.moveTimes() == 0)
        #expect(try await store.endMove(isBelieved: true, at: Self.at(seconds)) == 0)
        #expect(try await store.endMove(isBelieved: true, at: Self.at(seconds)) == nil)
        let again = try copy.open()
        #expect(try await again.endMove(isBelieved: true, at: Self.at(seconds)) == 1500)
        await again.close()
        await store.close()
        for fixture in [fixture, copy] {
            #expect(try Set(Self.times("next_attempt", fixture)) == [60 + seconds])
            #expect(try Set(Self.times("deadline", fixture)) == [70 + seconds])
            #expect(try !Self.isUnderWay(fixture))
        }
    }

    @Test("A move back is carried on by whoever ends it, a start that knows nothing too")
    func carriedOn() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await Self.fill(store)
        try await store.begin(Self.step(-Self.day), because: "x")
        #expect(try await store.endMove(isBelieved: false, at: Self.at(-Self.day)) == 2500)
        #expect(try Set(Self.times("next_attempt", fixture)) == [60 - Self.day])
        #expect(try !Self.isUnderWay(fixture))
        await store.close()
    }

    @Test(
        "A move forwards that is not believed is taken back with the time that was left out, also where both ways fail",
        arguments: 0...3)
    func takenBack(slices: Int) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await Self.fill(store)
        try await store.begin(Self.step(Self.day), because: "x")
        fixture.disk.failWALSync(after: slices)
        _ = try? await store.moveTimes()
        let moved = try Self.times("next_attempt", fixture).count { $0 > Self.day }
        #expect(moved == min(2500, slices * 1000))
        fixture.disk.failWALSync(after: .max)
        // The first commit behind a fault syncs the head of the WAL as well.
        try await store.noteTime(Self.at(1))
        fixture.disk.failWALSync(after: 1)
        _ = try? await store.endMove(isBelieved: false, at: Self.at(1))
        let left = try Self.times("next_attempt", fixture).count { $0 > Self.day }
        #expect(left == max(0, moved - 1000))
        fixture.disk.failWALSync(after: .max)
        let last = try await store.endMove(isBelieved: false, at: Self.at(1))
        #expect(last ?? 0 == left)
        #expect(try Set(Self.times("next_attempt", fixture)) == [60])
        #expect(try Set(Self.times("deadline", fixture)) == [70])
        #expect(try !Self.isUnderWay(fixture))
        #expect(try await store.suspensions(endedAfter: Self.at(1)).isEmpty)
        await store.close()
    }

    @Test("Another step forwards takes back what was begun for the one before")
    func other() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await Self.fill(store)
        try await store.begin(Self.step(Self.day), because: "x")
        fixture.disk.failWALSync(after: 2)
        await #expect(throws: StoreError.self) { try await store.moveTimes() }
        try await store.begin(Self.step(3 * Self.day, at: 5), because: "y")
        #expect(try await store.moveTimes() == 2500)
        #expect(try Set(Self.times("next_attempt", fixture)) == [60 + 3 * Self.day])
        await store.close()
    }

    @Test("One back is carried on before the next begins, also one of the same size")
    func next() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await Self.fill(store)
        for count in 1...2 as ClosedRange<Int64> {
            try await store.begin(Self.step(-Self.day, at: -(count - 1) * Self.day), because: "x")
        }
        #expect(try await store.moveTimes() == 2500)
        #expect(try Set(Self.times("next_attempt", fixture)) == [60 - 2 * Self.day])
        await store.close()
    }

    @Test("Further than any clock goes nothing is begun, and nothing left out", arguments: [1, -1] as [Int64])
    func bound(sign: Int64) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.begin(Self.step(sign * ClockWatch.Step.furthest), because: "x")
        #expect(try await store.endMove(isBelieved: false, at: Self.at(0)) == 0)
        let before = try fixture.query("SELECT count(*) FROM suspension")
        let step = Self.step(sign * (ClockWatch.Step.furthest + 1))
        await #expect(throws: StoreError.failed("no clock is set by \(step.seconds) seconds")) {
            try await store.begin(step, because: "x")
        }
        #expect(try fixture.query("SELECT count(*) FROM suspension") == before && !Self.isUnderWay(fixture))
        await store.close()
    }
}
