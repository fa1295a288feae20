import Foundation
import GRDB
import Glibc
import Mail
import Testing

@testable import Store

@Suite struct TraceDamageTests {
    let world: TraceWorld
    init() throws { world = try TraceWorld() }

    private func overwrite(at offset: UInt64, with bytes: [UInt8]) throws {
        let file = try #require(FileHandle(forWritingAtPath: "\(world.path)/trace.db"))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    @Test("A damaged file is set aside, said so, and begun anew", arguments: [0, 4096 * 3])
    func damaged(offset: UInt64) async throws {
        let store = try world.open()
        for _ in 0..<100 { store.record(TraceWorld.life()) }
        await store.close()
        try overwrite(at: offset, with: [UInt8](repeating: 0xA5, count: 4096))
        let again = try world.open(now: TraceWorld.start)
        let said = try #require(again.openingReport.setAside)
        #expect(said.hasPrefix("trace.db.damaged-1800000000: "))
        let life = TraceWorld.life()
        again.record(life)
        #expect(try await again.ids(.id(life.id)) == [life.id])
        #expect(await again.state.rows == 1)
        await again.close()
        #expect(world.names == ["trace.db", "trace.db.damaged-1800000000"])
    }

    @Test("Of damaged files the two latest stay")
    func kept() async throws {
        for second in 0..<4 {
            let store = try world.open(now: TraceWorld.start)
            store.record(TraceWorld.life())
            await store.close()
            try overwrite(at: 0, with: [UInt8](repeating: 0, count: 64))
            let again = try world.open(now: TraceWorld.start.advanced(by: Int64(second)))
            await again.close()
        }
        #expect(world.names == ["trace.db", "trace.db.damaged-1800000002", "trace.db.damaged-1800000003"])
    }

    @Test("A file that breaks under the open store is set aside as well, and recording goes on")
    func underway() async throws {
        let store = try world.open()
        for _ in 0..<5000 { store.record(TraceWorld.life()) }
        try await store.flush()
        // Everything behind the first page, under SQLite's hands, and without what it has in its cache.
        await store.close()
        let pages = world.size / 4096
        let again = try world.open()
        for page in 2..<pages {
            try overwrite(at: UInt64(page * 4096), with: [UInt8](repeating: 0xA5, count: 4096))
        }
        try await again.writer.perform { $0.connection?.releaseMemory() }
        await again.forget(at: TraceWorld.start.advanced(by: 60 * TraceWorld.day))
        let life = TraceWorld.life()
        again.record(life)
        #expect(try await again.ids(.id(life.id)) == [life.id])
        await again.close()
        #expect(world.names.contains { $0.hasPrefix("trace.db.damaged-") })
    }

    @Test("A trace of a newer program is refused with both numbers, a database of another program as what it is")
    func foreign() async throws {
        let store = try world.open()
        await store.close()
        let path = "\(world.path)/trace.db"
        try world.execute("PRAGMA user_version = 3")
        #expect(throws: StoreOpenError.newer(path: path, found: 3, known: 2)) { try world.open() }
        try world.execute("PRAGMA application_id = 7")
        #expect(
            throws: StoreOpenError.refused(
                path: path, why: "it is a database of another program (application_id 7, user_version 3)")
        ) { try world.open() }
        #expect(world.names == ["trace.db"])
    }

    @Test("A row that is no life is passed over")
    func unreadable() async throws {
        let store = try world.open()
        let lives = (0..<3).map { TraceWorld.life(endedAt: $0) }
        for life in lives { store.record(life) }
        await store.close()
        try world.execute("UPDATE life SET body = x'7B' WHERE number = 2")
        let again = try world.open()
        #expect(try await again.ids(.address("ann@example.net")) == [lives[2].id, lives[0].id])
        await again.close()
    }
}
