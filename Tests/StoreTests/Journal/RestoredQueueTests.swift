import Foundation
import Mail
import Testing

@testable import Store

@Suite("A database that was put back beside a journal that went on")
struct RestoredQueueTests {
    private static let lifetime: Int64 = 432_000

    /// The files of a store that lives, copied as a hot backup has them.
    private func hotBackup(_ fixture: Fixture, to copy: Fixture) throws {
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] { _ = unlink("\(copy.path)/\(name)") }
        for name in ["queue.db", "queue.db-wal"] where fixture.exists(name) {
            try FileManager.default.copyItem(atPath: "\(fixture.path)/\(name)", toPath: "\(copy.path)/\(name)")
        }
    }

    /// Each message has a generation of its own, and is in the tables.
    private func enqueue(_ store: SQLiteStore, ages: [Int64]) async throws -> [QueuedMessage] {
        var queued: [QueuedMessage] = []
        for age in ages {
            queued += try await store.enqueue([
                Fixture.message(at: Fixture.start.advanced(by: -age), lifetime: Self.lifetime)
            ])
            _ = try await store.ids()
        }
        return queued
    }

    @Test(
        "One of the same life: mail whose time was over is held, and what is brought in is told as of a later journal",
        arguments: [3, 9])
    func sameLife(generations: Int) async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        let known = try await enqueue(store, ages: [0])
        let backup = try fixture.copyAsAfterCrash()
        _ = try await enqueue(store, ages: [Int64](repeating: 0, count: generations - 1))
        // The last generation is written where those before it were.
        var queued: [QueuedMessage] = []
        for age in [Self.lifetime + 2 * JournalLeftovers.span, 0] {
            queued += try await store.enqueue([
                Fixture.message(at: Fixture.start.advanced(by: -age), lifetime: Self.lifetime)
            ])
        }
        let crashed = try fixture.copyAsAfterCrash()
        await store.close()
        try hotBackup(backup, to: crashed)
        let again = try crashed.open(Fixture.journaled)
        let report = again.openingReport
        #expect(try await again.ids() == (known + queued).map(\.message.id))
        #expect(report.messagesHeld == 1 && report.messagesFromJournal == 2)
        // Of a few generations nobody can tell that they are no leftovers of a crash.
        #expect(report.messagesOfLaterJournal == (generations > 4 ? 2 : 0))
        #expect(try await again.due().map(\.id) == [known[0], queued[1]].map(\.message.id))
        await again.close()
    }

    @Test("A message that says it came in years from now does not have all others held")
    func future() async throws {
        let fixture = try Fixture()
        var store = try fixture.open(Fixture.journaled)
        await store.close()
        let backup = "\(fixture.path)/backup"
        try FileManager.default.copyItem(atPath: "\(fixture.path)/queue.db", toPath: backup)
        store = try fixture.open(Fixture.journaled)
        for age in [0, -10 * 365 * 86_400] {
            _ = try await store.enqueue([
                Fixture.message(at: Fixture.start.advanced(by: Int64(-age)), lifetime: Self.lifetime)
            ])
        }
        let crashed = try fixture.copyAsAfterCrash()
        await store.close()
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] { _ = unlink("\(crashed.path)/\(name)") }
        try FileManager.default.copyItem(atPath: backup, toPath: "\(crashed.path)/queue.db")
        let again = try crashed.open(Fixture.journaled)
        #expect(again.openingReport.messagesOfLaterJournal == 2 && again.openingReport.messagesHeld == 0)
        await again.close()
    }

    @Test(
        "Where the first record of a later life is damaged, what is behind it is brought in, and the gap is told once")
    func firstDamaged() async throws {
        for records in [3, 1] {
            let fixture = try Fixture()
            var store = try fixture.open(Fixture.journaled)
            await store.close()
            let backup = "\(fixture.path)/backup"
            try FileManager.default.copyItem(atPath: "\(fixture.path)/queue.db", toPath: backup)
            store = try fixture.open(Fixture.journaled)
            var queued: [QueuedMessage] = []
            for _ in 0..<records { queued += try await store.enqueue([Fixture.message()]) }
            let crashed = try fixture.copyAsAfterCrash()
            await store.close()
            for name in ["queue.db", "queue.db-wal", "queue.db-shm"] { _ = unlink("\(crashed.path)/\(name)") }
            try FileManager.default.copyItem(atPath: backup, toPath: "\(crashed.path)/queue.db")
            try crashed.damageJournal(at: queued[0].message.id)
            for isFirst in [true, false] {
                let again = try crashed.open(Fixture.journaled)
                #expect(again.openingReport.journalGaps == (isFirst ? 1 : 0), "\(records) records")
                #expect(again.openingReport.messagesOfLaterJournal == (isFirst ? records - 1 : 0))
                #expect(try await again.ids() == queued.dropFirst().map(\.message.id))
                await again.close()
            }
        }
    }

    @Test("A journal whose size was changed in the configuration since the backup is read all the same")
    func otherSize() async throws {
        let fixture = try Fixture()
        var store = try fixture.open(Fixture.journaled)
        await store.close()
        let backup = "\(fixture.path)/backup"
        try FileManager.default.copyItem(atPath: "\(fixture.path)/queue.db", toPath: backup)
        store = try fixture.open(Fixture.journaled)
        let queued = try await store.enqueue([Fixture.message()])
        let crashed = try fixture.copyAsAfterCrash()
        await store.close()
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] { _ = unlink("\(crashed.path)/\(name)") }
        try FileManager.default.copyItem(atPath: backup, toPath: "\(crashed.path)/queue.db")
        var options = Fixture.journaled
        options.journalSegmentBytes *= 2
        let again = try crashed.open(options)
        #expect(again.openingReport.messagesOfLaterJournal == 1)
        #expect(try await again.ids() == queued.map(\.message.id))
        await again.close()
    }

    @Test("What gives up a lost queue does not give up records that cannot be read")
    func consents() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        var queued: [QueuedMessage] = []
        for _ in 0..<2 { queued += try await store.enqueue([Fixture.message()]) }
        let crashed = try fixture.copyAsAfterCrash()
        await store.close()
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] { _ = unlink("\(crashed.path)/\(name)") }
        try crashed.makeNewerInJournal(queued[0].message.id)
        try crashed.write([], to: JournalFile.givenUp)
        for _ in 0..<2 {
            #expect {
                try crashed.open(Fixture.journaled)
            } throws: { error in
                guard case .journalUnread(crashed.path, _) = error as? StoreOpenError else { return false }
                return true
            }
        }
        try crashed.write([], to: JournalFile.givenUp)
        let again = try crashed.open(Fixture.journaled)
        #expect(try await again.ids() == [queued[1].message.id])
        await again.close()
    }

    @Test("Crashes are not counted against mail that a put-back database knows by the numbers of other mail")
    func crashesOfAnotherLife() async throws {
        let fixture = try Fixture()
        var store = try fixture.open(Fixture.journaled)
        await store.close()
        let backup = "\(fixture.path)/backup"
        try FileManager.default.copyItem(atPath: "\(fixture.path)/queue.db", toPath: backup)
        store = try fixture.open(Fixture.journaled)
        let queued = try await store.enqueue([Fixture.message()])[0]
        let crashed = try fixture.copyAsAfterCrash()
        await store.close()
        for name in ["queue.db", "queue.db-wal", "queue.db-shm"] { _ = unlink("\(crashed.path)/\(name)") }
        try FileManager.default.copyItem(atPath: backup, toPath: "\(crashed.path)/queue.db")
        // As the crash handler leaves it: a signal, the thread, and the message on it.
        func octets(_ value: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        try crashed.write(octets(UInt32(SIGSEGV)) + octets(UInt32(7)), to: InFlight.fileName, at: InFlight.Layout.note)
        try crashed.write(
            octets(queued.message.number.value) + octets(UInt32(7)), to: InFlight.fileName, at: InFlight.Layout.slots)
        let again = try crashed.open(Fixture.journaled)
        #expect(again.openingReport.messagesOfLaterJournal == 1)
        #expect(again.inFlight?.crash?.suspects == [])
        await again.close()
    }
}
