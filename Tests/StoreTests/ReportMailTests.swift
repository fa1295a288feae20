import Mail
import Testing

@testable import Store

/// What becomes of the mails of a report.
@Suite struct ReportMailTests {
    static let refusal = Outcome.bounced(
        Reason(.remoteReply, "mx.reports.example answered RCPT with 550 5.1.1 no such user"),
        Reply(550, EnhancedStatusCode(5, 1, 1), "no such user"))
    static let expired = Outcome.bounced(Reason(.expired, "not delivered in 24 hours"), Reply(451, nil, "later"))
    static let deferral = Outcome.deferred(Reason(.connectFailed, "mx.reports.example: connection refused"), nil)

    @Test("RPTF-22 A mail that is delivered is an accepted report; the last destination ends it")
    func delivered() async throws {
        let fixture = try Fixture()
        let (store, queued) = try await fixture.begun(mails: 2)
        _ = try await store.settle(Reports.settlement(queued[0], Self.refusal, at: 10))
        var report = try #require(try await store.report())
        #expect(report.state == .underWay && report.outcome == nil && report.dueAt == nil)
        #expect(report.words == "mx.reports.example answered RCPT with 550 5.1.1 no such user")
        #expect(report.destinations.map(\.state) == [.failed, .queued])
        let reply = Reply(250, EnhancedStatusCode(2, 0, 0), lines: ["queued", "as 5"])
        _ = try await store.settle(Reports.settlement(queued[1], .delivered(reply), at: 20))
        report = try #require(try await store.report())
        #expect(report.state == .ended && report.outcome == .accepted)
        #expect(report.endedAt == Fixture.start.advanced(by: 20))
        #expect(report.destinations[1].state == .accepted)
        #expect(report.destinations[1].attempts == 1)
        #expect(report.destinations[1].lastAttempt == Fixture.start.advanced(by: 20))
        #expect(report.destinations[1].words == "250 2.0.0 queued as 5")
        #expect(try await store.counts().messages == 0)
    }

    @Test("A deferral counts up and leaves the mail to the queue; the end comes with the bounce")
    func deferred() async throws {
        let fixture = try Fixture()
        let (store, queued) = try await fixture.begun()
        _ = try await store.settle(Reports.settlement(queued[0], Self.deferral, at: 5))
        _ = try await store.settle(Reports.settlement(queued[0], Self.deferral, at: 9, isAttempt: false))
        var report = try #require(try await store.report())
        #expect(report.state == .underWay && report.dueAt == nil)
        #expect(report.destinations[0].state == .queued)
        #expect(report.destinations[0].attempts == 1)
        #expect(report.destinations[0].lastAttempt == Fixture.start.advanced(by: 9))
        #expect(report.destinations[0].words == "mx.reports.example: connection refused")
        #expect(try await store.nextReportTime() == nil)
        _ = try await store.settle(Reports.settlement(queued[0], Self.expired, at: 99))
        report = try #require(try await store.report())
        #expect(report.state == .ended && report.outcome == .undelivered)
        #expect(report.words == "not delivered in 24 hours")
        // Nobody refused it.
        #expect(try await store.suppressions(at: Fixture.start, limit: 9) == [])
    }

    @Test("What becomes of a mail and what is written of it are one transaction")
    func failedCommit() async throws {
        let fixture = try Fixture()
        let (store, queued) = try await fixture.begun()
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) {
            try await store.settle(Reports.settlement(queued[0], Self.refusal, wasSecured: true))
        }
        #expect(try await store.report()?.destinations.map(\.state) == [.queued])
        #expect(try await store.suppressions(at: Fixture.start, limit: 9) == [])
        _ = try await store.settle(Reports.settlement(queued[0], Self.refusal))
        #expect(try await store.report()?.state == .ended)
    }

    @Test("A mail that settles after its destination was given up, or the report planned anew, changes nothing")
    func late() async throws {
        let fixture = try Fixture()
        let (store, queued) = try await fixture.begun()
        let name = try DomainName("example.net")
        var destination = try #require(try await store.report()?.destinations.first)
        destination.state = .failed
        destination.words = "given up"
        try await store.note(destination, of: name, day: Reports.day, at: Fixture.start.advanced(by: 86_400))
        let ended = try #require(try await store.report())
        #expect(ended.outcome == .undelivered && ended.endedAt == Fixture.start.advanced(by: 86_400))
        #expect(ended.words == "given up")
        _ = try await store.settle(Reports.settlement(queued[0], Self.deferral, at: 90_000))
        #expect(try await store.report() == ended)
        try await store.replan(name, day: Reports.day, at: Fixture.start)
        _ = try await store.settle(Reports.settlement(queued[0], at: 90_001))
        #expect(try await store.report()?.state == .planned)
    }

    @Test("A mail of another kind under the same id is none of it; nor is a report's mail without a report")
    func strangers() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let stray = try await store.enqueue([Reports.mail()])[0]
        _ = try await store.settle(Reports.settlement(stray, Self.refusal, wasSecured: true))
        #expect(try await store.counts().messages == 0)
        #expect(try await store.suppressions(at: Fixture.start, limit: 9) == [])
    }

    @Test("A mail that is taken out of delivery is a destination given up")
    func quarantined() async throws {
        let fixture = try Fixture()
        let (store, queued) = try await fixture.begun(mails: 2)
        _ = try await store.settle(Reports.settlement(queued[0], Self.deferral, at: 5))
        try await store.quarantine(queued[0].message.id, because: "digest differs")
        #expect(try await store.report()?.destinations.map(\.state) == [.failed, .queued])
        #expect(try await store.report()?.destinations.map(\.words) == ["digest differs", nil])
        try await store.quarantine(queued[1].message.id, because: "digest differs")
        let report = try #require(try await store.report())
        #expect(report.state == .ended && report.outcome == .undelivered && report.endedAt == Fixture.start)
        #expect(report.destinations[0].lastAttempt == Fixture.start.advanced(by: 5))
    }

    @Test("RPTF-25 Each try is noted with its time; the report is due at the first of its destinations")
    func noted() async throws {
        let fixture = try Fixture()
        let uris = ["https://a.example/", "https://b.example/"]
        let (store, _) = try await fixture.begun(
            mails: 0, others: uris.map { ReportDestination(uri: $0, state: .due) })
        let name = try DomainName("example.net")
        func note(_ number: Int, _ state: ReportDestination.State, at seconds: Int64, next: Int64?) async throws {
            let time = Fixture.start.advanced(by: seconds)
            let destination = ReportDestination(
                uri: uris[number], state: state, attempts: 1, lastAttempt: time,
                nextAttempt: next.map { Fixture.start.advanced(by: $0) }, words: "tried at \(seconds)")
            try await store.note(destination, of: name, day: Reports.day, at: time)
            #expect(try await store.report()?.destinations[number] == destination)
        }
        try await note(0, .due, at: 1, next: 600)
        #expect(try await store.nextReportTime() == Fixture.start)
        try await note(1, .due, at: 2, next: 300)
        #expect(try await store.nextReportTime() == Fixture.start.advanced(by: 300))
        #expect(try await store.report()?.words == "tried at 2")
        try await note(1, .failed, at: 300, next: nil)
        #expect(try await store.nextReportTime() == Fixture.start.advanced(by: 600))
        #expect(try await store.dueReports(at: Fixture.start.advanced(by: 599), limit: 9).isEmpty)
        try await note(0, .accepted, at: 600, next: nil)
        #expect(try await store.nextReportTime() == nil)
        #expect(try await store.report()?.outcome == .accepted)
    }
}
