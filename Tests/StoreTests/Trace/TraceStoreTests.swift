import Glibc
import Mail
import Testing

@testable import Store

@Suite struct TraceStoreTests {
    let world: TraceWorld
    init() throws { world = try TraceWorld() }

    @Test("A life is found by its id, its Message-ID, its sender and each recipient")
    func found() async throws {
        let store = try world.open()
        let life = TraceWorld.life(
            messageID: "<a.1@app.example.org>", to: ["Ann.B@example.net", "bob@example.com"], endedAt: 60)
        store.record(TraceWorld.life(from: "other@example.org", to: ["other@example.net"]))
        store.record(life)
        let keys: [TraceKey] = [
            .id(life.id), .messageID("<a.1@app.example.org>"), .messageID("a.1@app.example.org"),
            .text("<a.1@app.example.org>"), .text("a.1@app.example.org"), .address("shop@example.org"),
            .address("shop@EXAMPLE.org"), .text("Ann.B@Example.NET"), .text("<bob@example.com>"),
        ]
        for key in keys {
            #expect(try await store.find(key, limit: 10) == [TraceFinding(life: life, notes: [])], "\(key)")
        }
        let others: [TraceKey] = [
            .id(TraceWorld.id()), .address("ann.b@example.net"), .messageID("A.1@app.example.org"),
            .messageID("shop@example.org"), .address("a.1@app.example.org"), .text("example.net"),
        ]
        for key in others { #expect(try await store.find(key, limit: 10).isEmpty, "\(key)") }
        await store.close()
    }

    @Test("The newest come first, as many as were asked for, over buckets of keys")
    func newestFirst() async throws {
        let store = try world.open()
        let ids = (0..<10_000).map { _ in TraceWorld.id() }
        for (number, id) in ids.enumerated() {
            store.record(TraceWorld.life(id, endedAt: Int64(number)))
            // The queue holds as many, and the test is not about what does not fit.
            if number % 2000 == 1999 { try await store.flush() }
        }
        #expect(await store.state.rows == 10_000)
        #expect(try await store.ids(.address("ann@example.net"), limit: 3) == ids.suffix(3).reversed())
        #expect(try await store.ids(.address("ann@example.net"), limit: 0).count == 1)
        #expect(try await store.ids(.address("ann@example.net"), limit: .max) == ids.suffix(1000).reversed())
        for place in [0, 4094, 4095, 4096, 8191, 9999] {
            #expect(try await store.ids(.id(ids[place])) == [ids[place]])
        }
        await store.close()
    }

    @Test("Another life under the same hash is not shown")
    func collision() async throws {
        let store = try world.open()
        let life = TraceWorld.life()
        store.record(life)
        await store.close()
        // As if the hash of another address were the same.
        let hash = TraceRows.hash("mallory@example.net")
        try world.execute("INSERT INTO key SELECT bucket, \(hash) << 12 | entry & 4095 FROM key LIMIT 1")
        let again = try world.open()
        #expect(try await again.find(.address("mallory@example.net"), limit: 10).isEmpty)
        #expect(try await again.ids(.address("ann@example.net")) == [life.id])
        await again.close()
    }

    @Test("Notes stand beside the life, and alone while it has not ended; the latest hundred")
    func notes() async throws {
        let store = try world.open()
        let id = TraceWorld.id()
        func note(_ number: Int) -> TraceNote {
            TraceNote(time: TraceWorld.start.advanced(by: Int64(number)), id: id, words: "held: \(number)")
        }
        store.note(note(0))
        #expect(try await store.find(.id(id), limit: 1) == [TraceFinding(life: nil, notes: [note(0)])])
        let life = TraceWorld.life(id)
        store.record(life)
        #expect(
            try await store.find(.text("ann@example.net"), limit: 1) == [TraceFinding(life: life, notes: [note(0)])])
        for number in 1...TraceLimits.notesShown { store.note(note(number)) }
        #expect(
            try await store.find(.id(id), limit: 1)
                == [TraceFinding(life: life, notes: (1...TraceLimits.notesShown).map(note))])
        await store.close()
    }

    @Test("A note's words are cut at the limit", arguments: [0, 1])
    func noteWords(excess: Int) async throws {
        let store = try world.open()
        let id = TraceWorld.id()
        store.note(
            TraceNote(
                time: TraceWorld.start, id: id, words: String(repeating: "w", count: TraceLimits.words + excess)))
        #expect(try await store.find(.id(id), limit: 1).first?.notes.first?.words.utf8.count == TraceLimits.words)
        await store.close()
    }

    @Test("What was recorded before closing is there after opening; afterwards nothing is taken")
    func reopened() async throws {
        let store = try world.open()
        let life = TraceWorld.life()
        store.record(life)
        await store.close()
        store.record(TraceWorld.life())
        #expect(await store.state.dropped == 1)
        await #expect(throws: StoreError.closed) { try await store.find(.id(life.id), limit: 1) }
        await store.forget(at: .init(seconds: .max))
        let again = try world.open()
        #expect(again.openingReport.setAside == nil)
        #expect(try await again.ids(.id(life.id)) == [life.id])
        #expect(await again.state.rows == 1)
        #expect(await again.state.oldest == TraceWorld.start)
        await again.close()
        #expect(world.names == ["trace.db"])
    }

    @Test("The queue takes so many lives and no more, and says how many it dropped", arguments: [0, 1])
    func pendingLimit(excess: Int) throws {
        let intake = TraceIntake()
        let life = TraceWorld.life()
        let taken = (0..<TraceLimits.pendingLimit + excess).filter { _ in intake.push(.life(life)) }.count
        #expect(taken == TraceLimits.pendingLimit)
        let work = try #require(intake.take())
        #expect(work.items.count == TraceLimits.pendingLimit)
        #expect(intake.push(.life(life)))
    }

    @Test("The queue takes so many octets and no more")
    func pendingBytes() {
        let intake = TraceIntake()
        let note = TraceItem.note(
            TraceNote(time: TraceWorld.start, id: TraceWorld.id(), words: String(repeating: "w", count: 65_536 - 128)))
        #expect(note.weight == 65_536)
        let fitting = TraceLimits.pendingBytes / 65_536
        #expect((0..<fitting).allSatisfy { _ in intake.push(note) })
        #expect(!intake.push(note))
    }

    @Test("An order does not wait for a group to gather, and comes behind what was recorded")
    func order() throws {
        let intake = TraceIntake()
        #expect(intake.push(.life(TraceWorld.life())))
        #expect(intake.push({ _ in }) == .taken)
        let work = try #require(intake.take())
        #expect(work.items.count == 1 && work.orders.count == 1)
        for _ in 0..<TraceIntake.orderLimit { #expect(intake.push({ _ in }) == .taken) }
        #expect(intake.push({ _ in }) == .refused)
        intake.close()
        #expect(intake.push({ _ in }) == .closed)
        #expect(intake.take()?.orders.count == TraceIntake.orderLimit)
        #expect(intake.take() == nil)
    }

    @Test("The file is for its owner alone, and so is what stands beside it")
    func mode() async throws {
        let store = try world.open()
        store.record(TraceWorld.life())
        try await store.flush()
        for name in world.names {
            var status = stat()
            try #require(stat("\(world.path)/\(name)", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600, "\(name)")
        }
        await store.close()
        try #require(chmod("\(world.path)/trace.db", 0o644) == 0)
        #expect(throws: StoreOpenError.self) { try world.open() }
    }
}
