import FlyingFox
import Mail
import Net
import Store
import TLS
import Testing

@testable import Relay

@Suite("What waits under a route is looked at by its recipients' domains", .timeLimit(.minutes(10)))
struct SimulationReadingTests {
    static let rules = """
        [[rule]]
        destination = "gone.example"
        next_hop = "smart.example"
        reason = "x"

        [[rule]]
        destination = "*"
        next_hop = "[192.0.2.1]:26"
        reason = "x"

        [[rule]]
        destination = "z.example"
        next_hop = "smart.example"
        reason = "x"
        """

    static func query(after: String? = nil, limit: Int = 50) -> SimulationQuery {
        SimulationQuery(configuration: "", file: "f", days: 7, after: after, limit: limit)
    }

    @Test("Pages of any length have each domain once, and no route", arguments: 1...5)
    func pages(limit: Int) async throws {
        try await QueueOrdersTests.serve(Self.rules) { service in
            for (count, domain) in [(2, "gone.example"), (1, "z.example"), (3, "other.example"), (1, "[192.0.2.9]")] {
                try await QueueOrdersTests.queue(count, at: domain, in: service)
            }
            let waiting = try await service.store.waitingDestinations(after: nil, limit: 9)
            #expect(waiting.map(\.destination) == ["via:[192.0.2.1]:26", "via:smart.example"])
            let reading = SimulationReading(store: service.store, now: Service.clock())
            var (seen, after): ([String], String?) = ([], nil)
            for _ in 0..<9 {
                let page = try await reading.page(Self.query(after: after, limit: limit))
                #expect(page.unread == 0)
                seen += page.seen.map { "\($0.name) \($0.queued)" }
                after = page.seen.last?.name
                if page.isLast { break }
            }
            #expect(seen == ["[192.0.2.9] 1", "gone.example 2", "other.example 3", "z.example 1"])
        }
    }

    @Test("Of a route so many recipients are read; the rest is counted", arguments: [(3, 0), (2, 1)])
    func bound(limit: Int, unread: Int) async throws {
        try await QueueOrdersTests.serve(Self.rules) { service in
            try await QueueOrdersTests.queue(3, at: "gone.example", in: service)
            let reading = SimulationReading(store: service.store, now: Service.clock(), routedLimit: limit)
            let page = try await reading.page(Self.query())
            #expect(page.seen.map(\.queued) == [3 - unread] && page.unread == unread)
        }
    }

    @Test("Without the rule a domain that does not exist is what counts: its mail would be returned")
    func returned() async throws {
        try await QueueOrdersTests.serve(Self.rules) { service in
            try await QueueOrdersTests.queue(2, at: "gone.example", in: service)
            var (now, then) = (Configuration(), Configuration())
            now.sts.enabled = false
            then.sts.enabled = false
            now.rules = try Configuration.parse(text: Self.rules, file: "f").rules
            let answering = { @concurrent @Sendable (question: Question) async -> Answer in
                question.name.text.hasSuffix("gone.example")
                    ? Answer(question, .noSuchName, .insecure, timeToLive: 60)
                    : Answer(question, .failed("SERVFAIL"), .failed)
            }
            let loop = try #require(Loop.current)
            let side = { (configuration: Configuration) in
                service.side(
                    configuration, trust: TrustStores(), ClientIdentities(), on: loop,
                    routes: RouteFinder(settings: RouteSettings(), resolve: answering))
            }
            let simulation = Simulation(
                now: side(now), then: side(then), policies: service.policies, exception: { _ in nil })
            let seen = try await SimulationReading(store: service.store, now: Service.clock()).page(Self.query()).seen
            let found = try #require(await simulation.run(seen).first)
            #expect(found.domain == "gone.example" && found.queued == 2 && found.change == .returned)
            #expect(found.now.outcome == "deferred" && found.now.nextHop == "via:smart.example")
            #expect(found.then.outcome == "bounced" && found.then.cause == "no-such-domain")
        }
    }
}

@Suite("History of a domain whose mail goes elsewhere", .timeLimit(.minutes(10)))
struct RoutedHistoryTests {
    @Test("It says where its mail goes, by which rule, and what to ask")
    func routed() async throws {
        try await QueueOrdersTests.serve(SimulationReadingTests.rules) { service in
            let refusal = try await Self.refusal("gone.example", service)
            #expect(refusal.code == HistoryView.routedCode)
            #expect(refusal.message.contains("goes to smart.example by rule \"gone.example\""))
            #expect(refusal.cure == "Ask relayctl history smart.example")
            let address = try await Self.refusal("other.example", service)
            #expect(address.cure.contains("address"))
        }
        try await QueueOrdersTests.serve { service in
            let view = try await service.history(of: DomainName("gone.example"), before: nil, limit: 5)
            #expect(view == nil)
        }
    }

    static func refusal(_ domain: String, _ service: Service) async throws -> ControlErrorView {
        let refusal = await #expect(throws: ControlRefusal.self) {
            try await service.history(of: try DomainName(domain), before: nil, limit: 5)
        }
        let answer = try #require(refusal).answer
        #expect(answer.status == .notFound)
        return try #require(ControlJSON.decode(ControlErrorEnvelope.self, from: answer.body)).error
    }
}
