import Mail
import Testing

@testable import Store

@Suite struct ReportBoundTests {
    @Test("Domains of a day: at the limit all are counted, one past it none of its sessions, and the operator can tell")
    func domains() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.countedDomains = 3
        do {
            let store = try fixture.open(options)
            for number in 0..<3 { try await store.deliver([Reports.session("d\(number).example")]) }
            #expect(try await store.droppedSessions(day: Reports.day) == 0)
            for _ in 0..<2 { try await store.deliver([Reports.session("d3.example"), Reports.session("d0.example")]) }
            try await store.count(Reports.session("d4.example"))
        }
        // The bound knows no restart, and another day has room of its own.
        let store = try fixture.open(options)
        try await store.deliver([Reports.session("d3.example")])
        try await store.deliver([Reports.session("d3.example")], day: Reports.day.next)
        #expect(try await store.droppedSessions(day: Reports.day) == 4)
        #expect(try await store.droppedSessions(day: Reports.day.next) == 0)
        #expect(
            try await store.countedDomains(day: Reports.day, after: nil, limit: 9).map(\.successes) == [3, 1, 1])
        #expect(try await store.policyCounts("d3.example").isEmpty)
        #expect(try await store.policyCounts("d3.example", day: Reports.day.next).count == 1)
        #expect(SQLiteOptions().countedDomains == ReportLimits.domainsPerDay)
    }

    @Test("Policies of a domain: at the limit all have their text, one past it is counted without, and never more rows")
    func policies() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let limit = ReportLimits.policiesPerDomain
        let policies = try (0..<limit).map { try Reports.sts("example.net", strings: ["id \($0)"]) }
        for policy in policies { try await store.count(Reports.session("example.net", policy)) }
        #expect(Set(try await store.policyCounts().map(\.policy)) == Set(policies))
        // The limit belongs to a domain.
        try await store.count(Reports.session("other.example", Reports.sts("example.net", strings: ["more"])))
        #expect(try await store.policyCounts("other.example").map(\.policy.strings) == [["more"]])

        let failed = Reports.detail()
        for number in 0..<3 {
            try await store.count(
                Reports.session("example.net", Reports.sts("example.net", strings: ["more \(number)"]), [failed]))
        }
        let bare = ReportedPolicy(.sts, domain: try DomainName("example.net"))
        let counts = try await store.policyCounts()
        #expect(counts.count == limit + 1)
        #expect(counts[0] == PolicyCount(bare, failures: 3, details: [DetailCount(failed, sessions: 3)]))
        // One that is known is counted as before.
        try await store.count(Reports.session("example.net", policies[0]))
        #expect(try await store.policyCounts().first { $0.policy == policies[0] }?.successes == 2)

        // MX hosts under ever-different names: each its own policy-domain, to twice the limit; then the domain itself.
        for number in 0..<1000 {
            let tlsa = ReportedPolicy(.tlsa, domain: try DomainName("mx\(number).example.net"), strings: ["3 1 1 00"])
            try await store.count(Reports.session("example.net", tlsa))
        }
        let flooded = try await store.policyCounts()
        #expect(flooded.count == 2 * limit + 1)
        #expect(flooded.reduce(0) { $0 + $1.successes } == Int64(limit + 1 + 1000))
        let last = flooded.first { $0.policy == ReportedPolicy(.tlsa, domain: bare.domain) }
        #expect(last == PolicyCount(ReportedPolicy(.tlsa, domain: bare.domain), successes: 981))
    }

    @Test("Text of a policy: at the limit it is whole, one past it the last text is left out", arguments: [0, 1])
    func policyText(over: Int) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let half = ReportLimits.policyText / 2
        let strings = ["a", String(repeating: "b", count: half - 3)]
        let mx = ["c", String(repeating: "d", count: half - 3 + over)]
        let policy = try Reports.sts("example.net", strings: strings, mx: mx)
        #expect(policy.octets == ReportLimits.policyText + over)
        for _ in 0..<2 { try await store.count(Reports.session("example.net", policy)) }
        let counted = try #require(try await store.policyCounts().first)
        #expect(counted.successes == 2)
        #expect(counted.policy.strings == strings)
        #expect(counted.policy.mxHosts == (over == 0 ? mx : ["c"]))
    }

    @Test("Text of a policy: empty lines are bounded, and nothing stands behind a gap")
    func manyTexts() throws {
        let empty = try Reports.sts("example.net", strings: Array(repeating: "", count: 1_000_000), mx: ["a"])
        #expect(empty.bounded.strings.count == ReportLimits.policyText)
        #expect(empty.bounded.mxHosts.isEmpty)
        let long = String(repeating: "x", count: ReportLimits.policyText)
        #expect(try Reports.sts("example.net", strings: ["a", long, "b"], mx: ["c"]).bounded.strings == ["a"])
        #expect(try Reports.sts("example.net", strings: ["a", long, "b"], mx: ["c"]).bounded.mxHosts.isEmpty)
        #expect(try Reports.sts("example.net", strings: ["a"], mx: [long, "b"]).bounded.mxHosts.isEmpty)
    }

    @Test("Words of a detail are cut at their limit, at a whole character, and at a NUL")
    func detailText() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let limit = ReportLimits.detailText
        let words = String(repeating: "w", count: limit - 1)
        var detail = Reports.detail(1, .validationFailure, reason: words + "é")
        detail.receivingHELO = words + "hh"
        detail.receivingHost = "mx\0.example"
        for _ in 0..<2 { try await store.count(Reports.session("example.net", nil, [detail])) }
        let kept = try #require(try await store.policyCounts().first?.details.first)
        #expect(kept.detail.reasonCode == words)
        #expect(kept.detail.receivingHELO == words + "h")
        #expect(kept.detail.receivingHost == "mx")
        #expect(kept.sessions == 2)
    }

    @Test("Details of a policy: at the limit all are kept, one past it takes the place of the least frequent")
    func details() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let limit = ReportLimits.detailsPerPolicy
        // The first is the most frequent, the last two the least.
        for number in 1...limit {
            for _ in 0..<max(limit - number, 1) {
                try await store.count(Reports.session("example.net", nil, [Reports.detail(number, reason: "r")]))
            }
        }
        let full = try #require(try await store.policyCounts().first)
        #expect(full.details.map(\.detail) == (1...limit).map { Reports.detail($0, reason: "r") })
        try await store.count(Reports.session("example.net", nil, [Reports.detail(99, reason: "r")]))
        let over = try #require(try await store.policyCounts().first)
        #expect(over.details.count == limit + 1)
        // Of two that were met once the one that was there longer has gone into the sum.
        #expect(!over.details.map(\.detail).contains(Reports.detail(limit - 1, reason: "r")))
        #expect(over.details.contains(DetailCount(Reports.detail(99, reason: "r"), sessions: 1)))
        let sum = DetailCount(FailureDetail(.certificateExpired, reasonCode: "r"), sessions: 1)
        #expect(over.details.contains(sum))
        #expect(over.details.prefix(limit - 2) == full.details.prefix(limit - 2))
        #expect(over.details.reduce(0) { $0 + $1.sessions } == over.failures)
        // What says nothing of hosts is its own sum and takes no place.
        try await store.count(Reports.session("example.net", nil, [sum.detail]))
        #expect(try await store.policyCounts()[0].details.contains(DetailCount(sum.detail, sessions: 2)))
    }

    @Test(
        "Reason codes of the sums: at the limit each has its own, one past it has none", arguments: ResultType.allCases)
    func reasonCodes(type: ResultType) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let limit = ReportLimits.reasonCodesPerType
        for number in 0..<limit {
            try await store.count(Reports.session("example.net", nil, [FailureDetail(type, reasonCode: "r\(number)")]))
        }
        #expect(try await store.policyCounts()[0].details.map(\.detail.reasonCode) == (0..<limit).map { "r\($0)" })
        for number in limit..<(limit + 3) {
            try await store.count(Reports.session("example.net", nil, [FailureDetail(type, reasonCode: "r\(number)")]))
        }
        let details = try await store.policyCounts()[0].details
        #expect(details.count == limit + 1)
        #expect(details[0] == DetailCount(FailureDetail(type), sessions: 3))
    }

    @Test("A flood of 100,000 causes: the one that keeps coming survives it, sums are exact, rows are bounded")
    func flood() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let types = ResultType.allCases
        let top = Reports.detail(0, .startTLSNotSupported)
        var expected: [ResultType: Int64] = [:]
        var tops: Int64 = 0
        for batch in 0..<100 {
            var sessions: [ReportedSession] = []
            for number in (batch * 1000)..<(batch * 1000 + 1000) {
                let type = types[number % types.count]
                let reason = number % 7 == 0 ? "reason\(number)" : number % 3 == 0 ? "reason\(number % 30)" : nil
                sessions.append(
                    try Reports.session("example.net", nil, [Reports.detail(number + 1, type, reason: reason)]))
                expected[type, default: 0] += 1
                // From the midst of the flood on, one in fifteen.
                if number > 30_000 && number % 15 == 0 {
                    sessions.append(try Reports.session("example.net", nil, [top]))
                    tops += 1
                }
            }
            try await store.count(sessions, day: Reports.day)
        }
        let count = try #require(try await store.policyCounts().first)
        #expect(count.failures == 100_000 + tops)
        #expect(count.details.reduce(0) { $0 + $1.sessions } == count.failures)
        for type in types {
            let sum = count.details.filter { $0.detail.type == type }.reduce(0) { $0 + $1.sessions }
            #expect(sum == expected[type, default: 0] + (type == top.type ? tops : 0), "\(type)")
        }
        // All of its sessions: it was never the least frequent.
        #expect(count.details.contains(DetailCount(top, sessions: tops)))
        let kept = count.details.filter { !$0.detail.isBare }
        #expect(kept.count == ReportLimits.detailsPerPolicy)
        #expect(count.details.count - kept.count <= types.count * (ReportLimits.reasonCodesPerType + 1))
        await store.close()
        #expect(try fixture.query("SELECT count(*) FROM report_detail") == ["\(count.details.count)"])
        #expect(try fixture.query("SELECT count(*) FROM report_policy") == ["1"])
    }
}
