import Mail
import Testing

@testable import Relay

/// What `relayctl tlsrpt read` makes of reports: JSON for programs, a table for people.
@Suite("Received reports")
struct ReceivedReportsTests {
    private let plain = TextStyle(width: 80, isColoured: false)

    private func report(
        _ reporter: String = "Example", id: String = "r1", day: String = "2026-11-20", policies: String = "",
        contact: String = "\"a@b.example\""
    ) throws -> ReceivedReport {
        try ReceivedReport(
            json: Array(
                """
                {"organization-name":"\(reporter)","contact-info":\(contact),"report-id":"\(id)","policies":[\(policies)],
                "date-range":{"start-datetime":"\(day)T00:00:00Z","end-datetime":"\(day)T23:59:59Z"}}
                """.utf8))
    }

    private func policy(
        _ type: String, _ successes: Int64, _ failures: Int64, domain: String = "d.example", details: String = ""
    ) -> String {
        """
        {"policy":{"policy-type":"\(type)","policy-domain":"\(domain)"},"summary":{"total-successful-session-count":\
        \(successes),"total-failure-session-count":\(failures)},"failure-details":[\(details)]}
        """
    }

    private func detail(_ type: String, _ sessions: Int64, host: String? = nil, code: String? = nil) -> String {
        #"{"result-type":"\#(type)","failed-session-count":\#(sessions),"sending-mta-ip":"192.0.2.1""#
            + (host.map { #","receiving-mx-hostname":"\#($0)""# } ?? "")
            + (code.map { #","failure-reason-code":"\#($0)""# } ?? "") + "}"
    }

    private func json(_ document: some CheckDocument) -> String {
        String(decoding: ControlJSON.encode(document) ?? [], as: UTF8.self)
    }

    @Test("nothing was read")
    func nothing() {
        let document = ReceivedReportTally().result
        #expect(!document.isGood, "who asks for reports and gets none is not to think that all is well")
        #expect(
            document.text(TextStyle(width: 200, isColoured: false))
                == "No report was read. Name files of reports, or the folder or Maildir in which they are.\n")
        #expect(
            json(document)
                == #"{"advice":[],"begin_at":null,"duplicates":[],"end_at":null,"failed_sessions":0,"faulty":[],"notes":[],"policies":[],"reports":0,"successful_sessions":0,"unreadable":[]}"#
        )
    }

    @Test("one id, two contents: both are told, the first counts")
    func sameID() throws {
        var tally = ReceivedReportTally()
        tally.add(try report(policies: policy("sts", 1, 0)), file: "a.json")
        tally.add(try report(policies: policy("sts", 1, 5)), file: "b.json")
        tally.add(try report(policies: policy("sts", 1, 0)), file: "c.json")
        tally.add(try report("Other", policies: policy("sts", 2, 0)), file: "d.json")
        let text = tally.result.text(TextStyle(width: 200, isColoured: false))
        #expect(text.hasPrefix("2 reports from 2 reporters for 2026-11-20 (UTC): 3 sessions succeeded, 0 failed.\n"))
        #expect(
            text.contains(
                "Passed over\n  b.json: the report r1 of Example says something else than the one with this id in a.json, "
                    + "which counts; this one does not: ask the reporter which is right\n"))
        #expect(text.contains("Counted once\n  c.json: the same report as in a.json\n"))
        #expect(tally.result.isGood)
    }

    @Test("one report without failures")
    func clean() throws {
        var tally = ReceivedReportTally()
        tally.add(try report(policies: policy("no-policy-found", 1, 0)), file: "a.json")
        #expect(
            tally.result.text(plain) == """
                1 report from 1 reporter for 2026-11-20 (UTC): 1 session succeeded, 0 failed.

                   FAILED  SUCCEEDED  REPORTER, POLICY AND FAILURE
                        0          1  Example: no policy for d.example

                """)
    }

    @Test("all there can be, worst first, added up over days")
    func everything() throws {
        var tally = ReceivedReportTally()
        let first = [
            policy(
                "tlsa", 9, 2, domain: "mx.d.example",
                details: detail("validation-failure", 2, host: "mx1", code: "tlsa-mismatch")),
            policy(
                "sts", 5, 7,
                details: [
                    detail("certificate-expired", 1, host: "MX1"), detail("certificate-expired", 3, host: "mx2"),
                    detail("novel", 2, host: "mx2"),
                ].joined(separator: ",")),
        ]
        tally.add(try report(policies: first.joined(separator: ",")), file: "a.json")
        let second = policy("sts", 5, 4, domain: "D.Example", details: detail("certificate-expired", 4, host: "mx1"))
        tally.add(try report(id: "r2", day: "2026-11-21", policies: second, contact: "null"), file: "b.eml")
        tally.add(try report("Other", policies: policy("sts", 100, 1)), file: "c.json")
        tally.add(try report(policies: first.joined(separator: ",")), file: "d.json")
        tally.add(unreadable: "e.json", why: "it is empty")
        tally.add(note: "f: 2 folders")
        let document = tally.result
        #expect(!document.isGood)
        #expect(
            document.text(plain) == """
                3 reports from 2 reporters for 2026-11-20 to 2026-11-21 (UTC): 119 sessions succeeded, 14 failed.

                   FAILED  SUCCEEDED  REPORTER, POLICY AND FAILURE
                       11         10  Example: MTA-STS for d.example
                        5               certificate-expired at mx1
                        3               certificate-expired at mx2
                        2               novel at mx2
                        2          9  Example: DANE for mx.d.example
                        2               validation-failure (tlsa-mismatch) at mx1
                        1        100  Other: MTA-STS for d.example
                                        the reports do not say what failed

                What the failures mean
                  certificate-expired
                    The certificate's time is over. Renew it, and make the mail server load it
                    anew: a certificate renewed on disk is often not the one that is shown.
                    Check every address of the host.
                  novel
                    No result type of RFC 8460 §4.3 has this name: ask the reporter what is
                    meant.
                  validation-failure (tlsa-mismatch)
                    No TLSA record of the host matches the certificate that it showed. The
                    records must follow each change of certificate or key: publish the new ones
                    first, and remove the old ones only after the change. Check every address of
                    the host, each may show another certificate.

                Wrong in reports that were read
                  a.json: there is no result-type "novel"
                  b.eml: contact-info is null

                Counted once
                  d.json: the same report as in a.json

                Passed over
                  f: 2 folders

                Not read
                  e.json: it is empty

                """)
        let text = json(document)
        for part in [
            #""begin_at":1795132800,"duplicates":[{"file":"d.json","report_id":"r1","same_as":"a.json"}],"end_at":1795305599"#,
            #""failed_sessions":14,"faulty":[{"faults":["there is no result-type \"novel\""],"file":"a.json","report_id":"r1"}"#,
            #"{"contact":"a@b.example","failed_sessions":11,"failures":[{"reason_code":null,"receiving_host":"mx1","#
                + #""result_type":"certificate-expired","sessions":5}"#,
            #""policy_domain":"d.example","policy_type":"sts","reporter":"Example","reports":2,"successful_sessions":10}"#,
            #"{"meaning":null,"reason_code":null,"remedy":null,"result_type":"novel","sessions":2}"#,
            #""reports":3,"successful_sessions":119,"unreadable":[{"file":"e.json","why":"it is empty"}]}"#,
        ] { #expect(text.contains(part), "\(part)") }
    }

    @Test("strangers' strings are escaped in the table, and cut")
    func strangers() throws {
        var tally = ReceivedReportTally()
        let evil = #"x\u001b[31m\r\n\u202e\u0085"#
        let policies = [
            policy(evil, 1, 3, domain: evil, details: detail(evil, 1, host: evil, code: evil)),
            policy("sts", 1, 1, domain: String(repeating: "long", count: 100) + "end"),
        ]
        tally.add(
            try report(evil, policies: policies.joined(separator: ","), contact: "\"\(evil)\""),
            file: "\u{1B}[2J\n.json")
        tally.add(unreadable: "\u{1B}]0;x\u{7}", why: "\u{1B}[31m")
        tally.add(note: "\u{9B}31m")
        for style in [plain, TextStyle(width: 80, isColoured: true)] {
            let text = tally.result.text(style)
            let harmless = text.replacing(/\u{1B}\[\d+m(?=[A-Z0-9 ])|\u{1B}\[0m/, with: "")
            #expect(harmless.unicodeScalars.allSatisfy { $0 == "\n" || !LogLine.isUnsafe($0) })
            #expect(text.contains(#"x\u{1b}[31m\r\n\u{202e}\u{85}"#))
            let lines = harmless.split(separator: "\n")
            #expect(lines.contains { $0.hasSuffix("longend") && $0.contains("…") && $0.count < 140 })
        }
    }

    @Test("failures shown, and one past their number")
    func many() throws {
        for count in [ReceivedReportsDocument.failuresShown, ReceivedReportsDocument.failuresShown + 1] {
            var tally = ReceivedReportTally()
            let details = (0..<count).map { detail("certificate-expired", 1, host: "mx\($0)") }
            tally.add(
                try report(policies: policy("sts", 0, Int64(count), details: details.joined(separator: ","))), file: "a"
            )
            let text = tally.result.text(plain)
            #expect(text.matches(of: /certificate-expired at mx/).count == ReceivedReportsDocument.failuresShown)
            #expect(
                text.contains("and 1 more (--json has all of them)") == (count > ReceivedReportsDocument.failuresShown))
            #expect(json(tally.result).matches(of: /"receiving_host"/).count == count)
        }
    }

    @Test("counts at the end of their range do not trap")
    func overflow() throws {
        var tally = ReceivedReportTally()
        for id in ["1", "2"] {
            let entry = policy("sts", .max, .max, details: detail("certificate-expired", .max))
            tally.add(try report(id: id, policies: "\(entry),\(entry)"), file: id)
        }
        #expect(json(tally.result).contains(#""successful_sessions":9223372036854775807"#))
    }

    @Test("the same id of another reporter is another report")
    func duplicates() throws {
        var tally = ReceivedReportTally()
        tally.add(try report("A", policies: policy("sts", 1, 0)), file: "a")
        tally.add(try report("B", policies: policy("sts", 1, 0)), file: "b")
        #expect(tally.result.reports == 2)
        tally.add(try report("B", policies: policy("sts", 1, 0)), file: "b")
        #expect(tally.result.reports == 2)
    }
}
