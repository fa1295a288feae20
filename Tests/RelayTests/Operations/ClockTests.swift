import GRDBSQLite
import Mail
import Net
import Store
import Synchronization
import Testing

@testable import Relay

/// Both clocks of a machine, for a test to set.
final class ScriptedClock: Sendable {
    static let patience: Int64 = 10

    let judged: JudgedClock
    /// What time it is, when the uptime is 0 and nobody has set the clock wrong.
    let base: WallTime
    private let state: Shared

    private final class Shared: Sendable {
        let hands: Mutex<(uptime: Int64, error: Int64)>
        init(error: Int64) { hands = Mutex((0, error)) }
    }

    /// - Parameter error: what the wall clock says too much. That is the time that is believed.
    init(error: Int64, base: WallTime = Service.clock()) {
        let state = Shared(error: error)
        (self.state, self.base) = (state, base)
        judged = JudgedClock {
            let (uptime, error) = state.hands.withLock { $0 }
            return ClockWatch.Reading(wall: base.advanced(by: uptime).advanced(by: error), uptime: uptime)
        }
        judged.adopt(patience: .seconds(Self.patience))
        _ = judged.now
    }

    func set(error: Int64) { state.hands.withLock { $0.error = error } }

    func pass(_ seconds: Int64 = patience) { state.hands.withLock { $0.uptime += seconds } }
}

extension EventLog {
    /// What was told of the clock and of the store.
    fileprivate var ofClock: [String] {
        events.filter { $0.hasPrefix("clock-") || ["store-failed", "absence"].contains($0) }
    }
}

@Suite("The service and the wall clock", .timeLimit(.minutes(10)))
struct ClockTests {
    static let day: Int64 = 86_400

    /// A service that delivers nothing.
    static func serve(_ body: @escaping @Sendable (Service, EventLog) async throws -> Void) async throws {
        let world = try ServiceWorld()
        let service = Service(try await world.parts("silent"))
        let loop = service.loops.next()
        let result: Result<Void, any Error> = await loop.task {
            do { return .success(try await body(service, world.log)) } catch { return .failure(error) }
        }.value
        await loop.task { await service.dispatcher.drain(until: .after(.zero), on: loop) }.value
        await world.end(service)
        try result.get()
    }

    /// Runs statements on the database of the open store.
    static func sql(_ text: String, in service: Service) throws {
        var connection: OpaquePointer?
        defer { sqlite3_close(connection) }
        try #require(sqlite3_open("\(service.configuration.store.directory)/queue.db", &connection) == SQLITE_OK)
        sqlite3_busy_timeout(connection, 60_000)
        try #require(sqlite3_exec(connection, text, nil, nil, nil) == SQLITE_OK)
    }

    static func forbid(_ what: String, in service: Service) throws {
        try sql("CREATE TRIGGER never BEFORE \(what) BEGIN SELECT RAISE(ABORT, 'forbidden'); END", in: service)
    }

    static func allow(in service: Service) throws { try sql("DROP TRIGGER never", in: service) }

    /// Mail that waits, one for each time.
    static func queue(next times: [WallTime], in service: Service) async throws -> [QueuedMessage] {
        let queued = try await QueueOrdersTests.queue(times.count, in: service)
        for (message, time) in zip(queued, times) {
            try await RepairWakingTests.put(off: [message], [.connectFailed], in: service, until: time)
        }
        return queued
    }

    /// A step of so many seconds that brings the clock to the time it is, told and about to be believed.
    static func stepped(_ seconds: Int64, _ service: Service, _ turn: inout ClockTurn) async -> ScriptedClock {
        let clock = ScriptedClock(error: -seconds)
        clock.set(error: 0)
        await service.watchClock(&turn, by: clock.judged)
        clock.pass()
        return clock
    }

    @Test("Back: mail that was due already is due at once, and none waits longer than before")
    func back() async throws {
        try await Self.serve { service, log in
            var turn = ClockTurn()
            let clock = await Self.stepped(-Self.day, service, &turn)
            #expect(turn.told?.seconds == -Self.day && log.ofClock.contains("clock-stepped"))
            let old = clock.base.advanced(by: Self.day)
            let queued = try await Self.queue(next: [old.advanced(by: -100), old.advanced(by: 300)], in: service)
            await service.watchClock(&turn, by: clock.judged)
            #expect(clock.judged.doubted == nil && turn.told == nil && turn.move == .none)
            let times = try await RepairWakingTests.nextAttempts(queued, in: service)
            #expect(times == [clock.base.advanced(by: -100), clock.base.advanced(by: 300)])
            await service.watchClock(&turn, by: clock.judged)
            #expect(log.ofClock.suffix(2) == ["clock-believed", "clock-moved"])
            #expect(try await service.store.lastTime() != nil)
        }
    }

    @Test("Forwards: none waits longer than before, and the time that was left out counts for none")
    func forwards() async throws {
        try await Self.serve { service, log in
            var turn = ClockTurn()
            let clock = await Self.stepped(Self.day, service, &turn)
            let old = clock.base.advanced(by: -Self.day)
            let queued = try await Self.queue(next: [old.advanced(by: -100), old.advanced(by: 300)], in: service)
            await service.watchClock(&turn, by: clock.judged)
            #expect(clock.judged.doubted == nil && turn.told == nil && turn.move == .none)
            let times = try await RepairWakingTests.nextAttempts(queued, in: service)
            #expect(times == [old.advanced(by: -100), clock.base.advanced(by: 300)])
            await service.watchClock(&turn, by: clock.judged)
            #expect(log.ofClock.last == "clock-believed")
            let orders = service.terms.orders
            let after = clock.base.advanced(by: 1000)
            #expect(orders.secondsSuspended("b.example", from: old, to: after) == Self.day)
            #expect(orders.elapsed(at: after).isEmpty && orders.suspensions(at: old).isEmpty, "nobody is suspended")
        }
    }

    @Test("A step back is believed before its move, and the move is carried on until it is done, told once")
    func carriedOn() async throws {
        try await Self.serve { service, log in
            var turn = ClockTurn()
            let clock = await Self.stepped(-Self.day, service, &turn)
            let queued = try await Self.queue(next: [clock.base.advanced(by: Self.day)], in: service)
            try Self.forbid("UPDATE ON recipient", in: service)
            for _ in 0..<3 { await service.watchClock(&turn, by: clock.judged) }
            #expect(clock.judged.doubted == nil && turn.move == .believed)
            #expect(log.ofClock.suffix(2) == ["clock-believed", "store-failed"])
            try Self.allow(in: service)
            await service.watchClock(&turn, by: clock.judged)
            #expect(turn.move == .none && log.ofClock.last == "clock-moved")
            #expect(try await RepairWakingTests.nextAttempts(queued, in: service) == [clock.base])
        }
    }

    @Test("A step forwards that cannot be followed is not believed, and is taken back where the clock is set right")
    func setRight() async throws {
        try await Self.serve { service, log in
            var turn = ClockTurn()
            let clock = await Self.stepped(Self.day, service, &turn)
            let old = clock.base.advanced(by: -Self.day)
            let queued = try await Self.queue(next: [old.advanced(by: 300)], in: service)
            try Self.forbid("UPDATE ON recipient", in: service)
            for _ in 0..<3 {
                await service.watchClock(&turn, by: clock.judged)
                clock.pass(1)
            }
            #expect(clock.judged.doubted != nil && turn.move == .begun && log.ofClock.last == "store-failed")
            #expect(log.ofClock.count { $0 == "store-failed" } == 1)
            clock.set(error: -Self.day)
            try Self.allow(in: service)
            await service.watchClock(&turn, by: clock.judged)
            #expect(turn.move == .none && turn.told == nil && log.ofClock.last == "clock-right")
            #expect(try await RepairWakingTests.nextAttempts(queued, in: service) == [old.advanced(by: 300)])
            let suspended = service.terms.orders.secondsSuspended("b.example", from: old, to: clock.base)
            #expect(suspended < 60, "what was left out passes after all")
        }
    }

    @Test("A time that cannot be noted does not make a believed step one that was set right", arguments: [day, -day])
    func notNoted(seconds: Int64) async throws {
        try await Self.serve { service, log in
            var turn = ClockTurn()
            let clock = await Self.stepped(seconds, service, &turn)
            try Self.forbid("INSERT ON fact WHEN NEW.name = 'last time'", in: service)
            for _ in 0..<2 { await service.watchClock(&turn, by: clock.judged) }
            #expect(log.ofClock.suffix(2) == ["clock-believed", "store-failed"] && turn.move == .none)
        }
    }

    @Test(
        "A step further than any clock goes is told once, never believed, and writes nothing",
        arguments: [1, -1] as [Int64])
    func tooFar(sign: Int64) async throws {
        try await Self.serve { service, log in
            var turn = ClockTurn()
            let clock = await Self.stepped(sign * (ClockWatch.Step.furthest + 1), service, &turn)
            for _ in 0..<3 {
                clock.pass()
                await service.watchClock(&turn, by: clock.judged)
            }
            let doubted = try #require(clock.judged.doubted)
            #expect(doubted.secondsLeft == nil && log.ofClock.last == "clock-stepped")
            #expect(log.ofClock.count { $0 == "clock-stepped" } == 1)
            #expect(try await service.store.suspensions(endedAfter: WallTime(seconds: .min)).isEmpty)
        }
    }

    @Test("Where it cannot be told how long the relay was away the start is refused, and the evidence stays")
    func refused() async throws {
        try await Self.serve { service, _ in
            let last = Service.clock().advanced(by: -30 * Self.day)
            try await service.store.noteTime(last)
            try Self.forbid("INSERT ON suspension", in: service)
            await #expect(throws: ServiceError.self) { try await service.leaveOutAbsence() }
            #expect(try await service.store.lastTime() == last)
            try Self.allow(in: service)
            try Self.sql("ALTER TABLE fact RENAME TO gone", in: service)
            await #expect(throws: ServiceError.self) { try await service.leaveOutAbsence() }
            try Self.sql("ALTER TABLE gone RENAME TO fact", in: service)
            try await service.leaveOutAbsence()
            try await service.renewOrders()
            let now = Service.clock()
            let noted = try #require(try await service.store.lastTime())
            #expect(noted > now.advanced(by: -600))
            let suspended = service.terms.orders.secondsSuspended("b.example", from: last, to: now)
            #expect(suspended > 30 * Self.day - 600)
        }
    }

    @Test("A start with an earlier date than the last has the queue follow, overdue mail too")
    func earlierStart() async throws {
        try await Self.serve { service, log in
            let last = Service.clock().advanced(by: Self.day)
            let queued = try await Self.queue(next: [last.advanced(by: -100), last.advanced(by: 300)], in: service)
            try await service.store.noteTime(last)
            try await service.leaveOutAbsence()
            #expect(log.ofClock.last == "absence")
            var turn = ClockTurn()
            await service.watchClock(&turn)
            #expect(turn.move == .none && log.ofClock.last == "clock-moved")
            let times = try await RepairWakingTests.nextAttempts(queued, in: service)
            let now = Service.clock()
            #expect(times[0] < now && times[1] > now && times[1] <= now.advanced(by: 300))
        }
    }
}
