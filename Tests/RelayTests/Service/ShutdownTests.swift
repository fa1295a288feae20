import DNS
import Mail
import Net
import Store
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
}
