import DNS
import Gzip
import Logging
import Mail
import Net
import Store
import Synchronization

/// Takes one report a step further: asks who wants it, fixes what it says, puts its mails into the queue, posts what is to
/// be posted.
struct ReportDispatch: Sendable {
    /// Who wants reports on mail to a domain.
    typealias Record = @concurrent @Sendable (DomainName) async -> RecordReading<TLSRPTRecord>
    /// Brings a compressed report to one `https:` or `directory:` address.
    typealias Post = @concurrent @Sendable ([UInt8], StoredReport, _ uri: String) async -> ReportPost.Result
    /// Takes mail that is in the queue already.
    typealias Submit = @concurrent @Sendable ([Job]) async -> Void

    let store: any ReportStore & QueueStore
    let settings: ReportSettings
    // Functions, so that a test can say what the network does.
    let record: Record
    let post: Post
    let submit: Submit
    let terms: QueueTerms
    let log: Logger
    let clock: @Sendable () -> WallTime
    var metrics: Metrics?
    /// A full disk fails every report alike.
    private let silence = SharedSilence()

    init(
        store: any ReportStore & QueueStore, settings: ReportSettings, record: @escaping Record, post: @escaping Post,
        submit: @escaping Submit, terms: QueueTerms, log: Logger, clock: @escaping @Sendable () -> WallTime
    ) {
        self.store = store
        self.settings = settings
        self.record = record
        self.post = post
        self.submit = submit
        self.terms = terms
        self.log = log
        self.clock = clock
    }

    /// What is due of `report`.
    func advance(_ report: StoredReport) async {
        do throws(StoreError) {
            switch report.state {
            case .planned: try await begin(report)
            case .underWay: try await deliver(report)
            case .ended: break
            }
        } catch {
            // Nothing of the step happened, or only what a repetition does not double: it is due again at the next look.
            note(error, of: report)
        }
    }

    private func note(_ error: StoreError, of report: StoredReport) {
        guard let others = silence.end(at: clock()) else { return }
        log.event(
            .error,
            LogLine("report-store-failed").with("domain", report.domain).with("day", report.day)
                .with("reason", "\(error)").with("others", others == 0 ? nil : others))
    }

    // MARK: A planned report

    private func begin(_ report: StoredReport) async throws(StoreError) {
        let now = clock()
        let routes: [Configuration.ReportRoute]
        if let override = settings.overrides[report.domain] {
            routes = override
        } else {
            switch await record(report.domain) {
            case .found(let record):
                // Each address once, however often the record names it.
                var seen: Set<String> = []
                routes = record.rua.filter { seen.insert($0.uri).inserted }.map(Configuration.ReportRoute.address)
            case .none(let why): return try await end(report, as: .unwanted, why, at: now)
            case .failed(let why):
                // On the way out nothing is known: the resolver may be closed already.
                if Task.isCancelled { return }
                return try await postpone(report, why, at: now)
            }
        }
        guard !routes.isEmpty else {
            return try await end(report, as: .noDestination, "no rua of the record can be sent to", at: now)
        }
        let suppressed = Dictionary(
            try await store.suppressions(routes.map(\.uri), for: report.domain, at: now).map { ($0.uri, $0) },
            uniquingKeysWith: { first, _ in first })
        let contents: Contents
        switch try await self.contents(of: report) {
        case .failure(let why): return try await end(report, as: .empty, why.words, at: now)
        case .success(let made): contents = made
        }
        var generator = SystemRandomNumberGenerator()
        var destinations: [ReportDestination] = []
        var mails: [NewMessage] = []
        for route in routes {
            if let suppression = suppressed[route.uri] {
                destinations.append(
                    ReportDestination(uri: route.uri, state: .suppressed, words: suppression.words))
                continue
            }
            switch route {
            case .address(.mail(let mailbox, uri: let uri)):
                let id = QueueID(using: &generator)
                let mail = try await mail(contents.report, contents.body, to: mailbox, id, at: now)
                mails.append(mail)
                destinations.append(ReportDestination(uri: uri, state: .queued, message: id))
            case .address(.https(uri: let uri)), .directory(let uri):
                let uri = if case .directory = route { route.uri } else { uri }
                destinations.append(ReportDestination(uri: uri, state: .due, nextAttempt: now))
            }
        }
        guard destinations.contains(where: { !$0.state.isFinal }) else {
            return try await end(
                report, as: .noDestination, destinations.compactMap(\.words).joined(separator: "; "), at: now)
        }
        var begun = report
        begun.state = .underWay
        begun.begunAt = now
        begun.destinations = destinations
        let queued = try await store.begin(begun, body: contents.body, mails: mails)
        for (mail, message) in zip(mails, queued) {
            await submit(
                Job.fresh(message, of: mail.recipients, terms: terms, content: mail.content.bytes))
        }
        log.event(
            .notice,
            LogLine("report-begun").with("domain", report.domain).with("day", report.day).with("report_id", report.id)
                .with("to", destinations.map(\.uri).joined(separator: " "))
                .with("queue_id", queued.isEmpty ? nil : queued.map { "\($0.message.id)" }.joined(separator: " "))
                .with("sessions", contents.report.policies.reduce(0) { $0 &+ $1.successes &+ $1.failures })
                .with("failures", contents.report.policies.reduce(0) { $0 &+ $1.failures }))
        try await deliver(begun, body: contents.body)
    }

    /// A report and its compressed JSON.
    private struct Contents {
        let report: TLSReport
        let body: [UInt8]
    }

    /// What the report says, from the counts of its day.
    private func contents(
        of report: StoredReport
    ) async throws(StoreError) -> Result<Contents, ReportFault> {
        let policies = try await store.counts(for: report.domain, day: report.day)
        guard !policies.isEmpty else { return .failure(ReportFault("nothing is counted any more")) }
        guard let id = ReportID(report.id) else { return .failure(ReportFault("its id cannot be read")) }
        let made = TLSReport(
            organization: settings.organization, contact: settings.contact, domain: report.domain, day: report.day,
            id: id, policies: policies)
        do throws(GzipError) {
            return .success(Contents(report: made, body: try Gzip.compress(made.json())))
        } catch {
            // A lack of ours, and of the moment: it is due again at the next look.
            throw .failed("the report could not be compressed: \(error)")
        }
    }

    /// RPTC-05, RPTF-25: whether anybody wants it could not be found out; from then on it is tried again for a day.
    private func postpone(_ report: StoredReport, _ why: String, at now: WallTime) async throws(StoreError) {
        let first = report.begunAt ?? now
        guard now.seconds - first.seconds < ReportTimes.lookupLifetime else {
            return try await end(report, as: .unknown, "the TLSRPT lookup failed for a day: \(why)", at: now)
        }
        try await store.postpone(
            report.domain, day: report.day, until: now.advanced(by: ReportTimes.lookupWait),
            words: "the TLSRPT lookup failed: \(why)", at: now)
        log.event(
            .info,
            LogLine("report-postponed").with("domain", report.domain).with("day", report.day).with("reason", why))
    }

    private func end(
        _ report: StoredReport, as outcome: ReportOutcome, _ words: String, at now: WallTime
    ) async throws(StoreError) {
        try await store.end(report.domain, day: report.day, as: outcome, words: words, at: now)
        log.event(
            outcome == .unwanted ? .debug : .notice,
            LogLine("report-ended").with("domain", report.domain).with("day", report.day)
                .with("outcome", outcome.rawValue).with("reason", words))
    }

    // MARK: A report under way

    private func deliver(_ report: StoredReport, body: [UInt8]? = nil) async throws(StoreError) {
        let now = clock()
        let due = report.destinations.filter { $0.state == .due && ($0.nextAttempt.map { $0 <= now } ?? true) }
        guard !due.isEmpty else { return }
        let stored: [UInt8]?
        if let body { stored = body } else { stored = try await store.body(of: report.domain, day: report.day) }
        // At the same time: who keeps one waiting does not keep the others.
        await withTaskGroup(of: Void.self) { group in
            for destination in due { group.addTask { await attempt(destination, of: report, with: stored) } }
        }
    }

    private func attempt(_ destination: ReportDestination, of report: StoredReport, with body: [UInt8]?) async {
        let result: ReportPost.Result
        if let body {
            result = await post(body, report, destination.uri)
        } else {
            result = .failed("what was to be sent is not in the store any more")
        }
        var generator = SystemRandomNumberGenerator()
        let now = clock()
        guard
            let after = destination.after(
                result, at: now, end: (report.begunAt ?? now).advanced(by: ReportTimes.lifetime), using: &generator)
        else { return }
        do throws(StoreError) {
            try await store.note(after, of: report.domain, day: report.day, at: now)
        } catch {
            return note(error, of: report)
        }
        metrics?.reports.add(ReportTransportLabel(uri: after.uri), ReportResultLabel(after.state))
        log.event(
            after.state == .accepted ? .notice : after.state == .failed ? .warning : .info,
            LogLine("report-sent").with("domain", report.domain).with("day", report.day)
                .with("report_id", report.id).with("to", after.uri).with("status", after.state.rawValue)
                .with("attempt", after.attempts).with("next", after.nextAttempt?.rfc3339)
                .with("reason", after.words))
    }
}

extension ReportDestination {
    /// What becomes of a destination by one attempt (RFC 8460 §5.5, RPTF-25); nil where the attempt says nothing. `end`: from
    /// then on nothing is tried.
    func after(
        _ result: ReportPost.Result, at now: WallTime, end: WallTime,
        using generator: inout some RandomNumberGenerator
    ) -> ReportDestination? {
        var after = self
        after.attempts &+= 1
        after.lastAttempt = now
        after.nextAttempt = nil
        switch result {
        case .stopped: return nil
        case .accepted(let words):
            after.state = .accepted
            after.words = words
        case .failed(let words):
            after.state = .failed
            after.words = words
        case .later(let words, let seconds):
            let own = ReportTimes.wait(after: after.attempts, using: &generator)
            let next = now.advanced(by: max(own, min(seconds ?? 0, ReportTimes.lifetime)))
            after.words = words
            if next >= end {
                after.state = .failed
                after.words = "given up, for the next try would come later than 24 hours after the first: \(words)"
            } else {
                after.nextAttempt = next
            }
        }
        return after
    }
}

/// ``Silence`` for several tasks. Safe from any thread.
final class SharedSilence: Sendable {
    private let silence = Mutex(Silence())

    func end(at now: WallTime) -> Int? { silence.withLock { $0.end(at: now) } }
}

/// Why a report cannot be made: one clause.
struct ReportFault: Error, Hashable, Sendable {
    let words: String

    init(_ words: String) { self.words = words }
}
