import Mail
import Net
import Store
import TLS
import Testing

@testable import Relay

/// Reports by mail: what is in the queue, suppression, overrides.
@Suite("Reports by mail", .timeLimit(.minutes(10)))
struct ReportMailingTests {
    @Test(
        "RPTF-14 RPTF-21 The mail: fields, a sender that is not null, 24 hours, and the submitter's domain throughout")
    func mail() async throws {
        let world = try ReportWorld { $0.tlsrpt.from = try? Mailbox(parsing: "noreply@sender.example".utf8) }
        let store = try world.folder.open()
        try world.publish("a.example", "mailto:t@r.example")
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        let message = try #require(world.submitted.first?.message)
        let text = String(decoding: try await store.octets(of: message), as: UTF8.self)
        #expect(text.contains("\r\nTLS-Report-Domain: a.example\r\nTLS-Report-Submitter: sender.example\r\n"))
        #expect(text.hasPrefix("From: ") && text.contains("noreply@sender.example"))
        #expect(text.contains("\r\nAuto-Submitted: auto-generated\r\n") && text.contains("\r\nTLS-Required: No\r\n"))
        #expect(text.contains("Message-ID: <\(message.id)@sender.example>"))
        #expect(message.reversePath == .mailbox(try Mailbox(parsing: "noreply@sender.example".utf8)))
        #expect(message.expiresAt.seconds - message.receivedAt.seconds == 86_400)
        let digest = try SHA256Digest.digest(of: Array(text.utf8))
        #expect(message.digest == digest)
    }

    /// A domain with a day so bad that its report is long: many policies with many texts, none of which compresses.
    private static func badDay(_ store: SQLiteStore) async throws {
        var dice = SystemRandomNumberGenerator()
        let domain = try DomainName("a.example")
        var sessions: [ReportedSession] = []
        for number in 0..<20 {
            let strings = (0..<60).map { _ in
                String(
                    (0..<250).map { _ in
                        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_".randomElement(using: &dice)
                            ?? "x"
                    })
            }
            sessions.append(
                ReportedSession(
                    domain: domain,
                    policy: ReportedPolicy(.sts, domain: try DomainName("p\(number).a.example"), strings: strings)))
        }
        try await store.count(sessions, day: ReportWorld.day)
    }

    @Test("RPTF-12 A report over 256 KiB of mail lies in a file of the spool, whole, and goes out")
    func large() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("a.example", "mailto:t@r.example", "mailto:u@r.example")
        try await Self.badDay(store)
        try await world.look(store)
        let report = try await store.report("a.example")
        #expect(report.destinations.map(\.state) == [.queued, .queued], "\(report.destinations.map(\.words))")
        #expect(world.submitted.count == 2)
        for job in world.submitted {
            #expect(job.message.size > Int64(QueueLimits.inlineContent) && job.message.isSpooled && job.content == nil)
            let octets = try await store.octets(of: job.message)
            let digest = try SHA256Digest.digest(of: octets)
            #expect(digest == job.message.digest && Int64(octets.count) == job.message.size)
            #expect(octets.suffix(2).elementsEqual("\r\n".utf8))
        }
    }

    @Test("RPTF-21 An address that refused with 5yz is left alone for a while; the operator's order lifts it")
    func suppression() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("a.example", "mailto:t@r.example")
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        let job = try #require(world.submitted.first)
        try await ReportWorld.settle(
            job, .bounced(Reason(.remoteReply, "550 no reports please"), Reply(550, nil, "no reports please")),
            in: store, at: world.now)
        #expect(try await store.report("a.example").outcome == .undelivered)
        // The next day.
        let next = ReportWorld.day.next
        try await ReportWorld.count(store, "a.example", day: next)
        world.set(ReportWorld.start(of: next.next))
        try await world.look(store)
        let report = try await store.report("a.example", day: next)
        #expect(report.outcome == .noDestination && world.submitted.count == 1)
        #expect(report.words?.contains("no reports please") == true)
        // RPTF-22: another address is written to all the same.
        try world.publish("a.example", "mailto:t@r.example", "https://r.example/x")
        let before = ReportWorld.day.previous
        try await ReportWorld.count(store, "a.example", day: before)
        try await world.look(store)
        let mixed = try await store.report("a.example", day: before)
        #expect(mixed.destinations.map(\.state) == [.suppressed, .accepted] && mixed.outcome == .accepted)
        // What `relayctl tlsrpt send` does.
        #expect(try await store.removeSuppression("mailto:t@r.example", for: DomainName("a.example")))
        try await store.replan(DomainName("a.example"), day: next, at: world.now)
        try await world.look(store)
        #expect(world.submitted.count == 2)
        #expect(try await store.report("a.example", day: next).id == report.id, "RPTF-05")
    }

    @Test("A refusal in clear, which anybody on the way can make, fails one report and suppresses nothing")
    func refusedInClear() async throws {
        let world = try ReportWorld()
        let store = try world.folder.open()
        try world.publish("a.example", "mailto:t@r.example")
        try await ReportWorld.count(store, "a.example")
        try await world.look(store)
        try await ReportWorld.settle(
            try #require(world.submitted.first),
            .bounced(Reason(.remoteReply, "550 no"), Reply(550, nil, "no")), in: store, at: world.now, wasSecured: false
        )
        #expect(try await store.report("a.example").outcome == .undelivered)
        let next = ReportWorld.day.next
        try await ReportWorld.count(store, "a.example", day: next)
        world.set(ReportWorld.start(of: next.next))
        try await world.look(store)
        #expect(world.submitted.count == 2)
    }

    @Test("An override goes before the record, which is not even asked; a folder is written to as an address is")
    func override() async throws {
        let world = try ReportWorld {
            var override = Configuration.WrittenOverride()
            override.domain = try? DomainName("a.example")
            override.destinations = [.directory("/var/reports")]
            $0.tlsrpt.overrides = [override]
        }
        let store = try world.folder.open()
        try world.publish("a.example", "mailto:t@r.example")
        try await ReportWorld.count(store, "a.example", "b.example")
        try await world.look(store)
        #expect(world.posted.map(\.uri) == ["directory:/var/reports"] && world.submitted.isEmpty)
        #expect(world.lookups == 1, "b.example's alone")
        #expect(try await store.report("a.example").outcome == .accepted)
    }
}
