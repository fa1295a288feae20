import Testing

@testable import Mail

@Suite struct RouteSearchLoopTests {
    private static let example = NextHop(.domain(domainName("d.example")))
    private static let view: DNSView = [
        "d.example MX": .secure("10 other.example", "20 self.example", "20 peer.example", "30 third.example"),
        "other.example A": .secure("192.0.2.1"), "self.example A": .secure("192.0.2.9"),
        "peer.example A": .secure("192.0.2.2"), "third.example A": .secure("192.0.2.3"),
    ]
    private static let ourAddress = IPAddress.v4(0xC000_0209)

    private func usable(_ facts: DestinationFacts?) -> [String] {
        (facts?.hosts ?? []).filter { $0.obstacle == nil }.map { "\($0.host)" }
    }

    @Test("MX-09 our name drops its level and worse, and nothing is asked for those")
    func byName() {
        let settings = RouteSettings(ourNames: [domainName("self.example")])
        let (facts, asked) = searchRoute(Self.example, Self.view, settings)
        #expect(usable(facts) == ["other.example"])
        #expect(!asked.contains { $0.contains("third.example") || $0.contains("peer.example") })
        #expect(facts?.hosts.map(\.exclusion) == [nil, .ourselves, .behindOurselves, .behindOurselves])
    }

    @Test("MX-09 our address does the same under another name")
    func byAddress() {
        let facts = searchRoute(Self.example, Self.view, RouteSettings(ourAddresses: [Self.ourAddress])).facts
        #expect(usable(facts) == ["other.example"])
    }

    @Test("MX-09 nothing left: 5.4.6")
    func nothingLeft() throws {
        let view: DNSView = ["d.example MX": .secure("10 self.example"), "self.example A": .secure("192.0.2.9")]
        for settings in [
            RouteSettings(ourNames: [domainName("self.example")]), RouteSettings(ourAddresses: [Self.ourAddress]),
        ] {
            let facts = try #require(searchRoute(Self.example, view, settings).facts)
            let failure = try #require(drained(facts))
            #expect(failure.reason.cause == .loop)
            #expect(failure.isPermanent)
            #expect(failure.reason.cause.enhancedStatusCode.description == "5.4.6")
        }
    }

    @Test("MX-09 an implicit MX that is ourselves is a loop")
    func implicit() throws {
        let view: DNSView = ["d.example A": .secure("192.0.2.9")]
        for settings in [
            RouteSettings(ourNames: [domainName("d.example")]), RouteSettings(ourAddresses: [Self.ourAddress]),
        ] {
            let facts = try #require(searchRoute(Self.example, view, settings).facts)
            #expect(drained(facts)?.reason.cause == .loop)
        }
    }

    @Test("MX-09 a better host that is merely down leaves hope")
    func deferral() throws {
        let facts = try #require(
            searchRoute(Self.example, Self.view, RouteSettings(ourNames: [domainName("self.example")])).facts)
        var dice = SplitMix(seed: 1)
        var plan = DeliveryPlan(facts: facts, settings: PolicySettings(), limits: PlanLimits(), using: &dice)
        while let step = plan.next() {
            if case .connect = step { plan.note(Reason(.connectFailed, "refused")) }
        }
        #expect(plan.failure == AttemptFailure(reason: Reason(.connectFailed, "refused"), isPermanent: false))
    }

    @Test("An MX host at a loopback address is refused unless allowed", arguments: [false, true])
    func loopback(allowed: Bool) throws {
        let view: DNSView = ["d.example MX": .insecure("10 m.example"), "m.example A": .insecure("127.0.0.1")]
        let facts = try #require(searchRoute(Self.example, view, RouteSettings(loopbackAllowed: allowed)).facts)
        #expect(drained(facts)?.reason.cause == (allowed ? nil : .noHostAddress))
    }

    @Test("A refused address beside a failed family is no certainty")
    func loopbackAndFailure() throws {
        let view: DNSView = [
            "d.example MX": .insecure("10 m.example"), "m.example A": .insecure("127.0.0.1"),
            "m.example AAAA": .servfail,
        ]
        let facts = try #require(searchRoute(Self.example, view).facts)
        let failure = try #require(drained(facts))
        #expect(failure.reason.cause == .dnsTemporary)
        #expect(!failure.isPermanent)
    }

    @Test("MX-17, DANE-23 a configured host is not subject to MX, may be this machine, and gets DANE")
    func smarthost() throws {
        let view: DNSView = [
            "r.example MX": .secure("10 other.example"), "r.example A": .secure("127.0.0.1"),
            "_2525._tcp.r.example TLSA": .secure(tlsaText("3 1 1")),
        ]
        let hop = NextHop(.host(domainName("r.example")), port: 2525, isConfigured: true)
        let settings = RouteSettings(ourNames: [domainName("r.example")])
        let (found, asked) = searchRoute(hop, view, settings)
        let facts = try #require(found)
        // DANE-08: the port in the owner name is the real one.
        #expect(asked == ["r.example A", "r.example AAAA", "_2525._tcp.r.example TLSA"])
        let host = try #require(facts.hosts.first)
        let requirement = HostDecision.decide(for: host, in: facts, settings: PolicySettings()).requirement
        #expect(requirement?.level == .authenticated)
        #expect(requirement?.by == .dane)
    }

    @Test("MX-17 a configured domain that is no bracketed host keeps its MX lookup, loops included")
    func smarthostDomain() throws {
        let hop = NextHop(.domain(domainName("d.example")), isConfigured: true)
        let (facts, asked) = searchRoute(hop, Self.view, RouteSettings(ourNames: [domainName("self.example")]))
        #expect(asked.first == "d.example MX")
        #expect(usable(facts) == ["other.example"])
    }

    @Test("MX-14 an address literal needs no DNS and gets no DANE")
    func literal() throws {
        let hop = NextHop(.literal(IPAddress.v4(0xC000_0201)))
        let (found, asked) = searchRoute(hop, [:])
        let facts = try #require(found)
        #expect(asked.isEmpty)
        let host = try #require(facts.hosts.first)
        let requirement = HostDecision.decide(for: host, in: facts, settings: PolicySettings()).requirement
        #expect(requirement?.level == .opportunistic)
        #expect(requirement?.serverName == nil, "TLS-04: no SNI for an address")
        let ours = try #require(searchRoute(hop, [:], RouteSettings(ourAddresses: [.v4(0xC000_0201)])).facts)
        #expect(drained(ours)?.reason.cause == .loop)
        let loopback = try #require(searchRoute(NextHop(.literal(.v4(0x7F00_0001))), [:]).facts)
        #expect(drained(loopback)?.reason.cause == .noHostAddress)
        let configured = NextHop(.address(.v4(0x7F00_0001)), isConfigured: true)
        let smarthost = try #require(searchRoute(configured, [:]).facts)
        #expect(drained(smarthost) == nil)
    }
}
