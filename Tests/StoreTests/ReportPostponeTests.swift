import Mail
import Testing

@testable import Store

/// Planned reports that are tried later, or at once.
@Suite struct ReportPostponeTests {
    @Test("RPTF-25 A planned report remembers when it was first postponed; beginning and planning anew begin anew")
    func postponed() async throws {
        let fixture = try Fixture()
        let (planned, day) = (try Reports.planned(), Reports.day)
        let times = (0..<5).map { Fixture.start.advanced(by: Int64($0) * 100) }
        do {
            let store = try fixture.open()
            try await store.plan([planned])
            #expect(try await store.report()?.begunAt == nil)
            for time in times[1...2] {
                try await store.postpone(
                    planned.domain, day: day, until: time.advanced(by: 50), words: "no answer", at: time)
            }
        }
        let store = try fixture.open()
        #expect(
            try await store.report()
                == StoredReport(
                    domain: planned.domain, day: day, id: planned.id, dueAt: times[2].advanced(by: 50),
                    begunAt: times[1], words: "no answer"))
        var begun = Reports.underWay(planned)
        begun.begunAt = times[3]
        _ = try await store.begin(begun, body: [1], mails: [])
        #expect(try await store.report()?.begunAt == times[3])
        try await store.replan(planned.domain, day: day, at: times[4])
        #expect(try await store.report()?.begunAt == nil)
        try await store.postpone(planned.domain, day: day, until: times[4], words: "", at: times[4])
        #expect(try await store.report()?.begunAt == times[4])
    }

    @Test("What is hastened is due at once: of a day, or of one domain, and planned reports alone")
    func hastened() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let (day, now) = (Reports.day, Fixture.start)
        for name in ["a.example", "b.example", "c.example", "d.example", "e.example"] {
            try await store.plan([Reports.planned(name, due: 500)])
        }
        try await store.plan([Reports.planned("a.example", day: day.next, due: 500)])
        try await store.postpone(
            DomainName("b.example"), day: day, until: now.advanced(by: 900), words: "no answer", at: now)
        _ = try await store.begin(
            Reports.underWay(
                Reports.planned("c.example"),
                others: [
                    ReportDestination(uri: "https://a.example/", state: .due, nextAttempt: now.advanced(by: 500))
                ]),
            body: [1], mails: [])
        try await store.end(DomainName("d.example"), day: day, as: .empty, words: "", at: now)
        func due(_ seconds: Int64) async throws -> [String] {
            try await store.dueReports(at: now.advanced(by: seconds), limit: 9).map { "\($0.domain) \($0.day == day)" }
        }
        #expect(try await due(499) == [])
        #expect(try await store.hasten(day: day, domain: DomainName("x.example"), at: now) == 0)
        #expect(try await store.hasten(day: day, domain: DomainName("c.example"), at: now) == 0)
        #expect(try await store.hasten(day: day, domain: DomainName("d.example"), at: now) == 0)
        #expect(try await store.hasten(day: day.previous, domain: nil, at: now) == 0)
        #expect(try await store.hasten(day: day, domain: DomainName("e.example"), at: now) == 1)
        #expect(try await due(0) == ["e.example true"])
        #expect(try await store.hasten(day: day, domain: nil, at: now.advanced(by: 7)) == 3)
        #expect(try await due(6) == [])
        #expect(try await due(7) == ["a.example true", "b.example true", "e.example true"])
        let second = try #require(try await store.report("b.example"))
        #expect(second.begunAt == now && second.words == "no answer")
        let ended = try #require(try await store.report("d.example"))
        #expect(ended.outcome == .empty && ended.dueAt == nil)
    }
}
