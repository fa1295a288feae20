import GRDB
import Mail
import Testing

@testable import Store

@Suite struct ReportForgettingTests {
    @Test("Old days are forgotten in steps: counts, ended reports, past suppressions; what is under way stays")
    func forgetting() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let (old, new) = (Reports.day, Reports.day.next)
        // More than a few steps.
        let names = (0..<700).map { "d\($0).example" }
        for day in [old, new] {
            try await store.count(
                names.map { try Reports.session($0, nil, [Reports.detail(1), Reports.detail(2), Reports.detail(3)]) },
                day: day)
            try await store.plan(names.map { try Reports.planned($0, day: day) })
            for name in names.dropFirst(2) {
                try await store.end(DomainName(name), day: day, as: .unwanted, words: "", at: Fixture.start)
            }
        }
        let destination = ReportDestination(uri: "https://a.example/", state: .due)
        _ = try await store.begin(
            Reports.underWay(Reports.planned(names[1], day: old), others: [destination]), body: [1], mails: [])
        // Ends as the days of grace begin, and one second before.
        let end = new.start.advanced(by: -86_400 * ReportLimits.graceDays)
        try await store.writer.perform(urgently: false, weight: 0) { db, _ in
            for (uri, seconds) in [("past", -1), ("kept", 0)] as [(String, Int64)] {
                try ReportSuppressionRows.refuse(
                    ["a.example".databaseValue, uri.databaseValue], "".databaseValue,
                    at: end.advanced(by: seconds - ReportSuppression.firstDuration), db)
            }
        }
        #expect(try await store.removeReports(before: new) == 698)
        #expect(try await store.removeReports(before: new) == 0)
        #expect(
            try await store.reports(day: old, after: nil, limit: 500).map(\.domain.text) == [
                "d0.example", "d1.example",
            ])
        #expect(try await store.body(of: DomainName(names[1]), day: old) == [1])
        #expect(try await store.report(names[1], day: old)?.destinations.count == 1)
        #expect(try await store.suppressions(at: end.advanced(by: -2), limit: 9).map(\.uri) == ["kept"])
        #expect(try await store.policyCounts("d5.example", day: new).map(\.failures) == [1])
        #expect(try await store.policyCounts("d5.example", day: new)[0].details.count == 3)
        await store.close()
        for (table, rows) in [
            ("report_day", 1), ("report_domain", 700), ("report_policy", 700), ("report_count", 700),
            ("report_detail", 2100), ("report", 702), ("report_destination", 1), ("report_body", 1),
        ] {
            #expect(try fixture.query("SELECT count(*) FROM \(table)") == ["\(rows)"], "\(table)")
        }
    }

    @Test("A report under way is forgotten where it waits for mails that are gone, and not before")
    func lostMails() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let (planned, mail) = (try Reports.planned(), try Reports.mail())
        try await store.plan([planned])
        let queued = try await store.begin(
            Reports.underWay(planned, mails: [mail]), body: [1], mails: [mail])[0]
        #expect(try await store.removeReports(before: Reports.day.next) == 0)
        try await store.writer.perform(urgently: false, weight: 0) { db, numbers in
            let settlement = Reports.settlement(queued)
            _ = try SettleRows.settle(settlement, db, &numbers, withReports: false)
        }
        #expect(try await store.report()?.state == .underWay)
        #expect(try await store.removeReports(before: Reports.day) == 0)
        #expect(try await store.removeReports(before: Reports.day.next) == 1)
        #expect(try await store.report() == nil)
    }

    @Test("One step of forgetting touches about as many rows as it may")
    func step() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let details = (0..<ReportLimits.detailsPerPolicy).map { Reports.detail($0) }
        try await store.count(
            (0..<300).map { try Reports.session("d\($0).example", nil, details) }, day: Reports.day)
        var steps = 0
        while true {
            let (changes, isLast) = try await store.writer.perform(urgently: false, weight: 0) { db, numbers in
                let before = db.totalChangesCount
                let step = try ReportForgetting.step(before: Reports.day.next, db, &numbers.counter)
                return (db.totalChangesCount - before, step.isLast)
            }
            #expect(changes < ReportLimits.step + 150)
            steps += 1
            if isLast { break }
        }
        #expect(steps == 7)
    }
}
