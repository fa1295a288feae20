import Mail
import Synchronization
import Testing

@testable import Relay

@Suite("RouteFinder", .timeLimit(.minutes(10)))
struct RouteFinderTests {
    final class Zones: Sendable {
        let asked = Atomic<Int>(0)
        let gate = Latch<Bool>()
        let fails = Flag()

        func answer(_ question: Question) async -> Answer {
            asked.add(1, ordering: .relaxed)
            _ = await gate.wait()
            if fails.isSet { return Answer(question, .failed("SERVFAIL"), .failed) }
            return question.type == .a
                ? Answer(question, .records([[9, 9, 9, 9]]), .insecure, timeToLive: 3600)
                : Answer(question, .noData, .insecure, timeToLive: 3600)
        }

        var finder: RouteFinder { RouteFinder(settings: RouteSettings()) { await self.answer($0) } }
    }

    let zones = Zones()

    @Test("1,000 messages at once are one search; afterwards none")
    func once() async throws {
        let finder = zones.finder
        let hop = NextHop(.domain(try DomainName("a.example")))
        let zones = zones
        let counts = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<1000 { group.addTask { await finder.facts(for: hop).hosts.count } }
            while zones.asked.load(ordering: .relaxed) == 0 { await Task.yield() }
            zones.gate.open(true)
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.allSatisfy { $0 == 1 })
        let asked = zones.asked.load(ordering: .relaxed)
        #expect(asked >= 3 && asked <= 5, "MX, A, AAAA, and TLSA at most")
        _ = await finder.facts(for: hop)
        #expect(zones.asked.load(ordering: .relaxed) == asked)
    }

    @Test("DANE-26 a TLSA record that OpenSSL cannot read is marked before anything is decided")
    func unreadable() async throws {
        // In form a certificate: SEQUENCE { SEQUENCE {} }.
        let hollow: [UInt8] = [3, 0, 0, 0x30, 2, 0x30, 0]
        let finder = RouteFinder(settings: RouteSettings()) { question in
            switch question.type {
            case .a: Answer(question, .records([[192, 0, 2, 1]]), .secure, timeToLive: 3600)
            case .tlsa: Answer(question, .records([hollow]), .secure, timeToLive: 3600)
            default: Answer(question, .noData, .secure, timeToLive: 3600)
            }
        }
        let facts = await finder.facts(for: NextHop(.domain(try DomainName("a.example"))))
        #expect(facts.hosts.map(\.tlsa.unreadable.count) == [1])
        let decision = PolicyDecision(PolicyInputs(facts: facts, settings: PolicySettings()))
        let requirement = try #require(decision.hosts.first?.decision.requirement)
        #expect(requirement.level == .encrypted && requirement.dane == nil, "RFC 7672 §2.2")
    }

    @Test("A failed search is no ground to stand on: its facts say so")
    func failed() async throws {
        zones.gate.open(true)
        zones.fails.set()
        let facts = await zones.finder.facts(for: NextHop(.domain(try DomainName("a.example"))))
        #expect(facts.hasFailure)
    }
}

@Suite("RecentTable")
struct RecentTableTests {
    @Test("what the entries weigh is bounded: large ones make those go that nobody used")
    func weight() {
        var table = RecentTable<Int, Int>(limit: 1_000, weightLimit: 100, weigh: { $0 })
        for key in 0..<100 {
            table.insert(10, for: key)
            #expect(table.use(0) != nil, "used between any two others")
            // Two tables of half the limit each, and the entry that went over it.
            let all = table.values.reduce(0, +)
            #expect(all <= 100 + 10)
            #expect(table.weight <= 50 + 10)
        }
        // An entry that alone weighs more than the limit is kept until the next.
        table.insert(500, for: -1)
        #expect(table.use(-1) == 500)
        table.insert(1, for: 1)
        table.insert(60, for: 2)
        table.insert(1, for: 3)
        #expect(table.use(-1) == nil)
        // What grew counts.
        var growing = RecentTable<Int, Int>(limit: 1_000, weightLimit: 100, weigh: { $0 })
        growing.insert(1, for: 1)
        growing.grew(by: 60)
        growing.insert(1, for: 2)
        growing.grew(by: 60)
        growing.insert(1, for: 3)
        #expect(growing.use(1) == nil && growing.use(2) != nil)
    }

    @Test("Never more than the bound; what was used stays, what was not goes", arguments: [2, 3, 10, 1000])
    func bound(limit: Int) {
        var table = RecentTable<Int, Int>(limit: limit)
        table.insert(-1, for: -1)
        for key in 0..<limit * 5 {
            table.insert(key, for: key)
            #expect(table.count <= limit)
            #expect(table.use(key) == key)
            if limit >= 10 { #expect(table.use(-1) == -1) }
        }
        #expect(table.use(0) == nil)
        #expect(table.values.count == table.count)
    }

    @Test("Busy entries stay, even where they are more than the bound")
    func busy() {
        var table = RecentTable<Int, Int>(limit: 10, isBusy: { $0 % 2 == 0 })
        for key in 0..<100 { table.insert(key, for: key) }
        for key in stride(from: 0, to: 100, by: 2) { #expect(table.use(key) == key) }
        #expect(table.use(1) == nil)
        table.insert(7, for: 98)
        #expect(table.use(98) == 7, "replaced")
    }
}

@Suite("Latch", .timeLimit(.minutes(10)))
struct LatchTests {
    @Test("All who wait get the first value, and so do those who come later")
    func opens() async {
        let latch = Latch<Int>()
        let sum = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask { await latch.wait() ?? 0 } }
            latch.open(1)
            latch.open(2)
            return await group.reduce(0, +)
        }
        #expect(sum == 100 && latch.isOpen)
        #expect(await latch.wait() == 1)
    }

    @Test("A cancelled wait ends with nothing, before it began or in the middle")
    func cancelled() async {
        let latch = Latch<Int>()
        for _ in 0..<100 {
            let task = Task { await latch.wait() }
            task.cancel()
            #expect(await task.value == nil)
        }
        #expect(!latch.isOpen)
    }
}
