import Mail
import Testing

@testable import Store

@Suite struct ObservedTests {
    @Test("Counts of a day add up over restarts, most first, from the day that was asked for")
    func counted() async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try await store.noteObserved([
                Watch.observed(connections: 2), Watch.observed("b.example", nil, connections: 7),
                Watch.observed(day: Watch.day.next), Watch.observed(connections: -5),
            ])
        }
        let store = try fixture.open()
        try await store.noteObserved([Watch.observed(connections: 3), Watch.observed("example.net", nil)])
        try await store.noteObserved([])
        #expect(
            try await store.observed(from: Watch.day, limit: 9) == [
                Watch.observed("b.example", nil, connections: 7), Watch.observed(connections: 5),
                Watch.observed(day: Watch.day.next), Watch.observed("example.net", nil),
            ])
        #expect(try await store.observed(from: Watch.day, limit: 2).map(\.connections) == [7, 5])
        #expect(try await store.observed(from: Watch.day.next, limit: 9) == [Watch.observed(day: Watch.day.next)])
        await store.close()
    }

    @Test("Rows of a day: at the limit each is counted, one past it together by rule and cause")
    func bound() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.watchBounds.observedOfDay = 3
        let store = try fixture.open(options)
        try await store.noteObserved((0..<3).map { Watch.observed("d\($0).example") })
        #expect(try await store.observed(from: Watch.day, limit: 9).map(\.destination).sorted().first == "d0.example")
        try await store.noteObserved((2..<5).map { Watch.observed("d\($0).example") })
        try await store.noteObserved([Watch.observed("d5.example"), Watch.observed("d0.example")])
        let found = try await store.observed(from: Watch.day, limit: 9)
        #expect(
            Dictionary(uniqueKeysWithValues: found.map { ($0.destination, $0.connections) }) == [
                "d0.example": 2, "d1.example": 1, "d2.example": 2, DeliverySum.rest: 3,
            ])
        try await store.noteObserved([Watch.observed("d5.example", day: Watch.day.next)])
        #expect(try await store.observed(from: Watch.day.next, limit: 9).map(\.destination) == ["d5.example"])
        await store.close()
        #expect(SQLiteOptions().watchBounds.observedOfDay == WatchLimits.observedOfDay)
    }

    @Test("A damaged row is passed over")
    func damaged() async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try await store.noteObserved([Watch.observed("a.example"), Watch.observed("b.example")])
            await store.close()
        }
        try fixture.sql("UPDATE observed_count SET connections = 'x' WHERE destination = 'a.example'")
        let store = try fixture.open()
        #expect(try await store.observed(from: Watch.day, limit: 1).map(\.destination) == ["b.example"])
        await store.close()
    }
}
