import Mail
import Net
import Store
import Testing

@testable import Relay

@Suite("Orders to the queue, carried out", .timeLimit(.minutes(10)))
struct QueueOrdersTests {
    /// A service that delivers nothing: its resolver never answers, and its loader does not run.
    static func serve(
        _ rules: String = "", lookupTimeout: Duration = .seconds(20), connectTimeout: Duration = .seconds(30),
        _ body: @escaping @Sendable (Service) async throws -> Void
    ) async throws {
        var world = try ServiceWorld()
        world.configuration.rules = try Configuration.parse(text: rules, file: "rules.toml").rules
        world.configuration.dns.lookupTimeout = lookupTimeout
        world.configuration.delivery.connectTimeout = connectTimeout
        let service = Service(try await world.parts("silent"))
        let loop = service.loops.next()
        let result: Result<Void, any Error> = await loop.task {
            do { return .success(try await body(service)) } catch { return .failure(error) }
        }.value
        await loop.task { await service.dispatcher.drain(until: .after(.zero), on: loop) }.value
        await world.end(service)
        try result.get()
    }

    /// - Parameter age: seconds since it came.
    @discardableResult
    static func queue(
        _ count: Int, at domain: String = "b.example", from sender: String = "a@s.example", age: Int64 = 0,
        in service: Service
    ) async throws -> [QueuedMessage] {
        var generator = SystemRandomNumberGenerator()
        let path = try #require(ReversePath(written: sender))
        let now = Service.clock().advanced(by: -age)
        let messages = try (0..<count).map { number in
            NewMessage(
                id: QueueID(using: &generator), reversePath: path, receivedAt: now,
                expiresAt: now.advanced(by: 1000), digest: [], content: Content(bytes: Array("X: y\r\n\r\n".utf8)),
                recipients: [
                    service.terms.newRecipient(
                        Envelope.Recipient(try Mailbox(parsing: "u\(number)@\(domain)".utf8)), sender: path,
                        demand: .ordinary, at: now, mayHold: true)
                ])
        }
        return try await service.store.enqueue(messages)
    }

    static func order(
        _ verb: QueueVerb, in service: Service, dryRun: Bool = false, reason: String? = nil
    ) async throws -> QueueOrderPage {
        var sum = QueueOrderPage()
        var cursor: String?
        repeat {
            let page = try await service.order(
                verb, QueueSelectors(all: true), dryRun: dryRun, reason: reason, cursor: cursor)
            sum.touched += page.touched
            sum.skipped += page.skipped
            sum.busy += page.busy
            cursor = page.next
        } while cursor != nil
        return sum
    }

    @Test("held, held again, released: over a page and one more; a dry run changes nothing")
    func hold() async throws {
        try await Self.serve { service in
            let count = QueueOrders.page + 1
            try await Self.queue(count, in: service)
            #expect(try await Self.order(.hold, in: service, dryRun: true).touched == count)
            #expect(try await service.store.counts().heldRecipients == 0)
            #expect(try await Self.order(.hold, in: service, reason: "why").touched == count)
            #expect(try await service.store.counts().heldRecipients == count)
            let again = try await Self.order(.hold, in: service)
            #expect(again.touched == 0 && again.skipped == count)
            #expect(try await Self.order(.release, in: service).touched == count)
            #expect(try await service.store.counts().dueRecipients == count)
        }
    }

    @Test("Q-05 returned with the operator's words, each once; what has the null reverse-path without a notice")
    func bounce() async throws {
        try await Self.serve { service in
            try await Self.queue(2, in: service)
            try await Self.queue(1, from: "<>", in: service)
            #expect(try await Self.order(.bounce, in: service, reason: "no such project").touched == 3)
            let left = try await service.store.list(QueueFilter(), after: nil, limit: 10)
            #expect(left.count == 2 && left.allSatisfy { $0.message.kind == .dsn })
            var content: [UInt8] = []
            let reader = try await service.store.content(of: try #require(left.first).message)
            while let piece = try await reader.next() { content += piece }
            let text = String(decoding: content, as: UTF8.self)
            #expect(text.contains("no such project") && text.contains("Status: 5.7.0\r\n"))
        }
    }

    @Test("deleted without a word, and its life is told all the same")
    func delete() async throws {
        try await Self.serve { service in
            let queued = try await Self.queue(1, in: service)
            #expect(try await Self.order(.delete, in: service, reason: "spam").touched == 1)
            #expect(try await service.store.counts().messages == 0)
            let id = try #require(queued.first).message.id.text
            let life = try #require(try await service.trace(key: id, limit: 1).matches.first)
            #expect(life.state == "ended" && life.recipients.map(\.outcome) == ["deleted"])
            #expect(life.events.contains { $0.words?.contains("deleted by the operator: spam") == true })
        }
    }

    @Test("what is being delivered is left alone and counted")
    func busy() async throws {
        try await Self.serve { service in
            let queued = try await Self.queue(3, in: service)
            let now = Service.clock()
            let terms = service.terms
            let jobs = try queued.flatMap { message in
                Job.fresh(
                    message,
                    of: [
                        terms.newRecipient(
                            Envelope.Recipient(try Mailbox(parsing: "u@b.example".utf8)), sender: .null,
                            demand: .ordinary, at: now)
                    ], terms: terms, content: nil)
            }
            await service.dispatcher.submit(jobs)
            // The window of a new destination is two; the third waits in memory, and is taken from there.
            #expect(DestinationWindow.firstWidth == 2)
            let dry = try await Self.order(.hold, in: service, dryRun: true)
            #expect(dry.touched == 1 && dry.busy == 2)
            let held = try await Self.order(.hold, in: service)
            #expect(held.touched == 1 && held.busy == 2)
            #expect(try await service.store.counts().heldRecipients == 1)
            #expect(await service.dispatcher.summary.jobs == 2)
        }
    }

    @Test("a rule that holds catches what comes after it, and not what came before")
    func holdRule() async throws {
        try await Self.serve { service in
            try await Self.queue(1, in: service)
            let rule = try await service.addHold(
                HoldOrder(sender: .domain(try DomainName("s.example"))), reason: "wait")
            try await Self.queue(2, in: service)
            try await Self.queue(1, from: "a@t.example", in: service)
            #expect(try await service.store.counts().heldRecipients == 2)
            #expect(try await service.removeHold(rule.number))
            #expect(try await !service.removeHold(rule.number))
            try await Self.queue(1, in: service)
            #expect(try await service.store.counts().heldRecipients == 2)
        }
    }

    @Test("suspended until a time, seen in the list, resumed; a second time there is nothing to resume")
    func suspend() async throws {
        try await Self.serve { service in
            try await Self.queue(2, in: service)
            let name = try #require(DestinationName("b.example"))
            let view = try await service.suspend(name, seconds: 600, reason: "they asked")
            #expect(view.waiting == 2 && view.until.map { $0 - view.since } == 600)
            let shown = try #require(try await service.destinations(limit: 10, suspendedOnly: true).destinations.first)
            #expect(shown.state == "suspended" && shown.reason == "they asked")
            let waiting = try await service.queue(QueueQuery()).messages.first?.recipients.first?.waiting
            #expect(waiting?.state == "suspended" && waiting?.reason == "they asked")
            #expect(try await service.resume(name).resumed)
            #expect(try await !service.resume(name).resumed)
            #expect(try await service.destinations(limit: 10, suspendedOnly: true).destinations.isEmpty)
        }
    }
}
