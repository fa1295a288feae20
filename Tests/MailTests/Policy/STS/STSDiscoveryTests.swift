import Testing

@testable import Mail

@Suite struct STSDiscoveryTests {
    @Test("First contact: a record leads to a fetch, its policy applies at once and is remembered")
    func firstContact() {
        var world = STSWorld()
        world.record = .found(id: "1")
        world.host = .success(enforcePolicy)
        let step = world.discovery.begin(with: nil, world.record, at: world.now)
        #expect(step.fetchID == "1" && step.entry == nil && step.events.isEmpty)
        let facts = world.mail()
        #expect(facts.mode == .enforce && !facts.isCached && !facts.isUnknown && facts.fault == nil)
        #expect(facts.domain == STSWorld.domain && facts.record == .found(id: "1"))
        #expect(world.events.map(\.summary) == ["fetched enforce"])
        #expect(world.entry?.held?.text == enforcePolicy && world.entry?.held?.id == "1")
        #expect(world.entry?.held?.expiresAt == world.now.advanced(by: 604_800))
        #expect(world.entry?.usedAt == world.now)
    }

    @Test("STS-38 while the first fetch runs, or where its wait is over, mail goes as unknown")
    func pending() {
        let facts = STSWorld().discovery.begin(with: nil, .found(id: "1"), at: WallTime(seconds: 0)).facts
        #expect(facts.isUnknown && facts.held == nil && facts.fault == nil)
    }

    @Test("STS-38 TXT that was not answered in time: unknown, or the policy that is held")
    func notInTime() {
        var world = STSWorld()
        world.record = .notQueried
        #expect(world.mail().isUnknown && world.entry == nil)
        world = STSWorld(holding: enforcePolicy)
        world.record = .notQueried
        let facts = world.mail()
        #expect(facts.mode == .enforce && facts.isCached && !facts.isUnknown && world.events.isEmpty)
    }

    @Test("A domain without a record has no policy, and nothing is remembered of it")
    func absent() {
        var world = STSWorld()
        let facts = world.mail()
        #expect(!facts.isUnknown && facts.held == nil && world.entry == nil && world.fetches == 0)
    }

    @Test("EDGE-21 TXT fails and nothing is held: mail goes on, marked unknown")
    func failedLookup() {
        var world = STSWorld()
        world.record = .failed("SERVFAIL")
        let facts = world.mail()
        #expect(facts.isUnknown && facts.held == nil && world.fetches == 0)
        #expect(facts.record == .failed("SERVFAIL") && world.entry == nil && world.events.isEmpty)
    }

    @Test("STS-25 the same id needs no fetch, another one does, older or newer")
    func ids() {
        var world = STSWorld(holding: enforcePolicy, id: "2")
        #expect(world.mail().isCached && world.fetches == 0)
        world.record = .found(id: "1")
        world.host = .success(testingPolicy)
        #expect(world.mail().mode == .testing && world.fetches == 1)
        #expect(world.entry?.held?.id == "1")
        #expect(!world.mail().isUnknown && world.fetches == 1)
    }

    @Test("STS-27 a fetched none replaces the policy and means none")
    func none() {
        var world = STSWorld(holding: enforcePolicy)
        world.record = .found(id: "2")
        world.host = .success(nonePolicy)
        let facts = world.mail()
        #expect(facts.mode == STSPolicy.Mode.none && !facts.isUnknown)
        #expect(world.entry?.held?.policy.mode == STSPolicy.Mode.none)
    }

    @Test("STS-16 a record without a fetchable policy and nothing held: as without MTA-STS, with the fault")
    func nothingFetchable() {
        var world = STSWorld()
        world.record = .found(id: "1")
        let facts = world.mail()
        #expect(facts.held == nil && facts.isUnknown && facts.fault == STSWorld.unreachable)
        #expect(!facts.isCached, "nothing is no cached policy")
        #expect(world.events == [.fetchFailed(id: "1", STSWorld.unreachable, keeps: nil)])
        #expect(world.events.allSatisfy { $0.isAlert })
    }

    @Test("STS-16 a text that is no policy is sts-policy-invalid, with the line")
    func invalid() {
        var world = STSWorld()
        world.record = .found(id: "1")
        world.host = .success(policyText("version: STSv1", "mode: Enforce"))
        let fault = world.mail().fault
        #expect(fault?.type == .stsPolicyInvalid && fault?.words.hasPrefix("line 2: the mode is \"Enforce\"") == true)
    }

    @Test("STS-15 a hundred messages and a fetch that fails: one fetch in five minutes, then ever fewer")
    func backoff() {
        var world = STSWorld()
        world.record = .found(id: "1")
        for _ in 0..<100 { world.mail() }
        #expect(world.fetches == 1 && world.mail().isUnknown && world.mail().fault == STSWorld.unreachable)
        var waits: [Int64] = []
        for _ in 0..<7 {
            let (start, fetches) = (world.now, world.fetches)
            while world.fetches == fetches {
                world.wait(1)
                world.mail()
            }
            waits.append(world.now.seconds - start.seconds)
        }
        #expect(waits == [300, 600, 1200, 2400, 3600, 3600, 3600])
        world.host = .success(enforcePolicy)
        world.wait(3600)
        #expect(world.mail().mode == .enforce && world.entry?.failure == nil)
    }

    @Test("STS-25 STS-15 a new id may be fetched at once after a failure, until ids change without end")
    func freshIDs() {
        var world = STSWorld()
        for number in 1...STSDiscovery.freshIDLimit {
            world.record = .found(id: "\(number)")
            world.mail()
            #expect(world.fetches == number)
        }
        world.record = .found(id: "another")
        world.mail()
        world.wait(299)
        world.mail()
        #expect(world.fetches == STSDiscovery.freshIDLimit)
        world.wait(1)
        world.mail()
        #expect(world.fetches == STSDiscovery.freshIDLimit + 1)
    }

    @Test("STS-17 EDGE-17 the policy host is down, the id unchanged: the policy is kept, and nobody asks")
    func unchangedID() {
        var world = STSWorld(holding: enforcePolicy)
        world.host = .failure(STSWorld.unreachable)
        let facts = world.mail()
        #expect(facts.mode == .enforce && facts.isCached && world.fetches == 0 && world.events.isEmpty)
    }

    @Test("STS-17 EDGE-18 the policy host is down and the id new: the old policy is kept until max_age, with an alert")
    func newIDUnfetchable() {
        var world = STSWorld(holding: enforcePolicy)
        world.host = .failure(STSWorld.unreachable)
        world.record = .found(id: "2")
        let facts = world.mail()
        #expect(facts.mode == .enforce && facts.isCached && !facts.isUnknown && facts.fault == STSWorld.unreachable)
        #expect(world.entry?.held?.id == "1", "the id of what is held, so the new one stays new")
        #expect(world.takeEvents().map(\.summary) == ["fetch-failed keeps"])
        world.wait(300)
        world.host = .success(testingPolicy)
        #expect(world.mail().mode == .testing)
    }

    @Test("STS-17 a broken policy text under a new id keeps the old one as well")
    func newIDInvalid() {
        var world = STSWorld(holding: enforcePolicy)
        world.record = .found(id: "2")
        world.host = .success(Array("<html>".utf8))
        #expect(world.mail().mode == .enforce && world.entry?.failure?.fault.type == .stsPolicyInvalid)
    }

    @Test("STS-08 EDGE-19 the record is gone: the policy holds, it is said once, and again when the record is back")
    func recordGone() {
        var world = STSWorld(holding: enforcePolicy)
        world.record = .absent("no such name")
        for _ in 0..<3 { #expect(world.mail().mode == .enforce) }
        #expect(world.events.map(\.summary) == ["record-missing"])
        #expect(world.events.allSatisfy { $0.isAlert })
        #expect(world.entry?.recordMissingSince == world.now && world.fetches == 0)
        world.wait(60)
        world.record = .failed("SERVFAIL")
        world.mail()
        #expect(world.entry?.recordMissingSince == world.now.advanced(by: -60), "since the first time")
        world.record = .found(id: "1")
        _ = world.takeEvents()
        world.mail()
        world.mail()
        #expect(world.takeEvents() == [.recordBack(id: "1")] && world.entry?.recordMissingSince == nil)
    }

    @Test("SEC-14 a bogus or failed TXT lookup cancels no policy that is held")
    func failedWhileHeld() {
        var world = STSWorld(holding: enforcePolicy)
        world.record = .failed("DNSSEC validation failed")
        let facts = world.mail()
        #expect(facts.mode == .enforce && !facts.isUnknown && facts.record == .failed("DNSSEC validation failed"))
        #expect(world.events.map(\.summary) == ["record-missing"])
    }

    @Test("STS-26 EDGE-20 all that counts is in the entry: a restart in the middle changes nothing")
    func restart() {
        var world = STSWorld(holding: enforcePolicy)
        world.host = .failure(STSWorld.unreachable)
        world.record = .found(id: "2")
        world.mail()
        var restarted = STSWorld()
        restarted.now = world.now.advanced(by: 10)
        restarted.entry = world.entry
        restarted.record = world.record
        #expect(restarted.mail().mode == .enforce && restarted.fetches == 0, "the wait for id 2 goes on as well")
        restarted.record = .absent("no such name")
        #expect(restarted.mail().mode == .enforce)
    }

    @Test("STS-37 a policy is applied until the last second of max_age, and never after")
    func expiry() {
        let short = policyText("version: STSv1", "mode: enforce", "mx: mx.example.com", "max_age: 60")
        var world = STSWorld(holding: short)
        world.host = .failure(STSWorld.unreachable)
        world.wait(59)
        #expect(world.mail().mode == .enforce && world.fetches == 0)
        world.wait(1)
        let facts = world.mail()
        #expect(facts.held == nil && facts.isUnknown && facts.fault == STSWorld.unreachable && world.fetches == 1)
        #expect(world.events.map(\.summary) == ["fetch-failed", "ran-out"] && world.events.allSatisfy { $0.isAlert })
        world.record = .absent("no such name")
        let gone = world.mail()
        #expect(gone.held == nil && !gone.isUnknown && gone.fault == nil, "neither record nor policy: no MTA-STS")
    }

    @Test("max_age 0 serves the mail that had it fetched, and is never remembered")
    func zeroMaxAge() {
        let zero = policyText("version: STSv1", "mode: enforce", "mx: mx.example.com", "max_age: 0")
        var world = STSWorld(holding: zero)
        #expect(world.entry == nil)
        let facts = world.mail()
        #expect(facts.mode == .enforce && !facts.isCached && !facts.isUnknown && world.entry == nil)
        world.host = .failure(STSWorld.unreachable)
        #expect(world.mail().held == nil)
        world = STSWorld(holding: enforcePolicy)
        world.record = .found(id: "2")
        world.host = .success(zero)
        world.mail()
        #expect(world.entry == nil, "it replaces what was held (STS-27)")
    }

    @Test("The clock is set back by two days: the policy is valid, waits end, its refresh is due")
    func clockBack() throws {
        var world = STSWorld(holding: enforcePolicy)
        world.host = .failure(STSWorld.unreachable)
        world.record = .found(id: "2")
        world.mail()
        world.wait(-2 * dayInSeconds)
        let facts = world.mail()
        #expect(facts.mode == .enforce && world.fetches == 2, "a wait from the future does not count")
        #expect(world.entry?.usedAt == world.now)
        world.mail()
        #expect(world.fetches == 2, "and the new one does")
        let entry = try #require(world.entry)
        #expect(world.discovery.refreshDue(entry, jitter: 0, at: world.now) == world.now.advanced(by: 600))
    }

    @Test("The clock jumps ahead by 400 days: a new fetch, and what is held comes back with the time")
    func clockAhead() {
        var world = STSWorld(holding: enforcePolicy)
        world.host = .failure(STSWorld.unreachable)
        world.wait(400 * dayInSeconds)
        #expect(world.mail().held == nil)
        #expect(world.events.map(\.summary) == ["fetch-failed", "ran-out"], "not silently")
        world.wait(-400 * dayInSeconds)
        #expect(world.mail().mode == .enforce)
    }

    @Test(
        "The ends of the time range trap nobody",
        arguments: [Int64.min, Int64.min + 1, -1, 0, Int64.max - 1, Int64.max])
    func extremes(seconds: Int64) throws {
        for base in [Int64.min, 0, Int64.max] {
            var world = STSWorld()
            world.now = WallTime(seconds: base)
            world.record = .found(id: "1")
            world.host = .success(enforcePolicy)
            world.mail()
            world.record = .found(id: "2")
            world.host = .failure(STSWorld.unreachable)
            world.mail()
            world.now = WallTime(seconds: seconds)
            world.mail()
            if let entry = world.entry {
                _ = world.discovery.refreshDue(entry, jitter: .nan, at: world.now)
                _ = world.discovery.mayForget(entry, at: world.now)
            }
            world.refresh()
        }
    }

    @Test("STS-35 a mismatch under a cached policy asks TXT anew, once in a while")
    func mismatch() {
        var world = STSWorld(holding: enforcePolicy)
        let facts = world.mail()
        func calls(_ facts: STSFacts, _ last: Int64?) -> Bool {
            world.discovery.mismatchCallsForLookup(
                facts, lastLookup: last.map { world.now.advanced(by: $0) }, at: world.now)
        }
        #expect(calls(facts, nil) && !calls(facts, 0) && !calls(facts, -59) && calls(facts, -60))
        #expect(calls(facts, 5), "a time from the future does not count")
        let fresh = STSFacts(domain: STSWorld.domain, record: .found(id: "1"), held: facts.held, isCached: false)
        #expect(!calls(fresh, nil), "it was fetched just now")
        #expect(!calls(.notApplicable, nil))
        #expect(!calls(STSWorld.mailed(nonePolicy), nil), "mode none mismatches nothing")
        #expect(calls(STSWorld.mailed(testingPolicy), nil))
    }

    @Test("How a domain is used is written down by the hour, not by the message")
    func use() {
        var world = STSWorld(holding: enforcePolicy)
        let start = world.now
        world.wait(STSDiscovery.useResolution - 1)
        world.mail()
        #expect(world.entry?.usedAt == start)
        world.wait(1)
        world.mail()
        #expect(world.entry?.usedAt == world.now)
    }
}

extension STSWorld {
    /// What a second mail sees of `policy`.
    static func mailed(_ policy: [UInt8]) -> STSFacts {
        var world = STSWorld(holding: policy)
        return world.mail()
    }
}
