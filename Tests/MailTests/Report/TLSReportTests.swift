import FoundationEssentials
import Testing

@testable import Mail

/// The JSON of reports that we write (RFC 8460 §4.4), to the letter.
@Suite("TLS-RPT report JSON")
struct TLSReportTests {
    private static let domain = SampleReport.domain

    @Test("RPTF-01 RPTF-02 RPTF-09 the least there is: one policy, no failures, and not a null")
    func smallest() throws {
        #expect(
            try SampleReport.make().text == """
                {"organization-name":"Example","date-range":{"start-datetime":"2026-11-20T00:00:00Z",\
                "end-datetime":"2026-11-20T23:59:59Z"},"contact-info":"tls-reports@waxwing.example",\
                "report-id":"2026-11-20+example.org+00000000000000ab@waxwing.example","policies":[{"policy":\
                {"policy-type":"no-policy-found","policy-domain":"example.org"},"summary":\
                {"total-successful-session-count":1,"total-failure-session-count":0}}]}
                """)
        #expect(try SampleReport.make(policies: []).text.hasSuffix(#""policies":[]}"#))
    }

    @Test("RPTF-06 RPTF-07 RPTF-08 RPTF-09 RPTF-10 a policy of each type with all that a detail can hold")
    func everything() throws {
        let tlsa = "3 1 1 206d5f55ecb9f8389bc57b5ba14716dd5b23d0834fd2c99fd402f0bda32e9523"
        let detail = FailureDetail(
            .validationFailure, reasonCode: "tlsa-mismatch", sendingAddress: IPAddress("192.0.2.1"),
            receivingHost: "mx1.example.org", receivingHELO: "mail", receivingAddress: IPAddress("2001:DB8:0::1"))
        let lines = ["version: STSv1", "mode: enforce", "mx: *.mx.d", "mx: b.d", "max_age: 1", "mode: twice"]
        let report = try SampleReport.make(policies: [
            PolicyCount(
                ReportedPolicy(.tlsa, domain: domainName("mx1.example.org"), strings: [tlsa, tlsa]), successes: 10,
                failures: 2, details: [DetailCount(detail, sessions: 2)]),
            PolicyCount(
                ReportedPolicy(.sts, domain: Self.domain, strings: lines, mxHosts: ["*.mx.d"]), successes: 0,
                failures: 3, details: [DetailCount(FailureDetail(.stsPolicyInvalid), sessions: 3)]),
        ])
        let policies = report.text.split(separator: #""policies":"#).last
        #expect(
            policies == """
                [{"policy":{"policy-type":"tlsa","policy-string":["\(tlsa)","\(tlsa)"],"policy-domain":"mx1.example.org"},\
                "summary":{"total-successful-session-count":10,"total-failure-session-count":2},"failure-details":[\
                {"result-type":"validation-failure","sending-mta-ip":"192.0.2.1","receiving-mx-hostname":"mx1.example.org",\
                "receiving-mx-helo":"mail","receiving-ip":"2001:db8::1","failed-session-count":2,\
                "failure-reason-code":"tlsa-mismatch"}]},{"policy":{"policy-type":"sts","policy-string":["version: STSv1",\
                "mode: enforce","mx: *.mx.d","mx: b.d","max_age: 1","mode: twice"],"policy-domain":"example.org",\
                "mx-host":["*.mx.d"]},"summary":{"total-successful-session-count":0,"total-failure-session-count":3},\
                "failure-details":[{"result-type":"sts-policy-invalid","failed-session-count":3}]}]}
                """)
    }

    @Test("RPTF-06 RPTF-09 the words of the registries, each as it is", arguments: ResultType.allCases)
    func types(type: ResultType) throws {
        for policy in PolicyResult.Policy.allCases {
            let count = PolicyCount(
                ReportedPolicy(policy, domain: Self.domain), failures: 1,
                details: [DetailCount(FailureDetail(type), sessions: 1)])
            let text = try SampleReport.make(policies: [count]).text
            #expect(text.contains(#""policy-type":"\#(policy.rawValue)""#))
            #expect(text.contains(#""result-type":"\#(type.rawValue)""#))
        }
        #expect(PolicyResult.Policy.allCases.map(\.rawValue) == ["tlsa", "sts", "no-policy-found"])
    }

    @Test("RPTF-08 patterns of MX hosts belong to MTA-STS alone", arguments: PolicyResult.Policy.allCases)
    func mxHosts(type: PolicyResult.Policy) throws {
        let policy = ReportedPolicy(type, domain: Self.domain, mxHosts: ["*.example.org"])
        let text = try SampleReport.make(policies: [PolicyCount(policy, successes: 1)]).text
        #expect(text.contains(#""mx-host":["*.example.org"]"#) == (type == .sts))
    }

    @Test(
        "RPTF-03 the whole UTC day, also at the ends of what a date can be",
        arguments: [
            ("1970-01-01", "1970-01-01T00:00:00Z", "1970-01-01T23:59:59Z"),
            ("2028-02-29", "2028-02-29T00:00:00Z", "2028-02-29T23:59:59Z"),
            ("1969-12-31", "1969-12-31T00:00:00Z", "1969-12-31T23:59:59Z"),
        ])
    func day(text: String, start: String, end: String) throws {
        let json = try SampleReport.make(day: try #require(ReportDay(text: text))).text
        #expect(json.contains(#"{"start-datetime":"\#(start)","end-datetime":"\#(end)"}"#))
    }

    @Test(
        "RPTF-10 addresses in their one form (RFC 5952 §4)",
        arguments: [
            ("2001:DB8:0::1", "2001:db8::1"), ("2001:0db8:abcd:0012::1", "2001:db8:abcd:12::1"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("192.0.2.1", "192.0.2.1"),
        ])
    func addresses(text: String, expected: String) throws {
        let address = try #require(IPAddress(text))
        let detail = FailureDetail(.certificateExpired, sendingAddress: address, receivingAddress: address)
        let json = try SampleReport.make(policies: [
            PolicyCount(ReportedPolicy(.sts, domain: Self.domain), details: [DetailCount(detail, sessions: 1)])
        ]).text
        #expect(json.contains(#""sending-mta-ip":"\#(expected)","receiving-ip":"\#(expected)""#))
    }

    /// Code points by number: some cannot be written down.
    private static func text(_ scalars: UInt32...) -> String {
        String(String.UnicodeScalarView(scalars.compactMap(Unicode.Scalar.init)))
    }

    static let strange: [(String, String)] = [
        ("a\"b\\c/d", #"a\"b\\c/d"#), (text(0, 0x1F, 0x7F), #"\u0000\u001f\u007f"#),
        ("\r\nX: y", #"\u000d\u000aX: y"#), ("é😀", #"\u00e9\ud83d\ude00"#),
        (text(0x202E, 0x2028, 0x85), #"\u202e\u2028\u0085"#),
        // RFC 7493 §2.1: no noncharacters.
        (text(0xFFFE, 0xFDD0, 0x10_FFFF), #"\ufffd\ufffd\ufffd"#),
        // A surrogate, and what is no UTF-8 at all.
        (String(decoding: [0x61, 0xFF, 0xED, 0xA0, 0x80] as [UInt8], as: UTF8.self), #"a\ufffd\ufffd\ufffd\ufffd"#),
        ("", ""),
    ]

    @Test("RPTF-27 what strangers wrote is escaped data: one ASCII line of valid JSON", arguments: strange)
    func strangers(text: String, expected: String) throws {
        let detail = FailureDetail(
            .validationFailure, reasonCode: text, receivingHost: text, receivingHELO: text)
        let policy = ReportedPolicy(.sts, domain: Self.domain, strings: [text], mxHosts: [text])
        let report = try SampleReport.make(
            organization: text, policies: [PolicyCount(policy, details: [DetailCount(detail, sessions: 1)])])
        let json = report.json()
        #expect(json.allSatisfy { (0x20...0x7E).contains($0) })
        for name in ["organization-name", "receiving-mx-hostname", "receiving-mx-helo", "failure-reason-code"] {
            #expect(report.text.contains("\"\(name)\":\"\(expected)\""))
        }
        for name in ["policy-string", "mx-host"] { #expect(report.text.contains("\"\(name)\":[\"\(expected)\"]")) }
        #expect(throws: Never.self) { try JSONDecoder().decode([String: JSONAnything].self, from: Data(json)) }
    }

    @Test(
        "RPTF-01 counts are integers that every reader can hold (RFC 7493 §2.2)",
        arguments: [
            (0, "0"), (-1, "0"), (9_007_199_254_740_991, "9007199254740991"),
            (9_007_199_254_740_992, "9007199254740991"), (Int64.max, "9007199254740991"),
        ])
    func counts(count: Int64, expected: String) throws {
        let policy = PolicyCount(ReportedPolicy(.sts, domain: Self.domain), successes: count, failures: 7)
        #expect(
            try SampleReport.make(policies: [policy]).text.contains(
                #"{"total-successful-session-count":\#(expected),"total-failure-session-count":7}"#))
    }
}

/// Any JSON value, for a decoder that is not ours.
struct JSONAnything: Decodable {
    init(from decoder: any Decoder) throws {
        if let members = try? decoder.container(keyedBy: AnyKey.self) {
            for key in members.allKeys { _ = try members.decode(JSONAnything.self, forKey: key) }
        } else if var values = try? decoder.unkeyedContainer() {
            while !values.isAtEnd { _ = try values.decode(JSONAnything.self) }
        } else {
            let value = try decoder.singleValueContainer()
            if (try? value.decode(String.self)) == nil { _ = try value.decode(Int64.self) }
        }
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
