import Foundation
import Mail
import Testing

@testable import Store

@Suite("A journal of lives that the database knows nothing of")
struct LaterJournalTests {
    /// A database as it was before it had mail, beside the journal that took these messages since; as a crash leaves both.
    private func behindABackup(_ messages: [NewMessage]) async throws -> (fixture: Fixture, queued: [QueuedMessage]) {
        let fixture = try Fixture()
        var store = try fixture.open(Fixture.journaled)
        await store.close()
        let backup = "\(fixture.path)/backup"
        try FileManager.default.copyItem(atPath: "\(fixture.path)/queue.db", toPath: backup)
        store = try fixture.open(Fixture.journaled)
        var queued: [QueuedMessage] = []
        for message in messages { queued += try await store.enqueue([message]) }
        let crashed = try fixture.copyAsAfterCrash()
        await store.close()
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] { _ = unlink("\(crashed.path)/\(name)") }
        try FileManager.default.copyItem(atPath: backup, toPath: "\(crashed.path)/queue.db")
        return (crashed, queued)
    }

    /// Takes a message in a life that has no journal, and leaves the file as it is.
    private func enqueueWithoutJournal(_ fixture: Fixture) async throws -> QueuedMessage {
        var options = Fixture.journaled
        options.journalSegmentBytes = 0
        try #require(rename("\(fixture.path)/journal", "\(fixture.path)/kept") == 0)
        let store = try fixture.open(options)
        let other = try await store.enqueue([Fixture.message(to: ["a.example", "b.example"])])[0]
        await store.close()
        try #require(rename("\(fixture.path)/kept", "\(fixture.path)/journal") == 0)
        return other
    }

    private func giveUp(_ fixture: Fixture) throws {
        try fixture.write([], to: "journal.given-up")
    }

    @Test("A message whose number another one has by now gets a new one, and so do its recipients")
    func numberTaken() async throws {
        let (fixture, queued) = try await behindABackup(
            (0..<3).map { _ in try Fixture.message(to: ["example.net", "example.org"], size: 300) })
        let other = try await enqueueWithoutJournal(fixture)
        #expect(other.message.number == queued[0].message.number)
        let store = try fixture.open(Fixture.journaled)
        let report = store.openingReport
        #expect(report.messagesOfLaterJournal == 3 && report.messagesHeld == 0 && report.journalGaps == 0)
        let all = try await store.due()
        #expect(all.count == 8 && Set(all.map(\.number)).count == 8)
        for expected in [other] + queued {
            let due = all.filter { $0.id == expected.message.id }
            #expect(due.count == 2 && Set(due.map(\.message)).count == 1)
            let first = try #require(due.first)
            let message = try #require(try await store.message(first.message))
            #expect(
                try await Int64(store.bytes(of: message).count) == message.size && message.size == expected.message.size
            )
        }
        #expect(all.filter { $0.id == queued[2].message.id }.map(\.number) == queued[2].recipients)
        // New mail comes behind all of them.
        let next = try await store.enqueue([Fixture.message()])[0]
        #expect(all.allSatisfy { $0.number.value < (next.recipients.first?.value ?? 0) })
        await store.close()
    }

    @Test(
        "A start that was broken off is gone on with: nothing comes twice, nothing is missing, whatever had got there")
    func brokenOff() async throws {
        let (fixture, queued) = try await behindABackup((0..<3).map { _ in try Fixture.message() })
        let other = try await enqueueWithoutJournal(fixture)
        let before = try fixture.query("SELECT name || '=' || value FROM fact WHERE name LIKE 'journal%'")
        let kept = "\(fixture.path)/kept"
        try FileManager.default.copyItem(atPath: "\(fixture.path)/journal", toPath: kept)
        let store = try fixture.open(Fixture.journaled)
        await store.close()
        // The tables as they are behind the slice, and the facts of the journal as before it.
        try FileManager.default.removeItem(atPath: "\(fixture.path)/journal")
        try FileManager.default.copyItem(atPath: kept, toPath: "\(fixture.path)/journal")
        try fixture.sql("DELETE FROM fact WHERE name LIKE 'journal%'; UPDATE fact SET value = 0 WHERE name = 'clean'")
        for fact in before {
            let parts = fact.split(separator: "=")
            try fixture.sql("INSERT INTO fact (name, value) VALUES ('\(parts[0])', \(parts[1]))")
        }
        let missing = "(SELECT number FROM message WHERE id = '\(queued[1].message.id.text)')"
        for table in ["recipient", "content"] { try fixture.sql("DELETE FROM \(table) WHERE message = \(missing)") }
        try fixture.sql("DELETE FROM message WHERE number = \(missing)")
        let again = try fixture.open(Fixture.journaled)
        #expect(again.openingReport.messagesOfLaterJournal == 3 && again.openingReport.journalGaps == 0)
        #expect(Set(try await again.ids()) == Set(([other] + queued).map(\.message.id)))
        #expect(try await again.ids().count == 4)
        await again.close()
    }

    @Test("Mail whose time was over before the newest came in is held, and has all of it again once it is released")
    func old() async throws {
        let lifetime: Int64 = 432_000
        let messages = try [lifetime + 1, lifetime, 0].map { age in
            try Fixture.message(at: Fixture.start.advanced(by: -age), lifetime: lifetime)
        }
        let (fixture, queued) = try await behindABackup(messages)
        let store = try fixture.open(Fixture.journaled)
        #expect(store.openingReport.messagesOfLaterJournal == 3 && store.openingReport.messagesHeld == 1)
        #expect(try await store.due().map(\.id) == queued[1...].map(\.message.id))
        let held = try #require(try await store.show(queued[0].message.id)).recipients.map(\.recipient)
        #expect(held.map(\.state) == [.held] && held.map(\.holdReason) == [JournalLeftovers.holdReason])
        _ = try await store.change(.release, queued[0].recipients, at: Fixture.start)
        let released = try #require(try await store.due().first { $0.id == queued[0].message.id })
        #expect(released.expiresAt == Fixture.start.advanced(by: lifetime))
        await store.close()
    }

    @Test("A record of a newer program refuses the start, until it is given up")
    func unread() async throws {
        let (fixture, queued) = try await behindABackup((0..<2).map { _ in try Fixture.message() })
        try fixture.makeNewerInJournal(queued[0].message.id)
        for _ in 0..<2 {
            #expect {
                try fixture.open(Fixture.journaled)
            } throws: { error in
                guard case .journalUnread(fixture.path, _) = error as? StoreOpenError else { return false }
                return true
            }
        }
        try giveUp(fixture)
        let store = try fixture.open(Fixture.journaled)
        #expect(store.openingReport.messagesOfLaterJournal == 1 && store.openingReport.journalUnread == 1)
        #expect(store.openingReport.journalGaps == 0)
        #expect(try await store.ids() == [queued[1].message.id])
        await store.close()
    }
}
