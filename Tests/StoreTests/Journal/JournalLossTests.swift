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
        #expect(again.openingReport.journalGaps == 1)
        #expect(try await again.ids() == [])
        #expect(access("\(copy.path)/journal.given-up", F_OK) != 0)
        let queued = try await again.enqueue([Fixture.message()])[0]
        await again.close()
        let last = try copy.open(Fixture.journaled)
        #expect(try await last.ids() == [queued.message.id])
        await last.close()
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
            #expect(throws: StoreOpenError.queueLost(path: gone.path)) { try gone.open(Fixture.journaled) }
        }
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] {
            _ = rename("\(kept)/\(name)", "\(gone.path)/\(name)")
        }
        let again = try gone.open(Fixture.journaled)
        #expect(try await again.ids().count == 1)
        await again.close()
    }

    @Test("A queue that is lost for good is given up, once")
    func queueGivenUp() async throws {
        let fixture = try Fixture()
        await (try fixture.open(Fixture.journaled)).close()
        try #require(unlink("\(fixture.path)/queue.db") == 0)
        let descriptor = Glibc.open("\(fixture.path)/journal.given-up", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        close(descriptor)
        let again = try fixture.open(Fixture.journaled)
        _ = try await again.enqueue([Fixture.message()])
        await again.close()
        #expect(access("\(fixture.path)/journal.given-up", F_OK) != 0)
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
