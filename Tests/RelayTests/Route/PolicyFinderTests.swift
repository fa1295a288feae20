import Mail
import Net
import Testing

@testable import Relay

@Suite("PolicyFinder", .timeLimit(.minutes(10)))
struct PolicyFinderTests {
    let world = PolicyWorld()
    let domain: DomainName

    init() throws { domain = try PolicyWorld.name("a.example") }

    @Test("1,000 messages at once are one TXT lookup and one GET, and all get the policy")
    func thousand() async throws {
        let finder = world.finder()
        let gate = Latch<Bool>()
        world.publish(domain)
        world.set(domain) { $0.policyGate = gate }
        let domain = domain
        let modes = await withTaskGroup(of: STSPolicy.Mode?.self) { group in
            for _ in 0..<1000 { group.addTask { await finder.mail(domain).mode } }
            await world.until { $0.fetches == 1 }
            gate.open(true)
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(modes.count == 1000 && modes.allSatisfy { $0 == .enforce })
        #expect(world.lookups(domain) == 1 && world.fetches(domain) == 1 && world.rests == 1)
    }

    @Test("STS-38 a fetch that never ends holds its own mail for the first wait, and nobody else's at all")
    func slowFetch() async throws {
        let finder = world.finder()
        let gate = Latch<Bool>()
        let other = try PolicyWorld.name("b.example")
        world.publish(domain)
        world.publish(other)
        world.set(domain) { $0.policyGate = gate }
        async let waiting = finder.mail(domain)
        await world.until { $0.fetches == 1 }
        #expect(await finder.mail(other).mode == .enforce)
        world.endFirstWait()
        let facts = await waiting
        #expect(facts.held == nil && facts.isUnknown && !facts.isLost && facts.record == .found(id: "1"))
        // Whoever comes now does not wait again, and starts nothing.
        #expect(await finder.mail(domain).isUnknown)
        #expect(world.fetches(domain) == 1 && world.lookups(domain) == 1 && world.rests == 2)
        // It ends after all: what it brought counts from then on.
        gate.open(true)
        await world.until { $0.lines.contains { $0.contains("sts-fetched domain=a.example") } }
        #expect(await finder.mail(domain).mode == .enforce)
        #expect(world.fetches(domain) == 1)
    }

    @Test("STS-38 the first wait holds for the resolver too; its answer is used when it comes")
    func slowLookup() async {
        let finder = world.finder()
        let gate = Latch<Bool>()
        world.publish(domain)
        world.set(domain) { $0.recordGate = gate }
        async let waiting = finder.mail(domain)
        await world.until { $0.lookups == 1 }
        world.endFirstWait()
        let facts = await waiting
        #expect(facts.isUnknown && facts.record == .notQueried && facts.held == nil)
        gate.open(true)
        await world.until { $0.lines.contains { $0.contains("sts-fetched") } }
        #expect(await finder.mail(domain).mode == .enforce)
    }

    @Test("STS-38 a policy that is held is applied where TXT does not answer in time")
    func slowLookupWithPolicy() async {
        let finder = world.finder()
        world.publish(domain)
        #expect(await finder.mail(domain).mode == .enforce)
        world.advance(by: 3600)
        world.set(domain) { $0.recordGate = Latch() }
        async let waiting = finder.mail(domain)
        await world.until { $0.lookups == 2 }
        world.endFirstWait()
        let facts = await waiting
        #expect(facts.mode == .enforce && facts.isCached && facts.record == .notQueried)
        #expect(world.events(domain) == ["notice sts-fetched"])
    }

    @Test("STS-37 a policy that runs out while TXT is asked is not applied when the first wait ends")
    func expiresInWait() async {
        let finder = world.finder()
        world.publish(domain, PolicyWorld.text(maxAge: 3601))
        #expect(await finder.mail(domain).mode == .enforce)
        world.advance(by: 3600)
        world.set(domain) { $0.recordGate = Latch() }
        async let waiting = finder.mail(domain)
        await world.until { $0.lookups == 2 }
        world.advance(by: 1)
        world.endFirstWait()
        #expect(await waiting.held == nil)
    }

    @Test("STS-37 warm facts end with the policy, though TXT would live longer")
    func expiresWarm() async {
        let finder = world.finder()
        world.publish(domain, PolicyWorld.text(maxAge: 60))
        #expect(await finder.mail(domain).mode == .enforce)
        world.set(domain) { $0.policy = PolicyWorld.down }
        world.advance(by: 59)
        #expect(await finder.mail(domain).mode == .enforce && world.fetches(domain) == 1)
        world.advance(by: 1)
        let facts = await finder.mail(domain)
        #expect(facts.held == nil && facts.isUnknown && world.fetches(domain) == 2)
        #expect(world.events(domain) == ["notice sts-fetched", "warning sts-fetch-failed", "warning sts-ran-out"])
    }

    @Test("STS-15 100 messages and a 404: one GET in five minutes, the next at their end, though TXT lives longer")
    func failedFetch() async {
        let finder = world.finder()
        world.publish(domain, PolicyWorld.down)
        for _ in 0..<100 {
            let facts = await finder.mail(domain)
            #expect(facts.isUnknown && facts.fault?.words == "no connection")
        }
        world.advance(by: 299)
        _ = await finder.mail(domain)
        #expect(world.fetches(domain) == 1 && world.lookups(domain) == 1)
        world.advance(by: 1)
        _ = await finder.mail(domain)
        #expect(world.fetches(domain) == 2)
    }

    @Test(
        "STS-17 EDGE-17 EDGE-18 EDGE-19 trouble at the domain: the policy is kept, and it is said once",
        arguments: [
            (STSRecordFacts.found(id: "1"), 0, [], "EDGE-17 the id unchanged: nobody even asks"),
            (.found(id: "2"), 1, ["warning sts-fetch-failed"], "EDGE-18 a new id, and the host is down"),
            (.absent("no such name"), 0, ["warning sts-record-missing"], "EDGE-19 STS-08 the record is gone"),
            (.failed("SERVFAIL"), 0, ["warning sts-record-missing"], "STS-17 the lookup fails"),
        ])
    func trouble(record: STSRecordFacts, fetches: Int, events: [String], why: String) async {
        let finder = world.finder()
        world.publish(domain)
        _ = await finder.mail(domain)
        world.set(domain) {
            $0.record = record
            $0.policy = PolicyWorld.down
        }
        world.advance(by: 3600)
        for _ in 0..<3 {
            let facts = await finder.mail(domain)
            #expect(facts.mode == .enforce && facts.isCached && !facts.isUnknown && facts.held?.id == "1", "\(why)")
            world.advance(by: 5)
        }
        #expect(world.fetches(domain) == 1 + fetches, "\(why)")
        #expect(world.events(domain) == ["notice sts-fetched"] + events, "\(why)")
    }

    @Test("STS-25 another id is fetched, the same is not; STS-27 a policy of mode none replaces the one before")
    func newID() async {
        let finder = world.finder()
        world.publish(domain, id: "2")
        _ = await finder.mail(domain)
        world.advance(by: 3600)
        #expect(await finder.mail(domain).held?.id == "2" && world.fetches(domain) == 1)
        world.publish(domain, id: "1", PolicyWorld.text("none"))
        world.advance(by: 3600)
        let facts = await finder.mail(domain)
        #expect(
            facts.mode == STSPolicy.Mode.none && !facts.isCached && facts.held?.id == "1" && world.fetches(domain) == 2)
        #expect(await finder.mail(domain).mode == STSPolicy.Mode.none && world.fetches(domain) == 2)
    }

    @Test("EDGE-21 TXT fails and nothing is held: mail goes on as unknown, and TXT is asked again after 5 s")
    func failedLookup() async {
        let finder = world.finder()
        world.set(domain) { $0.record = .failed("SERVFAIL") }
        #expect(await finder.mail(domain).isUnknown)
        world.advance(by: 4)
        _ = await finder.mail(domain)
        #expect(world.lookups(domain) == 1)
        world.advance(by: 1)
        world.publish(domain)
        #expect(await finder.mail(domain).mode == .enforce && world.lookups(domain) == 2)
    }

    @Test(
        "A TXT answer is used for its TTL, but for 1 s at least and an hour at most",
        arguments: [
            (UInt32(0), Int64(1)), (1, 1), (300, 300), (3600, 3600), (3601, 3600), (.max, 3600),
        ])
    func timeToLive(seconds: UInt32, used: Int64) async {
        let finder = world.finder()
        world.set(domain) { $0.timeToLive = seconds }
        _ = await finder.mail(domain)
        world.advance(by: used - 1)
        #expect(await finder.mail(domain).isUnknown == false && world.lookups(domain) == 1)
        world.advance(by: 1)
        _ = await finder.mail(domain)
        #expect(world.lookups(domain) == 2)
        world.advance(by: -1_000_000)
        _ = await finder.mail(domain)
        #expect(world.lookups(domain) == 3, "a clock that was set back: asked anew")
    }

    @Test("A policy of max_age 0 serves the mail that waited for it, and no other")
    func momentary() async {
        let finder = world.finder()
        let gate = Latch<Bool>()
        world.publish(domain, PolicyWorld.text(maxAge: 0))
        world.set(domain) { $0.policyGate = gate }
        async let first = finder.mail(domain)
        async let second = finder.mail(domain)
        await world.until { $0.fetches == 1 }
        gate.open(true)
        #expect(await first.mode == .enforce)
        #expect(await second.mode == .enforce)
        // The next mail has it fetched again, and without it nothing holds.
        world.set(domain) { $0.policy = PolicyWorld.down }
        let facts = await finder.mail(domain)
        #expect(facts.held == nil && facts.isUnknown)
        #expect(world.events(domain).last == "warning sts-fetch-failed")
    }

    @Test("What was fetched just now says so to the mail that waited; later it is a cached policy")
    func cached() async {
        let finder = world.finder()
        world.publish(domain)
        #expect(await finder.mail(domain).isCached == false)
        #expect(await finder.mail(domain).isCached == true)
    }

    @Test("STS-35 Q-09 after a mismatch TXT is asked again, once a minute; another policy is taken, the same is not")
    func recheck() async {
        let finder = world.finder()
        world.publish(domain)
        let fresh = await finder.mail(domain)
        #expect(await finder.recheck(fresh) == nil && world.lookups(domain) == 1, "fetched just now")
        let cached = await finder.mail(domain)
        world.publish(domain, id: "2", PolicyWorld.text(mx: "new.a.example"))
        world.advance(by: 59)
        #expect(await finder.recheck(cached) == nil && world.lookups(domain) == 1, "too soon")
        world.advance(by: 1)
        let now = await finder.recheck(cached)
        #expect(now?.held?.id == "2" && now?.isCached == false && world.lookups(domain) == 2)
        world.advance(by: 60)
        #expect(await finder.recheck(await finder.mail(domain)) == nil && world.lookups(domain) == 3, "nothing new")
    }

    @Test("Addresses, and MTA-STS switched off: nothing is asked")
    func notApplicable() async {
        let off = world.finder(isEnabled: false)
        #expect(await off.mail(domain) == .notApplicable)
        #expect(await off.refresh(domain) == .off)
        let on = world.finder()
        #expect(await on.facts(for: NextHop(.address(.v4(0x0909_0909)))) == .notApplicable)
        #expect(world.lookups(domain) == 0)
    }

    @Test("A rest ends with its task, on a loop and without one")
    func rest() async throws {
        let loop = try Loop(name: "test")
        try loop.start()
        defer { loop.shutdown() }
        let onLoop = loop.task { await Loop.rest(.seconds(3600)) }
        let elsewhere = Task { await Loop.rest(.seconds(3600)) }
        onLoop.cancel()
        elsewhere.cancel()
        await onLoop.value
        await elsewhere.value
        await loop.task { await Loop.rest(.zero) }.value
    }

    @Test("On a loop the first wait ends by itself")
    func onLoop() async throws {
        let loop = try Loop(name: "test")
        try loop.start()
        defer { loop.shutdown() }
        let gate = Latch<Bool>()
        let finder = PolicyFinder(
            fetcher: PolicyFetcher(
                record: { _ in
                    _ = await gate.wait()
                    return (.absent("x"), 1)
                }, policy: { _ in PolicyWorld.down }),
            store: nil, settings: STSSettings(), isEnabled: true, firstWait: .milliseconds(1),
            clock: { PolicyWorld.start }, log: nil)
        let domain = domain
        let facts = await loop.task { await finder.mail(domain) }.value
        #expect(facts.isUnknown && facts.record == .notQueried)
        gate.open(true)
    }
}
