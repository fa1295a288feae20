import Glibc
import Mail
import Testing

@testable import Store

/// That the store cannot be written is found out behind a write that failed, and is over when one works again.
@Suite("Faults of writing") struct WriteFaultTests {
    @Test("nothing is written for it while all goes well, and a fault that does not last is none")
    func well() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        _ = try await store.enqueue([Fixture.message()])
        let before = fixture.disk.syncs
        await store.proveWriting()
        #expect(store.writeFault == nil && fixture.disk.syncs == before)
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) { try await store.enqueue([Fixture.message()]) }
        #expect(store.writeFault == nil, "nothing was tried yet")
        await store.proveWriting()
        #expect(store.writeFault == nil)
        await store.close()
    }

    @Test("a disk that fails every sync is told until it does not", arguments: [false, true])
    func failing(hasJournal: Bool) async throws {
        let fixture = try Fixture()
        let store = try fixture.open(hasJournal ? Fixture.journaled : Fixture.options)
        fixture.disk.failEverySync(true)
        // The next but one meets the database, where the journal took the first.
        for _ in 0..<2 { _ = try? await store.enqueue([Fixture.message(size: 60_000)]) }
        await store.proveWriting()
        let fault = try #require(store.writeFault)
        #expect(!fault.isFull && fault.words.contains("database") && fault.words.contains("SQLite"), "\(fault.words)")
        await store.proveWriting()
        #expect(try #require(store.writeFault).lasting >= fault.lasting)
        fixture.disk.failEverySync(false)
        await store.proveWriting()
        #expect(store.writeFault == nil)
        _ = try await store.enqueue([Fixture.message()])
        await store.close()
    }

    @Test("a content file that cannot be made is looked into; the system's error is told")
    func content() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let id = Fixture.id()
        try #require(mkdir("\(fixture.path)/spool/\(id.text)", 0o700) == 0)
        try #require(mkdir("\(fixture.path)/\(SQLiteStore.proofFile)", 0o700) == 0)
        let writer = store.contentWriter(for: id)
        await #expect(throws: StoreError.self) {
            try await writer.append([UInt8](repeating: 0x61, count: QueueLimits.inlineContent + 1))
        }
        await store.proveWriting()
        #expect(
            store.writeFault?.words.hasSuffix("write-test: File exists") == true,
            "\(String(describing: store.writeFault))")
        try #require(rmdir("\(fixture.path)/\(SQLiteStore.proofFile)") == 0)
        await store.proveWriting()
        #expect(store.writeFault == nil)
        #expect(!fixture.exists(SQLiteStore.proofFile))
        await store.close()
    }

    @Test("a journal that is stuck says how much mail lies in it, and a fault that is over has it go on at once")
    func stuckMessages() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        #expect(store.stuckMessages == nil)
        try fixture.sql("CREATE TRIGGER never BEFORE INSERT ON message BEGIN SELECT RAISE(ABORT, 'a row'); END")
        for _ in 0..<2 { _ = try await store.enqueue([Fixture.message()]) }
        await store.catchUp()
        #expect(store.journalTrouble != nil && store.stuckMessages == 2)
        try fixture.sql("DROP TRIGGER never")
        for _ in 0..<3000 where store.journalTrouble != nil { try await Task.sleep(for: .milliseconds(20)) }
        await store.catchUp()
        #expect(store.stuckMessages == nil)
        #expect(try await store.counts().messages == 2)
        await store.close()
    }
}
