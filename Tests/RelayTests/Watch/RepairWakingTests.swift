import Mail
import Net
import Store
import Testing

@testable import Relay

@Suite("Waking mail after a repair", .timeLimit(.minutes(10)))
struct RepairWakingTests {
    /// Has one attempt at each message fail for its cause; nil: there was none.
    static func put(
        off queued: [QueuedMessage], _ causes: [Reason.Cause?], in service: Service, until next: WallTime
    ) async throws {
        for (message, cause) in zip(queued, causes) {
            guard let cause else { continue }
            let now = Service.clock()
            _ = try await service.store.settle(
                Settlement(
                    message: message.message.number,
                    recipients: message.recipients.map {
                        RecipientOutcome(
                            $0, .deferred(Reason(cause, "words"), nil), time: now, nextAttempt: next,
                            deadline: message.message.expiresAt, policyFailureSince: now)
                    }))
        }
    }

    static func nextAttempts(_ queued: [QueuedMessage], in service: Service) async throws -> [WallTime] {
        var times: [WallTime] = []
        for message in queued {
            let detail = try #require(try await service.store.show(message.message.id))
            times += detail.recipients.map(\.recipient.nextAttempt)
        }
        return times
    }

    static func waking(_ service: Service) -> RepairWaking {
        RepairWaking(
            store: service.store, dispatcher: service.dispatcher, log: service.log, clock: Service.clock)
    }

    @Test(
        "what policy keeps back is due, what waits for another reason stays, and what is being delivered is left alone")
    func wake() async throws {
        try await QueueOrdersTests.serve { service in
            let queued = try await QueueOrdersTests.queue(5, in: service)
            let later = Service.clock().advanced(by: 900)
            // The last but one was never tried: it is due as it is.
            try await Self.put(
                off: queued, [.daneMismatch, .timedOut, .startTLSMissing, nil, .daneMismatch], in: service, until: later
            )
            let before = try await Self.nextAttempts(queued, in: service)
            let now = Service.clock()
            let terms = service.terms
            let jobs = Job.fresh(
                queued[4],
                of: [
                    terms.newRecipient(
                        Envelope.Recipient(try Mailbox(parsing: "u@b.example".utf8)), sender: .null,
                        demand: .ordinary, at: now)
                ], terms: terms, content: nil)
            await service.dispatcher.submit(jobs)
            #expect(await Self.waking(service).wake("b.example") == 2)
            let after = try await Self.nextAttempts(queued, in: service)
            #expect(after[0] < later && after[2] < later)
            #expect(after[1] == later && after[4] == later)
            #expect(after[3] == before[3] && after[3] <= now)
        }
    }

    @Test("a change that fails gives back what was taken for it")
    func failure() async throws {
        try await QueueOrdersTests.serve { service in
            try await QueueOrdersTests.queue(2, in: service)
            let page = try await service.store.select(QueueFilter(), after: nil, limit: 10)
            #expect(page.count == 2)
            await #expect(throws: StoreError.busy) {
                _ = try await service.dispatcher.withHold(of: page) { (mine) async throws(StoreError) -> Int in
                    #expect(mine.count == 2)
                    // Nobody else may have them meanwhile.
                    let (others, _) = try await service.dispatcher.withHold(of: page) { _ in }
                    #expect(others.isEmpty)
                    throw .busy
                }
            }
            let (mine, count) = try await service.dispatcher.withHold(of: page) { $0.count }
            #expect(mine == page && count == 2)
        }
    }

    @Test("at start the store says what waits for policy, and nothing else of it")
    func reading() async throws {
        try await QueueOrdersTests.serve { service in
            let queued =
                try await QueueOrdersTests.queue(2, in: service)
                + QueueOrdersTests.queue(1, at: "c.example", in: service)
            try await Self.put(
                off: queued, [.daneMismatch, .daneMismatch, .timedOut], in: service,
                until: Service.clock().advanced(by: 900))
            #expect(await service.readWaiting(at: Service.clock()) == .complete)
            #expect(service.ground.repairs.count == 1)
            let due = service.ground.repairs.due(at: Service.clock().advanced(by: RepairBook.shortest))
            #expect(due.map(\.destination) == ["b.example"] && due.map(\.cause) == [.daneMismatch])
            await service.store.close()
            #expect(await service.readWaiting(at: Service.clock()) == .failed)
        }
    }

    @Test("a look that lasts is given up at its limit, and at once with its task")
    func limit() async throws {
        try await QueueOrdersTests.serve { service in
            let look = RepairLook(parts: await service.dispatcher.parts)
            let loop = service.loops.next()
            let never = Latch<PolicyDecision>()
            let decide: @Sendable () async -> PolicyDecision = {
                // As a lookup, it does not hear of a cancellation.
                await Task { await never.wait() }.value
                    ?? PolicyDecision(
                        PolicyInputs(
                            facts: DestinationFacts(
                                nextHop: NextHop(.address(.v4(1))), mx: MXFacts(lookup: .notQueried, security: nil),
                                hosts: [], timeToLive: 0), settings: PolicySettings()))
            }
            let late = await look.look(after: nil, on: loop, within: .milliseconds(20), deciding: decide)
            #expect(late == .unknown)
            let task = Task { await look.look(after: nil, on: loop, deciding: decide) }
            task.cancel()
            #expect(await task.value == .unknown)
        }
    }
}
