import Mail
import Net
import Store
import Synchronization
import Testing

@testable import Relay

/// A world for the daily reports: a real store, and what DNS and the endpoints of receivers say.
final class ReportWorld: Sendable {
    /// The day that was counted.
    static let day = ReportDay(of: PolicyWorld.start)

    struct Posted: Sendable {
        let uri: String
        let body: [UInt8]
        let report: String
        let at: WallTime
    }

    private struct State {
        var now = PolicyWorld.start
        var records: [DomainName: RecordReading<TLSRPTRecord>] = [:]
        var lookups = 0
        var answers: [String: [ReportPost.Result]] = [:]
        var posted: [Posted] = []
        var submitted: [Job] = []
    }

    private let state = Mutex(State())
    let folder: PolicyFolder
    let log = EventLog()
    let settings: ReportSettings

    /// - Parameter change: of `[tlsrpt]`.
    init(_ change: (inout Configuration) -> Void = { _ in }) throws {
        folder = try PolicyFolder()
        var configuration = try Self.configuration()
        change(&configuration)
        settings = try #require(ReportSettings(configuration))
        state.withLock { $0.now = Self.start(of: Self.day.next) }
    }

    /// Reports are on: organization, contact and a key.
    static func configuration() throws -> Configuration {
        var configuration = Configuration()
        configuration.tlsrpt.organization = "Sender"
        configuration.tlsrpt.contact = try Mailbox(parsing: "tls@sender.example".utf8)
        configuration.tlsrpt.spread = .zero
        var key = Configuration.WrittenKey()
        key.domain = try DomainName("sender.example")
        key.selector = try DomainName("s1")
        key.file = "/k.pem"
        configuration.dkim.keys = [key]
        return configuration
    }

    /// When the reports of the day before may begin.
    static func start(of day: ReportDay) -> WallTime { day.start.advanced(by: ReportTimes.settling) }

    // MARK: The script

    func advance(by seconds: Int64) { state.withLock { $0.now = $0.now.advanced(by: seconds) } }
    func set(_ now: WallTime) { state.withLock { $0.now = now } }
    var now: WallTime { state.withLock { $0.now } }

    /// The record of `domain` has these addresses.
    func publish(_ domain: String, _ uris: String...) throws {
        let rua = try uris.map { try #require(ReportAddress($0)) }
        try set(domain, .found(TLSRPTRecord(rua: rua)))
    }

    func set(_ domain: String, _ record: RecordReading<TLSRPTRecord>) throws {
        let name = try DomainName(domain)
        state.withLock { $0.records[name] = record }
    }

    /// What an address answers, one after the other; the last for good. Accepted where nothing is said.
    func answer(_ uri: String, _ results: ReportPost.Result...) { state.withLock { $0.answers[uri] = results } }

    // MARK: What happened

    var lookups: Int { state.withLock { $0.lookups } }
    var posted: [Posted] { state.withLock { $0.posted } }
    var submitted: [Job] { state.withLock { $0.submitted } }

    // MARK: What is tested

    func dispatch(_ store: SQLiteStore) -> ReportDispatch {
        ReportDispatch(
            store: store, settings: settings,
            record: { domain in
                self.state.withLock { state in
                    state.lookups += 1
                    return state.records[domain] ?? .none(why: "no such name")
                }
            },
            post: { body, report, uri in
                self.state.withLock { state in
                    state.posted.append(Posted(uri: uri, body: body, report: report.id, at: state.now))
                    guard var answers = state.answers[uri], let first = answers.first else { return .accepted("201") }
                    if answers.count > 1 { answers.removeFirst() }
                    state.answers[uri] = answers
                    return first
                }
            },
            submit: { jobs in self.state.withLock { $0.submitted += jobs } }, terms: .usual, log: log.logger,
            clock: { self.now })
    }

    func run(_ store: SQLiteStore) -> ReportRun {
        let terms = ReportRun.Terms(settings: settings, dispatch: dispatch(store), keep: 14 * 86_400)
        return ReportRun(store: store, terms: { terms }, log: log.logger, clock: { self.now })
    }

    func keeping(_ store: SQLiteStore) -> ReportKeeping {
        ReportKeeping(store: store, keep: 14 * 86_400, log: log.logger, clock: { self.now })
    }

    /// Plans what is over, and does all that is due now.
    func look(_ store: SQLiteStore) async throws {
        let run = run(store)
        try await run.plan(before: ReportDay(of: now))
        try await run.work()
    }

    /// Counts a session for each of `domains`.
    static func count(_ store: SQLiteStore, _ domains: String..., day: ReportDay = day) async throws {
        try await store.count(domains.map { try session($0) }, day: day)
    }

    static func session(_ domain: String, _ failures: [FailureDetail] = []) throws -> ReportedSession {
        let name = try DomainName(domain)
        return ReportedSession(domain: name, policy: ReportedPolicy(.noPolicyFound, domain: name), failures: failures)
    }

    /// What became of a mail in the queue.
    static func settle(
        _ job: Job, _ outcome: Outcome, in store: SQLiteStore, at time: WallTime, wasSecured: Bool = true
    ) async throws {
        let recipient = try #require(job.recipients.first)
        _ = try await store.settle(
            Settlement(
                message: job.message.number,
                recipients: [
                    RecipientOutcome(
                        recipient.number, outcome, time: time, nextAttempt: time.advanced(by: 600),
                        deadline: job.message.expiresAt,
                        wasSecured: wasSecured)
                ], day: ReportDay(of: time)))
    }
}

extension SQLiteStore {
    func report(_ domain: String, day: ReportDay = ReportWorld.day) async throws -> StoredReport {
        try #require(try await report(for: DomainName(domain), day: day))
    }

    /// The whole content of a message.
    func octets(of message: StoredMessage) async throws -> [UInt8] {
        let reader = try await content(of: message)
        var octets: [UInt8] = []
        while let piece = try await reader.next() { octets += piece }
        return octets
    }
}

extension ReportRun {
    func plan(before today: ReportDay) async throws {
        if let terms = terms() { try await plan(before: today, terms) }
    }

    /// All that is due now, one after the other, until nothing is or nothing moves.
    func work() async throws {
        var last: [StoredReport] = []
        while true {
            let due = try await store.dueReports(at: clock(), limit: ReportTimes.atOnce)
            if due.isEmpty || due == last { return }
            last = due
            for report in due { await terms()?.dispatch.advance(report) }
        }
    }
}
