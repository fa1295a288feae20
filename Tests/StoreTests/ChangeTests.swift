import Mail
import Testing

@testable import Store

/// What an operator orders for recipients.
@Suite struct ChangeTests {
    private static func at(_ seconds: Int64) -> WallTime { Fixture.start.advanced(by: seconds) }

    struct Case: Sendable, CustomTestStringConvertible {
        let change: QueueChange
        /// Of those that are due, deferred, held, quarantined and delivered.
        let changed: [Int]
        let states: [RecipientState]
        let testDescription: String

        init(_ change: QueueChange, changes changed: [Int], _ states: [RecipientState], _ why: String) {
            (self.change, self.changed, self.states, testDescription) = (change, changed, states, why)
        }
    }

    static let cases = [
        Case(.retry, changes: [0, 1], [.due, .due, .held, .quarantined, .delivered], "those that wait"),
        Case(
            .hold(reason: "second"), changes: [0, 1], [.held, .held, .held, .quarantined, .delivered], "and not again"),
        Case(.release, changes: [2], [.due, .due, .due, .quarantined, .delivered], "not what is quarantined"),
        Case(
            .delete, changes: [0, 1, 2, 3], [.deleted, .deleted, .deleted, .deleted, .delivered], "all that is open"),
    ]

    /// A recipient that is due, one deferred, one held, one quarantined and one delivered; each of a message with another.
    private static func states(_ store: SQLiteStore) async throws -> [QueuedMessage] {
        let messages = try (0..<5).map { _ in try Fixture.message(to: ["a.net", "b.net"]) }
        let queued = try await store.enqueue(messages)
        try await store.settle(queued[1], [0], SettleTests.deferral, next: at(900))
        #expect(try await store.change(.hold(reason: "first"), [queued[2].recipients[0]], at: at(10)).changed == 1)
        try await store.quarantine(queued[3].message.id, because: "damaged")
        try await store.settle(queued[4], [0])
        return queued
    }

    @Test("An order changes those it is for, and passes over the others", arguments: cases)
    func table(_ one: Case) async throws {
        let fixture = try Fixture()
        let queued: [QueuedMessage]
        do {
            let store = try fixture.open()
            queued = try await Self.states(store)
            let numbers = queued.map { $0.recipients[0] } + [RecipientNumber(4711)]
            let before = fixture.disk.walSyncs
            let changed = try await store.change(one.change, numbers.reversed(), at: Self.at(100))
            #expect(changed == QueueChanged(changed: one.changed.count, ended: []))
            #expect(fixture.disk.walSyncs - before == 1, "one transaction")
        }
        // Without a close: what was answered is on disk.
        let store = try fixture.open()
        var recipients: [StoredRecipient] = []
        for message in queued {
            let detail = try #require(try await store.show(message.message.id))
            recipients.append(detail.recipients[0].recipient)
            #expect(!detail.recipients[1].recipient.state.isFinal, "the other recipient is not touched")
        }
        #expect(recipients.map(\.state) == one.states)
        switch one.change {
        case .retry:
            #expect(recipients[1].nextAttempt == Self.at(100))
            #expect(recipients[0].nextAttempt == Fixture.start, "who has waited longer is not put behind")
        case .hold:
            #expect(recipients.map(\.holdReason) == ["second", "second", "first", nil, nil])
            #expect(recipients.map(\.heldAt) == [Self.at(100), Self.at(100), Self.at(10), nil, nil])
            #expect(try await store.counts().heldRecipients == 3)
        case .release:
            #expect(recipients[2].holdReason == nil && recipients[2].heldAt == nil)
            #expect(recipients[2].nextAttempt == Self.at(100))
            // Held for 90 seconds: it has as long to live as when it was held.
            #expect(recipients[2].expiresAt == queued[2].message.expiresAt.advanced(by: 90))
            #expect(recipients[0].expiresAt == queued[0].message.expiresAt)
            let due = try await store.due(Self.at(100)).first { $0.number == queued[2].recipients[0] }
            #expect(due?.deadline == queued[2].message.expiresAt.advanced(by: 90))
        case .delete:
            #expect(try await store.list(QueueFilter(), after: nil, limit: 9).map(\.openRecipients) == [1, 1, 1, 1, 1])
        }
        await store.close()
        #expect(try fixture.query("PRAGMA integrity_check") == ["ok"])
    }

    @Test("Held mail is neither due nor overdue; a deferral meanwhile leaves it held, a delivery ends it")
    func heldMeanwhile() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(to: ["a.net", "b.net", "c.net"])])[0]
        _ = try await store.change(.hold(reason: "x"), queued.recipients, at: Fixture.start)
        #expect(try await store.due(Self.at(1_000_000)).isEmpty)
        #expect(try await store.overdue(at: Self.at(1_000_000), after: nil, excluding: [], limit: 9).isEmpty)
        try await store.settle(queued, [0], SettleTests.deferral, next: Self.at(5))
        try await store.settle(queued, [1])
        let states = try await store.show(queued.message.id)?.recipients.map(\.recipient.state)
        #expect(states == [.held, .delivered, .held])
        await store.close()
    }

    @Test("Mail that a rule holds comes held, with its reason, from the time of its receipt")
    func heldFromTheStart() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        var message = try Fixture.message(to: ["a.net", "b.net"])
        message.recipients[0].hold = String(repeating: "r", count: 1025)
        let queued = try await store.enqueue([message])[0]
        #expect(try await store.due().map(\.number) == [queued.recipients[1]])
        let held = try #require(try await store.show(message.id)?.recipients[0].recipient)
        #expect(held.state == .held && held.heldAt == Fixture.start && held.holdReason?.utf8.count == 1024)
        #expect(try await store.change(.release, queued.recipients, at: Self.at(7)).changed == 1)
        #expect(try await store.due(Self.at(7)).map(\.expiresAt).max() == message.expiresAt.advanced(by: 7))
        await store.close()
    }

    @Test("The last open recipient takes message, content and file along, and all that was known is told")
    func deleteLast() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let ids = (0..<3).map { _ in Fixture.id() }
        let writer = store.contentWriter(for: ids[1])
        try await writer.append([UInt8](repeating: 0x61, count: QueueLimits.inlineContent + 1))
        let queued = try await store.enqueue([
            Fixture.message(ids[0], to: ["a.net", "b.net"]),
            Fixture.message(ids[1], content: try await writer.finish()),
            Fixture.message(ids[2], to: ["a.net", "b.net"]),
        ])
        let attempt = AttemptRecord(time: Fixture.start, host: "mx", address: nil, result: "deferred", milliseconds: 5)
        try await store.settle(queued[0], [0])
        try await store.settle(queued[0], [1], SettleTests.deferral, attempts: [attempt])
        #expect(fixture.files(in: "spool") == [ids[1].text])
        let numbers = [queued[0].recipients[1], queued[1].recipients[0], queued[2].recipients[0]]
        let changed = try await store.change(.delete, numbers, at: Self.at(1))
        #expect(changed.changed == 3)
        #expect(changed.ended.map(\.message.id) == [ids[0], ids[1]])
        #expect(changed.ended.first?.recipients.map(\.recipient.state) == [.delivered, .deleted])
        #expect(changed.ended.first?.recipients.last?.attempts == [attempt])
        #expect(try await store.ids() == [ids[2]])
        // Who was deleted is not delivered any more, nor deleted again.
        await #expect(throws: StoreError.unknown("recipient \(numbers[2].value)")) {
            try await store.settle(queued[2], [0])
        }
        await #expect(throws: StoreError.unknown("message \(queued[1].message.number.value)")) {
            try await store.settle(queued[1])
        }
        #expect(try await store.change(.delete, numbers, at: Self.at(2)).changed == 0)
        // The other one ends the message, which is told of as a whole.
        let ended = try await store.settle(queued[2], [1]).ended
        #expect(ended?.recipients.map(\.recipient.state) == [.deleted, .delivered])
        await store.close()
        #expect(fixture.files(in: "spool").isEmpty)
        for table in ["message", "content", "recipient", "attempt"] {
            #expect(try fixture.query("SELECT count(*) FROM \(table)") == ["0"], "\(table)")
        }
    }

    @Test("A report whose mail is deleted is not waited for")
    func deletedReport() async throws {
        let fixture = try Fixture()
        let (store, mails) = try await fixture.begun()
        #expect(try await store.change(.delete, mails[0].recipients, at: Self.at(1)).ended.count == 1)
        let report = try #require(try await store.report())
        #expect(report.state == .ended && report.outcome == .undelivered)
        #expect(report.destinations.map(\.state) == [.failed])
        #expect(report.words == "deleted from the queue by the operator")
        await store.close()
    }

    @Test("A page of recipients at once, and no more", arguments: [(1000, true), (1001, false)])
    func bound(count: Int, isTaken: Bool) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(to: Array(repeating: "a.net", count: count))])[0]
        if isTaken {
            #expect(try await store.change(.retry, queued.recipients, at: Self.at(1)).changed == count)
            #expect(try await store.change(.delete, queued.recipients, at: Self.at(1)).ended.count == 1)
        } else {
            await #expect(throws: StoreError.failed("1001 recipients at once, at most 1000")) {
                try await store.change(.retry, queued.recipients, at: Self.at(1))
            }
        }
        #expect(try await store.change(.retry, [], at: Self.at(1)) == QueueChanged(changed: 0, ended: []))
        await store.close()
    }

    @Test("Q-06 An order that the disk does not take changes nothing, also after a crash", arguments: cases)
    func notTaken(_ one: Case) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await Self.states(store)
        let numbers = queued.flatMap(\.recipients)
        func details(_ store: SQLiteStore) async throws -> [QueueDetail?] {
            var details: [QueueDetail?] = []
            for message in queued { details.append(try await store.show(message.message.id)) }
            return details
        }
        let before = try await details(store)
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) { try await store.change(one.change, numbers, at: Self.at(100)) }
        #expect(try await details(store) == before)
        let crashed = try fixture.copyAsAfterCrash()
        #expect(try await details(crashed.open()) == before)
        #expect(try await store.change(one.change, numbers, at: Self.at(100)).changed > 0)
        await store.close()
    }
}
