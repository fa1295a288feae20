import Logging
import Mail
import Net
import Store
import Synchronization

/// The daily reports (RFC 8460 §4.1): plans those of days that are over, and brings out what is due: station 9.
///
/// What was planned, begun and sent is in the store, so that a restart neither loses nor doubles a report.
struct ReportRun: Sendable {
    let store: any ReportStore
    /// Looked at each time; nil while reporting is off.
    let terms: @Sendable () -> Terms?
    let log: Logger
    let clock: @Sendable () -> WallTime

    /// How reports are made and sent. A report at work keeps those with which it began.
    struct Terms: Sendable {
        let settings: ReportSettings
        let dispatch: ReportDispatch
        /// Seconds for which counts are kept: what is older is not reported any more.
        let keep: Int64
    }

    /// Until `bell` rings. Looks at the civil clock every few seconds, for it may jump. A report that waits for a slow receiver
    /// holds one of ``ReportTimes/atOnce`` places and nothing else.
    func run(until bell: Alarm) async {
        let active = ActiveReports()
        await withDiscardingTaskGroup { group in
            var planned: ReportDay?
            var silence = Silence()
            while !Task.isCancelled {
                var isFull = false
                do throws(StoreError) {
                    if let terms = terms() {
                        // A day is planned once what was settled on it is written.
                        let today = ReportDay(of: clock().advanced(by: -ReportTimes.settling))
                        if planned != today {
                            try await plan(before: today, terms)
                            planned = today
                        }
                        for report in try await due(besides: active, terms) {
                            active.insert(report)
                            group.addTask {
                                await terms.dispatch.advance(report)
                                active.remove(report)
                            }
                        }
                    }
                    isFull = active.count >= ReportTimes.atOnce
                } catch {
                    if let others = silence.end(at: clock()) {
                        log.event(
                            .error,
                            LogLine("report-store-failed").with("reason", "\(error)")
                                .with("others", others == 0 ? nil : others))
                    }
                }
                let rest = isFull ? ReportTimes.shortLook : ReportTimes.look
                guard let rang = try? await bell.wait(until: .after(rest)), !rang else { break }
            }
            group.cancelAll()
        }
    }

    /// What is due and not at work yet, as many as there are places.
    private func due(besides active: ActiveReports, _ terms: Terms) async throws(StoreError) -> [StoredReport] {
        let places = ReportTimes.atOnce - active.count
        // A report that began before its key would wait in the queue, and be given up after a day.
        guard places > 0, terms.settings.isComplete(clock()) else { return [] }
        let due = try await store.dueReports(at: clock(), limit: ReportTimes.atOnce * 2)
        return Array(due.filter { !active.contains($0) }.prefix(places))
    }

    /// A report for each domain that something was counted for, on days that are over. Those of today's wait for tomorrow.
    func plan(before today: ReportDay, _ terms: Terms) async throws(StoreError) {
        var generator = SystemRandomNumberGenerator()
        let oldest = ReportDay(of: clock().advanced(by: -terms.keep))
        for day in try await store.unplannedDays(before: today) where day >= oldest {
            while !Task.isCancelled {
                let domains = try await store.unplannedDomains(day: day, limit: ReportLimits.page)
                if domains.isEmpty { break }
                let reports = domains.map { planned($0, day, terms.settings, using: &generator) }
                try await store.plan(reports)
                log.event(
                    .notice,
                    LogLine("reports-planned").with("day", day).with("domains", reports.count)
                        .with("within", "\(terms.settings.spread)s"))
            }
            let dropped = try await store.droppedSessions(day: day)
            if dropped > 0 {
                log.event(
                    .warning,
                    LogLine("reports-incomplete").with("day", day).with("sessions", dropped)
                        .with("reason", "more than \(ReportLimits.domainsPerDay) domains in one day"))
            }
        }
    }

    private func planned(
        _ domain: DomainName, _ day: ReportDay, _ settings: ReportSettings,
        using generator: inout some RandomNumberGenerator
    ) -> PlannedReport {
        // RPTF-26: at random after midnight. Those of a day that ended long ago go out at once.
        let delay = settings.spread > 0 ? Int64.random(in: 0..<settings.spread, using: &generator) : 0
        let id = ReportID(
            domain: domain, day: day, submitter: settings.contact.domain,
            salt: UInt64.random(in: 0...UInt64.max, using: &generator))
        return PlannedReport(
            domain: domain, day: day, id: id.description,
            dueAt: day.next.start.advanced(by: ReportTimes.settling + delay))
    }
}

/// The reports at work. Safe from any thread.
final class ActiveReports: Sendable {
    private struct Key: Hashable {
        let domain: DomainName
        let day: ReportDay

        init(_ report: StoredReport) {
            domain = report.domain
            day = report.day
        }
    }

    private let keys = Mutex<Set<Key>>([])

    var count: Int { keys.withLock { $0.count } }

    func contains(_ report: StoredReport) -> Bool { keys.withLock { $0.contains(Key(report)) } }

    func insert(_ report: StoredReport) { keys.withLock { _ = $0.insert(Key(report)) } }

    func remove(_ report: StoredReport) { keys.withLock { _ = $0.remove(Key(report)) } }
}
