import Mail
import Testing

@testable import Store

@Suite struct JournalOracleTests {
    @Test("Any order of operations, crashes and looks: the queue is what a list says it is", arguments: 1...12)
    func oracle(seed: UInt64) async throws {
        var random = Seeded(state: seed)
        var fixture = try Fixture()
        var store = try fixture.open(Fixture.journaled)
        var waiting: [QueuedMessage] = []
        var delivered = 0
        for _ in 0..<300 {
            switch Int.random(in: 0..<100, using: &random) {
            case ..<45:
                waiting.append(
                    try await store.enqueue([Fixture.message(size: .random(in: 1...40_000, using: &random))])[0])
            case ..<75:
                guard !waiting.isEmpty else { continue }
                let place = Int.random(in: waiting.indices, using: &random)
                _ = try await store.settle(Fixture.handOver(waiting.remove(at: place), session: false))
                delivered += 1
            case ..<85:
                guard let any = waiting.randomElement(using: &random) else { continue }
                try await store.settle(any, [0], .deferred(Reason(.connectFailed, "later"), nil))
            case ..<93:
                #expect(try await store.counts().messages == waiting.count)
            case ..<96:
                await store.close()
                store = try fixture.open(Fixture.journaled)
            default:
                let copy = try fixture.copyAsAfterCrash()
                await store.close()
                fixture = copy
                store = try fixture.open(Fixture.journaled)
                #expect(store.openingReport.journalGaps == 0)
            }
        }
        #expect(Set(try await store.ids()) == Set(waiting.map(\.message.id)))
        #expect(try await store.deliveredMessages() == delivered)
        await store.close()
    }

    @Test("Thousands at once, each settled as soon as it is acknowledged, while others look")
    func crowd() async throws {
        let fixture = try Fixture()
        let store = try fixture.open(Fixture.journaled)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    let queued = try await store.enqueue([Fixture.message(size: 1000)])[0]
                    if number.isMultiple(of: 100) { _ = try await store.counts() }
                    if number.isMultiple(of: 10) {
                        try await store.settle(queued, [0], .deferred(Reason(.connectFailed, "later"), nil))
                    }
                    _ = try await store.settle(Fixture.handOver(queued, session: number.isMultiple(of: 50)))
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.counts().messages == 0)
        #expect(try await store.deliveredMessages() == 2000)
        #expect(try await store.sessions() == 40)
        await store.close()
        #expect(try fixture.query("SELECT count(*) FROM journal_ahead") == ["0"])
    }
}
