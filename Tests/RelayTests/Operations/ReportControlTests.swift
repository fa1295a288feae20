import Mail
import Store
import Testing

@testable import Relay

/// `/v1/tlsrpt` on the control socket, and the words for people.
@Suite("Reports on the control socket", .timeLimit(.minutes(10)))
struct ReportControlTests {
    @Test(
        "what is answered to what",
        arguments: [
            ("GET /v1/tlsrpt", 200, "\"dropped_sessions\":0"),
            ("GET /v1/tlsrpt?domain=D.example&limit=100", 200, "\"submitter\":\"org.example\""),
            ("GET /v1/tlsrpt?after=d.example", 200, "e.example"),
            ("GET /v1/tlsrpt?day=2026-11-21", 400, "unknown-parameter"),
            ("GET /v1/tlsrpt?limit=0", 400, "bad-limit"), ("GET /v1/tlsrpt?limit=101", 400, "bad-limit"),
            ("GET /v1/tlsrpt?domain=a..b", 400, "bad-domain"), ("GET /v1/tlsrpt?after=a..b", 400, "bad-domain"),
            ("GET /v1/tlsrpt?domain=broken.example", 500, "internal"),
            ("POST /v1/tlsrpt", 405, "Allow: GET"),
            ("GET /v1/tlsrpt/preview", 200, "\"day\":\"today\""),
            ("GET /v1/tlsrpt/preview?day=2026-11-20&domain=x.example", 200, "\"day\":\"2026-11-20\""),
            ("GET /v1/tlsrpt/preview?day=2026-02-30", 400, "bad-day"),
            ("GET /v1/tlsrpt/preview?day=", 400, "bad-day"),
            ("GET /v1/tlsrpt/preview?dy=2026-11-20", 400, "Known are day, domain, after, limit"),
            ("POST /v1/tlsrpt/preview", 405, "Allow: GET"),
            ("GET /v1/tlsrpt/preview/x", 404, "not-found"), ("GET /v1/tlsrpt/other", 404, "not-found"),
            ("POST /v1/tlsrpt/send", 200, "\"error\":\"nothing waits\""),
            ("POST /v1/tlsrpt/send?domain=d.example&day=2026-11-20", 200, "\"domains\":[\"d.example\"]"),
            ("GET /v1/tlsrpt/send", 405, "Allow: POST"), ("DELETE /v1/tlsrpt/send", 405, "method-not-allowed"),
            ("POST /v1/tlsrpt/send?limit=1", 400, "Known are day, domain"),
            ("POST /v1/tlsrpt/send?after=a.example", 400, "unknown-parameter"),
            ("POST /v1/tlsrpt/send?day=yesterday", 400, "bad-day"),
        ])
    func answers(request: String, status: Int, part: String) async throws {
        try await ControlTests().serve { path in
            let answer = await ControlTests.exchange(path, Array("\(request) HTTP/1.1\r\n\r\n".utf8))
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            #expect(answer.contains(part), "\(answer)")
        }
    }

    @Test("a body is refused where nothing may be ordered by it")
    func body() async throws {
        try await ControlTests().serve { path in
            let answer = await ControlTests.exchange(
                path, Array("POST /v1/tlsrpt/send HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}".utf8))
            #expect(answer.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test("the client asks for what it is asked for")
    func client() async throws {
        try await ControlTests().serve { path in
            let client = ControlClient(socket: path)
            let domain = try DomainName("d.example")
            let first = try await client.reports(ReportQuery()).view
            #expect(first.next == "d.example" && first.domains.map(\.domain) == ["d.example"])
            #expect(try await client.reports(ReportQuery(after: domain)).view.next == nil)
            let day = try #require(ReportDay(text: "2026-11-20"))
            let preview = try await client.reportPreview(ReportQuery(day: day, domain: domain)).view
            #expect(preview.reports.map(\.day) == ["2026-11-20"] && preview.reports.map(\.domain) == ["d.example"])
            let sent = try await client.sendReports(ReportQuery(day: day, domain: domain)).view
            #expect(sent == ReportSendView(day: "2026-11-20", domains: ["d.example"]))
        }
    }

    // MARK: Words

    static let plain = TextStyle(width: 100, isColoured: false)
    static let now = WallTime(seconds: 1_795_273_200)

    static func view(_ change: (inout ReportStatusView) throws -> Void) rethrows -> ReportStatusView {
        var view = ReportStatusView(
            enabled: true, missing: [], organization: "Org", contact: "t@org.example", submitter: "org.example",
            day: "2026-11-21", sendFrom: 1_795_305_600, sendUntil: 1_795_320_000, droppedSessions: 0, domains: [],
            suppressed: [])
        try change(&view)
        return view
    }

    static func report(_ change: (inout ReportView) -> Void = { _ in }) throws -> ReportView {
        var report = ReportView(
            StoredReport(
                domain: try DomainName("a.example"), day: ReportDay(of: now).previous, id: "x@org.example"))
        change(&report)
        return report
    }

    private static func status(_ view: ReportStatusView) -> String { ReportText.status(view, now: now, style: plain) }

    @Test("RPTF-04 Off says what is missing, on says for whom")
    func onOff() {
        let off = Self.status(
            Self.view {
                $0.enabled = false
                $0.missing = ["tlsrpt.organization is not set", "tlsrpt.contact is not set"]
            })
        #expect(off.contains("off: tlsrpt.organization is not set; tlsrpt.contact is not set"))
        let on = Self.status(Self.view { _ in })
        #expect(on.contains("on, for Org (org.example)") && on.contains("2026-11-21 (UTC)"))
        #expect(on.contains("Nothing is counted today"))
        #expect(!off.contains("go out") && on.contains("go out"))
        let kept = Self.status(Self.view { $0.problems = ["no key may sign"] })
        #expect(kept.contains("warning: no report can be sent now: no key may sign"))
    }

    @Test("Sessions, failures, and of the last report what is most worth saying")
    func table() throws {
        let text = Self.status(
            try Self.view {
                $0.domains = [
                    ReportDomainView(
                        domain: "a.example", sessions: 12, failures: 0,
                        last: try Self.report {
                            $0.outcome = "accepted"
                            $0.destinations = [Self.destination("mailto:t@r.example", "accepted", "250 ok")]
                        }),
                    ReportDomainView(
                        domain: "b.example", sessions: 0, failures: 0,
                        last: try Self.report {
                            $0.state = "under-way"
                            $0.destinations = [
                                Self.destination("https://r.example/x", "due", "r.example answered 503"),
                                Self.destination("mailto:u@r.example", "queued", nil),
                            ]
                        }),
                    ReportDomainView(domain: "c.example", sessions: 1, failures: 1, last: nil),
                ]
                $0.next = "c.example"
                $0.droppedSessions = 7
            })
        #expect(text.contains("warning: 7 sessions of today are not counted"))
        let lines = text.split(separator: "\n").map(String.init)
        let a = lines.first { $0.hasPrefix("a.example") } ?? ""
        #expect(a.contains("12") && a.contains("accepted") && !a.contains("250 ok"))
        let b = lines.first { $0.hasPrefix("b.example") } ?? ""
        #expect(b.contains("https://r.example/x: r.example answered 503 (and 1 more)") && b.contains("under-way"))
        #expect(lines.contains { $0.hasPrefix("c.example") } && text.contains("and there are more"))
    }

    private static func destination(_ uri: String, _ state: String, _ words: String?) -> ReportDestinationView {
        var view = ReportDestinationView(.init(uri: uri, state: .due))
        view.state = state
        view.words = words
        return view
    }

    @Test("RPTF-27 Strangers' words do not reach the terminal as they are")
    func harmless() throws {
        let evil = "550 \u{1B}[2Jgone\r\nFAKE LINE"
        let text = Self.status(
            try Self.view {
                $0.domains = [
                    ReportDomainView(
                        domain: "a.example", sessions: 1, failures: 1,
                        last: try Self.report {
                            $0.destinations = [Self.destination("mailto:t@r.example", "failed", evil)]
                        })
                ]
                $0.suppressed = [
                    ReportSuppressionView(
                        ReportSuppression(
                            domain: try DomainName("a.example"), uri: "mailto:t@r.example", since: Self.now,
                            until: Self.now.advanced(by: 86_400),
                            words: evil))
                ]
            })
        #expect(!text.contains("\u{1B}") && !text.contains("\r"))
        #expect(!text.split(separator: "\n").contains { $0.hasPrefix("FAKE") })
        #expect(text.contains("relayctl tlsrpt send --domain NAME"))
        let preview = ReportText.preview(
            ReportPreviewPage(reports: [
                ReportPreview(
                    domain: "a.example", day: "2026-11-20", fileName: "f", subject: "s", report: "{}",
                    summary: "one \u{1B}[31m\ntwo\n")
            ]), style: Self.plain)
        #expect(!preview.contains("\u{1B}") && preview.contains("\ntwo\n"))
    }

    @Test("Preview and send, with something and with nothing")
    func others() {
        #expect(ReportText.preview(ReportPreviewPage(reports: []), style: Self.plain) == "Nothing is counted.\n")
        let none = ReportText.sent(ReportSendView(day: "2026-11-20", domains: [], error: "why"), style: Self.plain)
        #expect(none == "Nothing is sent: why.\n")
        let sent = ReportText.sent(ReportSendView(day: "2026-11-20", domains: ["a.example"]), style: Self.plain)
        #expect(sent.hasPrefix("1 report for 2026-11-20 on the way: a.example."))
        let names = (0...ReportSendView.namesLimit).map { "d\($0).example" }
        let many = ReportSendView(day: "2026-11-20", domains: names)
        #expect(many.domains.count == ReportSendView.namesLimit && many.count == names.count)
        #expect(ReportText.sent(many, style: Self.plain).contains(", and 1 more."))
    }
}
