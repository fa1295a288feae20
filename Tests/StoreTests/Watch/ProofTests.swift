import Mail
import Synchronization
import Testing

@testable import Store

@Suite struct RequireTLSProofTests {
    private static let ever = (from: WallTime(seconds: .min), to: WallTime(seconds: .max))

    @Test("A proof is kept with its settlement, survives a restart, and is listed newest first, in pages")
    func lifetime() async throws {
        let fixture = try Fixture()
        var proofs = (0..<4).map { Watch.proof(at: Int64($0) * 10) }
        proofs[3].sender = "x'); DROP TABLE requiretls_proof;--"
        proofs[3].verified = .webPKI
        do {
            let store = try fixture.open()
            try await store.handOver([Watch.delivery()], proofs: Array(proofs.prefix(2)))
            for proof in proofs.suffix(2) { try await store.handOver([Watch.delivery()], proofs: [proof]) }
        }
        for index in proofs.indices { proofs[index].number = Int64(index) + 1 }
        let store = try fixture.open()
        #expect(
            try await store.proofs(from: Self.ever.from, to: Self.ever.to, before: nil, limit: 9) == proofs.reversed())
        #expect(
            try await store.proofs(from: Self.ever.from, to: Self.ever.to, before: 4, limit: 2).map(\.number) == [3, 2])
        #expect(
            try await store.proofs(from: Watch.at(10), to: Watch.at(20), before: nil, limit: 9).map(\.number) == [3, 2])
        #expect(try await store.proofs(from: Watch.at(11), to: Watch.at(19), before: nil, limit: 9).isEmpty)
        await store.close()
    }

    @Test("Pages of any length tell the same as one, also where a clock was set back", arguments: 1...6)
    func pages(_ limit: Int) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let times: [Int64] = [10, 20, 20, 5, 20, 30, 10]
        for time in times { try await store.handOver([], proofs: [Watch.proof(at: time)]) }
        var found: [Int64] = []
        while true {
            let page = try await store.proofs(
                from: Watch.at(10), to: Watch.at(30), before: found.last, limit: limit)
            found += page.map(\.number)
            if page.count < limit { break }
        }
        #expect(found == [6, 5, 3, 2, 7, 1])
        #expect(
            try await store.proofs(from: Watch.at(5), to: Watch.at(10), before: 6, limit: 9).map(\.number) == [
                7, 1, 4,
            ],
            "a page that ended behind them")
        #expect(try await store.proofs(from: Watch.at(0), to: Watch.at(30), before: 99, limit: 9).isEmpty)
        await store.close()
    }

    @Test("Mail that never lay in the queue is counted as far as its tables are whole, and takes nothing back")
    func unqueued() async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        try fixture.sql("DROP TABLE requiretls_proof")
        let store = try fixture.open()
        try await store.countDeliveries([Watch.delivery()], [Watch.proof()], at: Watch.at(0))
        #expect(try await store.sums() == [Watch.sum("example.net", [.dane: (1, 1)])])
        store.reportFault.withLock { $0 = "a broken page" }
        try await store.countDeliveries([Watch.delivery()], [], at: Watch.at(0))
        store.reportFault.withLock { $0 = nil }
        #expect(try await store.sums() == [Watch.sum("example.net", [.dane: (1, 1)])], "left alone")
        await store.close()
    }

    @Test("At the limit all proofs are kept, one past it the oldest goes, and its number is not used again")
    func bound() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.watchBounds.proofs = 3
        let store = try fixture.open(options)
        for count in 1...5 {
            try await store.handOver([], proofs: [Watch.proof()])
            let kept = try await store.proofs(from: Self.ever.from, to: Self.ever.to, before: nil, limit: 9)
            #expect(kept.map(\.number) == (max(1, count - 2)...count).reversed().map(Int64.init))
        }
        await store.close()
        #expect(SQLiteOptions().watchBounds.proofs == WatchLimits.proofs)
    }

    static let damage = ["id = 'x'", "verified = 'of-tomorrow'", "recipients = -1", "host = x'00'", "time = 1.5"]

    @Test("A proof that cannot be read is an error and no gap", arguments: damage)
    func damaged(_ change: String) async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            for _ in 0..<2 { try await store.handOver([], proofs: [Watch.proof()]) }
            await store.close()
        }
        try fixture.sql("UPDATE requiretls_proof SET \(change) WHERE number = 1")
        let store = try fixture.open()
        await #expect(throws: StoreError.self) {
            try await store.proofs(from: WallTime(seconds: 0), to: Self.ever.to, before: nil, limit: 9)
        }
        await store.close()
    }
}
