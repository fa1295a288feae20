import Testing

@testable import Mail

/// Reports of others: what they make of the schema (RFC 8460 §4.4), and what is made of that.
@Suite("Received TLS-RPT report")
struct ReceivedReportTests {
    /// A report without a fault, with `replaced` put in place of `part`.
    private func json(_ part: String = "", _ replaced: String = "") -> [UInt8] {
        Array(
            Self.good.split(separator: part.isEmpty ? "\u{0}" : part, omittingEmptySubsequences: false)
                .joined(separator: replaced).utf8)
    }

    private static let good = """
        {"organization-name":"Example","date-range":{"start-datetime":"2026-11-20T00:00:00Z",\
        "end-datetime":"2026-11-20T23:59:59Z"},"contact-info":"a@b.example","report-id":"r1","policies":[{"policy":\
        {"policy-type":"sts","policy-string":["version: STSv1"],"policy-domain":"d.example","mx-host":["*.d.example"]},\
        "summary":{"total-successful-session-count":5,"total-failure-session-count":2},"failure-details":[\
        {"result-type":"certificate-expired","sending-mta-ip":"192.0.2.1","receiving-mx-hostname":"mx.d.example",\
        "receiving-mx-helo":"mx","receiving-ip":"2001:db8::1","failed-session-count":2,\
        "additional-information":"https://b.example/1","failure-reason-code":"X"}]}]}
        """

    @Test("a report as it should be is read whole and has no fault")
    func whole() throws {
        let report = try ReceivedReport(json: json())
        #expect(report.faults.isEmpty)
        #expect([report.organization, report.contact, report.id] == ["Example", "a@b.example", "r1"])
        #expect(report.start.rfc3339 == "2026-11-20T00:00:00Z" && report.end.rfc3339 == "2026-11-20T23:59:59Z")
        #expect(report.successes == 5 && report.failures == 2)
        let policy = try #require(report.policies.first)
        #expect(policy.type == "sts" && policy.domain == "d.example")
        #expect(policy.strings == ["version: STSv1"] && policy.mxHosts == ["*.d.example"])
        #expect(
            policy.details == [
                ReceivedReport.Detail(
                    resultType: "certificate-expired", reasonCode: "X", sendingAddress: "192.0.2.1",
                    receivingHost: "mx.d.example", receivingHELO: "mx", receivingAddress: "2001:db8::1",
                    moreInformation: "https://b.example/1", sessions: 2)
            ])
    }

    /// Part, what stands there, the fault.
    static let faulty: [(String, String, [String])] = [
        (#""organization-name":"Example","#, "", ["organization-name is missing"]),
        (#""contact-info":"a@b.example","#, "", ["contact-info is missing"]),
        (#""a@b.example""#, "null", ["contact-info is null"]),
        (#""r1""#, "17", ["report-id is a number, not a string"]),
        (#""sts""#, #""tls\u0007""#, [#"there is no policy-type "tls""#]),
        (#""policy-type":"sts","#, "", ["policy-type is missing"]),
        (#""policy-domain":"d.example","#, "", ["policy-domain is missing"]),
        (#"["version: STSv1"]"#, #""version: STSv1""#, ["policy-string is a single string, not an array of them"]),
        (#"["version: STSv1"]"#, #"["version: STSv1",null]"#, ["policy-string has null in it, not only strings"]),
        (#"["*.d.example"]"#, #""*.d.example""#, ["mx-host is a single string, not an array of them"]),
        (#"["*.d.example"]"#, "null", ["mx-host is null"]), (#","mx-host":["*.d.example"]"#, "", []),
        (#"["*.d.example"]"#, "7", ["mx-host is a number, not an array of strings"]),
        (":5,", #":"5","#, ["total-successful-session-count is a string, not a number"]),
        (":5,", ":5.0,", [#"total-successful-session-count is no count: "5.0""#]),
        (#"],"summary"#, #"],"x":[1],"summary"#, []),
        (#""certificate-expired""#, #""certificate-old""#, [#"there is no result-type "certificate-old""#]),
        (#""result-type":"certificate-expired","#, "", ["result-type is missing"]),
        (#""sending-mta-ip":"192.0.2.1","#, "", ["sending-mta-ip is missing"]),
        (#""192.0.2.1""#, #""192.0.2.256""#, [#"sending-mta-ip is no address: "192.0.2.256""#]),
        (#""2001:db8::1""#, #""mx""#, [#"receiving-ip is no address: "mx""#]),
        (#""r1""#, #""r1","report-id":"r1""#, ["report-id stands twice in the report"]),
        (#""mx","#, "\"\\ud800\",", ["some text in it is not valid Unicode"]),
        (#""2026-11-20T00:00:00Z""#, #""2026-11-20""#, ["start-datetime is a date without a time"]),
        (#""2026-11-20T23:59:59Z""#, #""2026-11-20T23:59:59""#, ["end-datetime has no time zone"]),
        (#""2026-11-20T23:59:59Z""#, #""2026-11-19T23:59:59Z""#, ["the period ends before it begins"]),
        (#"[{"policy":"#, #"[null,{"policy":"#, ["policies has null in it, not only objects"]),
        (#","failure-reason-code":"X"}]"#, "},5]", ["failure-details has a number in it, not only objects"]),
    ]

    @Test("what breaks the schema is read all the same, and said", arguments: faulty)
    func faults(part: String, replaced: String, faults: [String]) throws {
        let report = try ReceivedReport(json: json(part, replaced))
        #expect(report.faults == faults)
        #expect(report.successes == 5 && report.failures == 2 && report.policies.count == 1, "the counts are kept")
        #expect(report.policies.first?.details.first?.sessions == 2)
        #expect(report.reporter == (part.contains("organization-name") ? "a@b.example" : "Example"))
    }

    /// What is lost by it: part, what stands there, the fault, successes, failures, details.
    static let losing: [(String, String, [String], [Int64])] = [
        (#""total-successful-session-count":5,"#, "", ["total-successful-session-count is missing"], [0, 2, 1]),
        (":5,", ":-5,", [#"total-successful-session-count is no count: "-5""#], [0, 2, 1]),
        (":5,", ":null,", ["total-successful-session-count is null"], [0, 2, 1]),
        (":5,", ":true,", ["total-successful-session-count is true or false, not a number"], [0, 2, 1]),
        (
            ":5,", #":"five","#,
            [
                "total-successful-session-count is a string, not a number",
                #"total-successful-session-count is no count: "five""#,
            ], [0, 2, 1]
        ),
        (":5,", ":1.5,", [#"total-successful-session-count is no count: "1.5""#], [1, 2, 1]),
        (":5,", ":5e-1,", [#"total-successful-session-count is no count: "5e-1""#], [0, 2, 1]),
        (":5,", ":1e3,", [#"total-successful-session-count is no count: "1e3""#], [1000, 2, 1]),
        (":5,", ":1e999,", [#"total-successful-session-count is no count: "1e999""#], [9_007_199_254_740_991, 2, 1]),
        (":5,", ":9223372036854775807,", [], [.max, 2, 1]),
        (
            ":5,", ":9223372036854775808,",
            [#"total-successful-session-count is no count: "9223372036854775808""#],
            [9_007_199_254_740_991, 2, 1]
        ),
        (#""summary":"#, #""summery":"#, ["summary is missing"], [0, 0, 1]),
        (#"{"policy":"#, #"{"polity":"#, ["policy is missing"], [5, 2, 1]),
        (#""failure-details":["#, #""failure-details":null,"x":["#, ["failure-details is null"], [5, 2, 0]),
        (
            #""failure-details":["#, #""failure-details":3,"x":["#, ["failure-details is a number, not an array"],
            [5, 2, 0]
        ),
    ]

    @Test("what is lost is said as well", arguments: losing)
    func losses(part: String, replaced: String, faults: [String], left: [Int64]) throws {
        let report = try ReceivedReport(json: json(part, replaced))
        #expect(report.faults == faults)
        #expect([report.successes, report.failures, Int64(report.policies.flatMap(\.details).count)] == left)
    }

    @Test("policies as one object, and details as one object")
    func single() throws {
        let text = String(decoding: json(), as: UTF8.self)
        let single = text.replacing(#""policies":[{"#, with: #""policies":{"#).replacing("}]}]}", with: "}]}}")
        let report = try ReceivedReport(json: Array(single.utf8))
        #expect(report.faults == ["policies is a single object, not an array of them"])
        #expect(report.policies.count == 1 && report.failures == 2)
        let detail = text.replacing(#""failure-details":[{"#, with: #""failure-details":{"#).replacing(
            "}]}]}", with: "}}]}")
        let second = try ReceivedReport(json: Array(detail.utf8))
        #expect(second.faults == ["failure-details is a single object, not an array of them"])
        #expect(second.policies.first?.details.count == 1)
    }

    static let unreadable: [(String, String, String)] = [
        (
            #""organization-name":"Example","#, #""contact-info":"","#,
            "it does not say whose it is: organization-name is missing"
        ),
        (#""report-id":"r1","#, "", "report-id is missing"), (#""r1""#, "null", "report-id is missing"),
        (#""r1""#, #""""#, "report-id is missing"),
        ("date-range", "date-rage", "date-range is missing"),
        (#""start-datetime":"2026-11-20T00:00:00Z","#, "", "start-datetime is missing"),
        (#""end-datetime":"#, #""end":"#, "end-datetime is missing"),
        (#""2026-11-20T00:00:00Z""#, #""yester\u001bday""#, #"start-datetime is no date: "yesterday""#),
        (#""policies""#, #""policy""#, "policies is missing, or is neither an array nor an object"),
        (#""policies":["#, #""policies":"none","x":["#, "policies is missing, or is neither an array nor an object"),
        ("}]}]}", "}]}", "the JSON breaks off (octet 710)"),
    ]

    @Test("without sender, id, period or policies it is no report", arguments: unreadable)
    func refuses(part: String, replaced: String, words: String) throws {
        let bad =
            part == #""organization-name":"Example","#
            ? Array(String(decoding: json(part, ""), as: UTF8.self).replacing("a@b.example", with: "").utf8)
            : json(part, replaced)
        let expected = words.hasPrefix("the JSON breaks off") ? "the JSON breaks off (octet \(bad.count))" : words
        #expect(throws: UnreadableReport(expected)) { try ReceivedReport(json: bad) }
    }

    @Test(
        "other JSON is no report",
        arguments: [
            ("[]", "the JSON is an array, where a report is an object"),
            ("7", "the JSON is a number, where a report is an object"),
            ("{}", "it does not say whose it is: organization-name is missing"), ("", "the JSON breaks off (octet 0)"),
        ])
    func others(text: String, words: String) {
        #expect(throws: UnreadableReport(words)) { try ReceivedReport(json: Array(text.utf8)) }
    }

    @Test("failures before there is a connection need no address of the sender", arguments: ResultType.allCases)
    func withoutConnection(type: ResultType) throws {
        let text = String(decoding: json(#""sending-mta-ip":"192.0.2.1","#, ""), as: UTF8.self)
        let report = try ReceivedReport(
            json: Array(text.replacing("certificate-expired", with: type.rawValue).utf8))
        let connects: Set<ResultType> = [
            .startTLSNotSupported, .certificateHostMismatch, .certificateExpired, .certificateNotTrusted,
            .validationFailure,
        ]
        #expect(report.faults == (connects.contains(type) ? ["sending-mta-ip is missing"] : []))
    }

    @Test("the size, and one past it")
    func size() throws {
        let good = json()
        let padded = good + [UInt8](repeating: 0x20, count: ReceivedReport.sizeLimit - good.count)
        #expect(try ReceivedReport(json: padded).failures == 2)
        #expect(throws: UnreadableReport("it has more than 10485760 octets")) {
            try ReceivedReport(json: padded + [0x20])
        }
    }

    @Test("faults are kept up to their limit, each once, and short")
    func faultLimit() throws {
        let details = (0..<100).map { #"{"result-type":"t\#($0)\#(String(repeating: "x", count: 200))"}"# }
        let report = try ReceivedReport(
            json: json(#""failure-details":["#, #""failure-details":[\#(details.joined(separator: ",")),"#))
        #expect(report.faults.count == ReceivedReport.faultLimit)
        #expect(Set(report.faults).count == report.faults.count)
        #expect(report.faults.allSatisfy { $0.utf8.count < 120 })
        #expect(report.policies.first?.details.count == 101)
    }

    @Test(
        "dates as others write them",
        arguments: [
            ("2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z", nil),
            ("2026-11-20t00:00:00z", "2026-11-20T00:00:00Z", nil),
            ("2026-11-20T01:00:00+01:00", "2026-11-20T00:00:00Z", nil),
            ("2026-11-19T19:30:00-0430", "2026-11-20T00:00:00Z", nil),
            ("2026-11-20T23:59:59.999Z", "2026-11-20T23:59:59Z", nil),
            ("2026-11-20T24:00:00Z", "2026-11-21T00:00:00Z", nil),
            ("2026-11-20T00:00:00", "2026-11-20T00:00:00Z", "has no time zone"),
            ("2026-11-20 00:00:00Z", "2026-11-20T00:00:00Z", "has a blank in place of the T"),
            ("2026-11-20", "2026-11-20T00:00:00Z", "is a date without a time"),
            ("", nil, nil), ("2026-11-31T00:00:00Z", nil, nil), ("2026-11-20T", nil, nil),
            ("2026-11-20T00:00Z", nil, nil),
            ("2026-11-20T25:00:00Z", nil, nil), ("2026-11-20T00:60:00Z", nil, nil), ("2026-11-20T00:00:00Y", nil, nil),
            ("2026-11-20T00:00:00+1", nil, nil), ("2026-11-20T00:00:00Zx", nil, nil),
            ("2026-11-20T00:00:00+25:00", nil, nil),
            ("1795132800", nil, nil), ("Fri, 20 Nov 2026 00:00:00 +0000", nil, nil), ("２026-11-20", nil, nil),
        ] as [(String, String?, String?)])
    func dates(text: String, expected: String?, fault: String?) {
        let reading = LenientTime(text)
        #expect(reading?.time.rfc3339 == expected)
        #expect(reading?.fault == fault)
    }
}
