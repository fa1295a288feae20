import Mail
import Testing

@testable import Store

@Suite struct ReportCountTests {
    @Test("RPTC-06 Successes and failures are counted under each policy, worst first")
    func totals() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let domain = try DomainName("example.net")
        let tlsa = ReportedPolicy(.tlsa, domain: try DomainName("mx.example.net"), strings: ["3 1 1 ab"])
        let none = ReportedPolicy(.noPolicyFound, domain: domain)
        let sts = try Reports.sts()
        for _ in 0..<3 { try await store.deliver([Reports.session(), Reports.session("example.net", none)]) }
        try await store.deliver([Reports.session("example.net", tlsa, [Reports.detail(1, .validationFailure)])])
        try await store.deliver([Reports.session("example.net", tlsa)])
        try await store.count(Reports.session("example.net", none))
        let expected = [
            PolicyCount(
                tlsa, successes: 1, failures: 1,
                details: [DetailCount(Reports.detail(1, .validationFailure), sessions: 1)]),
            PolicyCount(none, successes: 4), PolicyCount(sts, successes: 3),
        ]
        #expect(try await store.policyCounts() == expected)
        #expect(try await store.policyCounts("other.example") == [])
        #expect(try await store.policyCounts(day: Reports.day.next) == [])
        await store.close()
        #expect(try await fixture.open().policyCounts() == expected)
    }

    @Test("RPTC-07 Sessions are counted, not messages and not recipients")
    func sessionsOnly() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        // The first message of a connection brings the session, those after it bring none.
        try await store.deliver([Reports.session()])
        try await store.deliver([])
        let queued = try await store.enqueue([Fixture.message(to: ["example.net", "example.net"])])[0]
        try await store.settle(queued, [0, 1])
        // A caller that counts nothing names no day.
        try await store.deliver([Reports.session()], day: nil)
        #expect(try await store.policyCounts() == [PolicyCount(Reports.sts(), successes: 1)])
    }

    @Test("RPTC-09 A session with two defects is one failure and one in each detail; equal ones are one")
    func overlap() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let (expired, mismatch) = (Reports.detail(), Reports.detail(1, .certificateHostMismatch))
        try await store.deliver([Reports.session("example.net", nil, [expired, mismatch])])
        try await store.deliver([Reports.session("example.net", nil, [expired, expired, expired])])
        // Equal once they are cut to what is kept.
        var (long, longer) = (expired, expired)
        long.receivingHELO = String(repeating: "h", count: ReportLimits.detailText)
        longer.receivingHELO = String(repeating: "h", count: ReportLimits.detailText + 1)
        try await store.deliver([Reports.session("example.net", nil, [long, longer])])
        #expect(
            try await store.policyCounts() == [
                PolicyCount(
                    Reports.sts(), successes: 0, failures: 3,
                    details: [
                        DetailCount(expired, sessions: 2), DetailCount(mismatch, sessions: 1),
                        DetailCount(long, sessions: 1),
                    ])
            ])
    }

    @Test("RPTC-21 Sessions at 23:59:59Z and 00:00:01Z are two days, also after a restart")
    func days() async throws {
        let fixture = try Fixture()
        let midnight = Reports.day.next.start
        let (before, after) = (
            ReportDay(of: midnight.advanced(by: -1)), ReportDay(of: midnight.advanced(by: 1))
        )
        #expect(before != after)
        do {
            let store = try fixture.open()
            try await store.deliver([Reports.session(), Reports.session("b.example")], day: before)
            try await store.deliver([Reports.session()], day: after)
        }
        let store = try fixture.open()
        try await store.deliver([Reports.session()], day: after)
        #expect(try await store.policyCounts(day: before).map(\.successes) == [1])
        #expect(try await store.policyCounts(day: after).map(\.successes) == [2])
        #expect(
            try await store.countedDomains(day: before, after: nil, limit: 9).map(\.domain.text)
                == ["b.example", "example.net"])
        #expect(
            try await store.countedDomains(day: after, after: nil, limit: 9)
                == [CountedDomain(domain: DomainName("example.net"), successes: 2, failures: 0)])
    }

    static let textLists: [[String]] = [
        [], [""], ["", ""], ["a", "b"], ["a,b"], ["a\",\"b"], ["\\", "\"", "\\\""], ["[]"], ["[\"a\"]"],
        ["a\nb", "\r\n"],
        ["\0", "a\0b"], ["\u{1}\u{1F}\u{7F}\u{85}\u{2028}"], ["é", "e\u{301}", "😀"],
        ["version: STSv1", "mx: *.é.example "],
    ]

    @Test(
        "RPTF-07 Texts of a policy come back as they were, and each other text is another policy", arguments: textLists)
    func texts(_ texts: [String]) async throws {
        let fixture = try Fixture()
        let domain = try DomainName("example.net")
        let policies = [
            ReportedPolicy(.sts, domain: domain, strings: texts), ReportedPolicy(.sts, domain: domain, mxHosts: texts),
            ReportedPolicy(.sts, domain: domain, strings: texts, mxHosts: texts),
            ReportedPolicy(.tlsa, domain: domain, strings: texts), ReportedPolicy(.sts, domain: domain, strings: ["x"]),
        ]
        // Twice: made and found again, also by another process.
        for _ in 0..<2 {
            let store = try fixture.open()
            for policy in policies { try await store.count(Reports.session("example.net", policy)) }
            await store.close()
        }
        let counts = try await fixture.open().policyCounts()
        #expect(Set(counts.map(\.policy)) == Set(policies))
        #expect(counts.reduce(0) { $0 + $1.successes } == 10)
        for count in counts {
            let same = policies.first { $0 == count.policy }
            // Octet for octet: Swift's equality takes composed and decomposed for one.
            #expect(count.policy.strings.map { Array($0.utf8) } == same?.strings.map { Array($0.utf8) })
            #expect(count.policy.mxHosts.map { Array($0.utf8) } == same?.mxHosts.map { Array($0.utf8) })
        }
    }

    @Test("Details come back as they were: addresses of both families, none, and a stranger's words")
    func details() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let details = [
            Reports.detail(), Reports.detail(1, .certificateExpired, reason: "x"),
            FailureDetail(.stsPolicyFetchError), FailureDetail(.stsPolicyFetchError, reasonCode: "http-503"),
            FailureDetail(.startTLSNotSupported, receivingHELO: "x'); DROP TABLE report;-- \"\\\n"),
            FailureDetail(.startTLSNotSupported, receivingHELO: ""), FailureDetail(.startTLSNotSupported),
            FailureDetail(.startTLSNotSupported, receivingAddress: .v6(high: 0, low: 1)),
            FailureDetail(.startTLSNotSupported, sendingAddress: .v6(high: 0, low: 1)),
            FailureDetail(.startTLSNotSupported, receivingHost: "helo"),
            FailureDetail(.startTLSNotSupported, reasonCode: ""),
        ]
        for (number, detail) in details.enumerated() {
            for _ in 0...number { try await store.count(Reports.session("example.net", nil, [detail])) }
        }
        let expected = details.enumerated().reversed().map { DetailCount($0.element, sessions: Int64($0.offset + 1)) }
        #expect(try await store.policyCounts()[0].details == expected)
        #expect(try await store.policyCounts()[0].failures == 66)
    }

    @Test("RPTC-21 Nothing of message and user is kept once the message is gone")
    func noUserData() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.deliver([Reports.session("example.net", nil, [Reports.detail()])])
        await store.close()
        for table in ["report_day", "report_domain", "report_policy", "report_count", "report_detail"] {
            let columns = try fixture.query("SELECT name FROM pragma_table_info('\(table)')")
            for column in columns {
                let values = try fixture.query("SELECT CAST(\(column) AS TEXT) FROM \(table)")
                #expect(values.allSatisfy { !$0.contains("user0") && !$0.contains("sender") }, "\(table).\(column)")
            }
        }
    }

    @Test("Counted domains come in pages, in alphabetical order")
    func pages() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let names = (0..<(ReportLimits.page + 1)).map { "d\(1000 + $0).example" }
        try await store.count(
            names.reversed().flatMap { [try Reports.session($0), try Reports.session($0, nil, [Reports.detail()])] },
            day: Reports.day)
        let first = try await store.countedDomains(day: Reports.day, after: nil, limit: .max)
        #expect(first.map(\.domain.text) == Array(names.dropLast()))
        #expect(first.allSatisfy { $0.successes == 1 && $0.failures == 1 })
        let rest = try await store.countedDomains(day: Reports.day, after: first.last?.domain, limit: .max)
        #expect(rest.map(\.domain.text) == [names.last])
        #expect(try await store.countedDomains(day: Reports.day, after: nil, limit: 2).count == 2)
        #expect(try await store.countedDomains(day: Reports.day, after: nil, limit: 0).isEmpty)
        #expect(try await store.countedDomains(day: Reports.day, after: nil, limit: -1).isEmpty)
    }
}
