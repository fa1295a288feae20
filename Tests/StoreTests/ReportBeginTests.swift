import Mail
import Testing

@testable import Store

@Suite struct ReportBeginTests {
    @Test("RPTF-05 Beginning fixes totals, body and destinations, and queues the mails, all over a restart")
    func begin() async throws {
        let fixture = try Fixture()
        let due = ReportDestination(
            uri: "https://a.example/in", state: .due, attempts: 2, lastAttempt: Fixture.start,
            nextAttempt: Fixture.start.advanced(by: 60), words: "503")
        let (mail, planned) = (try Reports.mail(), try Reports.planned())
        let begun = Reports.underWay(
            planned, others: [due, ReportDestination(uri: "mailto:x@y.example", state: .suppressed)], mails: [mail])
        do {
            let store = try fixture.open()
            try await store.count(Reports.session())
            try await store.plan([planned])
            #expect(try await store.body(of: planned.domain, day: planned.day) == nil)
            let queued = try await store.begin(begun, body: [9, 8], mails: [mail])
            #expect(queued.map(\.message.id) == [mail.id])
            #expect(queued.map(\.message.kind) == [.report])
            #expect(queued.map(\.message.demand) == [.report])
        }
        let store = try fixture.open()
        var expected = begun
        expected.dueAt = due.nextAttempt
        #expect(try await store.report() == expected)
        #expect(try await store.body(of: planned.domain, day: planned.day) == [9, 8])
        #expect(try await store.ids() == [mail.id])
        #expect(try await store.nextReportTime() == due.nextAttempt)
        #expect(try await store.dueReports(at: Fixture.start.advanced(by: 60), limit: 9) == [expected])
    }

    @Test("A report begins once: a second time queues nothing")
    func once() async throws {
        let fixture = try Fixture()
        let (store, queued) = try await fixture.begun()
        let mail = try Reports.mail()
        let planned = try Reports.planned()
        await #expect(throws: StoreError.unknown("report of example.net for \(Reports.day) is not planned")) {
            try await store.begin(Reports.underWay(planned, mails: [mail]), body: [7], mails: [mail])
        }
        let other = try Reports.planned("other.example")
        await #expect(throws: StoreError.self) {
            try await store.begin(Reports.underWay(other, mails: [mail]), body: [7], mails: [mail])
        }
        #expect(try await store.ids() == queued.map(\.message.id))
        #expect(try await store.body(of: planned.domain, day: Reports.day) == [1, 2, 3])
    }

    @Test("A beginning is whole or not at all: a taken id, a failed commit")
    func atomic() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let planned = try Reports.planned()
        try await store.plan([planned])
        let taken = try Fixture.message()
        _ = try await store.enqueue([taken])
        let mails = [try Reports.mail(), try Reports.mail(taken.id)]
        await #expect(throws: StoreError.duplicate(taken.id)) {
            try await store.begin(Reports.underWay(planned, mails: mails), body: [1], mails: mails)
        }
        let good = [try Reports.mail()]
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) {
            try await store.begin(Reports.underWay(planned, mails: good), body: [1], mails: good)
        }
        #expect(try await store.report()?.state == .planned)
        #expect(try await store.report()?.destinations == [])
        #expect(try await store.body(of: planned.domain, day: planned.day) == nil)
        #expect(try await store.ids() == [taken.id])
        _ = try await store.begin(Reports.underWay(planned, mails: good), body: [1], mails: good)
        #expect(try await store.ids() == [taken.id, good[0].id])
    }

    @Test("A beginning that does not fit together is refused: mails, destinations, time")
    func misfits() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let planned = try Reports.planned()
        try await store.plan([planned])
        let (mail, other) = (try Reports.mail(), try Reports.mail())
        var two = try Fixture.message(mail.id, to: ["a.example", "b.example"])
        two.kind = .report
        var timeless = Reports.underWay(planned)
        timeless.begunAt = nil
        let many = (0...ReportLimits.destinations).map { ReportDestination(uri: "https://\($0).example", state: .due) }
        let cases: [(StoredReport, [NewMessage])] = [
            (Reports.underWay(planned, mails: [mail]), []), (Reports.underWay(planned), [mail]),
            (Reports.underWay(planned, mails: [mail]), [other]), (Reports.underWay(planned, mails: [mail]), [two]),
            (timeless, []), (Reports.underWay(planned, others: many), []),
        ]
        for (report, mails) in cases {
            await #expect {
                _ = try await store.begin(report, body: [], mails: mails)
            } throws: {
                if case .failed? = $0 as? StoreError { true } else { false }
            }
        }
        #expect(try await store.ids() == [])
        let full = Reports.underWay(planned, others: Array(many.dropLast()))
        _ = try await store.begin(full, body: [], mails: [])
        #expect(try await store.report()?.destinations.count == ReportLimits.destinations)
        #expect(try await store.body(of: planned.domain, day: planned.day) == [])
    }

    @Test("A destination that is due has a time: that of the beginning where none is given")
    func dueWithoutTime() async throws {
        let fixture = try Fixture()
        let (store, _) = try await fixture.begun(others: [ReportDestination(uri: "https://a.example/", state: .due)])
        #expect(try await store.nextReportTime() == Fixture.start)
    }

    @Test("A beginning that leaves nothing to do ends the report", arguments: [true, false])
    func nothingToDo(accepted: Bool) async throws {
        let fixture = try Fixture()
        let (store, _) = try await fixture.begun(
            mails: 0,
            others: [
                ReportDestination(uri: "mailto:a@b.example", state: .suppressed),
                ReportDestination(uri: "directory:/x", state: accepted ? .accepted : .failed),
            ])
        #expect(try await store.report()?.state == .ended)
        #expect(try await store.report()?.outcome == (accepted ? .accepted : .undelivered))
        #expect(try await store.nextReportTime() == nil)
    }
}
