import DNS
import Mail
import Net
import Store
import Synchronization
import Testing

@testable import Relay

@Suite("The end of the service", .timeLimit(.minutes(10)))
struct ShutdownTests {
    @Test("STS-08 a lookup that fails because we stop is no missing record: nothing is said or stored of it")
    func lookupUnderWay() async throws {
        let world = try ServiceWorld()
        let domain = try DomainName("a.example")
        let now = Service.clock()
        let held = try STSCacheEntry.Held(
            parsing: Array("version: STSv1\nmode: enforce\nmx: mx.a.example\nmax_age: 604800\n".utf8), id: "1",
            fetchedAt: now)
        let entry = STSCacheEntry(domain: domain, held: held, usedAt: now)
        let service = Service(try await world.parts("silent"))
        try await service.store.save([entry], now: now)
        let policies = service.policies
        async let mail = policies.facts(for: NextHop(.domain(domain)))
        while service.resolver.openLookups == 0 { await Task.yield() }
        await service.dispatcher.drain(until: .after(.zero), on: service.loops.next())
        #expect(await mail.held?.id == "1")
        await policies.close()
        #expect(try await service.store.policy(for: domain) == .entry(entry))
        #expect(!world.log.events.contains("sts-record-missing"))
        await world.end(service)
    }

    @Test("STS-15 a fetch that fails because we stop is no failed fetch: after the restart nothing waits for it")
    func fetchUnderWay() async throws {
        let world = try ServiceWorld()
        let domain = try DomainName("a.example")
        let service = Service(try await world.parts("answers-only-txt"))
        let policies = service.policies
        async let mail = policies.facts(for: NextHop(.domain(domain)))
        // The addresses of the policy host, behind the TXT record.
        while service.resolver.counters.lookups < 3 { await Task.yield() }
        await service.dispatcher.drain(until: .after(.zero), on: service.loops.next())
        #expect(await mail.isUnknown)
        await policies.close()
        #expect(try await service.store.policy(for: domain) == nil)
        #expect(!world.log.events.contains("sts-fetch-failed"))
        await world.end(service)
    }

    @Test("mail whose names are being looked up holds up no end, and stays in the queue as it was")
    func deliveryInLookup() async throws {
        try await QueueOrdersTests.serve(lookupTimeout: .seconds(3600)) { service in
            // A lookup takes an hour, and the hosts come after it: an end that waited for it would outlast the suite.
            try await self.endDelivery(of: service) { service.resolver.openLookups > 0 }
        }
    }

    @Test("mail whose host does not answer holds up no end, and stays in the queue as it was")
    func deliveryInConnect() async throws {
        let mute = try MuteHost()
        defer { mute.close() }
        let rule = "[[rule]]\ndestination = \"b.example\"\nnext_hop = \"[127.0.0.1]:\(mute.port)\"\nlevel = \"none\"\n"
        try await QueueOrdersTests.serve(rule, connectTimeout: .seconds(3600)) { service in
            try await self.endDelivery(of: service) { service.ground.open.connectingCount > 0 }
            #expect(service.counters.deferred.load(ordering: .relaxed) == 0)
        }
    }

    /// Ends the service while it delivers a message, as soon as the delivery is where it is wanted: it must not be waited for.
    private func endDelivery(of service: Service, once isThere: () -> Bool) async throws {
        let queued = try await QueueOrdersTests.queue(1, in: service)
        let recipient = service.terms.newRecipient(
            Envelope.Recipient(try Mailbox(parsing: "u0@b.example".utf8)), sender: .null, demand: .ordinary,
            at: Service.clock(), mayHold: false)
        for message in queued {
            await service.dispatcher.submit(Job.fresh(message, of: [recipient], terms: service.terms, content: nil))
        }
        while !isThere() { await Task.yield() }
        await service.dispatcher.drain(until: .after(.seconds(3600)), on: service.loops.next())
        let entry = try #require(try await service.store.show(queued[0].message.id))
        #expect(entry.recipients.map(\.recipient.attempts) == [0])
        #expect(try await service.store.counts().dueRecipients == 1)
    }
}
