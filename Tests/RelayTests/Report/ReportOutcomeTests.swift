import Mail
import Net
import Store
import Testing

@testable import Relay

/// What a report's mail comes to, as the relay writes it down.
@Suite("Outcomes of reports", .timeLimit(.minutes(10)))
struct ReportOutcomeTests {
    let world: ReportWorld
    let store: SQLiteStore
    let recorder: OutcomeRecorder
    let job: Job

    init() async throws {
        world = try ReportWorld()
        store = try world.folder.open()
        try world.publish("a.example", "mailto:t@r.example")
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        job = try #require(world.submitted.first)
        recorder = try Self.recorder(world, store)
    }

    static func recorder(_ world: ReportWorld, _ store: SQLiteStore) throws -> OutcomeRecorder {
        let hostname = try DomainName("relay.example")
        return OutcomeRecorder(
            store: store, terms: .usual,
            bouncer: Bouncer(
                hostname: hostname, from: .postmaster(at: hostname), store: store, terms: .usual,
                log: world.log.logger),
            trace: nil, counters: Counters(), log: world.log.logger, clock: { world.now }, stopping: Flag(),
            unsettled: Unsettled())
    }

    private static func result(_ outcome: Outcome, _ sessions: [ReportedSession] = []) -> AttemptResult {
        AttemptResult(
            recipients: [AttemptResult.Settled(outcome: outcome, trace: AttemptResult.Trace(tlsVersion: "TLSv1.3"))],
            attempts: [],
            sessions: sessions)
    }

    @Test("RPTF-21 A report that bounces ends silently: no DSN, and the address is left alone")
    func bounced() async throws {
        let no = Outcome.bounced(Reason(.remoteReply, "no"), Reply(550, nil, "no reports please"))
        let recorded = await recorder.record(job, Self.result(no))
        #expect(recorded.notices.isEmpty)
        #expect(try await store.counts().messages == 0)
        #expect(try await store.report("a.example").outcome == .undelivered)
        #expect(try await store.suppressions(at: world.now, limit: 10).map(\.uri) == ["mailto:t@r.example"])
        #expect(!world.log.events.contains("undeliverable-notice"))
    }

    @Test("RPTF-21 A bounce of other mail of the same sender has its DSN")
    func otherMail() async throws {
        let queued = try await SignedMail.queue(SignedMail.text(), in: store)
        let mail = try SignedMail.job(queued, nil)
        let no = Outcome.bounced(Reason(.remoteReply, "no"), Reply(550, nil, "no"))
        #expect(await recorder.record(mail, Self.result(no)).notices.count == 1)
        // RPTC-18: what somebody else's report comes to is told to him.
        let foreign = try SignedMail.job(
            try await SignedMail.queue(SignedMail.text(), in: store, kind: .foreignReport), nil)
        #expect(await recorder.record(foreign, Self.result(no)).notices.count == 1)
    }

    @Test("RPTF-21 RPTF-25 A report that is deferred is tried again, told to nobody, and given up after 24 hours")
    func deferred() async throws {
        let later = Outcome.deferred(Reason(.connectFailed, "refused"), nil)
        // Long enough that other mail would be called delayed.
        world.advance(by: 5 * 3600)
        let recorded = await recorder.record(job, Self.result(later))
        #expect(recorded.notices.isEmpty && recorded.nextAttempts.count == 1)
        let destination = try #require(try await store.report("a.example").destinations.first)
        #expect(destination.state == .queued && destination.attempts == 1)
        world.advance(by: 19 * 3600)
        let last = await recorder.record(job, Self.result(later))
        #expect(last.notices.isEmpty && last.nextAttempts.isEmpty)
        let report = try await store.report("a.example")
        #expect(report.outcome == .undelivered && report.destinations.first?.words?.contains("refused") == true)
        // No host refused it: it is written to again tomorrow.
        #expect(try await store.suppressions(at: world.now, limit: 10).isEmpty)
    }

    @Test("RPTC-18 Report mail, ours and others', is not counted, and shares no connection with what is")
    func counted() async throws {
        for kind in MessageKind.allCases {
            let queued = try await SignedMail.queue(SignedMail.text(), in: store, kind: kind)
            #expect(try SignedMail.job(queued, nil).isCounted == (kind == .mail || kind == .dsn))
        }
    }

    @Test("RPTC-07 Sessions of an attempt are filed with its outcome, on the day it is written down")
    func sessions() async throws {
        let queued = try await SignedMail.queue(SignedMail.text(), in: store)
        let session = try ReportWorld.session("z.example")
        let ok = Outcome.delivered(Reply(250, nil, "ok"))
        _ = await recorder.record(try SignedMail.job(queued, nil), Self.result(ok, [session, session]))
        let counts = try await store.counts(for: DomainName("z.example"), day: ReportDay(of: world.now))
        #expect(counts.map(\.successes) == [2])
    }
}
