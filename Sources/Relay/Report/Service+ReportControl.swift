import Mail
import Store
import Synchronization

/// What the control socket shows of reports, and the order to send them.
extension Service {
    public func reports(_ query: ReportQuery) async throws -> ReportStatusView {
        let now = Self.clock()
        let today = ReportDay(of: now)
        // Whoever was mailed yesterday and not today has a report all the same.
        var names: Set<DomainName> = []
        var today0: [DomainName: CountedDomain] = [:]
        if let domain = query.domain {
            names = [domain]
            let counts = try await store.counts(for: domain, day: today)
            today0[domain] = CountedDomain(
                domain: domain, successes: counts.reduce(0) { $0 &+ $1.successes },
                failures: counts.reduce(0) { $0 &+ $1.failures })
        } else {
            for counted in try await store.countedDomains(day: today, after: query.after, limit: query.limit) {
                names.insert(counted.domain)
                today0[counted.domain] = counted
            }
            for report in try await store.reports(day: today.previous, after: query.after, limit: query.limit) {
                names.insert(report.domain)
            }
        }
        let page = names.sorted { $0.text < $1.text }.prefix(query.limit)
        var domains: [ReportDomainView] = []
        for domain in page {
            let counted = today0[domain]
            domains.append(
                ReportDomainView(
                    domain: domain.text, sessions: (counted?.successes ?? 0) &+ (counted?.failures ?? 0),
                    failures: counted?.failures ?? 0, last: try await lastReport(of: domain, before: today)))
        }
        let settings = configuration.tlsrpt
        let missing = settings.missing(configuration.dkim, at: now)
        return ReportStatusView(
            enabled: reports != nil && missing.isEmpty, missing: missing, problems: await reportProblems(at: now),
            organization: settings.organization,
            contact: settings.contact?.description, submitter: settings.submitterDomain?.text, day: today.description,
            sendFrom: today.next.start.seconds,
            sendUntil: today.next.start.seconds &+ settings.spread.components.seconds,
            droppedSessions: try await store.droppedSessions(day: today),
            observationsTaken: settings.socket.map { _ in observed.taken.load(ordering: .relaxed) },
            observationsDropped: settings.socket.map { _ in observed.dropped.load(ordering: .relaxed) },
            domains: domains,
            suppressed: try await store.suppressions(at: now, limit: ReportLimits.page).map(ReportSuppressionView.init),
            next: page.count < query.limit ? nil : page.last?.text)
    }

    /// Days that are looked back for the newest report of a domain that is mailed seldom.
    private static let lastReportDays = 7

    private func lastReport(of domain: DomainName, before today: ReportDay) async throws -> ReportView? {
        var day = today.previous
        for _ in 0..<Self.lastReportDays {
            if let report = try await store.report(for: domain, day: day) { return ReportView(report) }
            day = day.previous
        }
        return nil
    }

    public func reportPreview(_ query: ReportQuery) async throws -> ReportPreviewPage {
        try await reportPreview(query, octetLimit: ReportPreviewPage.octetLimit)
    }

    /// - Parameter octetLimit: octets of reports in the page, unless the first alone is longer.
    func reportPreview(_ query: ReportQuery, octetLimit: Int) async throws -> ReportPreviewPage {
        let day = query.day ?? ReportDay(of: Self.clock())
        let domains: [DomainName]
        if let domain = query.domain {
            domains = [domain]
        } else {
            domains = try await store.countedDomains(day: day, after: query.after, limit: query.limit).map(\.domain)
        }
        let contact = reports?.contact ?? configuration.tlsrpt.contact.flatMap(ReportContact.init)
        let sender = contact ?? ReportContact(.postmaster(at: hostname))
        guard let sender else { return ReportPreviewPage(reports: []) }
        var previews: [ReportPreview] = []
        var octets = 0
        var next = query.domain != nil || domains.count < query.limit ? nil : domains.last
        var last: DomainName?
        for domain in domains {
            let policies = try await store.counts(for: domain, day: day)
            if policies.isEmpty { continue }
            let planned = try await store.report(for: domain, day: day).flatMap { ReportID($0.id) }
            let report = TLSReport(
                organization: configuration.tlsrpt.organization ?? hostname.text, contact: sender, domain: domain,
                day: day, id: planned ?? ReportID(domain: domain, day: day, submitter: sender.domain, salt: 0),
                policies: policies)
            let json = report.json()
            octets += json.count
            if octets > octetLimit, !previews.isEmpty {
                next = last
                break
            }
            last = domain
            previews.append(
                ReportPreview(
                    domain: domain.text, day: day.description, fileName: report.fileName, subject: report.subject,
                    report: String(decoding: json, as: UTF8.self), summary: report.summaryText))
        }
        return ReportPreviewPage(reports: await withDestinations(previews), next: next?.text)
    }

    /// Says of each where it would go, asked of DNS at the same time.
    private func withDestinations(_ previews: [ReportPreview]) async -> [ReportPreview] {
        await withTaskGroup(of: (Int, ReportPreview).self) { group in
            for (index, preview) in previews.enumerated() {
                group.addTask {
                    var preview = preview
                    guard let domain = try? DomainName(preview.domain) else { return (index, preview) }
                    if let override = self.configuration.tlsrpt.overrides.first(where: { $0.domain == domain }) {
                        preview.destinations = override.destinations.map(\.uri)
                        return (index, preview)
                    }
                    switch await self.resolver.tlsrpt(of: domain) as RecordReading<TLSRPTRecord> {
                    case .found(let record):
                        preview.destinations = record.rua.map(\.uri)
                        if record.rua.isEmpty { preview.destinationError = "no rua of the record can be sent to" }
                    case .none(let why):
                        preview.destinationError = "nobody asks for it: no record at _smtp._tls.\(domain) (\(why))"
                    case .failed(let why):
                        preview.destinationError = "not known, for _smtp._tls.\(domain) cannot be looked up: \(why)"
                    }
                    return (index, preview)
                }
            }
            var told = previews
            for await (index, preview) in group { told[index] = preview }
            return told
        }
    }

    public func sendReports(_ query: ReportQuery) async throws -> ReportSendView {
        let now = Self.clock()
        let day = query.day ?? ReportDay(of: now).previous
        func refused(_ why: String) -> ReportSendView { ReportSendView(day: day.description, domains: [], error: why) }
        let missing = configuration.tlsrpt.missing(configuration.dkim, at: now)
        guard reports != nil, missing.isEmpty else {
            return refused("no reports are sent: \(missing.joined(separator: "; "))")
        }
        let today = ReportDay(of: now)
        guard day <= today else { return refused("\(day) is not over") }
        guard day < today else {
            return refused("\(day) is not over, and a domain gets one report a day: relayctl tlsrpt preview shows it")
        }
        guard let domain = query.domain else {
            let names = try await plannedDomains(of: day)
            let count = try await store.hasten(day: day, domain: nil, at: now)
            guard count > 0 else { return refused("no report for \(day) waits to be sent") }
            return ReportSendView(day: day.description, domains: names, count: count)
        }
        guard try await sendAgain(domain, day: day, at: now) else {
            return refused("there is no report of \(domain) for \(day) that could be sent")
        }
        return ReportSendView(day: day.description, domains: [domain.text], count: 1)
    }

    /// Whose reports of `day` wait for their time; the first of them, for the answer.
    private func plannedDomains(of day: ReportDay) async throws -> [String] {
        var names: [String] = []
        var after: DomainName?
        repeat {
            let page = try await store.reports(day: day, after: after, limit: ReportLimits.page)
            names += page.filter { $0.state == .planned }.map(\.domain.text)
            after = page.count == ReportLimits.page ? page.last?.domain : nil
        } while after != nil && names.count < ReportSendView.namesLimit
        return Array(names.prefix(ReportSendView.namesLimit))
    }

    /// A planned report goes at once. One that has ended goes again, for the operator named its domain, to addresses that were
    /// suppressed as well: he knows better.
    /// - Returns: false where there is none, or it is on its way.
    private func sendAgain(_ domain: DomainName, day: ReportDay, at now: WallTime) async throws -> Bool {
        if try await store.hasten(day: day, domain: domain, at: now) > 0 { return true }
        guard let report = try await store.report(for: domain, day: day), report.state == .ended else { return false }
        for destination in report.destinations
        where destination.state == .suppressed || destination.state == .failed {
            _ = try await store.removeSuppression(destination.uri, for: domain)
        }
        try await store.replan(domain, day: day, at: now)
        return true
    }
}
