import Mail
import Store
import Testing

@testable import Relay

/// What a restart and a failing disk leave of policies, with a real store.
@Suite("PolicyFinder and its store", .timeLimit(.minutes(10)))
struct PolicyFinderStoreTests {
    let world = PolicyWorld()
    let folder: PolicyFolder
    let domain: DomainName

    init() throws {
        folder = try PolicyFolder()
        domain = try PolicyWorld.name("a.example")
    }

    /// One life of the daemon.
    private func live(_ body: (PolicyFinder, FaultyStore) async throws -> Void) async throws {
        let store = FaultyStore(try folder.open())
        let finder = world.finder(store: store)
        try await body(finder, store)
        await finder.close()
        await store.real.close()
    }

    private func entry(_ store: FaultyStore) async throws -> STSCacheEntry? {
        if case .entry(let entry) = try await store.real.policy(for: domain) { entry } else { nil }
    }

    @Test(
        "STS-26 EDGE-20 restart with HTTPS down: the policy is enforced whatever TXT says",
        arguments: [
            (STSRecordFacts.found(id: "1"), "EDGE-17 the id unchanged"), (.found(id: "2"), "EDGE-18 a new id"),
            (.absent("no such name"), "EDGE-19 the record is gone"), (.failed("SERVFAIL"), "the lookup fails"),
        ])
    func restart(record: STSRecordFacts, why: String) async throws {
        world.publish(domain)
        try await live { finder, _ in #expect(await finder.mail(domain).mode == .enforce) }
        world.set(domain) {
            $0.record = record
            $0.policy = PolicyWorld.down
        }
        // A day, and a restart for each message.
        for _ in 0..<3 {
            world.advance(by: 28_800)
            try await live { finder, _ in
                let facts = await finder.mail(domain)
                #expect(facts.mode == .enforce && facts.held?.id == "1" && facts.isCached, "\(why)")
            }
        }
        #expect(world.events(domain).filter { $0 == "warning sts-record-missing" }.count <= 1, "said once")
    }

    @Test("STS-15 a restart does not forget that a fetch failed")
    func restartAfterFailure() async throws {
        world.publish(domain, PolicyWorld.down)
        try await live { finder, _ in #expect(await finder.mail(domain).isUnknown) }
        world.advance(by: 299)
        try await live { finder, _ in #expect(await finder.mail(domain).isUnknown) }
        #expect(world.fetches(domain) == 1)
    }

    @Test("Fault 70 EDGE-20 a damaged entry: mail waits until a fetch succeeds, over restarts too")
    func damaged() async throws {
        world.publish(domain)
        try await live { finder, _ in #expect(await finder.mail(domain).mode == .enforce) }
        try folder.damage("STSv1")
        world.set(domain) { $0.policy = PolicyWorld.down }
        for _ in 0..<2 {
            try await live { finder, _ in
                let facts = await finder.mail(domain)
                #expect(facts.isLost && facts.held == nil && facts.fault?.words == "no connection")
                #expect(await finder.mail(domain).isLost)
            }
            world.advance(by: 300)
        }
        world.set(domain) { $0.record = .failed("SERVFAIL") }
        try await live { finder, _ in #expect(await finder.mail(domain).isLost, "no proof that there is none") }
        world.publish(domain)
        try await live { finder, store in
            let facts = await finder.mail(domain)
            #expect(facts.mode == .enforce && !facts.isLost)
            await finder.written()
            let kept = try await entry(store)
            #expect(kept?.held?.id == "1")
        }
        #expect(world.events(domain).filter { $0 == "error sts-cache-damaged" }.count == 4)
    }

    @Test("Fault 70 a damaged entry of a domain without a TXT record is removed with a warning: there is no policy")
    func damagedAndGone() async throws {
        world.publish(domain)
        try await live { finder, _ in #expect(await finder.mail(domain).mode == .enforce) }
        try folder.damage("STSv1")
        world.set(domain) { $0.record = .absent("no TXT record") }
        try await live { finder, store in
            let facts = await finder.mail(domain)
            #expect(facts.held == nil && !facts.isLost && !facts.isUnknown)
            await finder.written()
            let kept = try await store.real.policy(for: domain)
            #expect(kept == nil)
        }
        #expect(world.events(domain).suffix(2) == ["error sts-cache-damaged", "warning sts-cache-removed"])
    }

    @Test("Fault 70 a damaged entry is replaced also by what is not remembered (max_age 0)")
    func damagedAndMomentary() async throws {
        world.publish(domain)
        try await live { finder, _ in #expect(await finder.mail(domain).mode == .enforce) }
        try folder.damage("STSv1")
        world.publish(domain, id: "2", PolicyWorld.text(maxAge: 0))
        try await live { finder, store in
            #expect(await finder.mail(domain).mode == .enforce)
            await finder.written()
            let kept = try await store.real.policy(for: domain)
            #expect(kept == nil)
        }
    }

    @Test(
        "Fault 70 a store that cannot be read is no proof of anything: mail waits, and the next read decides",
        arguments: [
            (STSRecordFacts.found(id: "1"), "TXT is there"), (.absent("no such name"), "TXT is gone (STS-08)"),
            (.failed("SERVFAIL"), "TXT fails"),
        ])
    func unreadable(record: STSRecordFacts, why: String) async throws {
        world.publish(domain)
        try await live { finder, _ in #expect(await finder.mail(domain).mode == .enforce) }
        world.set(domain) {
            $0.record = record
            $0.policy = PolicyWorld.down
        }
        try await live { finder, store in
            store.failReads(true)
            #expect(await finder.mail(domain).isLost, "\(why)")
            store.failReads(false)
            let facts = await finder.mail(domain)
            #expect(facts.mode == .enforce && !facts.isLost, "\(why)")
        }
        #expect(world.events(domain).contains("error store-failed"))
    }

    @Test("A store that cannot be read, and a fetch that succeeds: what was fetched holds")
    func unreadableButFetched() async throws {
        world.publish(domain)
        try await live { finder, store in
            store.failReads(true)
            #expect(await finder.mail(domain).mode == .enforce)
        }
    }

    @Test("STS-38 a store that does not answer in the first wait: mail does not go as if there were no policy")
    func slowStore() async throws {
        let gate = Latch<Bool>()
        try await live { finder, store in
            store.holdReads(gate)
            async let mail = finder.mail(domain)
            while world.rests == 0 { await Task.yield() }
            world.endFirstWait()
            #expect(await mail.isLost)
            gate.open(true)
        }
    }

    @Test("A write that fails costs nothing now, and is made up for with the next change")
    func unwritable() async throws {
        world.publish(domain)
        try await live { finder, store in
            store.failWrites(true)
            #expect(await finder.mail(domain).mode == .enforce)
            await finder.written()
            #expect(await finder.mail(domain).mode == .enforce)
            await finder.written()
            let kept = try await entry(store)
            #expect(kept == nil)
            store.failWrites(false)
            #expect(await finder.mail(domain).mode == .enforce)
            await finder.written()
            let later = try await entry(store)
            #expect(later?.held?.id == "1")
        }
        #expect(world.fetches(domain) == 1 && world.events(domain).contains("error store-failed"))
    }

    @Test(
        "STS-27 STS-26 a policy of mode none, and one of max_age 0, replace the stored one",
        arguments: [
            ("none", 86_400), ("enforce", 0),
        ])
    func replaced(mode: String, maxAge: Int) async throws {
        world.publish(domain)
        try await live { finder, _ in #expect(await finder.mail(domain).mode == .enforce) }
        world.publish(domain, id: "2", PolicyWorld.text(mode, maxAge: maxAge))
        try await live { finder, store in
            #expect(await finder.mail(domain).held?.id == "2")
            await finder.written()
            let kept = try await entry(store)
            #expect(kept?.held?.id == (maxAge == 0 ? nil : "2"))
        }
        world.set(domain) { $0.policy = PolicyWorld.down }
        try await live { finder, _ in #expect(await finder.mail(domain).mode != .enforce) }
    }

    @Test("Use is noted once an hour, by warm mail too, cheaply, and never by a refresh")
    func use() async throws {
        world.publish(domain)
        try await live { finder, store in
            _ = await finder.mail(domain)
            await finder.written()
            let saves = store.saves
            for _ in 0..<10 {
                world.advance(by: 359)
                _ = await finder.mail(domain)
            }
            await finder.written()
            #expect(store.uses == 0 && store.saves == saves)
            // TXT was asked anew a second ago, so that this hit is warm.
            world.advance(by: 9)
            _ = await finder.refresh(domain)
            let kept = try await entry(store)
            #expect(kept?.usedAt == PolicyWorld.start)
            world.advance(by: 1)
            _ = await finder.mail(domain)
            await finder.written()
            #expect(store.uses == 1 && world.lookups(domain) == 2)
            let later = try await entry(store)
            #expect(later?.usedAt == world.now)
        }
    }

    @Test("Fault 73 two daemons share the store: the newest fetch wins, whoever writes last")
    func twoDaemons() async throws {
        let store = try folder.open()
        let (one, two) = (world.finder(store: store), world.finder(store: store))
        let gate = Latch<Bool>()
        world.publish(domain)
        _ = await one.mail(domain)
        await one.written()
        _ = await two.mail(domain)
        // The first daemon's refresh hangs and fails; meanwhile the second fetches the new policy.
        world.set(domain) { $0.policyGate = gate }
        async let late = one.refresh(domain)
        await world.until { $0.fetches == 2 }
        world.set(domain) { $0.policyGate = nil }
        world.publish(domain, id: "2", PolicyWorld.text(mx: "new.a.example"))
        world.advance(by: 3600)
        #expect(await two.mail(domain).held?.id == "2")
        await two.written()
        world.set(domain) { $0.policy = PolicyWorld.down }
        gate.open(true)
        #expect(await late.held?.id == "1")
        await one.close()
        await two.close()
        guard case .entry(let entry) = try await store.policy(for: domain) else {
            Issue.record("nothing is remembered")
            return
        }
        #expect(entry.held?.id == "2")
        await store.close()
    }
}
