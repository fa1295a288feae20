import Mail
import Testing

@testable import Store

@Suite struct WatchCrashTests {
    @Test("What was acknowledged is there after a crash, what was not is not, and the number of an alarm is free again")
    func failedSync() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let kept = try Watch.exception("kept.example")
        try await store.putException(kept)
        let alarm = try await store.addAlarm(Watch.alarm())
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) { try await store.putException(Watch.exception("lost.example")) }
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) { try await store.addAlarm(Watch.alarm(.portBlocked, "")) }
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) { try await store.removeException(of: kept.domain) }
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) { try await store.learn([], [Watch.change("a.example", 0)]) }
        // What a crash at this moment leaves, opened elsewhere: no failed frame may come back as a commit.
        let crashed = try fixture.copyAsAfterCrash()
        let again = try crashed.open()
        #expect(again.openingReport.wasUnclean)
        for store in [store, again] {
            #expect(try await store.exceptions().sound == [kept])
            #expect(try await store.alarms(before: nil, limit: 9) == [alarm])
            #expect(try await store.changes(of: ["a.example"], before: nil, limit: 9).isEmpty)
        }
        #expect(try await again.addAlarm(Watch.alarm()).number == 2)
        await again.close()
        await store.close()
    }

    @Test("All that was acknowledged is there after a crash at any moment behind it")
    func acknowledged() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.putException(Watch.exception())
        let alarm = try await store.addAlarm(Watch.alarm())
        let fact = KnownFact(name: "a.example", kind: .mx, value: "x", since: Watch.at(0))
        try await store.learn([fact], [Watch.change("a.example", 0)])
        try await store.noteObserved([Watch.observed()])
        try await store.handOver([Watch.delivery()], proofs: [Watch.proof()])
        let crashed = try fixture.copyAsAfterCrash()
        let again = try crashed.open()
        #expect(try await again.exceptions().sound == [Watch.exception()])
        #expect(try await again.standingAlarms() == [alarm])
        #expect(try await again.facts(of: ["a.example"]) == [fact])
        #expect(try await again.changes(of: ["a.example"], before: nil, limit: 9).count == 1)
        #expect(try await again.observed(from: Watch.day, limit: 9) == [Watch.observed()])
        #expect(try await again.sums() == [Watch.sum("example.net", [.dane: (1, 1)])])
        #expect(try await again.proofs(from: Watch.at(0), to: Watch.at(9), before: nil, limit: 9).count == 1)
        await again.close()
        await store.close()
    }

    @Test("On a full disk mail is settled without its counts, and counting goes on when there is room")
    func full() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.pageLimit = 120
        let store = try fixture.open(options)
        var queued: [QueuedMessage] = []
        await #expect(throws: StoreError.full) {
            while queued.count < 1000 { queued += try await store.enqueue([Fixture.message(size: 4000)]) }
        }
        try #require(queued.count > 2 && queued.count < 1000)
        await #expect(throws: StoreError.full) {
            for number in 0..<1000 { try await store.putException(Watch.exception("d\(number).example")) }
        }
        // More names than the room that the message leaves can hold.
        let many = (0..<500).map { Watch.delivery("\($0).\(String(repeating: "x", count: 300)).example") }
        #expect(try await store.settle(Watch.settlement(queued[0], many)).openRecipients == 0)
        #expect(try await store.counts().messages == queued.count - 1)
        #expect(try await store.sums().isEmpty)
        for message in queued.dropFirst(2) { try await store.settle(message) }
        _ = try await store.settle(Watch.settlement(queued[1], [Watch.delivery()]))
        #expect(try await store.sums() == [Watch.sum("example.net", [.dane: (1, 1)])])
        await store.close()
    }

    @Test("On a disk that takes nothing no exception and no alarm is acknowledged")
    func takesNothing() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        fixture.disk.setFull(true)
        await #expect(throws: StoreError.full) { try await store.putException(Watch.exception()) }
        await #expect(throws: StoreError.full) { try await store.addAlarm(Watch.alarm()) }
        fixture.disk.setFull(false)
        #expect(try await store.exceptions().sound.isEmpty)
        #expect(try await store.standingAlarms().isEmpty)
        await store.close()
    }
}
