import Logging
import Mail
import Net
import Store

/// The daily reports (RFC 8460 §4.1): plans those of days that are over, and brings out what is due: station 9.
///
/// What was planned, begun and sent is in the store, so that a restart neither loses nor doubles a report.
struct ReportRun: Sendable {
    let store: any ReportStore
    let settings: ReportSettings
    let dispatch: ReportDispatch
    let log: Logger
    let clock: @Sendable () -> WallTime
    /// Seconds for which counts are kept.
    let keep: Int64

    /// Until `bell` rings. Looks at the civil clock every few seconds, for it may jump.
    func run(until bell: Alarm) async {
        var planned: ReportDay?
        while !Task.isCancelled {
            let today = ReportDay(of: clock())
            do throws(StoreError) {
                if planned != today {
                    try await plan(before: today)
                    planned = today
                }
                try await work()
            } catch {
                log.event(.error, LogLine("report-store-failed").with("reason", "\(error)"))
            }
            guard let rang = try? await bell.wait(until: .after(ReportTimes.look)), !rang else { return }
        }
    }

    /// A report for each domain that something was counted for, on days that are over. Those of today's wait for tomorrow.
    func plan(before today: ReportDay) async throws(StoreError) {
        var generator = SystemRandomNumberGenerator()
        let now = clock()
        for day in try await store.unplannedDays(before: today) {
            while !Task.isCancelled {
                let domains = try await store.unplannedDomains(day: day, limit: ReportLimits.page)
                if domains.isEmpty { break }
                let reports = domains.map { domain in
                    // RPTF-26: at random after midnight. Those of a day that ended long ago go out at once.
                    let delay = settings.spread > 0 ? Int64.random(in: 0..<settings.spread, using: &generator) : 0
                    return PlannedReport(
                        domain: domain, day: day,
                        id: ReportID(
                            domain: domain, day: day, submitter: settings.contact.domain,
                            salt: UInt64.random(in: 0...UInt64.max, using: &generator)
                        ).description,
                        dueAt: day.next.start.advanced(by: ReportTimes.settling + delay))
                }
                try await store.plan(reports)
                log.event(
                    .notice,
                    LogLine("reports-planned").with("day", day).with("domains", reports.count)
                        .with("within", "\(settings.spread)s"))
            }
            let dropped = try await store.droppedSessions(day: day)
            if dropped > 0 {
                log.event(
                    .warning,
                    LogLine("reports-incomplete").with("day", day).with("sessions", dropped)
                        .with("reason", "more than \(ReportLimits.domainsPerDay) domains in one day"))
            }
        }
        let kept = ReportDay(of: now.advanced(by: -keep))
        let removed = try await store.removeReports(before: kept)
        if removed > 0 { log.event(.info, LogLine("reports-forgotten").with("before", kept).with("reports", removed)) }
    }

    /// All that is due now.
    func work() async throws(StoreError) {
        while !Task.isCancelled {
            let due = try await store.dueReports(at: clock(), limit: ReportTimes.atOnce)
            if due.isEmpty { return }
            await withTaskGroup(of: Void.self) { group in
                for report in due { group.addTask { await dispatch.advance(report) } }
            }
        }
    }
}
