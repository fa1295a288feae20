import Testing

@testable import Mail

@Suite struct STSRefreshTests {
    private func due(_ world: STSWorld, jitter: Double = 0) -> Int64? {
        guard let entry = world.entry, let fetched = entry.held?.fetchedAt else { return nil }
        return world.discovery.refreshDue(entry, jitter: jitter, at: world.now).map { $0.seconds - fetched.seconds }
    }

    private func policy(maxAge: Int64, mode: String = "enforce") -> [UInt8] {
        policyText("version: STSv1", "mode: \(mode)", "mx: mx.example.com", "max_age: \(maxAge)")
    }

    @Test(
        "STS-18 the refresh is due about daily, and before half of max_age is over",
        arguments: [
            (604_800, 86_400), (31_557_600, 86_400), (172_800, 86_400), (86_400, 43_200), (7200, 3600),
            (3601, 3600), (3600, nil), (60, nil),  // too short-lived: fetched when mail asks
        ] as [(Int64, Int64?)])
    func interval(maxAge: Int64, seconds: Int64?) {
        #expect(due(STSWorld(holding: policy(maxAge: maxAge))) == seconds)
    }

    @Test(
        "The operator may want it oftener, and an odd setting harms nobody",
        arguments: [(10, 10), (0, 1), (-5, 1), (.max, 302_400)] as [(Int64, Int64)])
    func setting(refresh: Int64, seconds: Int64) {
        #expect(due(STSWorld(holding: policy(maxAge: 604_800), STSSettings(refresh: refresh))) == seconds)
    }

    @Test(
        "Jitter brings it forward by a fifth at most",
        arguments: [
            (0, 86_400), (0.5, 77_760), (1, 69_120), (2, 69_120), (-1, 86_400), (.nan, 86_400), (.infinity, 69_120),
        ] as [(Double, Int64)])
    func jitter(jitter: Double, seconds: Int64) {
        #expect(due(STSWorld(holding: enforcePolicy), jitter: jitter) == seconds)
    }

    @Test("STS-18 an unchanged id: a week passes, the policy is fetched daily and its lifetime begins anew each time")
    func daily() {
        var world = STSWorld(holding: enforcePolicy)
        world.pass(6 * dayInSeconds)
        #expect(world.fetches == 6 && world.takeEvents().map(\.summary) == Array(repeating: "refreshed", count: 6))
        world.host = .failure(STSWorld.unreachable)
        world.wait(604_799)
        #expect(world.mail().mode == .enforce, "a day short of two weeks after the first fetch")
    }

    @Test("STS-18 the refresh goes on without a record: who hides it must foil each fetch")
    func withoutRecord() {
        var world = STSWorld(holding: enforcePolicy)
        world.record = .absent("no such name")
        world.pass(2 * dayInSeconds)
        #expect(world.fetches == 2 && world.entry?.held?.id == "1")
    }

    @Test("STS-18 the refresh takes the id that TXT names now")
    func newID() {
        var world = STSWorld(holding: enforcePolicy)
        world.record = .found(id: "2")
        world.host = .success(testingPolicy)
        world.pass(dayInSeconds)
        #expect(world.entry?.held?.id == "2" && world.takeEvents().map(\.summary) == ["fetched testing"])
    }

    @Test("STS-19 refreshes that fail alert all the time, from the first on, and the last says that the policy ran out")
    func alerts() {
        var world = STSWorld(holding: enforcePolicy)
        world.host = .failure(STSWorld.unreachable)
        world.pass(dayInSeconds)
        #expect(world.takeEvents().map { "\($0.summary) \($0.isAlert)" } == ["fetch-failed keeps true"])
        world.pass(3600)
        // 300, 600, 1200 seconds after one another; the next comes after 2400 more.
        #expect(world.takeEvents().count == 3)
        world.pass(5 * dayInSeconds)
        let hourly = world.takeEvents()
        #expect((110...125).contains(hourly.count) && hourly.allSatisfy { $0.isAlert })
        #expect(world.mail().mode == .enforce)
        world.wait(dayInSeconds)
        #expect(world.mail().isUnknown && world.takeEvents().map(\.summary) == ["fetch-failed", "ran-out"])
    }

    @Test("STS-19 of a policy of mode none nothing alerts: a domain may take leave")
    func quietNone() {
        var world = STSWorld(holding: nonePolicy)
        world.host = .failure(STSWorld.unreachable)
        world.record = .absent("no such name")
        world.mail()
        world.pass(2 * dayInSeconds)
        let events = world.takeEvents()
        #expect(events.map(\.summary).prefix(2) == ["record-missing", "fetch-failed keeps"])
        #expect(!events.contains { $0.isAlert })
        world.record = .found(id: "2")
        world.wait(604_800)
        world.mail()
        #expect(
            world.takeEvents().map { "\($0.summary) \($0.isAlert)" } == [
                "record-back false", "fetch-failed true", "ran-out false",
            ])
    }

    @Test("The refresh ends for a domain that nobody mailed for so long, and begins with the next mail")
    func unused() {
        var world = STSWorld(holding: policy(maxAge: 31_557_600), STSSettings(forgetAfter: 3 * dayInSeconds))
        world.pass(10 * dayInSeconds)
        #expect(world.fetches == 2, "after one and after two days; on the third it is over")
        #expect(due(world) == nil)
        #expect(world.mail().mode == .enforce && due(world) == dayInSeconds)
    }

    @Test("STS-08 what is in force is never forgotten, and what ran out not at once")
    func forget() throws {
        var world = STSWorld(holding: policy(maxAge: 100 * dayInSeconds))
        let entry = try #require(world.entry)
        func mayForget(after days: Int64) -> Bool {
            world.discovery.mayForget(entry, at: world.now.advanced(by: days * dayInSeconds))
        }
        #expect(!mayForget(after: 0) && !mayForget(after: 61) && !mayForget(after: 101) && !mayForget(after: 159))
        #expect(mayForget(after: 160) && !mayForget(after: -10))
        world = STSWorld()
        world.record = .found(id: "1")
        world.mail()
        let failed = try #require(world.entry)
        #expect(!world.discovery.mayForget(failed, at: world.now.advanced(by: dayInSeconds - 1)))
        #expect(world.discovery.mayForget(failed, at: world.now.advanced(by: dayInSeconds)))
    }

    @Test("Without a policy in force there is nothing to refresh")
    func nothingHeld() throws {
        var world = STSWorld()
        world.record = .found(id: "1")
        world.mail()
        let entry = try #require(world.entry)
        #expect(world.discovery.refreshDue(entry, jitter: 0, at: world.now) == nil)
        #expect(world.discovery.refreshID(entry, world.record, at: world.now) == "1", "but the operator may wish it")
        #expect(world.discovery.refreshID(entry, .absent("gone"), at: world.now) == nil)
        world = STSWorld(holding: enforcePolicy)
        world.wait(604_800)
        #expect(due(world) == nil)
        #expect(world.discovery.refreshID(world.entry, .failed("timeout"), at: world.now) == nil, "it ran out")
        #expect(world.discovery.refreshID(world.entry, .failed("timeout"), at: world.now.advanced(by: -1)) == "1")
    }

    @Test("STS-40 the domain is the machine's own: one entry never serves another domain")
    func perDomain() {
        let other = STSDiscovery(domainName("other.example"))
        #expect(other.begin(with: nil, .found(id: "1"), at: WallTime(seconds: 0)).facts.domain?.text == "other.example")
        let entry = other.finish(
            .success(enforcePolicy), for: "1", with: nil, .found(id: "1"), at: WallTime(seconds: 0)
        ).entry
        #expect(entry?.domain.text == "other.example")
    }
}
