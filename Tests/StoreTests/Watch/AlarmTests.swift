import Mail
import Testing

@testable import Store

@Suite struct AlarmTests {
    @Test("An alarm survives a restart, changes in its place, and its number is never used twice")
    func lifetime() async throws {
        let fixture = try Fixture()
        var (first, second) = (Watch.alarm(), Watch.alarm(.portBlocked, "", "x'); DROP TABLE alarm;--", raised: 1))
        do {
            let store = try fixture.open()
            first = try await store.addAlarm(first)
            second = try await store.addAlarm(second)
            #expect((first.number, second.number) == (1, 2))
            #expect(try await store.standingAlarms() == [first, second])
            first.words = "still none"
            // The clock was set.
            first.raisedAt = Watch.at(40)
            first.seenAt = Watch.at(50)
            first.acknowledgedAt = Watch.at(60)
            first.acknowledgement = "anna: told them"
            #expect(try await store.updateAlarm(first))
            second.clearedAt = Watch.at(70)
            second.clearing = "a host answered"
            #expect(try await store.updateAlarm(second))
        }
        let store = try fixture.open()
        #expect(try await store.standingAlarms() == [first])
        #expect(try await store.alarms(before: nil, limit: 9) == [second, first])
        var unknown = first
        unknown.number = 3
        #expect(try await store.updateAlarm(unknown) == false)
        #expect(try await store.addAlarm(Watch.alarm(raised: 2)).number == 3)
        await store.close()
    }

    @Test("Pages go back from the newest, and none is longer than was asked for", arguments: AlarmKind.allCases)
    func pages(kind: AlarmKind) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for number in 0..<5 { _ = try await store.addAlarm(Watch.alarm(kind, raised: Int64(number))) }
        #expect(try await store.alarms(before: nil, limit: 2).map(\.number) == [5, 4])
        #expect(try await store.alarms(before: 4, limit: 9).map(\.number) == [3, 2, 1])
        #expect(try await store.alarms(before: 1, limit: 9).isEmpty)
        #expect(try await store.alarms(before: nil, limit: -1).isEmpty)
        #expect(try await store.standingAlarms().map(\.kind) == Array(repeating: kind, count: 5))
        await store.close()
    }

    @Test("At the limit the oldest that is cleared gives way; where none is, the next is refused in words")
    func bound() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.watchBounds.alarms = 4
        let store = try fixture.open(options)
        for number in 0..<4 {
            var alarm = try await store.addAlarm(Watch.alarm(raised: Int64(number)))
            if number == 1 || number == 2 {
                alarm.clearedAt = Watch.at(10)
                #expect(try await store.updateAlarm(alarm))
            }
        }
        _ = try await store.addAlarm(Watch.alarm(raised: 20))
        #expect(try await store.alarms(before: nil, limit: 9).map(\.number) == [5, 4, 3, 1])
        _ = try await store.addAlarm(Watch.alarm(raised: 21))
        #expect(try await store.alarms(before: nil, limit: 9).map(\.number) == [6, 5, 4, 1])
        await #expect(
            throws: StoreError.failed("4 alarms are kept, none of them cleared, and no more can be")
        ) {
            try await store.addAlarm(Watch.alarm(raised: 22))
        }
        #expect(try await store.standingAlarms().count == 4)
        await store.close()
        #expect(SQLiteOptions().watchBounds.alarms == WatchLimits.alarms)
    }

    @Test("Texts of 1024 octets are kept, one more is cut, and what is given back is what was kept")
    func texts() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for length in [1024, 1025] {
            let text = String(repeating: "w", count: length)
            var alarm = try await store.addAlarm(Watch.alarm(.clockOff, text, text))
            #expect(alarm.words.utf8.count == 1024 && alarm.subject.utf8.count == 1024)
            alarm.acknowledgement = text
            alarm.clearing = text
            #expect(try await store.updateAlarm(alarm))
            let kept = try #require(try await store.standingAlarms().last)
            #expect(kept.acknowledgement?.utf8.count == 1024 && kept.clearing?.utf8.count == 1024)
        }
        await store.close()
    }

    static let damage = ["kind = 'of-tomorrow'", "subject = x'00'", "raised_at = 'x'", "acknowledged_at = 'x'"]

    @Test("An alarm that cannot be read does not hide the others, and takes no place of a page", arguments: damage)
    func damaged(_ change: String) async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            for number in 0..<3 { _ = try await store.addAlarm(Watch.alarm(raised: Int64(number))) }
            await store.close()
        }
        try fixture.sql("UPDATE alarm SET \(change) WHERE number = 2")
        let store = try fixture.open()
        #expect(try await store.standingAlarms().map(\.number) == [1, 3])
        #expect(try await store.alarms(before: nil, limit: 2).map(\.number) == [3, 1])
        await store.close()
    }
}
