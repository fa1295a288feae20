import Mail
import Testing

@testable import Store

/// Random sequences against the plainest way to count.
@Suite struct ReportOracleTests {
    /// Everything, for ever, in memory.
    private struct Oracle {
        struct Key: Hashable {
            var day: ReportDay
            var domain: DomainName
            var policy: ReportedPolicy
        }
        var counts: [Key: PolicyCount] = [:]
        var details: [Key: [FailureDetail: Int64]] = [:]

        mutating func count(_ session: ReportedSession, _ day: ReportDay) {
            let key = Key(day: day, domain: session.domain, policy: session.policy)
            if session.failures.isEmpty {
                counts[key, default: PolicyCount(session.policy)].successes += 1
            } else {
                counts[key, default: PolicyCount(session.policy)].failures += 1
            }
            for detail in Set(session.failures) { details[key, default: [:]][detail, default: 0] += 1 }
        }
    }

    /// Details to choose from: below the bound of what is kept, and far above it.
    @Test(
        "RPTC-09, RPTC-21 Counts equal those of an oracle, over restarts and commits that fail",
        arguments: [(1, 12), (2, 12), (3, 200), (4, 200)])
    func random(seed: UInt64, causes: Int) async throws {
        let fixture = try Fixture()
        var generator = Seeded(state: seed)
        var oracle = Oracle()
        var open: SQLiteStore? = try fixture.open()
        for _ in 0..<400 {
            let day = ReportDay(number: Reports.day.number + Int64.random(in: 0...1, using: &generator))
            let sessions = try (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                try session(causes, &generator)
            }
            if Int.random(in: 0..<20, using: &generator) == 0 {
                // With a close, or as after a crash.
                if Bool.random(using: &generator) { await open?.close() }
                open = nil
                open = try fixture.open()
            }
            let store = try #require(open)
            switch Int.random(in: 0..<20, using: &generator) {
            case 1:
                // Refused as a whole.
                let queued = try await store.enqueue([Fixture.message()])[0]
                fixture.disk.failWALSync()
                await #expect(throws: StoreError.self) {
                    try await store.settle(Reports.settlement(queued, sessions: sessions, day: day))
                }
            case 2..<8:
                try await store.count(sessions, day: day)
                for session in sessions { oracle.count(session, day) }
            default:
                try await store.deliver(sessions, day: day)
                for session in sessions { oracle.count(session, day) }
            }
        }
        try await compare(#require(open), with: oracle)
        open = nil
        try await compare(fixture.open(), with: oracle)
    }

    private func session(_ causes: Int, _ generator: inout Seeded) throws -> ReportedSession {
        let domain = "d\(Int.random(in: 0..<4, using: &generator)).example"
        let policies = [
            try Reports.sts(domain), try Reports.sts(domain, strings: ["other"]),
            ReportedPolicy(.tlsa, domain: try DomainName("mx.example"), strings: ["3 1 1 ab", "2 1 1 cd"]),
            ReportedPolicy(.noPolicyFound, domain: try DomainName(domain)),
        ]
        let failures = (0..<max(0, Int.random(in: -2...3, using: &generator))).map { _ in
            let number = Int.random(in: 0..<causes, using: &generator)
            let type = ResultType.allCases[number % 3]
            // One in four says nothing of hosts.
            return number % 4 == 0
                ? FailureDetail(type, reasonCode: number % 8 == 0 ? "code" : nil)
                : Reports.detail(number, type, reason: number % 5 == 0 ? "code" : nil)
        }
        return try Reports.session(domain, policies.randomElement(using: &generator), failures)
    }

    private func compare(_ store: SQLiteStore, with oracle: Oracle) async throws {
        var found = 0
        for (key, expected) in oracle.counts {
            let counts = try await store.counts(for: key.domain, day: key.day)
            let count = try #require(counts.first { $0.policy == key.policy })
            found += 1
            #expect(count.successes == expected.successes)
            #expect(count.failures == expected.failures)
            let details = oracle.details[key] ?? [:]
            #expect(count.details.map(\.sessions) == count.details.map(\.sessions).sorted(by: >))
            #expect(Set(count.details.map(\.detail)).count == count.details.count)
            if details.keys.count(where: { !$0.isBare }) <= ReportLimits.detailsPerPolicy {
                #expect(Dictionary(uniqueKeysWithValues: count.details.map { ($0.detail, $0.sessions) }) == details)
            } else {
                #expect(count.details.count { !$0.detail.isBare } == ReportLimits.detailsPerPolicy)
                #expect(count.details.allSatisfy { $0.detail.isBare || $0.sessions <= details[$0.detail] ?? 0 })
            }
            #expect(sums(count.details.map { ($0.detail, $0.sessions) }) == sums(details.map { ($0.key, $0.value) }))
        }
        #expect(found == oracle.counts.count)
        for day in [Reports.day, Reports.day.next] {
            let domains = try await store.countedDomains(day: day, after: nil, limit: 500)
            for domain in domains {
                let counts = oracle.counts.filter { $0.key.day == day && $0.key.domain == domain.domain }.values
                #expect(domain.successes == counts.reduce(0) { $0 + $1.successes })
                #expect(domain.failures == counts.reduce(0) { $0 + $1.failures })
            }
            #expect(domains.count == Set(oracle.counts.keys.filter { $0.day == day }.map(\.domain)).count)
        }
    }

    /// By type and reason code.
    private func sums(_ details: [(FailureDetail, Int64)]) -> [FailureDetail: Int64] {
        details.reduce(into: [:]) { $0[FailureDetail($1.0.type, reasonCode: $1.0.reasonCode), default: 0] += $1.1 }
    }
}
