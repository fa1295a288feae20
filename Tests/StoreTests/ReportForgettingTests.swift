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
        #expect(try await store.policyCounts("d5.example", day: old) == [])
        for name in names.prefix(2) {
            #expect(try await store.policyCounts(name, day: old).map(\.details.count) == [3])
        }
        #expect(try await store.policyCounts("d5.example", day: new).map(\.failures) == [1])
        #expect(try await store.policyCounts("d5.example", day: new)[0].details.count == 3)
        await store.close()
        for (table, rows) in [
            ("report_day", 2), ("report_domain", 702), ("report_policy", 702), ("report_count", 702),
            ("report_detail", 2106), ("report", 702), ("report_destination", 1), ("report_body", 1),
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

    @Test(
        "What has not ended keeps its counts through the days of grace, and not for one more; what was never planned none"
    )
    func grace() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let (planned, mail) = (try Reports.planned("planned.example"), try Reports.mail())
        let underWay = try Reports.planned("mailed.example")
        let ended = try Reports.planned("ended.example")
        for name in ["planned.example", "mailed.example", "ended.example", "unplanned.example"] {
            try await store.count(Reports.session(name, nil, [Reports.detail()]))
        }
        try await store.plan([planned, underWay, ended])
        let queued = try await store.begin(
            Reports.underWay(underWay, mails: [mail]), body: [1], mails: [mail])[0]
        try await store.end(ended.domain, day: ended.day, as: .unwanted, words: "", at: Fixture.start)
        let days = ReportLimits.graceDays
        #expect(try await store.removeReports(before: Reports.day) == 0)
        #expect(try await store.countedDomains(day: Reports.day, after: nil, limit: 9).count == 4)
        #expect(try await store.removeReports(before: Reports.day.next) == 1)
        #expect(try await store.removeReports(before: ReportDay(number: Reports.day.number + days)) == 0)
        let kept = ["mailed.example", "planned.example"]
        #expect(
            try await store.countedDomains(day: Reports.day, after: nil, limit: 9).map(\.domain.text) == kept)
        #expect(try await store.reports(day: Reports.day, after: nil, limit: 9).map(\.domain.text) == kept)
        #expect(try await store.body(of: underWay.domain, day: Reports.day) == [1])
        #expect(try await store.unplannedDays(before: Reports.day.next) == [])
        // More of the same is counted in the rows that are there.
        try await store.count(Reports.session("planned.example"))
        #expect(try await store.policyCounts("planned.example").map(\.successes) == [1])

        #expect(try await store.removeReports(before: ReportDay(number: Reports.day.number + days + 1)) == 2)
        #expect(try await store.countedDomains(day: Reports.day, after: nil, limit: 9) == [])
        // Its mail is on its way all the same.
        _ = try await store.settle(Reports.settlement(queued))
        #expect(try await store.counts().messages == 0)
        await store.close()
        for table in ["day", "domain", "policy", "count", "detail", "destination", "body"] {
            #expect(try fixture.query("SELECT count(*) FROM report_\(table)") == ["0"], "\(table)")
        }
        #expect(try fixture.query("SELECT count(*) FROM report") == ["0"])
    }

    @Test("The body of a report goes with its end, however it ends, and planning it anew makes a new one")
    func bodies() async throws {
        let fixture = try Fixture()
        let (store, queued) = try await fixture.begun(mails: 2)
        let name = try DomainName("example.net")
        _ = try await store.settle(Reports.settlement(queued[0], ReportMailTests.refusal))
        #expect(try await store.body(of: name, day: Reports.day) == [1, 2, 3])
        _ = try await store.settle(Reports.settlement(queued[1]))
        #expect(try await store.body(of: name, day: Reports.day) == nil)

        try await store.replan(name, day: Reports.day, at: Fixture.start)
        var destination = ReportDestination(uri: "https://a.example/", state: .due)
        _ = try await store.begin(
            Reports.underWay(Reports.planned(), others: [destination]), body: [4], mails: [])
        #expect(try await store.body(of: name, day: Reports.day) == [4])
        destination.state = .failed
        try await store.note(destination, of: name, day: Reports.day, at: Fixture.start)
        #expect(try await store.body(of: name, day: Reports.day) == nil)

        // Nothing to do from the beginning.
        try await store.replan(name, day: Reports.day, at: Fixture.start)
        _ = try await store.begin(Reports.underWay(Reports.planned()), body: [5], mails: [])
        #expect(try await store.report()?.state == .ended)
        #expect(try await store.body(of: name, day: Reports.day) == nil)

        try await store.replan(name, day: Reports.day, at: Fixture.start)
        let mail = try Reports.mail()
        _ = try await store.begin(Reports.underWay(Reports.planned(), mails: [mail]), body: [6], mails: [mail])
        try await store.quarantine(mail.id, because: "digest differs")
        #expect(try await store.body(of: name, day: Reports.day) == nil)
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
