import Glibc
import Mail
import Testing

@testable import Store

@Suite struct JournalTests {
    @Test("Behind a crash all that was acknowledged is there, once, and nothing that was settled")
    func crash() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        var queued: [QueuedMessage] = []
        for _ in 0..<5 { queued += try await store.enqueue([Fixture.message(to: ["a.example", "b.example"])]) }
        try await store.settle(queued[1], [0, 1])
        try await store.settle(queued[3], [0])
        let copy = try fixture.copyAsAfterCrash()
        let again = try copy.open(Fixture.journaled)
        #expect(again.openingReport.messagesFromJournal == 4 && again.openingReport.journalGaps == 0)
        #expect(try await again.ids() == [0, 2, 3, 4].map { (place: Int) in queued[place].message.id })
        let left = try #require(try await again.show(queued[3].message.id))
        #expect(left.recipients.map(\.recipient.state) == [.delivered, .due])
        for id in [0, 2, 4] {
            let message = try #require(try await again.message(queued[id].message.number))
            #expect(message == queued[id].message)
            #expect(try await again.bytes(of: message) == [UInt8](repeating: 0x61, count: 100))
        }
        await again.close()
        await store.close()
        #expect(try await SQLiteStore.openedAnew(copy) == 4)
    }

    @Test("Mail that goes out at once never lies in a table; what it counts does")
    func elided() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        try fixture.sql("CREATE TRIGGER never BEFORE INSERT ON message BEGIN SELECT RAISE(ABORT, 'a row'); END")
        for number in 0..<50 {
            let queued = try await store.enqueue([Fixture.message()])[0]
            _ = try await store.settle(Fixture.handOver(queued, session: number % 10 == 0))
        }
        #expect(try await store.deliveredMessages() == 50)
        #expect(try await store.sessions() == 5)
        #expect(try await store.counts().messages == 0)
        #expect(store.journalTrouble == nil)
        await store.close()
    }

    @Test("What is older than its time gets into the tables by itself")
    func aged() async throws {
        let fixture = try Fixture()
        var options = Fixture.journaled
        options.journalBounds.age = 1_000_000
        let store = try fixture.open(options)
        let id = try await store.enqueue([Fixture.message()])[0].message.id
        // Asked beside the store: whoever asks the store has it brought in.
        var rows: [String] = []
        for _ in 0..<500 where rows.isEmpty {
            try await Task.sleep(for: .milliseconds(20))
            rows = try fixture.query("SELECT id FROM message")
        }
        #expect(rows == [id.text])
        await store.close()
    }

    @Test("What is counted of settled mail is counted once, whenever it crashes")
    func countedOnce() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        for _ in 0..<7 {
            let queued = try await store.enqueue([Fixture.message()])[0]
            _ = try await store.settle(Fixture.handOver(queued, session: true))
        }
        let before = try fixture.copyAsAfterCrash()
        await store.catchUp()
        let behind = try fixture.copyAsAfterCrash()
        for copy in [before, behind] {
            let again = try copy.open(Fixture.journaled)
            #expect(try await again.deliveredMessages() == 7)
            #expect(try await again.sessions() == 7)
            await again.close()
        }
        await store.close()
    }

    @Test("A message that is deferred is brought into the tables at once, and no crash brings it twice, nor back")
    func ahead() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        let queued = try await [
            store.enqueue([Fixture.message()])[0], store.enqueue([Fixture.message()])[0],
            store.enqueue([Fixture.message()])[0],
        ]
        let reason = Outcome.deferred(Reason(.connectFailed, "later"), nil)
        try await store.settle(queued[0], [0], reason, next: Fixture.start.advanced(by: 60))
        try await store.settle(queued[1], [0], reason, next: Fixture.start.advanced(by: 60))
        try await store.settle(queued[1], [0])
        for _ in 0..<2 {
            let copy = try fixture.copyAsAfterCrash()
            let again = try copy.open(Fixture.journaled)
            #expect(try await again.ids() == [queued[0].message.id, queued[2].message.id])
            #expect(try await again.show(queued[0].message.id)?.recipients.first?.recipient.attempts == 1)
            await again.close()
            await store.catchUp()
        }
        #expect(try await store.ids() == [queued[0].message.id, queued[2].message.id])
        await store.close()
    }

    @Test("Settling twice is refused, before and behind the tables")
    func twice() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        for catchesUp in [false, true] {
            let queued = try await store.enqueue([Fixture.message()])[0]
            try await store.settle(queued)
            if catchesUp { await store.catchUp() }
            await #expect(throws: StoreError.unknown("message \(queued.message.number.value)")) {
                try await store.settle(queued)
            }
        }
        await store.close()
    }

    @Test("An id that is taken is refused")
    func duplicate() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        let id = Fixture.id()
        _ = try await store.enqueue([Fixture.message(id)])
        await #expect(throws: StoreError.duplicate(id)) { try await store.enqueue([Fixture.message(id)]) }
        await store.close()
    }

    @Test(
        "Bounds: content, recipients; one more goes to the tables, as ever",
        arguments: [
            (JournalBounds.content, 1, true), (JournalBounds.content + 1, 1, false),
            (10, JournalBounds.recipients, true), (10, JournalBounds.recipients + 1, false),
        ])
    func bounds(size: Int, recipients: Int, isJournaled: Bool) async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        let message = try Fixture.message(
            to: (0..<recipients).map { "d\($0).example" }, size: size)
        let queued = try await store.enqueue([message])[0]
        let copy = try fixture.copyAsAfterCrash()
        let again = try copy.open(Fixture.journaled)
        #expect(again.openingReport.messagesFromJournal == (isJournaled ? 1 : 0))
        #expect(try await again.ids() == [queued.message.id])
        await again.close()
        await store.close()
    }

    @Test("More than all segments hold: everything is there, in order")
    func full() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        var ids: Set<QueueID> = []
        try await withThrowingTaskGroup(of: QueueID.self) { group in
            for _ in 0..<400 {
                group.addTask { try await store.enqueue([Fixture.message(size: 20_000)])[0].message.id }
            }
            for try await id in group { ids.insert(id) }
        }
        let copy = try fixture.copyAsAfterCrash()
        let again = try copy.open(Fixture.journaled)
        let order = try await again.ids()
        #expect(Set(order) == ids && ids.count == 400)
        await again.close()
        #expect(try await store.ids() == order)
        await store.close()
    }

    @Test("A file that fails: mail is refused once, then taken by the tables; what was acknowledged is there")
    func failing() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        let first = try await store.enqueue([Fixture.message()])[0]
        try fixture.breakJournal()
        await #expect(throws: StoreError.self) { try await store.enqueue([Fixture.message()]) }
        let second = try await store.enqueue([Fixture.message()])[0]
        try await store.settle(first, [0], .deferred(Reason(.connectFailed, "later"), nil))
        #expect(try await store.ids() == [first, second].map(\.message.id))
        let copy = try fixture.copyAsAfterCrash()
        let again = try copy.open(Fixture.journaled)
        #expect(try await again.ids() == [first, second].map(\.message.id))
        await again.close()
        await store.close()
    }

    @Test("What a settlement could not write to the journal goes to the tables")
    func failingSettlement() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        let queued = try await store.enqueue([Fixture.message()])[0]
        try fixture.breakJournal()
        let settled = try await store.settle(Fixture.handOver(queued, session: false))
        #expect(settled.openRecipients == 0)
        #expect(try await store.deliveredMessages() == 1)
        #expect(try await store.ids() == [])
        await store.close()
    }

    @Test("A store that is closed has all of it in the tables, and refuses more")
    func closed() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        let queued = try await store.enqueue([Fixture.message()])[0]
        await store.close()
        #expect(try fixture.query("SELECT id FROM message") == [queued.message.id.text])
        #expect(try fixture.query("SELECT value FROM fact WHERE name = 'clean'") == ["1"])
        await #expect(throws: StoreError.closed) { try await store.enqueue([Fixture.message()]) }
    }

    @Test(
        "A journal of another size, or one that is not to be used any more, is read first", arguments: [0, 1024 * 1024])
    func otherSize(segmentBytes: Int) async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        let queued = try await store.enqueue([Fixture.message()])[0]
        let copy = try fixture.copyAsAfterCrash()
        await store.close()
        var options = Fixture.options
        options.journalSegmentBytes = segmentBytes
        for messages in [1, 0] {
            let again = try copy.open(options)
            #expect(again.openingReport.messagesFromJournal == messages)
            #expect(try await again.ids() == [queued.message.id])
            await again.close()
        }
    }

    @Test("A journal that cannot be opened is no reason to go on without it")
    func unreadable() async throws {
        let fixture = try Fixture()
        await (try fixture.open(Fixture.journaled)).close()
        try #require(rename("\(fixture.path)/journal", "\(fixture.path)/elsewhere") == 0)
        try #require(symlink("elsewhere", "\(fixture.path)/journal") == 0)
        #expect(throws: StoreOpenError.self) { try fixture.open(Fixture.journaled) }
    }

    @Test("A journal that was taken away takes nothing of what comes then with it")
    func takenAway() async throws {
        let fixture = try Fixture()
        await (try fixture.open(Fixture.journaled)).close()
        try fixture.sql(
            """
            INSERT INTO fact (name, value) VALUES ('journal next', 500) ON CONFLICT DO UPDATE SET value = 500;
            INSERT INTO journal_ahead (message) VALUES (1), (2), (3);
            """)
        try #require(unlink("\(fixture.path)/journal") == 0)
        let store = try fixture.open(Fixture.journaled)
        var ids: [QueueID] = []
        for _ in 0..<3 { ids.append(try await store.enqueue([Fixture.message()])[0].message.id) }
        #expect(try await store.ids() == ids)
        await store.close()
    }

    @Test(
        "While the tables have no room nobody who asks them waits for it, and what was acknowledged is there behind it")
    func stuck() async throws {
        let fixture = try Fixture()
        var options = Fixture.journaled
        options.pageLimit = 200
        options.reserveBytes = 0
        let store = try fixture.open(options)
        var queued: [QueuedMessage] = []
        for _ in 0..<60 {
            guard let next = try? await store.enqueue([Fixture.message(size: 20_000)]) else { break }
            queued += next
            // Each look ends the generation: some get into the tables, then one does not.
            _ = try await store.counts()
        }
        #expect(store.journalTrouble != nil)
        for _ in 0..<100 { _ = try await store.counts() }
        // Not as if all of it were known.
        await #expect(throws: StoreError.self) { try await store.select(QueueFilter(), after: nil, limit: 1) }
        await #expect(throws: StoreError.self) { try await store.show(Fixture.id()) }
        await #expect(throws: StoreError.self) { try await store.reroute(fingerprint: 7) { _, old in old } }
        let last = try #require(queued.last?.message)
        #expect(try await store.list(QueueFilter(), after: nil, limit: 100).allSatisfy { $0.message.id != last.id })
        await #expect {
            _ = try await store.content(of: last)
        } throws: { error in
            // Nothing is wrong with it: it must not be put into quarantine.
            if case .damaged = error as? StoreError { false } else { true }
        }
        await #expect(throws: StoreError.self) { try await store.message(last.number) }
        let copy = try fixture.copyAsAfterCrash()
        await store.close()
        for fixture in [copy, fixture] {
            let again = try fixture.open(Fixture.journaled)
            #expect(try await again.ids() == queued.map(\.message.id))
            #expect(again.journalTrouble == nil)
            await again.close()
        }
    }
}
