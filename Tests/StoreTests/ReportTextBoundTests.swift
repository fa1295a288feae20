import Mail
import Testing

@testable import Store

/// The bound of text of a day.
@Suite struct ReportTextBoundTests {
    /// Of five octets as they are counted.
    private func policy(_ number: Int, of domain: String) throws -> ReportedPolicy {
        try Reports.sts(domain, strings: ["p\(number)"], mx: ["m"])
    }

    private func count(_ store: SQLiteStore, _ number: Int, day: ReportDay = Reports.day) async throws {
        let domain = "d\(number).example"
        try await store.deliver([Reports.session(domain, policy(number, of: domain))], day: day)
    }

    @Test("Text of a day: at the limit all policies have theirs, one past it is counted without, over restarts")
    func limit() async throws {
        #expect(try policy(0, of: "a.example").octets == 5)
        let fixture = try Fixture()
        var options = Fixture.options
        options.countedText = 15
        do {
            let store = try fixture.open(options)
            for number in [0, 1, 2, 0, 1] { try await count(store, number) }
            for number in 0..<3 {
                let domain = "d\(number).example"
                #expect(try await store.policyCounts(domain).map(\.policy) == [policy(number, of: domain)])
            }
            for _ in 0..<2 { try await count(store, 3) }
        }
        let store = try fixture.open(options)
        for number in [3, 4, 0] { try await count(store, number) }
        for (number, successes) in [(3, 3), (4, 1)] as [(Int, Int64)] {
            let bare = ReportedPolicy(.sts, domain: try DomainName("d\(number).example"))
            #expect(
                try await store.policyCounts("d\(number).example") == [PolicyCount(bare, successes: successes)])
        }
        // What is known is counted as before, its policy-domain stays, and another day has room of its own.
        #expect(try await store.policyCounts("d0.example").map(\.successes) == [3])
        let host = ReportedPolicy(.tlsa, domain: try DomainName("mx.d5.example"), strings: ["3 1 1 00"])
        try await store.count(Reports.session("d5.example", host))
        #expect(
            try await store.policyCounts("d5.example").map(\.policy) == [ReportedPolicy(.tlsa, domain: host.domain)])
        try await count(store, 3, day: Reports.day.next)
        #expect(
            try await store.policyCounts("d3.example", day: Reports.day.next).map(\.policy)
                == [policy(3, of: "d3.example")])
        await store.close()
        #expect(try fixture.query("SELECT text FROM report_day ORDER BY day") == ["15", "5"])
        #expect(SQLiteOptions().countedText == ReportLimits.textPerDay)
    }

    @Test("Text of a commit that failed takes no room", arguments: [14, 15])
    func rollback(limit: Int) async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.countedText = limit
        let store = try fixture.open(options)
        try await count(store, 0)
        for number in 1..<4 {
            fixture.disk.failWALSync()
            let session = try Reports.session("x.example", policy(number, of: "x.example"))
            await #expect(throws: StoreError.self) { try await store.count([session], day: Reports.day) }
        }
        for number in 1..<3 { try await count(store, number) }
        #expect(try await store.policyCounts("d1.example").map(\.policy) == [policy(1, of: "d1.example")])
        #expect(try await store.policyCounts("d2.example").map(\.policy.isBare) == [limit == 14])
        #expect(try await store.policyCounts("x.example") == [])
    }

    @Test("A sum at the end of its range does not run over", arguments: ["9223372036854775807", "-9"])
    func overflow(sum: String) async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try await count(store, 0)
            await store.close()
        }
        try fixture.sql("UPDATE report_day SET text = \(sum)")
        let store = try fixture.open()
        try await count(store, 1)
        #expect(try await store.policyCounts("d1.example").map(\.policy.isBare) == [sum != "-9"])
    }
}
