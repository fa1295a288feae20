import Foundation
import Glibc
import Mail
import Testing

@testable import Store

/// What happens to the file of the journal.
@Suite struct JournalLossTests {
    @Test(
        "Behind a crash a journal that is gone, or cut short, is not passed over; put back it is read",
        arguments: [nil, 0, 4096])
    func lost(size: Int?) async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        let queued = try await store.enqueue([Fixture.message()])[0]
        let copy = try fixture.copyAsAfterCrash()
        await store.close()
        let (journal, aside) = ("\(copy.path)/journal", "\(copy.path)/journal.aside")
        try #require(rename(journal, aside) == 0)
        if let size {
            let descriptor = Glibc.open(journal, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            try #require(descriptor >= 0 && ftruncate(descriptor, off_t(size)) == 0)
            close(descriptor)
        }
        for _ in 0..<2 {
            #expect {
                try copy.open(Fixture.journaled)
            } throws: { error in
                guard case .journalLost(_, let found, 4 * 512 * 1024) = error as? StoreOpenError else { return false }
                return found == size.map(Int64.init)
            }
        }
        try #require(rename(aside, journal) == 0)
        let again = try copy.open(Fixture.journaled)
        #expect(try await again.ids() == [queued.message.id])
        await again.close()
    }

    @Test("An operator who has lost the journal gives it up, once")
    func givenUp() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        _ = try await store.enqueue([Fixture.message()])
        let copy = try fixture.copyAsAfterCrash()
        await store.close()
        try #require(unlink("\(copy.path)/journal") == 0)
        let descriptor = Glibc.open("\(copy.path)/journal.given-up", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        close(descriptor)
        let again = try copy.open(Fixture.journaled)
        #expect(
            again.openingReport.isJournalGivenUp && again.openingReport.journalGaps == 0,
            "how many records, nobody knows")
        #expect(try await again.ids() == [])
        #expect(access("\(copy.path)/journal.given-up", F_OK) != 0)
        let queued = try await again.enqueue([Fixture.message()])[0]
        await again.close()
        let last = try copy.open(Fixture.journaled)
        #expect(try await last.ids() == [queued.message.id])
        await last.close()
    }

    @Test(
        "A folder in which anything of a queue is left is no place for a new one",
        arguments: ["journal", "in-flight", "trace.db", "reserve", "spool/content"])
    func remains(name: String) async throws {
        let fixture = try Fixture()
        try #require(mkdir(fixture.path, 0o700) == 0 && mkdir("\(fixture.path)/spool", 0o700) == 0)
        try fixture.write([1], to: name)
        #expect(throws: StoreOpenError.queueLost(path: fixture.path, remains: name)) {
            try fixture.open(Fixture.journaled)
        }
        try #require(unlink("\(fixture.path)/\(name)") == 0)
        let store = try fixture.open(Fixture.journaled)
        #expect(store.openingReport.isNew && !store.openingReport.wasUnclean)
        await store.close()
        let again = try fixture.open(Fixture.journaled)
        #expect(!again.openingReport.isNew)
        await again.close()
    }

    @Test("A start that is refused for want of the database leaves its WAL, with what was committed last")
    func walStays() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message()])[0]
        let crashed = try fixture.copyAsAfterCrash()
        await store.close()
        let (database, aside) = ("\(crashed.path)/queue.db", "\(crashed.path)/aside.db")
        let wal = try #require(FileManager.default.contents(atPath: "\(database)-wal"))
        try #require(!wal.isEmpty && rename(database, aside) == 0)
        for _ in 0..<2 {
            #expect(throws: StoreOpenError.queueLost(path: crashed.path, remains: "queue.db-wal")) {
                try crashed.open()
            }
            #expect(FileManager.default.contents(atPath: "\(database)-wal") == wal)
        }
        try #require(rename(aside, database) == 0)
        let again = try crashed.open()
        #expect(try await again.ids() == [queued.message.id])
        await again.close()
    }

    @Test("A queue whose database is gone is not begun anew beside its journal", arguments: [true, false])
    func queueGone(isClean: Bool) async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        _ = try await store.enqueue([Fixture.message()])
        let crashed = try fixture.copyAsAfterCrash()
        await store.close()
        let gone = isClean ? fixture : crashed
        let kept = "\(gone.path)/kept"
        try #require(mkdir(kept, 0o700) == 0)
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] {
            _ = rename("\(gone.path)/\(name)", "\(kept)/\(name)")
        }
        for _ in 0..<2 {
            #expect(throws: StoreOpenError.queueLost(path: gone.path, remains: "journal")) {
                try gone.open(Fixture.journaled)
            }
        }
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] {
            _ = rename("\(kept)/\(name)", "\(gone.path)/\(name)")
        }
        let again = try gone.open(Fixture.journaled)
        #expect(try await again.ids().count == 1)
        await again.close()
    }

    @Test(
        "A queue that is lost for good is given up, once, and what came in last is brought in",
        arguments: [true, false])
    func queueGivenUp(isClean: Bool) async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        var queued: [QueuedMessage] = []
        for _ in 0..<3 { queued += try await store.enqueue([Fixture.message()]) }
        _ = try await store.settle(Fixture.handOver(queued[1], session: false))
        let crashed = try fixture.copyAsAfterCrash()
        await store.close()
        let gone = isClean ? fixture : crashed
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] { _ = unlink("\(gone.path)/\(name)") }
        let descriptor = Glibc.open("\(gone.path)/journal.given-up", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        close(descriptor)
        let again = try gone.open(Fixture.journaled)
        let report = again.openingReport
        #expect(report.messagesOfLaterJournal == 2 && report.messagesFromJournal == 2 && report.journalGaps == 0)
        #expect(try await again.ids() == [queued[0], queued[2]].map(\.message.id))
        #expect(access("\(gone.path)/journal.given-up", F_OK) != 0)
        queued += try await again.enqueue([Fixture.message()])
        await again.close()
        let last = try gone.open(Fixture.journaled)
        #expect(last.openingReport.messagesOfLaterJournal == 0)
        #expect(try await last.ids() == [queued[0], queued[2], queued[3]].map(\.message.id))
        await last.close()
    }

    @Test(
        "Beside a database of a backup the journal still has what came in last, as far as no later life wrote over it")
    func olderQueue() async throws {
        let fixture = try Fixture()
        var store = try fixture.open(Fixture.journaled)
        var queued = try await store.enqueue([Fixture.message()])
        await store.close()
        let backup = "\(fixture.path)/backup"
        try FileManager.default.copyItem(atPath: "\(fixture.path)/queue.db", toPath: backup)
        for _ in 0..<2 {
            store = try fixture.open(Fixture.journaled)
            queued += try await store.enqueue([Fixture.message()])
            await store.close()
        }
        store = try fixture.open(Fixture.journaled)
        queued += try await store.enqueue([Fixture.message()])
        let crashed = try fixture.copyAsAfterCrash()
        await store.close()
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] { _ = unlink("\(crashed.path)/\(name)") }
        try FileManager.default.copyItem(atPath: backup, toPath: "\(crashed.path)/queue.db")
        for later in [1, 0] {
            let again = try crashed.open(Fixture.journaled)
            #expect(again.openingReport.messagesOfLaterJournal == later && again.openingReport.journalGaps == 0)
            #expect(try await again.ids() == [queued[0], queued[3]].map(\.message.id))
            await again.close()
        }
    }

    @Test("What gives a journal up does not wait for the next crash")
    func notInStock() async throws {
        let fixture = try Fixture()
        await (try fixture.open(Fixture.journaled)).close()
        let descriptor = Glibc.open("\(fixture.path)/journal.given-up", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        close(descriptor)
        await (try fixture.open(Fixture.journaled)).close()
        #expect(access("\(fixture.path)/journal.given-up", F_OK) != 0)
    }

    @Test("Half of a generation is in the tables, and a record of it is damaged: those behind it are not shifted")
    func damagedNeighbour() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        var queued: [QueuedMessage] = []
        for _ in 0..<6 { queued += try await store.enqueue([Fixture.message()]) }
        let copy = try fixture.copyAsAfterCrash()
        await store.close()
        // As a slice of three leaves it: the first three have gone out since, so that they are in no table.
        try copy.sql(
            """
            INSERT INTO fact (name, value) VALUES ('journal next', \(queued[3].message.number.value))
            ON CONFLICT DO UPDATE SET value = excluded.value;
            """)
        try copy.damageJournal(at: queued[1].message.id)
        let again = try copy.open(Fixture.journaled)
        #expect(again.openingReport.journalGaps == 1)
        #expect(try await again.ids() == queued[3...].map(\.message.id))
        await again.close()
    }

    @Test("A file that was mended is written again, and found behind a crash")
    func mended() async throws {
        let fixture = try Fixture()
        var options = Fixture.journaled
        options.journalBounds.repair = 0
        let store = try fixture.open(options)
        let first = try await store.enqueue([Fixture.message()])[0]
        let mend = try fixture.breakJournal()
        await #expect(throws: StoreError.self) { try await store.enqueue([Fixture.message()]) }
        let second = try await store.enqueue([Fixture.message()])[0]
        try mend()
        #expect(try await store.ids() == [first, second].map(\.message.id))
        let third = try await store.enqueue([Fixture.message()])[0]
        let copy = try fixture.copyAsAfterCrash()
        let again = try copy.open(Fixture.journaled)
        #expect(again.openingReport.messagesFromJournal == 1)
        #expect(try await again.ids() == [first, second, third].map(\.message.id))
        await again.close()
        await store.close()
    }
}
