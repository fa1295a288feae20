import Mail
import Store
import Testing

@testable import Relay

@Suite("PolicyRefresh", .timeLimit(.minutes(10)))
struct PolicyRefreshTests {
    static let day: Int64 = 86_400
    let world = PolicyWorld()
    let folder: PolicyFolder
    let domain: DomainName

    init() throws {
        folder = try PolicyFolder()
        domain = try PolicyWorld.name("a.example")
    }

    private func held(_ store: SQLiteStore) async throws -> STSCacheEntry.Held? {
        if case .entry(let entry) = try await store.policy(for: domain) { entry.held } else { nil }
    }

    @Test(
        "STS-18 max_age 7 d and the id unchanged: its life is extended daily, whatever TXT says",
        arguments: [
            STSRecordFacts.found(id: "1"), .absent("no such name"), .failed("SERVFAIL"),
        ])
    func extended(record: STSRecordFacts) async throws {
        let store = try folder.open()
        let finder = world.finder(store: store)
        let refresh = world.refresh(finder, store)
        world.publish(domain)
        _ = await finder.mail(domain)
        await finder.written()
        world.set(domain) { $0.record = record }
        for days in 1...14 {
            await refresh.pass()
            #expect(world.fetches(domain) == days, "not yet due")
            world.advance(by: Self.day)
            await refresh.pass()
            await finder.written()
            #expect(world.fetches(domain) == days + 1)
            let held = try await held(store)
            #expect(held?.fetchedAt == world.now && held?.id == "1")
        }
        #expect(await finder.mail(domain).mode == .enforce)
        await finder.close()
        await store.close()
    }

    @Test("STS-17 STS-19 the refresh fails for days: the policy holds to its end, with a warning for each failure")
    func failing() async throws {
        let store = try folder.open()
        let finder = world.finder(store: store)
        let refresh = world.refresh(finder, store)
        world.publish(domain)
        _ = await finder.mail(domain)
        await finder.written()
        world.set(domain) { $0.policy = PolicyWorld.down }
        for _ in 0..<6 {
            world.advance(by: Self.day)
            await refresh.pass()
            await finder.written()
            #expect(await finder.mail(domain).mode == .enforce)
        }
        #expect(world.events(domain).filter { $0 == "warning sts-fetch-failed" }.count == 6)
        await finder.close()
        await store.close()
    }

    @Test("Fault 72 5,000 domains are due at once: never more fetches than the cap, and all are made")
    func manyAtOnce() async throws {
        let store = try folder.open()
        let text = Array("version: STSv1\nmode: enforce\nmx: mx.a.example\nmax_age: 604800\n".utf8)
        let held = try STSCacheEntry.Held(parsing: text, id: "1", fetchedAt: PolicyWorld.start)
        var entries: [STSCacheEntry] = []
        for number in 0..<5000 {
            let domain = try PolicyWorld.name("customer-\(number).example")
            entries.append(STSCacheEntry(domain: domain, held: held, usedAt: PolicyWorld.start))
            world.publish(domain, PolicyWorld.text())
        }
        for start in stride(from: 0, to: entries.count, by: PolicyLimits.saved) {
            try await store.save(Array(entries[start..<start + PolicyLimits.saved]), now: PolicyWorld.start)
        }
        let finder = world.finder(store: store)
        world.advance(by: Self.day)
        // Each fetch waits until as many run as may: the cap is reached, and nothing is beyond it.
        world.holdFetches(untilRunning: PolicyRefresh.atOnce, of: 5000)
        await world.refresh(finder, store).pass()
        #expect(world.allFetches == 5000 && world.mostRunning == PolicyRefresh.atOnce)
        await finder.close()
        var cursor: DomainName?
        var count = 0
        repeat {
            let page = try await store.policies(after: cursor, limit: PolicyLimits.page)
            for case .entry(let entry) in page where entry.held?.fetchedAt == world.now { count += 1 }
            cursor = page.last?.domain
        } while cursor != nil
        #expect(count == 5000)
        await store.close()
    }

    @Test("What is no longer used is refreshed no more, and forgotten when it ran out; what mail uses again is not")
    func forgotten() async throws {
        let store = FaultyStore(try folder.open())
        let finder = world.finder(store: store)
        let refresh = world.refresh(finder, store)
        let used = try PolicyWorld.name("used.example")
        for domain in [domain, used] {
            world.publish(domain, PolicyWorld.text(maxAge: 86_400 * 2))
            _ = await finder.mail(domain)
        }
        await finder.written()
        for _ in 0..<61 {
            world.advance(by: Self.day)
            _ = await finder.mail(used)
            await finder.written()
            await refresh.pass()
            await finder.written()
        }
        let fetches = world.fetches(domain)
        #expect(fetches >= 59 && fetches <= 61, "as long as it might be used")
        world.advance(by: Self.day * 63)
        // Its new time of use does not reach the store: memory knows better.
        store.failWrites(true)
        _ = await finder.mail(used)
        await refresh.pass()
        await finder.written()
        #expect(world.fetches(domain) == fetches)
        #expect(try await store.real.policy(for: domain) == nil)
        #expect(try await store.real.policy(for: used) != nil)
        await finder.close()
        await store.real.close()
    }

    @Test("Mail was faster: what is in the store is old, and no second fetch is made")
    func alreadyDone() async throws {
        let store = FaultyStore(try folder.open())
        let finder = world.finder(store: store)
        world.publish(domain)
        _ = await finder.mail(domain)
        await finder.written()
        world.advance(by: Self.day)
        store.failWrites(true)
        _ = await finder.refresh(domain)
        await finder.written()
        await world.refresh(finder, store).pass()
        #expect(world.fetches(domain) == 2)
        await finder.close()
        await store.real.close()
    }

    @Test("The end while fetches hang: the pass ends at once")
    func cancelled() async throws {
        let store = try folder.open()
        let finder = world.finder(store: store)
        let gate = Latch<Bool>()
        world.publish(domain)
        _ = await finder.mail(domain)
        await finder.written()
        world.advance(by: Self.day)
        world.set(domain) { $0.policyGate = gate }
        let refresh = world.refresh(finder, store)
        let pass = Task { await refresh.pass() }
        await world.until { $0.fetches == 2 }
        pass.cancel()
        await pass.value
        await finder.close()
        gate.open(true)
        await store.close()
    }

    @Test("Domains spread over the last fifth of the time: the same share for one domain always")
    func jitter() throws {
        let shares = try (0..<1000).map { PolicyRefresh.jitter(of: try PolicyWorld.name("customer-\($0).example")) }
        #expect(shares.allSatisfy { $0 >= 0 && $0 < 1 })
        for tenth in 0..<10 {
            let count = shares.filter { Int($0 * 10) == tenth }.count
            #expect(count > 50 && count < 150, "\(count) in tenth \(tenth)")
        }
        #expect(PolicyRefresh.jitter(of: domain) == PolicyRefresh.jitter(of: domain))
    }
}
