import Mail
import Store
import Testing

@testable import Relay

/// Steps that overlap, are broken off, or end when nobody expects it.
@Suite("PolicyFinder, overlapping steps", .timeLimit(.minutes(10)))
struct PolicyFinderRaceTests {
    let world = PolicyWorld()
    let domain: DomainName

    init() throws { domain = try PolicyWorld.name("a.example") }

    @Test("Discovery and refresh of one domain share lookup and fetch")
    func shared() async {
        let finder = world.finder()
        let (record, policy, joined) = (Latch<Bool>(), Latch<Bool>(), Latch<Bool>())
        world.publish(domain)
        world.set(domain) {
            $0.recordGate = record
            $0.policyGate = policy
        }
        async let mail = finder.mail(domain)
        await world.until { $0.lookups == 1 }
        async let refreshed = finder.refresh(domain) { _ in
            joined.open(true)
            return true
        }
        async let more = finder.mail(domain)
        // From here on it does not leave the actor before it waits for the lookup.
        _ = await joined.wait()
        record.open(true)
        while await finder.fetchWaiters(domain) < 2 { await Task.yield() }
        policy.open(true)
        #expect(await mail.mode == .enforce)
        #expect(await more.mode == .enforce)
        #expect(await refreshed.held?.id == "1")
        #expect(world.lookups(domain) == 1 && world.fetches(domain) == 1)
    }

    @Test("STS-25 mail that comes while an older id is fetched for a refresh waits for the one that TXT names")
    func joinsOlderFetch() async {
        let finder = world.finder()
        let gate = Latch<Bool>()
        world.publish(domain)
        world.set(domain) { $0.policyGate = gate }
        async let refreshed = finder.refresh(domain)
        await world.until { $0.fetches == 1 }
        world.set(domain) { $0.record = .found(id: "2") }
        world.advance(by: 3600)
        async let mail = finder.mail(domain)
        await world.until { $0.lookups == 2 }
        gate.open(true)
        #expect(await mail.held?.id == "2")
        _ = await refreshed
        #expect(world.fetches(domain) == 2)
    }

    @Test("What is not yet written is not forgotten: it would be read back wrong")
    func evictionBeforeWrite() async throws {
        let folder = try PolicyFolder()
        let store = FaultyStore(try folder.open())
        let finder = world.finder(store: store, limit: 8)
        let gate = Latch<Bool>()
        store.holdWrites(gate)
        world.publish(domain)
        #expect(await finder.mail(domain).mode == .enforce)
        for number in 0..<50 { _ = await finder.mail(try PolicyWorld.name("other-\(number).example")) }
        #expect(await finder.mail(domain).mode == .enforce && world.lookups(domain) == 1)
        gate.open(true)
        await finder.close()
        await store.real.close()
    }

    @Test("STS-25 TXT names a new id while the fetch for the old one runs: it is fetched too, and the newer holds")
    func idChangesMeanwhile() async {
        let finder = world.finder()
        let gate = Latch<Bool>()
        world.publish(domain)
        world.set(domain) { $0.policyGate = gate }
        async let mail = finder.mail(domain)
        await world.until { $0.fetches == 1 }
        world.set(domain) { $0.record = .found(id: "2") }
        async let refreshed = finder.refresh(domain)
        await world.until { $0.lookups == 2 }
        gate.open(true)
        #expect(await refreshed.held?.id == "2")
        _ = await mail
        #expect(await finder.mail(domain).held?.id == "2")
        #expect(world.fetches(domain) == 2)
    }

    @Test("A lookup that says nothing new while a fetch runs takes nothing back")
    func lookupDuringFetch() async {
        let finder = world.finder()
        world.publish(domain)
        _ = await finder.mail(domain)
        let gate = Latch<Bool>()
        world.publish(domain, id: "2", PolicyWorld.text(mx: "new.a.example"))
        world.set(domain) { $0.policyGate = gate }
        world.advance(by: 3600)
        async let mail = finder.mail(domain)
        await world.until { $0.fetches == 2 }
        world.endFirstWait()
        #expect(await mail.held?.id == "1", "what is held, as long as the new one has not come")
        world.set(domain) { $0.record = .failed("SERVFAIL") }
        async let refreshed = finder.refresh(domain)
        await world.until { $0.lookups == 3 }
        gate.open(true)
        _ = await refreshed
        let facts = await finder.mail(domain)
        #expect(facts.held?.id == "2" && facts.mode == .enforce)
    }

    @Test("A fault of our own is not the domain's: nothing is remembered, and it is said once a minute")
    func prevented() async throws {
        let finder = world.finder()
        let other = try PolicyWorld.name("b.example")
        world.publish(domain, .prevented("the file of trust anchors cannot be read"))
        world.publish(other, .prevented("the file of trust anchors cannot be read"))
        let facts = await finder.mail(domain)
        #expect(facts.isUnknown && !facts.isLost && facts.fault?.words == "the file of trust anchors cannot be read")
        // The domain has a policy, and we know it: mail waits, for this is no failure of the domain's (RFC 8461 §3.3).
        #expect(facts.prevention == "the file of trust anchors cannot be read")
        #expect(await finder.prevention != nil, "status says so")
        #expect(await finder.mail(other).isUnknown)
        #expect(world.events(domain) == ["error sts-fetch-prevented"] && world.events(other) == [])
        world.advance(by: 59)
        _ = await finder.mail(domain)
        #expect(world.fetches(domain) == 1, "not for each message")
        world.advance(by: 1)
        // A fetch that was made and failed is the domain's fault again, and no warning of ours.
        world.publish(other, PolicyWorld.down)
        _ = await finder.mail(other)
        #expect(await finder.prevention == nil)
        world.publish(domain)
        let later = await finder.mail(domain)
        #expect(later.mode == .enforce && later.fault == nil, "no wait of 5 minutes: nothing was recorded")
        #expect(await finder.prevention == nil)
        #expect(world.events(domain).last == "notice sts-fetched")
    }

    @Test("A policy that is held survives a fault of our own without a word against the domain")
    func preventedWithPolicy() async {
        let finder = world.finder()
        world.publish(domain)
        _ = await finder.mail(domain)
        world.publish(domain, id: "2", .stopped)
        world.advance(by: 3600)
        let facts = await finder.mail(domain)
        #expect(facts.mode == .enforce && facts.fault == nil)
        #expect(world.events(domain) == ["notice sts-fetched"])
    }

    @Test(
        "The end while a fetch runs: mail goes on at once, and what fails from then on is nobody's fault",
        arguments: [
            (PolicyWorld.down, STSRecordFacts.found(id: "2"), "the client is closed under the fetch"),
            (.stopped, .failed("the resolver is closed"), "the resolver first"),
        ])
    func close(answer: PolicyAnswer, record: STSRecordFacts, why: String) async throws {
        let folder = try PolicyFolder()
        let store = try folder.open()
        let finder = world.finder(store: store)
        world.publish(domain)
        _ = await finder.mail(domain)
        let gate = Latch<Bool>()
        world.publish(domain, id: "2", answer)
        world.set(domain) { $0.policyGate = gate }
        world.advance(by: 3600)
        async let mail = finder.mail(domain)
        await world.until { $0.fetches == 2 }
        await finder.close()
        #expect(await mail.held?.id == "1", "\(why)")
        world.set(domain) { $0.record = record }
        gate.open(true)
        #expect(await finder.mail(domain).held?.id == "1", "\(why)")
        #expect(await finder.refresh(domain).held?.id == "1", "\(why)")
        #expect(world.events(domain) == ["notice sts-fetched"], "\(why)")
        guard case .entry(let entry) = try await store.policy(for: domain) else {
            Issue.record("nothing is remembered")
            return
        }
        #expect(entry.failure == nil && entry.recordMissingSince == nil && entry.held?.id == "1", "\(why)")
        await store.close()
    }

    @Test("Whoever is cancelled goes on at once; the fetch ends without him and counts")
    func cancelled() async {
        let finder = world.finder()
        let gate = Latch<Bool>()
        world.publish(domain)
        world.set(domain) { $0.policyGate = gate }
        let domain = domain
        let mail = Task { await finder.mail(domain) }
        await world.until { $0.fetches == 1 }
        mail.cancel()
        #expect(await mail.value.isUnknown)
        gate.open(true)
        await world.until { $0.lines.contains { $0.contains("sts-fetched") } }
        #expect(await finder.mail(domain).mode == .enforce && world.fetches(domain) == 1)
        // The same for the operator's refresh.
        let second = Latch<Bool>()
        world.publish(domain, id: "2")
        world.set(domain) { $0.policyGate = second }
        let refresh = Task { await finder.refresh(domain) }
        await world.until { $0.fetches == 2 }
        refresh.cancel()
        #expect(await refresh.value.held?.id == "1")
        second.open(true)
        await world.until { $0.lines.contains { $0.contains("sts-fetched domain=a.example id=2") } }
        #expect(await finder.mail(domain).held?.id == "2" && world.fetches(domain) == 2)
    }

    @Test("Memory is bounded: what was used least recently goes, what is at work stays, the store keeps all")
    func eviction() async throws {
        let folder = try PolicyFolder()
        let store = try folder.open()
        let finder = world.finder(store: store, limit: 16)
        let gate = Latch<Bool>()
        world.publish(domain)
        world.set(domain) { $0.policyGate = gate }
        async let mail = finder.mail(domain)
        await world.until { $0.fetches == 1 }
        let often = try PolicyWorld.name("often.example")
        world.publish(often)
        for number in 0..<100 {
            let other = try PolicyWorld.name("other-\(number).example")
            world.publish(other)
            #expect(await finder.mail(other).mode == .enforce)
            #expect(await finder.mail(often).mode == .enforce)
            await finder.written()
        }
        #expect(await finder.count <= 17)
        #expect(world.lookups(often) == 1, "in use all the time")
        gate.open(true)
        #expect(await mail.mode == .enforce, "at work all the time")
        let first = try PolicyWorld.name("other-0.example")
        world.set(first) { $0.policy = PolicyWorld.down }
        #expect(await finder.mail(first).mode == .enforce)
        #expect(world.lookups(first) == 2 && world.fetches(first) == 1)
        await finder.close()
        await store.close()
    }
}
