import GRDB
import Mail
import Testing

@testable import Store

@Suite struct ReportPlanTests {
    private let domain = "example.net"

    @Test("RPTF-05 A report is planned once and keeps its id; what is counted tells what to plan")
    func plan() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let later = Reports.day.next
        for name in ["b.example", "a.example", "c.example"] { try await store.count(Reports.session(name)) }
        try await store.count(Reports.session("a.example"), day: later)
        #expect(try await store.unplannedDays(before: Reports.day) == [])
        #expect(try await store.unplannedDays(before: later) == [Reports.day])
        #expect(try await store.unplannedDays(before: later.next) == [Reports.day, later])
        #expect(
            try await store.unplannedDomains(day: Reports.day, limit: 9).map(\.text)
                == ["a.example", "b.example", "c.example"])
        #expect(try await store.unplannedDomains(day: Reports.day, limit: 1).map(\.text) == ["a.example"])

        try await store.plan([Reports.planned("a.example", due: 60), Reports.planned("c.example", due: 30)])
        var again = try Reports.planned("a.example", due: 5)
        again.id = "another"
        try await store.plan([again])
        #expect(try await store.unplannedDomains(day: Reports.day, limit: 9).map(\.text) == ["b.example"])
        #expect(try await store.unplannedDays(before: later.next) == [Reports.day, later])
        try await store.plan([Reports.planned("b.example", due: 90), Reports.planned("a.example", day: later)])
        #expect(try await store.unplannedDays(before: later.next) == [])
        // What is counted late is planned already, also where nothing was counted before.
        try await store.count(Reports.session("a.example"))
        try await store.plan([Reports.planned("d.example", due: 90)])
        try await store.count(Reports.session("d.example"))
        #expect(try await store.unplannedDays(before: later.next) == [])

        let report = try #require(try await store.report("a.example"))
        let planned = try Reports.planned("a.example", due: 60)
        #expect(
            report
                == StoredReport(
                    domain: planned.domain, day: planned.day, id: planned.id, dueAt: planned.dueAt, successes: 2))
        #expect(try await store.report("x.example") == nil)
        #expect(
            try await store.reports(day: Reports.day, after: nil, limit: 9).map(\.domain.text)
                == ["a.example", "b.example", "c.example", "d.example"])
        #expect(
            try await store.reports(day: Reports.day, after: DomainName("b.example"), limit: 1).map(\.domain.text)
                == ["c.example"])
    }

    @Test("What is due comes most overdue first; the next time is that of the first")
    func due() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        #expect(try await store.nextReportTime() == nil)
        try await store.plan([
            Reports.planned("a.example", due: 60), Reports.planned("b.example", due: 30),
            Reports.planned("c.example", due: 61),
        ])
        #expect(try await store.nextReportTime() == Fixture.start.advanced(by: 30))
        func due(_ seconds: Int64, limit: Int = 9) async throws -> [String] {
            try await store.dueReports(at: Fixture.start.advanced(by: seconds), limit: limit).map(\.domain.text)
        }
        #expect(try await due(29) == [])
        #expect(try await due(30) == ["b.example"])
        #expect(try await due(60) == ["b.example", "a.example"])
        #expect(try await due(60, limit: 1) == ["b.example"])
        let second = try DomainName("b.example")
        try await store.postpone(
            second, day: Reports.day, until: Fixture.start.advanced(by: 99), words: "no answer", at: Fixture.start)
        #expect(try await due(61) == ["a.example", "c.example"])
        #expect(try await store.report("b.example")?.words == "no answer")
        try await store.end(
            DomainName("a.example"), day: Reports.day, as: .unwanted, words: "no record", at: Fixture.start)
        #expect(try await due(99) == ["c.example", "b.example"])
        #expect(try await store.nextReportTime() == Fixture.start.advanced(by: 61))
        let ended = try #require(try await store.report("a.example"))
        #expect(ended.state == .ended && ended.outcome == .unwanted && ended.words == "no record")
        #expect(ended.endedAt == Fixture.start && ended.dueAt == nil && ended.begunAt == nil)
    }

    @Test("A page holds at most its limit, whatever was asked for")
    func pages() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let names = (0...ReportLimits.page).map { "d\(1000 + $0).example" }
        try await store.count(names.map { try Reports.session($0) }, day: Reports.day)
        #expect(try await store.unplannedDomains(day: Reports.day, limit: .max).count == ReportLimits.page)
        try await store.plan(names.map { try Reports.planned($0) })
        #expect(try await store.dueReports(at: Fixture.start, limit: .max).count == ReportLimits.page)
        #expect(try await store.dueReports(at: Fixture.start, limit: -1).isEmpty)
        let page = try await store.reports(day: Reports.day, after: nil, limit: .max)
        #expect(page.map(\.domain.text) == Array(names.dropLast()))
        #expect(page.allSatisfy { $0.successes == 1 })
        try await store.writer.perform(urgently: false, weight: 0) { db, _ in
            for (number, name) in names.enumerated() {
                try ReportSuppressionRows.refuse(
                    [name.databaseValue, "mailto:a@b.example".databaseValue], "".databaseValue,
                    at: Fixture.start.advanced(by: Int64(number)), db)
            }
        }
        let suppressions = try await store.suppressions(at: Fixture.start, limit: .max)
        #expect(suppressions.map(\.domain.text) == Array(names.reversed().dropLast()))
    }

    @Test("Only a planned report is postponed or ended; only one that has ended is planned anew")
    func states() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let name = try DomainName(domain)
        let (now, day) = (Fixture.start, Reports.day)
        func isRefused(_ body: () async throws(StoreError) -> Void) async -> Bool {
            do throws(StoreError) {
                try await body()
                return false
            } catch {
                if case .unknown = error { return true }
                return false
            }
        }
        func checkMissing(_ label: String) async {
            #expect(
                await isRefused { () throws(StoreError) in
                    try await store.postpone(name, day: day, until: now, words: "", at: now)
                }, "\(label)")
            #expect(
                await isRefused { () throws(StoreError) in
                    try await store.end(name, day: day, as: .unknown, words: "", at: now)
                }, "\(label)")
        }
        await checkMissing("none")
        #expect(await isRefused { () throws(StoreError) in try await store.replan(name, day: day, at: now) })
        let planned = try Reports.planned(domain)
        try await store.plan([planned])
        #expect(await isRefused { () throws(StoreError) in try await store.replan(name, day: day, at: now) })
        let destination = ReportDestination(uri: "https://a.example/", state: .due)
        #expect(
            await isRefused { () throws(StoreError) in try await store.note(destination, of: name, day: day, at: now) })
        _ = try await store.begin(Reports.underWay(planned, others: [destination]), body: [1], mails: [])
        await checkMissing("under way")
        #expect(await isRefused { () throws(StoreError) in try await store.replan(name, day: day, at: now) })
        let other = ReportDestination(uri: "https://b.example/", state: .accepted)
        #expect(await isRefused { () throws(StoreError) in try await store.note(other, of: name, day: day, at: now) })
        var accepted = destination
        accepted.state = .accepted
        try await store.note(accepted, of: name, day: day, at: now)
        await checkMissing("ended")
        #expect(
            await isRefused { () throws(StoreError) in try await store.note(accepted, of: name, day: day, at: now) })
        #expect(
            await isRefused { () throws(StoreError) in
                _ = try await store.begin(Reports.underWay(planned), body: [1], mails: [])
            })
        try await store.count(Reports.session(domain))

        try await store.replan(name, day: day, at: now.advanced(by: 5))
        #expect(
            try await store.report()
                == StoredReport(domain: name, day: day, id: planned.id, dueAt: now.advanced(by: 5), successes: 1))
        #expect(try await store.body(of: name, day: day) == nil)
        _ = try await store.begin(Reports.underWay(planned, others: [destination]), body: [2], mails: [])
        #expect(try await store.body(of: name, day: day) == [2])
        #expect(try await store.report()?.destinations.count == 1)
    }

    @Test("What is asked for often walks an index")
    func indexes() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queries = [
            (ReportQueries.due, 1, "USING INDEX report_due (due_at>? AND due_at<?)"),
            (ReportQueries.one, 2, "USING PRIMARY KEY (day=? AND domain=?)"),
            (ReportQueries.ofDay, 2, "USING PRIMARY KEY (day=? AND domain>?)"),
            (ReportRows.hasten, 2, "USING PRIMARY KEY (day=?)"),
            (ReportRows.hastenOne, 3, "USING PRIMARY KEY (day=? AND domain=?)"),
            (ReportQueries.unplannedDays, 2, "USING INDEX report_unplanned (day>? AND day<?)"),
            (ReportQueries.unplannedDomains, 1, "USING INDEX report_unplanned (day=?)"),
            (ReportSuppressionRows.all, 1, "USING INDEX report_suppression_since"),
        ]
        for (sql, arguments, way) in queries {
            let plan = try await store.viewReader.read { db in
                try Row.fetchAll(
                    db, sql: "EXPLAIN QUERY PLAN \(sql)",
                    arguments: StatementArguments(Array(repeating: 1.databaseValue, count: arguments))
                ).map { $0["detail"] as String }
            }
            #expect(plan.contains { $0.contains(way) }, "\(plan)")
            #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
        }
    }
}
