import GRDB
import Mail
import Testing

@testable import Store

/// Addresses that refuse reports.
@Suite struct ReportSuppressionTests {
    private let uri = "mailto:tls0@reports.example"
    private static let words = "mx.reports.example answered RCPT with 550 5.1.1 no such user"

    private func held(_ store: SQLiteStore, _ domain: String = "example.net", at seconds: Int64) async throws -> Bool {
        let time = Fixture.start.advanced(by: seconds)
        return try await !store.suppressions([uri], for: DomainName(domain), at: time).isEmpty
    }

    @Test("An address that refuses a report over TLS is left alone; one that is slow, or refuses in clear, is not")
    func suppressed() async throws {
        let fixture = try Fixture()
        let (store, queued) = try await fixture.begun(mails: 4)
        let unreachable = Outcome.bounced(Reason(.noSuchDomain, "no such domain"), nil)
        for (number, outcome) in [ReportMailTests.refusal, ReportMailTests.expired, unreachable].enumerated() {
            _ = try await store.settle(Reports.settlement(queued[number], outcome, at: 10, wasSecured: true))
        }
        _ = try await store.settle(Reports.settlement(queued[3], ReportMailTests.refusal, at: 10))
        let since = Fixture.start.advanced(by: 10)
        #expect(
            try await store.suppressions(at: since, limit: 9) == [
                ReportSuppression(
                    domain: DomainName("example.net"), uri: uri, since: since,
                    until: since.advanced(by: ReportSuppression.firstDuration),
                    refusals: 1, words: Self.words)
            ])
        let report = try #require(try await store.report())
        #expect(
            report.outcome == .undelivered && report.destinations.map(\.state) == [.failed, .failed, .failed, .failed])
    }

    @Test("Who names the address of another suppresses it for himself alone")
    func strangers() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.mailReport("thief.example", day: Reports.day, ReportMailTests.refusal, at: 10)
        #expect(try await held(store, "thief.example", at: 20))
        #expect(try await !held(store, at: 20))
        // Nor does what others' reports come to clear it.
        try await store.mailReport(day: Reports.day, .delivered(Reply(250, nil, "ok")), at: 30)
        #expect(try await held(store, "thief.example", at: 40))
        try await store.mailReport(day: Reports.day.next, ReportMailTests.refusal, at: 50)
        #expect(
            try await store.suppressions(at: Fixture.start, limit: 9).map(\.domain.text) == [
                "example.net", "thief.example",
            ])
        #expect(try await !store.removeSuppression(uri, for: DomainName("a.example")))
        #expect(try await store.removeSuppression(uri, for: DomainName("thief.example")))
        #expect(try await !store.removeSuppression(uri, for: DomainName("thief.example")))
        #expect(try await store.suppressions(at: Fixture.start, limit: 9).map(\.domain.text) == ["example.net"])
        #expect(try await store.suppressions([], for: DomainName("example.net"), at: Fixture.start) == [])
        let others = ["mailto:x@reports.example", "mailto:TLS0@reports.example"]
        #expect(try await store.suppressions(others, for: DomainName("example.net"), at: Fixture.start) == [])
    }

    @Test("Refusals in a row double the time, to 30 days, also after the end of the last; an accepted report clears it")
    func doubling() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        var (day, seconds) = (Reports.day, Int64(0))
        for (number, hours) in [36, 72, 144, 288, 576, 720, 720].enumerated() {
            try await store.mailReport(day: day, ReportMailTests.refusal, at: seconds)
            let row = try #require(
                try await store.suppressions(
                    [uri], for: DomainName("example.net"), at: Fixture.start.advanced(by: seconds)
                ).first)
            #expect(row.refusals == number + 1)
            #expect(row.since == Fixture.start.advanced(by: seconds))
            #expect(row.until == row.since.advanced(by: Int64(hours) * 3600))
            seconds += Int64(hours) * 3600
            #expect(try await held(store, at: seconds - 1))
            #expect(try await !held(store, at: seconds))
            day = day.next
        }
        // In clear it is neither counted nor cleared.
        try await store.mailReport(day: day, ReportMailTests.refusal, at: seconds, wasSecured: false)
        #expect(try await !held(store, at: seconds))
        try await store.mailReport(day: day.next, .delivered(Reply(250, nil, "ok")), at: seconds)
        try await store.mailReport(day: day.next.next, ReportMailTests.refusal, at: seconds)
        #expect(try await held(store, at: seconds + ReportSuppression.firstDuration - 1))
        #expect(try await !held(store, at: seconds + ReportSuppression.firstDuration))
    }

    @Test("A destination noted as accepted clears it as well")
    func noted() async throws {
        let fixture = try Fixture()
        let (store, queued) = try await fixture.begun()
        try await store.mailReport(day: Reports.day.next, ReportMailTests.refusal, at: 0)
        var destination = try #require(try await store.report()?.destinations.first)
        #expect(destination.message == queued[0].message.id)
        destination.state = .accepted
        try await store.note(destination, of: DomainName("example.net"), day: Reports.day, at: Fixture.start)
        #expect(try await !held(store, at: 0))
    }

    @Test(
        "Words are cut at their limit; a damaged number of refusals begins anew, and the highest does not run over",
        arguments: [("'x'", 1), ("-5", 1), ("9223372036854775806", Int.max), ("9223372036854775807", Int.max)])
    func damaged(before: String, refusals: Int) async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        try fixture.sql(
            "INSERT INTO report_suppression VALUES ('example.net', '\(uri)', 0, 0, \(before), '')")
        let store = try fixture.open()
        let long = Outcome.bounced(
            Reason(.remoteReply, String(repeating: "w", count: ReportLimits.words + 1)), Reply(550, nil, "no"))
        try await store.mailReport(day: Reports.day, long, at: 0)
        let row = try #require(try await store.suppressions(at: Fixture.start, limit: 9).first)
        #expect(row.refusals == refusals)
        #expect(row.words.utf8.count == ReportLimits.words)
        #expect(row.until == Fixture.start.advanced(by: (refusals == 1 ? 36 : 720) * 3600))
        #expect(try await store.report()?.state == .ended)
    }
}
