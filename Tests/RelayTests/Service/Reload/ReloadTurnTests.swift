import Mail
import Synchronization
import Testing

@testable import Relay

@Suite("One reload after the other", .timeLimit(.minutes(5)))
struct ReloadTurnTests {
    static let done = ReloadResult(applied: true, changed: [], restartNeeded: [], faults: [])

    @Test("Who asks while one is under way has another behind it, and all who wait share that one")
    func turns() async throws {
        let turn = ReloadTurn()
        let (began, go) = (Latch<Bool>(), Latch<Bool>())
        let runs = Mutex((now: 0, most: 0, all: 0))
        let body: @Sendable () async -> ReloadResult = {
            runs.withLock { runs in
                runs.now += 1
                runs.all += 1
                runs.most = max(runs.most, runs.now)
            }
            began.open(true)
            _ = await go.wait()
            runs.withLock { $0.now -= 1 }
            return Self.done
        }
        async let first = turn.run(body)
        _ = await began.wait()
        await withTaskGroup(of: ReloadResult?.self) { group in
            for _ in 0..<20 { group.addTask { await turn.run(body) } }
            go.open(true)
            for await result in group { #expect(result == Self.done) }
        }
        #expect(await first == Self.done)
        let (most, all) = runs.withLock { ($0.most, $0.all) }
        // Those who came once the second had begun have a third.
        #expect(most == 1 && (2...21).contains(all))
    }

    @Test("Those who wait together share one reload")
    func shared() async throws {
        let turn = ReloadTurn()
        let (began, go) = (Latch<Bool>(), Latch<Bool>())
        async let first = turn.run {
            began.open(true)
            _ = await go.wait()
            return Self.done
        }
        _ = await began.wait()
        let runs = Atomic<Int>(0)
        let body: @Sendable () async -> ReloadResult = {
            runs.add(1, ordering: .relaxed)
            return Self.done
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = await turn.run(body) } }
            while await turn.asked < 21 { await Task.yield() }
            go.open(true)
        }
        _ = await first
        #expect(runs.load(ordering: .relaxed) == 1)
    }

    @Test("The end waits for the one that is under way, and lets no other begin")
    func close() async throws {
        let turn = ReloadTurn()
        let (began, go) = (Latch<Bool>(), Latch<Bool>())
        let isOver = Flag()
        async let first = turn.run {
            began.open(true)
            _ = await go.wait()
            isOver.set()
            return Self.done
        }
        _ = await began.wait()
        async let closed: Void = turn.close()
        go.open(true)
        await closed
        #expect(isOver.isSet)
        #expect(await first == Self.done)
        #expect(await turn.run { Self.done } == nil)
    }
}
