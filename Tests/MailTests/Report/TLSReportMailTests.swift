import Testing

@testable import Mail

/// The mail that carries a report (RFC 8460 §5.3).
@Suite("TLS-RPT report mail")
struct TLSReportMailTests {
    private static let id = QueueID("0123456789bcdfghjklm")

    private func lines(
        _ report: TLSReport, from: Mailbox = SampleReport.contact,
        to: Mailbox = SampleReport.mailbox("tls@example.org"),
        attachment: [UInt8] = Array("packed".utf8)
    ) throws -> [String] {
        let mail = TLSReportMail(
            report: report, from: from, to: to, date: WallTime(seconds: 1_795_200_000), id: try #require(Self.id))
        let content = mail.content(attachment: attachment)
        #expect(content.allSatisfy { (0x20...0x7E).contains($0) || [0x09, 0x0A, 0x0D].contains($0) })
        let lines = String(decoding: content, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(!lines.contains { $0.utf8.contains(0x0A) || $0.utf8.contains(0x0D) }, "CRLF throughout")
        #expect(lines.allSatisfy { $0.utf8.count <= 998 })
        #expect(lines.last == "")
        return lines.map(String.init)
    }

    @Test("RPTF-13 RPTF-14 RPTF-15 RPTF-20 RPTF-21 header, two parts and no more")
    func whole() throws {
        let lines = try lines(SampleReport.make(), attachment: [UInt8](repeating: 0xFF, count: 60))
        let expected = """
            From: tls-reports@waxwing.example
            To: tls@example.org
            Subject: Report Domain: example.org Submitter: waxwing.example Report-ID:
             <2026-11-20+example.org+00000000000000ab@waxwing.example>
            Date: Fri, 20 Nov 2026 18:40:00 +0000
            Message-ID: <0123456789bcdfghjklm@waxwing.example>
            MIME-Version: 1.0
            Auto-Submitted: auto-generated
            TLS-Report-Domain: example.org
            TLS-Report-Submitter: waxwing.example
            TLS-Required: No
            Content-Type: multipart/report; report-type="tlsrpt";
            \tboundary="=_0123456789bcdfghjklm"

            This is a message in MIME format.

            --=_0123456789bcdfghjklm
            Content-Type: text/plain; charset="us-ascii"
            Content-Transfer-Encoding: 7bit

            This is a report about TLS in mail to example.org on 2026-11-20 (UTC), from
            Example (waxwing.example). It is sent because the TXT record at
            _smtp._tls.example.org asks for such reports (RFC 8460).

            No policy for example.org: 1 session succeeded, 0 failed.

            Nothing failed: there is nothing you need to do.

            The attached file is the whole report (JSON, compressed by gzip). Its id:
            2026-11-20+example.org+00000000000000ab@waxwing.example

            Questions about it go to
            tls-reports@waxwing.example

            --=_0123456789bcdfghjklm
            Content-Type: application/tlsrpt+gzip
            Content-Transfer-Encoding: base64
            Content-Disposition: attachment;
            \tfilename="waxwing.example!example.org!1795132800!1795219199!00000000000000ab.json.gz"

            \(String(repeating: "/", count: 76))
            \(String(repeating: "/", count: 4))
            --=_0123456789bcdfghjklm--

            """
        #expect(lines == expected.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
    }

    @Test("the summary says what failed, where, and what to look at")
    func summary() throws {
        let details = [
            DetailCount(
                FailureDetail(
                    .certificateExpired, receivingHost: "mx1.example.org", receivingAddress: IPAddress("192.0.2.9")),
                sessions: 4),
            DetailCount(
                FailureDetail(.validationFailure, reasonCode: "mx-mismatch", receivingHost: "mx7"), sessions: 7),
            DetailCount(FailureDetail(.stsPolicyFetchError), sessions: 5),
            DetailCount(FailureDetail(.startTLSNotSupported, receivingHost: "mx3"), sessions: 1),
            DetailCount(FailureDetail(.dnssecInvalid, receivingHost: "mx4"), sessions: 1),
        ]
        let again = DetailCount(
            FailureDetail(
                .certificateExpired, receivingHost: "mx1.example.org", receivingAddress: IPAddress("192.0.2.9")),
            sessions: 2)
        let policy = ReportedPolicy(
            .sts, domain: SampleReport.domain, strings: ["version: STSv1", "mode: testing", "mx: a"])
        let report = try SampleReport.make(policies: [
            PolicyCount(policy, successes: 5, failures: 18, details: details),
            PolicyCount(
                ReportedPolicy(.tlsa, domain: domainName("mx1.example.org")), successes: 0, failures: 2,
                details: [again]),
        ])
        let text = try lines(report).joined(separator: "\n")
        for expected in [
            "MTA-STS (mode testing) for example.org: 5 sessions succeeded, 18 failed.\n",
            "DANE for mx1.example.org: 0 sessions succeeded, 2 failed.\n",
            "\n1. validation-failure (mx-mismatch): 7 sessions\n   At mx7: 7\n   The MX host is not in the list",
            "\n2. certificate-expired: 6 sessions\n   At mx1.example.org [192.0.2.9]: 6\n   The certificate's time",
            "\n3. sts-policy-fetch-error: 5 sessions\n   A TXT record announces",
            "https://mta-sts.example.org/.well-known/mta-sts.txt",
            "\nThe file has 2 more kinds of failure.\n",
        ] { #expect(text.contains(expected), "\(expected)") }
        #expect(!text.contains("DOMAIN"))
        #expect(!text.contains("4. "))
    }

    @Test("RPTF-15 the longest names are folded and stay whole")
    func longest() throws {
        let lines = try lines(SampleReport.make(domain: SampleReport.longest))
        let start = try #require(lines.firstIndex { $0.hasPrefix("Subject:") })
        let field = lines[start...].prefix(1) + lines[(start + 1)...].prefix { $0.hasPrefix(" ") }
        // RFC 5322 §2.2.3: unfolding removes the line ends and nothing else.
        #expect(field.joined() == "Subject: " + (try SampleReport.make(domain: SampleReport.longest).subject))
        #expect(field.allSatisfy { $0.utf8.count <= 78 || !$0.dropFirst().contains(" ") }, "only what cannot be folded")
        #expect(!field.contains { $0.allSatisfy { $0 == " " } }, "no line of blanks alone")
    }

    @Test(
        "RPTF-27 no argument adds a field, a line or a part",
        arguments: [
            "x\r\nBcc: victim@example.net", "x\r\n\r\n--=_0123456789bcdfghjklm\r\nContent-Type: text/html",
            "x> ,<victim@example.net", "\u{0}\u{B}\u{C}\u{85}\u{2028}é", String(repeating: "x", count: 2000),
            "\r\n.\r\n", "\n", "",
        ])
    func injection(text: String) throws {
        let detail = FailureDetail(
            .certificateExpired, reasonCode: text, receivingHost: text, receivingHELO: text)
        let policy = ReportedPolicy(.sts, domain: SampleReport.domain, strings: [text], mxHosts: [text])
        let report = try SampleReport.make(
            organization: text,
            policies: [PolicyCount(policy, failures: 1, details: [DetailCount(detail, sessions: 1)])])
        let odd = Mailbox(localPart: text, domain: .name(SampleReport.domain))
        let content = try lines(report, from: odd, to: odd)
        let end = try #require(content.firstIndex(of: ""))
        let names = content[..<end].filter { !$0.hasPrefix(" ") && !$0.hasPrefix("\t") }
            .map { String($0.prefix { $0 != ":" }) }
        #expect(
            names == [
                "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "TLS-Report-Domain",
                "TLS-Report-Submitter", "TLS-Required", "Content-Type",
            ])
        #expect(content.count { $0.hasPrefix("--=_0123456789bcdfghjklm") } == 3)
        #expect(content[..<end].count { $0.contains("victim") } == 2 || !text.contains("victim"))
        for line in content[..<end] where line.hasPrefix("From:") || line.hasPrefix("To:") {
            // One address: what a hand-made local-part holds stays between quotation marks.
            #expect(line.hasSuffix("@example.org") || line.utf8.count == 998)
        }
    }

    @Test(
        "a mailbox of a field is one address",
        arguments: [
            ("tls", "tls@example.org"), ("a.b+c", "a.b+c@example.org"), ("\"a b\"", "\"a b\"@example.org"),
            ("a b", "\"a b\"@example.org"), ("a\"b\\", "\"a\\\"b\\\\\"@example.org"), ("a\nb", "\"a?b\"@example.org"),
            ("a@b", "\"a@b\"@example.org"), ("", "\"\"@example.org"),
        ])
    func headerForm(localPart: String, expected: String) {
        #expect(Mailbox(localPart: localPart, domain: .name(SampleReport.domain)).headerForm == expected)
    }

    @Test("every result type and each of our reason codes has its advice in ASCII")
    func advice() throws {
        let coded = try ReasonCode.allCases.map { try #require(ResultAdvice(reasonCode: $0.rawValue)) }
        for advice in ResultType.allCases.map(\.advice) + coded {
            #expect((advice.meaning + advice.remedy).utf8.allSatisfy { (0x20...0x7E).contains($0) })
            #expect(advice.meaning.hasSuffix(".") && advice.remedy.hasSuffix("."))
        }
        #expect(Set(ResultType.allCases.map(\.advice)).count == ResultType.allCases.count)
        #expect(Set(coded).count == ReasonCode.allCases.count)
        #expect(ResultAdvice(reasonCode: "mtasts-policy-mx-mismatch") == ReasonCode.mxMismatch.advice, "mox")
        #expect(ResultAdvice(reasonCode: "unknown") == nil)
        #expect(
            ResultAdvice(resultType: "validation-failure", reasonCode: "tlsa-mismatch")
                == ReasonCode.tlsaMismatch.advice)
        #expect(ResultAdvice(resultType: "validation-failure", reasonCode: "x") == ResultType.validationFailure.advice)
        #expect(ResultAdvice(resultType: "novel", reasonCode: "x") == nil)
    }
}
