import Mail
import Net
import Store
import Testing

@testable import Relay

/// Planning: one report for each domain and day, spread, over restarts.
@Suite("ReportRun", .timeLimit(.minutes(10)))
struct ReportRunTests {
    @Test("RPTF-05 RPTC-21 One report for each domain and day with counts; planning again changes nothing")
    func once() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        let (day, before) = (ReportWorld.day, ReportWorld.day.previous)
        try await ReportWorld.count(store, "a.example", "b.example")
        try await ReportWorld.count(store, "a.example", day: before)
        let run = world.run(store)
        for _ in 0..<3 { try await run.plan(before: day.next) }
        let ids = try await [
            store.report("a.example"), store.report("b.example"), store.report("a.example", day: before),
        ].map(\.id)
        #expect(Set(ids).count == 3)
        let again = try await store.report("a.example")
        #expect(again.id == ids[0] && again.state == .planned)
        #expect(world.log.events.filter { $0 == "reports-planned" }.count == 2, "once for each day")
        // The id is the submitter's.
        #expect(ids.allSatisfy { $0.hasSuffix("@sender.example") })
    }

    @Test("RPTC-21 Today's counts wait for tomorrow")
    func today() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try await ReportWorld.count(store, "a.example")
        try await world.run(store).plan(before: ReportWorld.day)
        #expect(try await store.report(for: DomainName("a.example"), day: ReportWorld.day) == nil)
        try await world.run(store).plan(before: ReportWorld.day.next)
        #expect(try await store.report("a.example").state == .planned)
    }

    @Test("RPTF-26 500 reports are scattered over the window after midnight, and none lies outside")
    func spread() async throws {
        let window: Int64 = 4 * 3600
        let world = try ReportWorld { $0.tlsrpt.spread = .seconds(window) }
        let store = try world.folder.open()
        let domains = (0..<600).map { "d\($0).example" }
        try await store.count(try domains.map { try ReportWorld.session($0) }, day: ReportWorld.day)
        try await world.run(store).plan(before: ReportWorld.day.next)
        var offsets: [Int64] = []
        for domain in domains {
            let due = try #require(try await store.report(domain).dueAt)
            offsets.append(due.seconds - ReportWorld.start(of: ReportWorld.day.next).seconds)
        }
        #expect(offsets.allSatisfy { (0..<window).contains($0) })
        for quarter in 0..<4 {
            let part = offsets.filter { $0 / (window / 4) == quarter }.count
            // Of 600 in quarters, 150 each and a deviation of 11.
            #expect(part > 75 && part < 225, "\(part) in quarter \(quarter)")
        }
        // Nobody is asked before it is time.
        try await world.run(store).work()
        #expect(world.lookups == offsets.filter { $0 == 0 }.count)
    }

    @Test(
        "RPTF-26 Without a window all are due a minute after midnight, when the day is written down; a day long gone is due at once"
    )
    func noSpread() async throws {
        let world = try ReportWorld { $0.tlsrpt.spread = .zero }
        let store = try world.folder.open()
        try await ReportWorld.count(store, "a.example", day: ReportWorld.day.previous.previous)
        try await world.run(store).plan(before: ReportWorld.day.next)
        let report = try await store.report("a.example", day: ReportWorld.day.previous.previous)
        #expect(report.dueAt == ReportWorld.start(of: ReportWorld.day.previous))
        try await world.run(store).work()
        #expect(world.lookups == 1)
    }

    @Test("RPTF-05 A restart between plan, begin and send neither loses nor doubles: same id, same body")
    func restarts() async throws {
        let world = try ReportWorld()
        try world.publish("a.example", "https://r.example/x", "mailto:t@r.example")
        world.answer("https://r.example/x", .later("503", seconds: nil), .accepted("201"))
        var store = try world.folder.open()
        try await ReportWorld.count(store, "a.example")
        // Planned, and the process ends.
        try await world.run(store).plan(before: ReportWorld.day.next)
        let id = try await store.report("a.example").id
        await store.close()
        store = try world.folder.open()
        // Begun, and the process ends with the POST refused and the mail in the queue.
        try await world.look(store)
        #expect(try await store.report("a.example").id == id)
        let mail = try #require(world.submitted.first)
        let body = try #require(try await store.body(of: DomainName("a.example"), day: ReportWorld.day))
        await store.close()
        store = try world.folder.open()
        // What is counted meanwhile changes nothing any more.
        try await ReportWorld.count(store, "a.example")
        world.advance(by: 400)
        try await world.look(store)
        #expect(world.posted.map(\.body) == [body, body] && world.posted.map(\.report) == [id, id])
        #expect(world.submitted.count == 1 && world.lookups == 1, "the mail is not doubled, the record not asked again")
        #expect(try await store.counts().messages == 1)
        try await ReportWorld.settle(mail, .delivered(Reply(250, nil, "ok")), in: store, at: world.now)
        let ended = try await store.report("a.example")
        #expect(ended.state == .ended && ended.outcome == .accepted && ended.id == id)
        await store.close()
        store = try world.folder.open()
        try await world.look(store)
        #expect(world.posted.count == 2 && world.submitted.count == 1)
    }

    @Test("A run ends when its bell rings, and looks again after a mistake of the store")
    func bell() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        let loop = try Loop(name: "test")
        try loop.start()
        defer { loop.shutdown() }
        await store.close()
        let bell = Alarm(on: loop)
        bell.ring()
        let run = world.run(store)
        await loop.task { await run.run(until: bell) }.value
        #expect(world.log.events == ["report-store-failed"])
    }

    @Test("RPTC-21 Counts and ended reports are forgotten after their time, those under way are not")
    func forgetting() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("b.example", "https://r.example/x")
        world.answer("https://r.example/x", .later("503", seconds: nil))
        try await ReportWorld.count(store, "a.example", "b.example")
        try await world.look(store)
        #expect(try await store.report("a.example").outcome == .unwanted)
        world.set(ReportWorld.day.next.start.advanced(by: 20 * 86_400))
        await world.keeping(store).forget()
        #expect(try await store.report(for: DomainName("a.example"), day: ReportWorld.day) == nil)
        #expect(try await store.report("b.example").state == .underWay)
        #expect(world.log.events.contains("reports-forgotten"))
    }
}
