import GRDB
import Mail
import Testing

@testable import Store

@Suite struct TraceDocumentTests {
    let world: TraceWorld
    init() throws { world = try TraceWorld() }

    private func document(_ key: String, octets: Int = 100, at seconds: Int64 = 0) -> TraceDocument {
        TraceDocument(
            .decision, key: key, bytes: [UInt8](repeating: 0x61, count: octets),
            usedAt: TraceWorld.start.advanced(by: seconds))
    }

    @Test("A document is kept once, and found by its key")
    func once() async throws {
        let store = try world.open()
        for _ in 0..<3 { #expect(store.document(document("aa"))) }
        #expect(store.document(TraceDocument(.certificate, key: "bb", bytes: [0, 255], usedAt: TraceWorld.start)))
        let found = try await store.documents(["aa", "bb", "cc", "aa"])
        #expect(found.count == 2)
        #expect(found["aa"] == document("aa"))
        #expect(found["bb"]?.bytes == [0, 255])
        #expect(try await store.writer.perform { $0.documentOctets } == 102)
        await store.close()
        let again = try world.open()
        #expect(try await again.documents(["aa"]).count == 1)
        #expect(try await again.writer.perform { $0.documentOctets } == 102)
        await again.close()
    }

    @Test("The last use is written anew after a day", arguments: [(86_399, 0), (86_400, 86_400), (-86_400, 0)])
    func refresh(later: Int64, kept: Int64) async throws {
        let store = try world.open()
        #expect(store.document(document("aa")))
        #expect(store.document(document("aa", at: later)))
        #expect(try await store.documents(["aa"])["aa"]?.usedAt == TraceWorld.start.advanced(by: kept))
        await store.close()
    }

    @Test("What is longer than the limit is not taken", arguments: [0, 1])
    func limit(excess: Int) async throws {
        let store = try world.open()
        #expect(store.document(document("aa", octets: TraceLimits.document + excess)) == (excess == 0))
        #expect(
            store.document(document(String(repeating: "k", count: TraceLimits.documentKey + excess)))
                == (excess == 0))
        #expect(try await store.documents(["aa"]).count == 1 - excess)
        await store.close()
        #expect(!store.document(document("bb")))
    }

    @Test("An answer holds so many and no more", arguments: [0, 1])
    func page(excess: Int) async throws {
        let store = try world.open()
        let keys = (0..<TraceLimits.documentsRead + excess).map { "k\($0)" }
        for key in keys { #expect(store.document(document(key, octets: 1))) }
        #expect(try await store.documents(keys).count == TraceLimits.documentsRead)
        await store.close()
    }

    @Test("A document outlasts the lives that may refer to it, and not for ever", arguments: [0, 1])
    func age(excess: Int64) async throws {
        let store = try world.open()
        #expect(store.document(document("aa")))
        let keep = TraceWorld.roomy.keep + TraceLimits.documentsOutlast
        await store.forget(at: TraceWorld.start.advanced(by: keep + excess))
        #expect(try await store.documents(["aa"]).count == 1 - Int(excess))
        #expect(try await store.writer.perform { $0.documentOctets } == (excess == 0 ? 100 : 0))
        await store.close()
    }

    @Test("Documents take no more than half of the file, and those used last stay")
    func share() async throws {
        let octets: Int64 = 4_000_000
        let store = try world.open(TraceLimits(keep: TraceWorld.roomy.keep, octets: octets))
        let life = TraceWorld.life()
        store.record(life)
        for number in 0..<400 {
            #expect(store.document(document("k\(number)", octets: 20_000, at: Int64(number))))
            if number % 20 == 19 { try await store.documentsWritten() }
        }
        #expect(try await store.documents(["k399"]).count == 1)
        #expect(try await store.documents(["k0"]).isEmpty)
        #expect(try await store.ids(.id(life.id)) == [life.id])
        #expect(await store.state.octets <= octets)
        await store.close()
    }

    @Test("Nobody waits for documents that are written; who waits finds them in the file")
    func written() async throws {
        let store = try world.open()
        #expect(!store.writer.hasDocumentsWaiting)
        #expect(store.document(document("aa")))
        try await store.documentsWritten()
        #expect(!store.writer.hasDocumentsWaiting)
        let queue = try DatabaseQueue(path: "\(world.path)/trace.db")
        let count = try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM document") }
        #expect(count == 1)
        try queue.close()
        await store.close()
        // Not taken, and so not waited for.
        #expect(!store.document(document("bb")))
        #expect(!store.writer.hasDocumentsWaiting)
    }

    @Test("A trace of the version before is brought to this one with its lives")
    func migration() async throws {
        let store = try world.open()
        let life = TraceWorld.life()
        store.record(life)
        await store.close()
        try world.execute("DROP TABLE document; PRAGMA user_version = 1")
        let again = try world.open()
        #expect(again.openingReport.setAside == nil)
        #expect(again.document(document("aa")))
        #expect(try await again.documents(["aa"]).count == 1)
        #expect(try await again.ids(.id(life.id)) == [life.id])
        await again.close()
    }

    @Test("A row of a kind nobody knows is passed over")
    func unknownKind() async throws {
        let store = try world.open()
        #expect(store.document(document("aa")))
        #expect(store.document(document("bb")))
        await store.close()
        try world.execute("UPDATE document SET kind = 99 WHERE key = 'aa'")
        let again = try world.open()
        #expect(Set(try await again.documents(["aa", "bb"]).keys) == ["bb"])
        await again.close()
    }

    @Test("An ordinary life grows by less than 400 octets for its record")
    func budget() {
        var life = TraceWorld.life()
        let before = LifeText(life).bytes.count
        life.recipients[0].attempts[0].decision = String(repeating: "d", count: DocumentKey.length)
        life.recipients[0].attempts[0].evidence = String(repeating: "e", count: DocumentKey.length)
        life.recipients[0].attempts[0].phases = "12000/30000/40000r/3000/8000/15000/2000/120000"
        let added = LifeText(life).bytes.count - before
        #expect(added > 0)
        #expect(added < 400)
    }
}
