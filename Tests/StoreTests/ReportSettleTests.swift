import GRDB
import Mail
import Testing

@testable import Store

/// Counts and outcomes are one transaction.
@Suite struct ReportSettleTests {
    @Test("RPTC-21 A settling whose commit fails counts nothing, and the store goes on counting")
    func failedCommit() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(), Fixture.message(), Fixture.message()])
        let session = try Reports.session("example.net", nil, [Reports.detail()])
        // Both for a row that would be new and for one that is remembered.
        for (number, failures) in [(0, 1), (1, 2)] as [(Int, Int64)] {
            fixture.disk.failWALSync()
            await #expect(throws: StoreError.self) {
                try await store.settle(Reports.settlement(queued[number], sessions: [session]))
            }
            #expect(try await store.policyCounts().reduce(0) { $0 + $1.failures } == failures - 1)
            #expect(try await store.show(queued[number].message.id)?.recipients[0].recipient.state == .due)
            _ = try await store.settle(Reports.settlement(queued[number], sessions: [session]))
            let expected = PolicyCount(
                try Reports.sts(), successes: 0, failures: failures,
                details: [DetailCount(Reports.detail(), sessions: failures)])
            #expect(try await store.policyCounts() == [expected])
        }
        await store.close()
        #expect(try fixture.query("SELECT domains FROM report_day") == ["1"])
    }

    @Test("A settling that is refused counts nothing, and what its neighbours count stays")
    func refused() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let taken = try Fixture.message()
        _ = try await store.enqueue([taken])
        let queued = try await store.enqueue((0..<90).map { _ in try Fixture.message() })
        let results = try await withThrowingTaskGroup(of: Bool.self) { group in
            for (number, message) in queued.enumerated() {
                group.addTask {
                    // New domains in each, so that rows are made and taken back side by side.
                    let sessions = [try Reports.session("d\(number % 30).example"), try Reports.session()]
                    var settlement = Reports.settlement(message, sessions: sessions)
                    switch number % 9 {
                    case 3: settlement.message = MessageNumber(99_999)
                    case 6: settlement.notices = [try Fixture.message(), taken]
                    default: break
                    }
                    do {
                        _ = try await store.settle(settlement)
                        return true
                    } catch is StoreError {
                        return false
                    }
                }
            }
            return try await group.reduce(into: [Bool: Int64]()) { $0[$1, default: 0] += 1 }
        }
        #expect(results == [true: 70, false: 20])
        #expect(try await store.policyCounts().map(\.successes) == [70])
        let domains = try await store.countedDomains(day: Reports.day, after: nil, limit: 500)
        #expect(domains.reduce(0) { $0 + $1.successes } == 140)
    }

    @Test("RPTC-21 A crash after the commit loses no count")
    func crash() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for _ in 0..<5 { try await store.deliver([Reports.session()]) }
        let crashed = try fixture.copyAsAfterCrash().open()
        #expect(try await crashed.policyCounts().map(\.successes) == [5])
        #expect(try await crashed.counts().messages == 0)
        await store.close()
    }

    static let breaks = [
        "UPDATE report_day SET domains = 'many'", "UPDATE report_day SET text = 'much'", "DROP TABLE report_day",
        "DROP TABLE report_domain",
        "DROP TABLE report_policy", "DROP TABLE report_count", "DROP TABLE report_detail",
        "DROP INDEX report_policy_domain", "UPDATE report_count SET successes = 'x', failures = x'00'",
        "DELETE FROM report_count", "DELETE FROM report_policy", "UPDATE report_detail SET type = 5, sessions = 'x'",
        "CREATE TRIGGER t BEFORE UPDATE ON report_count BEGIN SELECT raise(ABORT, 'no'); END",
    ]

    @Test("Mail that has gone out is settled, whatever has become of the tables of counts", arguments: breaks)
    func brokenCounts(_ change: String) async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            let details = (0..<ReportLimits.detailsPerPolicy).map { Reports.detail($0) }
            try await store.count(Reports.session("example.net", nil, details))
            await store.close()
        }
        try fixture.sql(change)
        let store = try fixture.open()
        for _ in 0..<2 {
            try await store.deliver([
                Reports.session(), Reports.session("example.net", nil, [Reports.detail(99)]),
                Reports.session("new.example"),
            ])
        }
        #expect(try await store.counts().messages == 0)
        await store.close()
        #expect(try fixture.query("SELECT count(*) FROM recipient") == ["0"])
        #expect(try fixture.query("PRAGMA integrity_check") == ["ok"])
    }

    @Test("Mail that has gone out is settled, although the page of the counts is broken")
    func brokenPage() async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try await store.count(Reports.session())
            await store.close()
        }
        let page = try #require(
            Int(try fixture.query("SELECT rootpage FROM sqlite_master WHERE name = 'report_count'")[0]))
        let store = try fixture.open()
        try await store.writer.perform(urgently: false, weight: 0) { db, _ in
            try db.execute(sql: "PRAGMA shrink_memory")
        }
        // Garbage where the kind of the page stands.
        try fixture.write([UInt8](repeating: 0xFF, count: 4096), to: "queue.db", at: (page - 1) * 4096)
        #expect(try await store.droppedSessions(day: Reports.day) == 0)
        // At the same time, so that they are neighbours in a commit.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    try await store.deliver([try Reports.session(), try Reports.session("d\(number).example")])
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.counts().messages == 0)
        await #expect(throws: StoreError.self) { try await store.droppedSessions(day: Reports.day) }
        await #expect(throws: StoreError.self) { try await store.policyCounts() }
        await #expect(throws: StoreError.self) { try await store.count(Reports.session()) }
    }

    @Test("Q-06 Where there is room to settle and none to count, mail is settled, and counting goes on when there is")
    func full() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.pageLimit = 120
        let store = try fixture.open(options)
        let queued = try await store.enqueue([Fixture.message(), Fixture.message()])
        let sessions = try (0..<ReportLimits.policiesPerDomain).map { number in
            let text = String(repeating: "x", count: ReportLimits.policyText / 2)
            return try Reports.session("example.net", Reports.sts("example.net", strings: ["\(number)", text]))
        }
        #expect(
            try await store.settle(Reports.settlement(queued[0], sessions: sessions + sessions)).openRecipients == 0
        )
        #expect(try await store.policyCounts().count == ReportLimits.policiesPerDomain)
        let others = try (0..<200).flatMap { number in
            try sessions.map { try Reports.session("d\(number).example", $0.policy) }
        }
        #expect(try await store.settle(Reports.settlement(queued[1], sessions: others)).openRecipients == 0)
        #expect(try await store.counts().messages == 0)
        #expect(try await store.countedDomains(day: Reports.day, after: nil, limit: 500).count == 1)
        try await store.deliver([Reports.session("example.net", sessions[0].policy)])
        #expect(try await store.policyCounts().map(\.successes).first == 3)
        #expect(try await store.droppedSessions(day: Reports.day) == 0)
    }

    @Test("A row that was remembered and is gone is made again")
    func goneBehindTheBack() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.count(Reports.session())
        #expect(try await store.removeReports(before: Reports.day.next) == 0)
        #expect(try await store.policyCounts().isEmpty)
        // Numbers begin anew: another domain has the row that was that of the first.
        try await store.count(Reports.session("other.example"))
        try await store.count(Reports.session())
        #expect(try await store.policyCounts().map(\.successes) == [1])
        #expect(try await store.policyCounts("other.example").map(\.successes) == [1])
        try await store.writer.perform(urgently: false, weight: 0) { db, _ in
            try db.execute(sql: "DELETE FROM report_count; DELETE FROM report_policy WHERE domain = 'example.net'")
        }
        try await store.count(Reports.session())
        #expect(try await store.policyCounts().map(\.successes) == [1])
    }
}
