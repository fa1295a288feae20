import Mail
import Net
import Store
import Testing

@testable import Relay

/// What the daemon tells and does of reports when it is asked.
@Suite("Reports of a service", .timeLimit(.minutes(10)))
struct ServiceReportTests {
    private static let today = ReportDay(of: Service.clock())

    /// Runs `body` with a service whose reports are on, or off.
    private func serve(isOn: Bool = true, notBefore: WallTime? = nil, _ body: (Service) async throws -> Void)
        async throws
    {
        var world = try ServiceWorld()
        world.configuration.tlsrpt.spread = .zero
        world.configuration.dns.lookupTimeout = .seconds(1)
        if isOn {
            world.configuration.tlsrpt.organization = "Sender"
            world.configuration.tlsrpt.contact = try Mailbox(parsing: "tls@sender.example".utf8)
            let key = try KeyFile(DKIMKeyFiles.ed25519())
            world.configuration.dkim.keys = [try key.written("s1", "sender.example")]
            world.configuration.dkim.keys[0].notBefore = notBefore
            let service = Service(try await world.parts("silent"))
            try await body(service)
            await world.end(service)
            withExtendedLifetime(key) {}
        } else {
            let service = Service(try await world.parts("silent"))
            try await body(service)
            await world.end(service)
        }
    }

    private static func plan(_ service: Service, _ domain: String, day: ReportDay) async throws {
        try await ReportWorld.count(service.store, domain, day: day)
        try await service.store.plan([
            PlannedReport(
                domain: try DomainName(domain), day: day, id: "2026+\(domain)+1@sender.example",
                dueAt: Service.clock().advanced(by: 7200))
        ])
    }

    @Test("RPTF-04 Off: what is missing is said, counts are shown, and nothing is sent")
    func off() async throws {
        try await serve(isOn: false) { service in
            try await ReportWorld.count(service.store, "a.example", day: Self.today)
            let view = try await service.reports(ReportQuery())
            #expect(!view.enabled && view.missing.count == 2 && view.domains.map(\.domain) == ["a.example"])
            let sent = try await service.sendReports(ReportQuery(domain: try DomainName("a.example")))
            #expect(sent.domains.isEmpty && sent.error?.contains("tlsrpt.organization is not set") == true)
            // A preview needs no organisation: our own name stands in.
            let preview = try await service.reportPreview(ReportQuery())
            #expect(preview.reports.first?.report.contains("relay.example") == true)
        }
    }

    @Test("Today's counts and yesterday's reports in one list, and one domain alone")
    func status() async throws {
        try await serve { service in
            try await ReportWorld.count(service.store, "a.example", day: Self.today)
            try await Self.plan(service, "b.example", day: Self.today.previous)
            let view = try await service.reports(ReportQuery())
            #expect(view.enabled && view.missing.isEmpty && view.submitter == "sender.example")
            #expect(view.domains.map(\.domain) == ["a.example", "b.example"])
            #expect(view.domains.map(\.sessions) == [1, 0] && view.domains.last?.last?.state == "planned")
            #expect(view.sendFrom == Self.today.next.start.seconds && view.sendUntil == view.sendFrom)
            let one = try await service.reports(ReportQuery(domain: try DomainName("b.example")))
            #expect(one.domains.map(\.domain) == ["b.example"] && one.domains.first?.last != nil)
            let page = try await service.reports(ReportQuery(limit: 1))
            #expect(page.domains.map(\.domain) == ["a.example"] && page.next == "a.example")
        }
    }

    @Test("RPTF-16 A key that has not begun, or is not published, keeps reports from being sent, and status says so")
    func keys() async throws {
        try await serve { service in
            let view = try await service.reports(ReportQuery())
            #expect(view.problems.count == 1, "\(view.problems)")
            #expect(
                view.problems.first?.hasPrefix("no key may sign reports of sender.example now: s1._domainkey.") == true)
            let warnings = await service.keyWarnings(at: Service.clock())
            #expect(warnings.count == 1, "\(warnings)")
            #expect(warnings.first?.hasPrefix("the DKIM key s1._domainkey.sender.example may not sign: it ") == true)
        }
        try await serve(notBefore: Service.clock().advanced(by: 86_400)) { service in
            let view = try await service.reports(ReportQuery())
            #expect(!view.enabled && view.problems.isEmpty && view.missing.count == 1)
            #expect(view.missing.first?.hasPrefix("no key of sender.example has begun") == true)
            let sent = try await service.sendReports(ReportQuery())
            #expect(sent.error?.contains("has begun") == true && sent.count == 0)
            #expect(await service.status().warnings.contains { $0.hasPrefix("no TLS-RPT reports are sent: no key of") })
        }
    }

    @Test("A socket that cannot be opened does not stop the relay")
    func socket() async throws {
        var world = try ServiceWorld()
        world.configuration.tlsrpt.socket = "/nonexistent/t.sock"
        let service = Service(try await world.parts("silent"))
        #expect(service.listenForObservations(on: service.loops.next()) == nil)
        #expect(world.log.events.contains("observations-off"))
        await world.end(service)
    }

    @Test("A preview says where the report would go, by the override, or why that is not known")
    func destinations() async throws {
        var world = try ServiceWorld()
        world.configuration.dns.lookupTimeout = .seconds(1)
        var override = Configuration.WrittenOverride()
        override.domain = try DomainName("a.example")
        override.destinations = [.address(try #require(ReportAddress("mailto:t@r.example")))]
        world.configuration.tlsrpt.overrides = [override]
        let service = Service(try await world.parts("silent"))
        for name in ["a.example", "b.example"] { try await ReportWorld.count(service.store, name, day: Self.today) }
        let page = try await service.reportPreview(ReportQuery())
        #expect(page.reports.map(\.destinations) == [["mailto:t@r.example"], []])
        #expect(page.reports.first?.destinationError == nil && page.reports.last?.destinationError != nil)
        let octets = page.reports.reduce(0) { $0 + $1.report.utf8.count }
        let whole = try await service.reportPreview(ReportQuery(), octetLimit: octets)
        #expect(whole.reports.count == 2 && whole.next == nil)
        let part = try await service.reportPreview(ReportQuery(), octetLimit: octets - 1)
        #expect(part.reports.map(\.domain) == ["a.example"] && part.next == "a.example")
        let first = try await service.reportPreview(ReportQuery(), octetLimit: 0)
        #expect(first.reports.map(\.domain) == ["a.example"])
        #expect(page.reports.allSatisfy { !$0.summary.contains("asks for such reports") })
        await world.end(service)
    }

    @Test("RPTF-05 A preview of a report that is planned has its id")
    func preview() async throws {
        try await serve { service in
            let day = Self.today.previous
            try await Self.plan(service, "b.example", day: day)
            let domain = try DomainName("b.example")
            let page = try await service.reportPreview(ReportQuery(day: day, domain: domain))
            let report = try #require(page.reports.first)
            #expect(report.report.contains("2026+b.example+1@sender.example") && page.next == nil)
            #expect(report.subject.contains("2026+b.example+1@sender.example"))
            let none = try await service.reportPreview(ReportQuery(domain: domain))
            #expect(none.reports.isEmpty)
        }
    }

    @Test("A planned report is due at once; a day that is not over, and what is not there, are refused")
    func send() async throws {
        try await serve { service in
            let day = Self.today.previous
            try await Self.plan(service, "a.example", day: day)
            try await Self.plan(service, "b.example", day: day)
            let early = try await service.sendReports(ReportQuery(day: Self.today))
            #expect(early.domains.isEmpty && early.error?.contains("is not over") == true)
            let future = try await service.sendReports(ReportQuery(day: Self.today.next))
            #expect(future.error == "\(Self.today.next) is not over")
            let missing = try await service.sendReports(ReportQuery(domain: try DomainName("c.example")))
            #expect(missing.domains.isEmpty && missing.error?.contains("c.example") == true)
            #expect(try await service.sendReports(ReportQuery()).domains == ["a.example", "b.example"])
            let due = try await service.store.dueReports(at: Service.clock(), limit: 10)
            #expect(due.map(\.domain.text).sorted() == ["a.example", "b.example"])
        }
    }

    @Test(
        "RPTF-05 RPTF-21 A report that has ended goes again only where its domain is named, with its id, past suppression"
    )
    func again() async throws {
        try await serve { service in
            let (day, now) = (Self.today.previous, Service.clock())
            try await Self.plan(service, "a.example", day: day)
            let domain = try DomainName("a.example")
            var report = try await service.store.report("a.example", day: day)
            let uri = "mailto:t@r.example"
            report.state = .underWay
            report.begunAt = now
            report.destinations = [ReportDestination(uri: uri, state: .suppressed, words: "550")]
            _ = try await service.store.begin(report, body: [1], mails: [])
            #expect(try await service.store.report("a.example", day: day).state == .ended)
            #expect(try await service.sendReports(ReportQuery()).domains.isEmpty)
            #expect(try await service.sendReports(ReportQuery(domain: domain)).domains == ["a.example"])
            let again = try await service.store.report("a.example", day: day)
            #expect(again.state == .planned && again.id == report.id && again.destinations.isEmpty)
            #expect(try await service.store.suppressions([uri], for: domain, at: now).isEmpty)
        }
    }
}
