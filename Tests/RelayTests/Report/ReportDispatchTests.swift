import Mail
import Net
import Store
import TLS
import Testing

@testable import Relay

/// What becomes of one report: who wants it, what it says, and how often it is tried.
@Suite("ReportDispatch", .timeLimit(.minutes(10)))
struct ReportDispatchTests {
    @Test("RPTC-02 No record: nobody asked for it, and it ends unwanted")
    func unwanted() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        let report = try await store.report("a.example")
        #expect(report.state == .ended && report.outcome == .unwanted && report.words == "no such name")
        #expect(world.posted.isEmpty && world.submitted.isEmpty && world.lookups == 1)
        world.advance(by: 86_400)
        try await world.look(store)
        #expect(world.lookups == 1, "and stays so")
    }

    @Test("RPTC-04 A record without an address that can be written to")
    func noDestination() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("a.example")
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        #expect(try await store.report("a.example").outcome == .noDestination)
    }

    @Test("RPTC-05 A lookup that fails: postponed again and again, and after a day it is unknown")
    func lookupFails() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.set("a.example", .failed(why: "SERVFAIL"))
        try await ReportWorld.count(store, "a.example")
        try await world.run(store).plan(before: ReportDay(of: world.now))
        var waits: [Int64] = []
        for _ in 0..<1000 {
            try await world.run(store).work()
            let report = try await store.report("a.example")
            guard report.state == .planned, let due = report.dueAt else { break }
            #expect(report.words?.contains("SERVFAIL") == true)
            waits.append(due.seconds - world.now.seconds)
            world.set(due)
        }
        let report = try await store.report("a.example")
        #expect(report.outcome == .unknown && report.words?.contains("SERVFAIL") == true)
        #expect(waits.allSatisfy { $0 == ReportTimes.lookupWait } && waits.count == 72)
        let lasted = world.now.seconds - ReportWorld.start(of: ReportWorld.day.next).seconds
        #expect(lasted == 86_400)
    }

    @Test("RPTC-05 A lookup that works after all: the report goes out")
    func lookupRecovers() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.set("a.example", .failed(why: "SERVFAIL"))
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        try world.publish("a.example", "https://r.example/x")
        world.advance(by: 1500)
        try await world.look(store)
        #expect(try await store.report("a.example").outcome == .accepted)
    }

    @Test("RPTF-22 RPTF-12 Several addresses: each gets it, and one that has it is enough")
    func several() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish(
            "a.example", "https://r.example/x", "mailto:t@r.example", "https://s.example/y", "mailto:u@s.example")
        world.answer("https://r.example/x", .failed("no"))
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        #expect(world.posted.map(\.uri).sorted() == ["https://r.example/x", "https://s.example/y"])
        #expect(world.posted.allSatisfy { $0.body.starts(with: [0x1F, 0x8B]) })
        #expect(
            world.submitted.compactMap { $0.recipients.first?.mailbox.description } == ["t@r.example", "u@s.example"])
        for job in world.submitted {
            #expect(job.message.kind == .report && job.message.demand == .report && !job.isCounted)
        }
        var report = try await store.report("a.example")
        #expect(report.state == .underWay)
        #expect(report.destinations.map(\.state) == [.failed, .queued, .accepted, .queued])
        let no = Reply(550, nil, "no")
        for job in world.submitted {
            try await ReportWorld.settle(job, .bounced(Reason(.remoteReply, "x"), no), in: store, at: world.now)
        }
        report = try await store.report("a.example")
        #expect(report.state == .ended && report.outcome == .accepted)
        #expect(report.destinations.map(\.state) == [.failed, .failed, .accepted, .failed])
    }

    @Test("RPTF-22 None that has it: undelivered")
    func undelivered() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("a.example", "https://r.example/x")
        world.answer("https://r.example/x", .failed("it names a user"))
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        #expect(try await store.report("a.example").outcome == .undelivered)
    }

    @Test("An address that a record names twice gets the report once")
    func twice() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("a.example", "mailto:t@r.example", "https://r.example/x", "mailto:t@r.example")
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        #expect(world.submitted.count == 1 && world.posted.count == 1)
    }

    @Test("RPTF-23 503, then 201: the same octets, later")
    func laterAccepted() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("a.example", "https://r.example/x")
        world.answer("https://r.example/x", .later("503", seconds: nil), .accepted("201"))
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        let waiting = try #require(try await store.report("a.example").destinations.first)
        #expect(waiting.state == .due && waiting.attempts == 1 && waiting.words == "503")
        let next = try #require(waiting.nextAttempt)
        world.set(next.advanced(by: -1))
        try await world.look(store)
        #expect(world.posted.count == 1, "not a second too soon")
        world.set(next)
        try await world.look(store)
        #expect(world.posted.count == 2 && world.posted[0].body == world.posted[1].body)
        let ended = try await store.report("a.example")
        #expect(ended.outcome == .accepted && ended.destinations.first?.attempts == 2)
    }

    @Test("RPTF-25 For ever 503: gaps that widen, and an end 24 hours after the first attempt")
    func forever() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("a.example", "https://r.example/x")
        world.answer("https://r.example/x", .later("503", seconds: nil))
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        while let next = try await store.report("a.example").destinations.first?.nextAttempt {
            world.set(next)
            try await world.look(store)
        }
        let report = try await store.report("a.example")
        #expect(report.outcome == .undelivered && report.destinations.first?.words?.contains("24 hours") == true)
        let times = world.posted.map(\.at.seconds)
        let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
        for (number, gap) in gaps.enumerated() {
            let base: Int64 = min(Int64(300) << Int64(number), 4 * 3600)
            #expect((base...(base + base / 4)).contains(gap), "gap \(number) is \(gap)")
        }
        let span = (times.last ?? 0) - (times.first ?? 0)
        #expect(span < 86_400 && span > 12 * 3600 && gaps.count >= 8)
    }

    @Test("RPTF-25 Retry-After is heeded where it is longer than our own wait, and never beyond a day")
    func retryAfter() async throws {
        for (seconds, least, most) in [
            (Int64(1), Int64(300), Int64(375)), (7200, 7200, 7200), (86_399, 86_399, 86_399),
        ] {
            let world = try ReportWorld()
            let store = try world.folder.open()
            try world.publish("a.example", "https://r.example/x")
            world.answer("https://r.example/x", .later("503", seconds: seconds))
            try await ReportWorld.count(store, "a.example")
            try await world.look(store)
            let next = try #require(try await store.report("a.example").destinations.first?.nextAttempt)
            #expect((least...most).contains(next.seconds - world.now.seconds), "\(seconds)")
        }
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("a.example", "https://r.example/x")
        world.answer("https://r.example/x", .later("503", seconds: .max))
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        #expect(try await store.report("a.example").outcome == .undelivered, "a day is too late")
    }

    @Test("On the way out nothing is known, and the report stays as it was")
    func stopped() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("a.example", "https://r.example/x")
        world.answer("https://r.example/x", .stopped)
        try await ReportWorld.count(store, "a.example")
        try await world.run(store).plan(before: ReportDay(of: world.now))
        await world.dispatch(store).advance(try await store.report("a.example"))
        let destination = try #require(try await store.report("a.example").destinations.first)
        #expect(destination.state == .due && destination.attempts == 0 && world.posted.count == 1)
    }

    @Test("RPTC-05 A stop while the record is looked up: no failure of the domain's, and the report stays as it was")
    func stoppedLookup() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.set("a.example", .failed(why: "the resolver is closed"))
        try await ReportWorld.count(store, "a.example")
        try await world.run(store).plan(before: ReportDay(of: world.now))
        let planned = try await store.report("a.example")
        let dispatch = world.dispatch(store)
        let step = Task {
            while !Task.isCancelled { await Task.yield() }
            await dispatch.advance(planned)
        }
        step.cancel()
        await step.value
        #expect(try await store.report("a.example") == planned && world.lookups == 1)
        #expect(!world.log.events.contains("report-postponed"))
    }

    @Test("Counts that are gone: the report ends, and nobody gets an empty one")
    func noCounts() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("a.example", "https://r.example/x")
        try await store.plan([
            PlannedReport(
                domain: try DomainName("a.example"), day: ReportWorld.day, id: "x@sender.example", dueAt: world.now)
        ])
        try await world.run(store).work()
        #expect(try await store.report("a.example").outcome == .empty && world.posted.isEmpty)
    }
}
