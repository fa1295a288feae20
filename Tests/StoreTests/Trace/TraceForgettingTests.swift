import Mail
import Testing

@testable import Store

@Suite struct TraceForgettingTests {
    let world: TraceWorld
    init() throws { world = try TraceWorld() }

    @Test("A life is kept for so long and no longer", arguments: [(0, true), (1, false)])
    func age(excess: Int64, isKept: Bool) async throws {
        let store = try world.open(TraceLimits(keep: 30 * TraceWorld.day, octets: 1 << 30))
        let (old, new) = (TraceWorld.life(endedAt: 0), TraceWorld.life(endedAt: 2))
        store.record(old)
        store.record(new)
        store.note(TraceNote(time: TraceWorld.start, id: old.id, words: "held"))
        try await store.flush()
        await store.forget(at: TraceWorld.start.advanced(by: 30 * TraceWorld.day + excess))
        #expect(try await store.find(.id(old.id), limit: 1).isEmpty != isKept)
        #expect(try await store.ids(.id(new.id)) == [new.id])
        #expect(await store.state.rows == (isKept ? 2 : 1))
        #expect(await store.state.oldest == TraceWorld.start.advanced(by: isKept ? 0 : 2))
        await store.close()
    }

    @Test("More than a step's worth goes as well, with its keys and notes, and the file shrinks")
    func steps() async throws {
        let store = try world.open()
        for number in 0..<9000 {
            store.record(TraceWorld.life())
            store.note(TraceNote(time: TraceWorld.start, id: TraceWorld.id(), words: "released"))
            if number % 1000 == 999 { try await store.flush() }
        }
        #expect(await store.state.rows == 9000)
        let full = await store.state.octets
        await store.forget(at: TraceWorld.start.advanced(by: 31 * TraceWorld.day))
        let state = await store.state
        #expect(state.rows == 0 && state.oldest == nil && state.dropped == 0 && state.fault == nil)
        #expect(state.octets < full / 10)
        let life = TraceWorld.life()
        store.record(life)
        #expect(try await store.ids(.text("ann@example.net")) == [life.id])
        await store.close()
        #expect(world.size < full / 4)
    }

    @Test("The file stays within its limit, the oldest go first, and the space is used again")
    func size() async throws {
        let limit: Int64 = 2 << 20
        let store = try world.open(TraceLimits(keep: 30 * TraceWorld.day, octets: limit))
        let ids = (0..<20_000).map { _ in TraceWorld.id() }
        for (number, id) in ids.enumerated() {
            store.record(TraceWorld.life(id, endedAt: Int64(number)))
            if number % 2000 == 1999 {
                try await store.flush()
                #expect(world.size <= limit * 6 / 5)
            }
        }
        let state = await store.state
        #expect(state.octets <= limit)
        #expect(state.octets > limit / 2)
        #expect(state.dropped == 0)
        let kept = Int(state.rows)
        #expect(kept > 1000 && kept < 10_000)
        #expect(try await store.ids(.id(ids[20_000 - kept])).count == 1)
        #expect(try await store.ids(.id(ids[20_000 - kept - 1])).isEmpty)
        #expect(state.oldest == TraceWorld.start.advanced(by: Int64(20_000 - kept)))
        await store.close()
    }

    @Test("At its limit nothing is forgotten, one octet beyond it something is")
    func sizeLimit() async throws {
        let store = try world.open()
        for number in 0..<3000 { store.record(TraceWorld.life(endedAt: Int64(number))) }
        try await store.flush()
        let used = await store.state.octets
        store.setLimits(TraceLimits(keep: 30 * TraceWorld.day, octets: used))
        await store.forget(at: TraceWorld.start)
        #expect(await store.state.rows == 3000)
        store.setLimits(TraceLimits(keep: 30 * TraceWorld.day, octets: used - 1))
        await store.forget(at: TraceWorld.start)
        #expect(await store.state.rows < 3000)
        #expect(await store.state.octets <= used - 1)
        await store.close()
    }

    @Test("A smaller limit is reached, and the file gives its pages back")
    func smaller() async throws {
        let store = try world.open()
        for number in 0..<9000 { store.record(TraceWorld.life(endedAt: Int64(number))) }
        try await store.flush()
        let limit: Int64 = 1 << 20
        #expect(await store.state.octets > 2 * limit)
        store.setLimits(TraceLimits(keep: 30 * TraceWorld.day, octets: limit))
        await store.forget(at: TraceWorld.start)
        #expect(await store.state.octets <= limit)
        await store.close()
        #expect(world.size <= limit * 5 / 2)
    }

    @Test("Notes alone are bounded by size as well")
    func notesBySize() async throws {
        let limit: Int64 = 1 << 20
        let store = try world.open(TraceLimits(keep: 30 * TraceWorld.day, octets: limit))
        for number in 0..<9000 {
            store.note(
                TraceNote(
                    time: TraceWorld.start.advanced(by: Int64(number)), id: TraceWorld.id(),
                    words: String(repeating: "w", count: 300)))
            if number % 1000 == 999 { try await store.flush() }
        }
        #expect(await store.state.octets <= limit)
        #expect(await store.state.dropped == 0)
        await store.close()
    }

    @Test("A life dated in the future by a wrong clock does not keep older ones")
    func future() async throws {
        let store = try world.open()
        let (future, old) = (TraceWorld.life(endedAt: 1 << 40), TraceWorld.life(endedAt: 0))
        store.record(future)
        store.record(old)
        try await store.flush()
        await store.forget(at: TraceWorld.start.advanced(by: 31 * TraceWorld.day))
        #expect(try await store.ids(.address("ann@example.net")) == [future.id])
        await store.close()
    }
}
