import Mail
import Testing

@testable import Store

/// What the store says of a message that left the queue.
@Suite struct EndedTests {
    private static let attempt = AttemptRecord(
        time: Fixture.start, host: "mx", address: nil, result: "deferred timed-out", milliseconds: 5)
    private static let last = AttemptRecord(
        time: Fixture.start, host: "mx2", address: nil, result: "delivered", milliseconds: 7)

    @Test("The simple kind says nothing: all in one settlement, and none tried before", arguments: [1, 3])
    func simple(count: Int) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(to: Array(repeating: "a.net", count: count))])[0]
        let settled = try await store.settle(queued, Array(0..<count), attempts: [Self.last])
        #expect(settled.openRecipients == 0 && settled.ended == nil)
        await store.close()
        for table in ["message", "content", "recipient", "attempt"] {
            #expect(try fixture.query("SELECT count(*) FROM \(table)") == ["0"], "\(table)")
        }
    }

    @Test("A message that was tried before is told of with all its attempts, the last included")
    func triedBefore() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message()])[0]
        #expect(try await store.settle(queued, [0], SettleTests.deferral, attempts: [Self.attempt]).ended == nil)
        let ended = try #require(try await store.settle(queued, [0], attempts: [Self.last]).ended)
        #expect(ended.message == queued.message)
        #expect(ended.recipients.map(\.recipient.state) == [.delivered])
        #expect(ended.recipients.map(\.recipient.attempts) == [2])
        #expect(ended.recipients.map(\.recipient.lastOutcome) == [.delivered(Reply(250, nil, "ok"))])
        #expect(ended.recipients.map(\.attempts) == [[Self.attempt, Self.last]])
        await store.close()
        for table in ["message", "content", "recipient", "attempt"] {
            #expect(try fixture.query("SELECT count(*) FROM \(table)") == ["0"], "\(table)")
        }
    }

    @Test("Of several recipients each is told of, also those that were settled before")
    func inParts() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(to: ["a.net", "b.net", "c.net"])])[0]
        #expect(try await store.settle(queued, [1], attempts: [Self.attempt]).ended == nil)
        let ended = try #require(try await store.settle(queued, [2, 0], SettleTests.failure).ended)
        #expect(ended.recipients.map(\.recipient.state) == [.bounced, .delivered, .bounced])
        #expect(ended.recipients.map(\.recipient.number) == queued.recipients)
        #expect(ended.recipients.map(\.attempts.count) == [0, 1, 0])
        // All in one settlement, but one of them had its first attempt before.
        let second = try await store.enqueue([Fixture.message(to: ["a.net", "b.net"])])[0]
        try await store.settle(second, [1], SettleTests.deferral)
        #expect(try await store.settle(second, [0, 1]).ended?.recipients.map(\.recipient.attempts) == [1, 2])
        await store.close()
    }

    @Test("A row that cannot be read does not keep a delivered message in the queue")
    func damaged() async throws {
        let fixture = try Fixture()
        let queued: QueuedMessage
        do {
            let store = try fixture.open()
            queued = try await store.enqueue([Fixture.message()])[0]
            try await store.settle(queued, [0], SettleTests.deferral)
            await store.close()
        }
        try fixture.sql("UPDATE recipient SET local = x'00'")
        let store = try fixture.open()
        let settled = try await store.settle(queued)
        // What is told of it has a stand-in for what cannot be read.
        #expect(settled.openRecipients == 0)
        #expect(settled.ended?.recipients.map(\.recipient.mailbox.localPart) == ["unreadable"])
        #expect(try await store.counts().messages == 0)
        await store.close()
    }

    @Test("A settlement that is not taken tells of nothing, and the message is as it was")
    func notTaken() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(to: ["a.net", "b.net"])])[0]
        try await store.settle(queued, [0], SettleTests.deferral, attempts: [Self.attempt])
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) { try await store.settle(queued, [0, 1]) }
        let crashed = try fixture.copyAsAfterCrash()
        let states = try await crashed.open().show(queued.message.id)?.recipients.map(\.recipient.state)
        #expect(states == [.due, .due])
        #expect(try await store.settle(queued, [0, 1]).ended?.recipients.count == 2)
        await store.close()
    }
}
