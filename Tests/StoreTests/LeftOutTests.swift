import Mail
import Testing

@testable import Store

@Suite("Time that is left out")
struct LeftOutTests {
    private static func at(_ seconds: Int64) -> WallTime { Fixture.start.advanced(by: seconds) }
    private static let ever = WallTime(seconds: .min)

    /// What does not count between the two for mail to `destination`.
    private static func leftOut(
        _ store: SQLiteStore, _ begin: Int64, _ end: Int64, of destination: String = "a.net"
    ) async throws -> Int64 {
        let spans = try await store.suspensions(endedAfter: ever).map {
            SuspensionHistory.Span(destination: $0.destination, since: $0.since, until: $0.until, endedAt: $0.endedAt)
        }
        return SuspensionHistory(spans).seconds(of: destination, from: at(begin), to: at(end))
    }

    @Test("It counts for no mail, once, and is as good behind a crash")
    func leftOut() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.suspend(Suspension(destination: "b.net", since: Self.at(50), until: Self.at(150), reason: "x"))
        try await store.leaveOut(from: Self.at(100), to: Self.at(300), because: "the clock was set")
        try await store.leaveOut(from: Self.at(300), to: Self.at(300), because: "no time")
        try await store.leaveOut(from: Self.at(400), to: Self.at(300), because: "less than none")
        let again = try fixture.copyAsAfterCrash().open()
        for store in [store, again] {
            #expect(try await Self.leftOut(store, 0, 1000) == 200)
            #expect(try await Self.leftOut(store, 150, 250) == 100)
            #expect(try await Self.leftOut(store, 0, 1000, of: "b.net") == 250)
            await store.close()
        }
    }

    @Test("Said again each second it is one and grows, and pushes no other out")
    func again() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.leaveOut(from: Self.at(0), to: Self.at(100), because: "another one")
        for second in 0..<Int64(QueueLimits.clockSteps + 10) {
            try await store.leaveOut(from: Self.at(1000 + second), to: Self.at(9000 + second), because: "one")
        }
        #expect(try fixture.query("SELECT count(*) FROM suspension") == ["2"])
        #expect(try await Self.leftOut(store, 0, 20_000) == 100 + 8000 + Int64(QueueLimits.clockSteps) + 9)
        await store.close()
    }

    @Test("At the bound all are kept, one past it the first is forgotten; a destination that is suspended never")
    func bound() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.suspend(Suspension(destination: "b.net", since: Self.at(0), until: nil, reason: "x"))
        for number in 1...Int64(QueueLimits.clockSteps) {
            try await store.leaveOut(from: Self.at(number * 100), to: Self.at(number * 100 + 10), because: "x")
        }
        #expect(try await Self.leftOut(store, 0, 1_000_000) == Int64(QueueLimits.clockSteps) * 10)
        try await store.leaveOut(from: Self.at(500_000), to: Self.at(500_010), because: "x")
        #expect(try await Self.leftOut(store, 0, 1_000_000) == Int64(QueueLimits.clockSteps) * 10)
        #expect(try await Self.leftOut(store, 0, 150) == 0, "the first is gone")
        #expect(try await store.suspensions(endedAfter: Self.at(0)).contains { $0.destination == "b.net" })
        await store.close()
    }

    @Test(
        "A step back has what lies behind its new time pass after all; nothing before it, and no suspension ends by it")
    func back() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.suspend(Suspension(destination: "b.net", since: Self.at(0), until: nil, reason: "x"))
        for begin in [0, 10_000, 20_000] as [Int64] {
            try await store.leaveOut(from: Self.at(begin), to: Self.at(begin + 1000), because: "x")
        }
        try await store.begin(ClockWatch.Step(from: Self.at(30_000), to: Self.at(10_400)), because: "x")
        #expect(try await Self.leftOut(store, 0, 10_000) == 1000)
        #expect(try await Self.leftOut(store, 10_000, 50_000) == 400)
        #expect(try await store.suspensions(endedAfter: Self.at(40_000)).map(\.destination) == ["b.net"])
        // What is left out anew behind it counts again.
        try await store.leaveOut(from: Self.at(20_500), to: Self.at(20_600), because: "y")
        #expect(try await Self.leftOut(store, 10_000, 50_000) == 500)
        await store.close()
    }
}
