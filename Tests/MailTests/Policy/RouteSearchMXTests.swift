import Testing

@testable import Mail

@Suite struct RouteSearchMXTests {
    private static let example = NextHop(.domain(domainName("d.example")))

    @Test("MX-01 MX is asked first, and nothing beside it")
    func mxFirst() {
        var search = RouteSearch(for: Self.example, settings: RouteSettings())
        #expect(search.start() == [Question(domainName("d.example"), .mx)])
        #expect(search.start().isEmpty)
        #expect(search.result == nil)
    }

    @Test(
        "MX-01 names are asked as they stand: nothing is completed, guessed or searched for in a parent",
        arguments: ["mailhost", "sub.d.example", "xn--bcher-kva.example"])
    func noInference(name: String) {
        let asked = searchRoute(NextHop(.domain(domainName(name))), ["\(name) MX": .none(.insecure)]).asked
        #expect(asked.first == "\(name) MX" && asked.count > 1)
        #expect(asked.allSatisfy { $0.split(separator: " ").first.map(String.init) == name }, "\(asked)")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let row: String
        let view: DNSView
        let lookup: MXFacts.Lookup?
        let hosts: [String]
        /// Questions that must not be asked.
        let never: [String]
        let cause: Reason.Cause?
        let isPermanent: Bool
        var testDescription: String { row }

        init(
            _ row: String, _ view: DNSView, _ lookup: MXFacts.Lookup? = nil, hosts: [String] = [],
            never: [String] = [], _ cause: Reason.Cause? = nil, permanent: Bool = false
        ) {
            (self.row, self.view, self.lookup, self.hosts) = (row, view, lookup, hosts)
            (self.never, self.cause, self.isPermanent) = (never, cause, permanent)
        }
    }

    static let cases: [Case] = [
        Case(
            "MX-02 a CNAME at the domain: its target's MX, chain security kept",
            [
                "d.example CNAME": .secure("e.example"), "e.example MX": .secure("10 m.example"),
                "m.example A": .secure("192.0.2.1"),
            ],
            hosts: ["10 m.example"]),
        Case(
            "MX-03 NXDOMAIN, insecure: no such domain", ["d.example MX": .noSuchName(.insecure)], .noSuchDomain,
            never: ["d.example A"], .noSuchDomain, permanent: true),
        Case(
            "MX-03 NXDOMAIN, secure: no such domain", ["d.example MX": .noSuchName(.secure)], .noSuchDomain,
            .noSuchDomain, permanent: true),
        Case(
            "MX-03 a bogus denial is no NXDOMAIN", ["d.example MX": .noSuchName(.bogus)],
            .failed("DNSSEC validation failed"), never: ["d.example A"], .dnsBogus),
        Case(
            "MX-04 MX NODATA means implicit MX", ["d.example A": .secure("192.0.2.1")], .implicit,
            hosts: ["0 d.example"]),
        Case(
            "MX-05 MX SERVFAIL: no fallback to A", ["d.example MX": .servfail, "d.example A": .secure("192.0.2.1")],
            .failed("SERVFAIL"), never: ["d.example A", "d.example AAAA"], .dnsTemporary),
        Case(
            "MX-05 MX bogus: no contact", ["d.example MX": .bogus, "d.example A": .secure("192.0.2.1")],
            .failed("signature expired"), never: ["d.example A"], .dnsBogus),
        Case(
            "SEC-05 a set of malformed MX records is no answer", ["d.example MX": .secure("hex:00", "hex:000a")],
            .failed("the MX records are malformed"), never: ["d.example A"], .dnsTemporary),
        Case(
            "MX-06 with an MX the domain's own address is not used",
            ["d.example MX": .secure("10 m.example"), "d.example A": .secure("192.0.2.9")],
            hosts: ["10 m.example"], never: ["d.example A", "d.example AAAA"], .noHostAddress, permanent: true),
        Case(
            "MX-07 target NXDOMAIN: permanent",
            [
                "d.example MX": .insecure("10 m.example"), "m.example A": .noSuchName(.insecure),
                "m.example AAAA": .noSuchName(.insecure),
            ],
            hosts: ["10 m.example"], .noHostAddress, permanent: true),
        Case(
            "MX-07 target SERVFAIL: deferral",
            ["d.example MX": .insecure("10 m.example"), "m.example A": .servfail, "m.example AAAA": .servfail],
            hosts: ["10 m.example"], .dnsTemporary),
        Case(
            "MX-12 null MX: permanent, no address lookup", ["d.example MX": .insecure("0 .")], .null,
            never: ["d.example A"], .nullMX, permanent: true),
        Case(
            "MX-12 a lone dot at another preference names no host either", ["d.example MX": .insecure("10 .")], .null,
            .nullMX, permanent: true),
        Case(
            "MX-13 a dot beside other MX records is ignored",
            ["d.example MX": .secure("0 .", "10 m.example"), "m.example A": .secure("192.0.2.1")],
            hosts: ["10 m.example"]),
        Case(
            "MX-14 an IP string as MX target gets no question",
            ["d.example MX": .secure("10 192.0.2.1", "20 m.example"), "m.example A": .secure("192.0.2.1")],
            hosts: ["10 192.0.2.1", "20 m.example"], never: ["192.0.2.1 A", "_25._tcp.192.0.2.1 TLSA"]),
        Case(
            "One malformed record voids itself, not the set",
            ["d.example MX": .secure("hex:000a026d", "20 m.example"), "m.example A": .secure("192.0.2.1")],
            hosts: ["20 m.example"]),
        Case(
            "MX-15 a CNAME loop at the domain is a lookup failure",
            ["d.example CNAME": .secure("e.example"), "e.example CNAME": .secure("d.example")],
            .failed("alias chain too long"), .dnsTemporary),
        Case(
            "MX-16 an unresolvable host does not block another",
            [
                "d.example MX": .secure("10 m.example", "20 n.example"), "m.example A": .servfail,
                "m.example AAAA": .servfail,
                "n.example A": .secure("192.0.2.2"),
            ],
            hosts: ["10 m.example", "20 n.example"]),
        Case(
            "MX-16 none resolves and one failed temporarily: delay",
            [
                "d.example MX": .secure("10 m.example", "20 n.example"), "m.example A": .servfail,
                "m.example AAAA": .servfail,
                "n.example A": .noSuchName(.secure),
            ],
            hosts: ["10 m.example", "20 n.example"], .dnsTemporary),
        Case(
            "MX-08 sorted by preference, equals in the resolver's order, a repeated host once",
            [
                "d.example MX": .secure("20 c.example", "10 b.example", "10 a.example", "30 b.example"),
                "a.example A": .secure("192.0.2.1"),
            ],
            hosts: ["10 b.example", "10 a.example", "20 c.example"]),
    ]

    @Test("MX answers", arguments: cases, [false, true])
    func answers(aCase: Case, reversed: Bool) throws {
        let (found, asked) = searchRoute(Self.example, aCase.view, reversed: reversed)
        let facts = try #require(found)
        if let lookup = aCase.lookup { #expect(facts.mx.lookup == lookup) }
        #expect(facts.hosts.map { "\($0.preference) \($0.host)" } == aCase.hosts)
        for question in aCase.never { #expect(!asked.contains(question), "\(question)") }
        #expect(Set(asked).count == asked.count, "a question was asked twice")
        let failure = drained(facts)
        #expect(failure?.reason.cause == aCase.cause)
        #expect((failure?.isPermanent ?? false) == aCase.isPermanent)
    }

    @Test("MX-02 the expanded domain and the chain's security are kept", arguments: [true, false])
    func expansion(isSecure: Bool) throws {
        let view: DNSView = [
            "d.example CNAME": isSecure ? .secure("e.example") : .insecure("e.example"),
            "e.example MX": .secure("10 m.example"), "m.example A": .secure("192.0.2.1"),
        ]
        let facts = try #require(searchRoute(Self.example, view).facts)
        #expect(facts.mx.expandedDomain == domainName("e.example"))
        #expect(facts.mx.security == (isSecure ? .secure : .insecure))
    }

    @Test("50 MX records are looked at, the best; the 51st is not")
    func limit() throws {
        for (count, worst) in [(RecordLimits.mx, "1"), (RecordLimits.mx + 1, "1")] {
            // The resolver's order is the worst case: descending preferences.
            let records = (1...count).reversed().map { "\($0) m\($0).example" }
            let view: DNSView = ["d.example MX": .secure(records)]
            let facts = try #require(searchRoute(Self.example, view).facts)
            #expect(facts.hosts.count == RecordLimits.mx)
            #expect(facts.hosts.first.map { "\($0.preference)" } == worst)
            #expect(facts.hosts.last?.preference == 50)
        }
    }

    @Test("50 addresses of a family are looked at")
    func addressLimit() throws {
        for count in [RecordLimits.addresses, RecordLimits.addresses + 1] {
            let view: DNSView = [
                "d.example MX": .secure("10 m.example"),
                "m.example A": .secure((1...count).map { "192.0.2.\($0)" }),
            ]
            let facts = try #require(searchRoute(Self.example, view).facts)
            #expect(facts.hosts.first?.addresses.addresses.count == RecordLimits.addresses)
        }
    }

    @Test("The facts live as long as the shortest answer behind them")
    func timeToLive() throws {
        var view: DNSView = [
            "d.example MX": .secure("10 m.example"), "m.example A": .secure("192.0.2.1"),
            "_25._tcp.m.example TLSA": .secure(tlsaText("3 1 1")),
        ]
        #expect(searchRoute(Self.example, view).facts?.timeToLive == 3600)
        view.timesToLive = ["_25._tcp.m.example TLSA": 60, "m.example AAAA": 90]
        #expect(searchRoute(Self.example, view).facts?.timeToLive == 60)
    }

    @Test("Late, repeated and foreign answers are dropped")
    func strayAnswers() {
        let view: DNSView = ["d.example MX": .secure("10 m.example"), "m.example A": .secure("192.0.2.1")]
        var search = RouteSearch(for: Self.example, settings: RouteSettings())
        let foreign = view.answer(Question(domainName("m.example"), .a))
        #expect(search.handle(foreign).isEmpty)
        let first = search.start()
        #expect(search.handle(foreign).isEmpty)
        let mx = view.answer(first[0])
        #expect(search.handle(mx).count == 2)
        #expect(search.handle(mx).isEmpty)
        #expect(search.result == nil)
    }
}

/// Lets a plan pass over every host; nil where one could be connected to.
func drained(_ facts: DestinationFacts, settings: PolicySettings = PolicySettings()) -> AttemptFailure? {
    var dice = SplitMix(seed: 1)
    var plan = DeliveryPlan(facts: facts, settings: settings, limits: PlanLimits(), using: &dice)
    while let step = plan.next() {
        if case .connect = step { return nil }
    }
    return plan.failure
}
