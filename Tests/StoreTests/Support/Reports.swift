import Mail

@testable import Store

/// Makers of what TLS-RPT counts.
enum Reports {
    static let day = ReportDay(of: Fixture.start)

    static func sts(
        _ domain: String = "example.net", strings: [String] = ["version: STSv1", "mode: enforce"],
        mx: [String] = ["*.example.net"]
    ) throws -> ReportedPolicy {
        ReportedPolicy(.sts, domain: try DomainName(domain), strings: strings, mxHosts: mx)
    }

    static func session(
        _ domain: String = "example.net", _ policy: ReportedPolicy? = nil, _ failures: [FailureDetail] = []
    ) throws -> ReportedSession {
        ReportedSession(
            domain: try DomainName(domain), policy: try policy ?? sts(domain), failures: failures)
    }

    /// A failure between this host and one of many.
    static func detail(
        _ number: Int = 1, _ type: ResultType = .certificateExpired, reason: String? = nil
    ) -> FailureDetail {
        FailureDetail(
            type, reasonCode: reason, sendingAddress: .v4(0xC000_0201), receivingHost: "mx\(number).example.net",
            receivingHELO: "helo\(number)",
            receivingAddress: .v6(high: 0x2001_0db8_0000_0000, low: UInt64(truncatingIfNeeded: number)))
    }

    static func planned(
        _ domain: String = "example.net", day: ReportDay = day, due seconds: Int64 = 0
    ) throws -> PlannedReport {
        PlannedReport(
            domain: try DomainName(domain), day: day, id: "\(day).\(domain)@sender.example",
            dueAt: Fixture.start.advanced(by: seconds))
    }

    /// A mail that carries a report.
    static func mail(_ id: QueueID = Fixture.id()) throws -> NewMessage {
        var mail = try Fixture.message(id, to: ["reports.example"])
        mail.kind = .report
        mail.demand = .report
        return mail
    }

    /// A report on its way: its mails go to `mailto:` addresses in the order given, behind what else there is.
    static func underWay(
        _ planned: PlannedReport, others: [ReportDestination] = [], mails: [NewMessage] = []
    ) -> StoredReport {
        StoredReport(
            domain: planned.domain, day: planned.day, id: planned.id, state: .underWay, begunAt: planned.dueAt,
            successes: 7, failures: 3,
            destinations: others
                + mails.enumerated().map { number, mail in
                    ReportDestination(
                        uri: "mailto:tls\(number)@reports.example", state: .queued, message: mail.id)
                })
    }
}

extension SQLiteStore {
    /// A mail with a report of `domain` for `day`, and what became of it at so many seconds.
    func mailReport(
        _ domain: String = "example.net", day: ReportDay, _ outcome: Outcome, at seconds: Int64, wasSecured: Bool = true
    ) async throws {
        let (planned, mail) = (try Reports.planned(domain, day: day), try Reports.mail())
        try await plan([planned])
        let queued = try await begin(Reports.underWay(planned, mails: [mail]), body: [1], mails: [mail])[0]
        _ = try await settle(Reports.settlement(queued, outcome, at: seconds, wasSecured: wasSecured))
    }

    func policyCounts(_ domain: String = "example.net", day: ReportDay = Reports.day) async throws -> [PolicyCount] {
        try await counts(for: DomainName(domain), day: day)
    }

    func report(_ domain: String = "example.net", day: ReportDay = Reports.day) async throws -> StoredReport? {
        try await report(for: DomainName(domain), day: day)
    }

    func count(_ sessions: ReportedSession..., day: ReportDay = Reports.day) async throws {
        try await count(sessions, day: day)
    }

    /// Puts one mail into the queue and settles it with what was counted on its way.
    func deliver(_ sessions: [ReportedSession], day: ReportDay? = Reports.day) async throws {
        let queued = try await enqueue([Fixture.message()])[0]
        _ = try await settle(Reports.settlement(queued, sessions: sessions, day: day))
    }
}

extension Reports {
    static func settlement(
        _ queued: QueuedMessage, _ outcome: Outcome = .delivered(Reply(250, nil, "ok")),
        at seconds: Int64 = 0, isAttempt: Bool = true, wasSecured: Bool = false, sessions: [ReportedSession] = [],
        day: ReportDay? = day
    ) -> Settlement {
        let time = Fixture.start.advanced(by: seconds)
        return Settlement(
            message: queued.message.number,
            recipients: [
                RecipientOutcome(
                    queued.recipients[0], outcome, time: time, nextAttempt: time.advanced(by: 600),
                    deadline: queued.message.expiresAt, isAttempt: isAttempt, wasSecured: wasSecured)
            ],
            sessions: sessions, day: day)
    }
}

extension Fixture {
    /// A store with a report under way by `mails` mails, and `others`.
    func begun(
        mails: Int = 1, others: [ReportDestination] = []
    ) async throws -> (SQLiteStore, [QueuedMessage]) {
        let store = try open()
        let planned = try Reports.planned()
        try await store.plan([planned])
        let mails = try (0..<mails).map { _ in try Reports.mail() }
        let queued = try await store.begin(
            Reports.underWay(planned, others: others, mails: mails), body: [1, 2, 3], mails: mails)
        return (store, queued)
    }
}
