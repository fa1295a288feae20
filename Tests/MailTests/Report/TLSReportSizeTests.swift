import Testing

@testable import Mail

/// What is left out of a report that is too large.
@Suite("TLS-RPT report size")
struct TLSReportSizeTests {
    private func report(_ sessions: [[Int64]]) throws -> TLSReport {
        let policies = sessions.enumerated().map { policy, counts in
            PolicyCount(
                ReportedPolicy(.sts, domain: domainName("p\(policy).example"), strings: ["mode: enforce"]),
                successes: Int64(policy), failures: counts.reduce(0, +),
                details: counts.enumerated().map { index, count in
                    DetailCount(
                        FailureDetail(.certificateExpired, receivingHost: "h\(policy)-\(index)."), sessions: count)
                })
        }
        return try SampleReport.make(policies: policies)
    }

    private func hosts(_ json: [UInt8]) -> [String] {
        String(decoding: json, as: UTF8.self).matches(of: /"(h\d+-\d+)\."/).map { String($0.1) }
    }

    @Test("RPTF-12 the least frequent details go first, of equal ones the later, and totals stay")
    func leastFirst() throws {
        let report = try report([[9, 5, 1], [7, 1]])
        let whole = report.json(limit: .max)
        #expect(hosts(whole) == ["h0-0", "h0-1", "h0-2", "h1-0", "h1-1"])
        var seen: [[String]] = []
        for limit in stride(from: whole.count + 200, through: 0, by: -7) {
            let json = report.json(limit: limit)
            let kept = hosts(json)
            if seen.last != kept { seen.append(kept) }
            #expect(json.count <= limit || kept.isEmpty, "limit \(limit)")
            let totals = String(decoding: json, as: UTF8.self).matches(of: /"total-failure-session-count":(\d+)/)
            #expect(totals.map { String($0.1) } == ["15", "8"])
        }
        #expect(
            seen == [
                ["h0-0", "h0-1", "h0-2", "h1-0", "h1-1"], ["h0-0", "h0-1", "h0-2", "h1-0"], ["h0-0", "h0-1", "h1-0"],
                ["h0-0", "h1-0"], ["h0-0"], [],
            ])
    }

    @Test("then the texts of policies, of the least used first")
    func texts() throws {
        let report = try report([[9], [1]])
        let domains = [domainName("p0.example"), domainName("p1.example")]
        var seen: [Int] = []
        for limit in stride(from: report.json(limit: .max).count + 200, through: 0, by: -7) {
            let text = String(decoding: report.json(limit: limit), as: UTF8.self)
            let count = text.matches(of: /policy-string/).count
            if seen.last != count { seen.append(count) }
            if count == 1 { #expect(text.contains(#"["mode: enforce"],"policy-domain":"p0.example""#)) }
            for domain in domains { #expect(text.contains(domain.text)) }
        }
        #expect(seen == [2, 1, 0])
    }

    @Test("RPTF-12 ten megabytes at most")
    func limit() throws {
        #expect(TLSReport.sizeLimit == 10_000_000)
        // Each octet of it takes six.
        let text = String(repeating: "\u{7}", count: 200_000)
        let details = (0..<10).map {
            DetailCount(FailureDetail(.validationFailure, receivingHELO: text + "\($0)"), sessions: Int64($0 + 1))
        }
        let report = try SampleReport.make(policies: [
            PolicyCount(ReportedPolicy(.sts, domain: SampleReport.domain), failures: 99, details: details)
        ])
        let json = report.json()
        #expect(json.count <= TLSReport.sizeLimit)
        #expect(json.count > TLSReport.sizeLimit - 6 * 200_100, "no more is left out than must be")
        let counts = String(decoding: json, as: UTF8.self).matches(of: /"failed-session-count":(\d+)/)
        #expect(counts.map { String($0.1) } == ["3", "4", "5", "6", "7", "8", "9", "10"])
    }

    @Test("details of equal counts in great number are sorted out quickly")
    func many() throws {
        let details = (0..<20_000).map {
            DetailCount(FailureDetail(.certificateExpired, receivingHost: "h0-\($0)."), sessions: 1)
        }
        let report = try SampleReport.make(policies: [
            PolicyCount(ReportedPolicy(.sts, domain: SampleReport.domain), failures: 99, details: details)
        ])
        let kept = hosts(report.json(limit: 100_000))
        #expect(kept.count > 500)
        #expect(kept == (0..<kept.count).map { "h0-\($0)" })
    }
}
