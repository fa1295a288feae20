import Testing

@testable import Mail

@Suite struct DeliveryPlanTests {
    private static let example = NextHop(.domain(domainName("d.example")))

    private func plan(_ view: DNSView, _ limits: PlanLimits = PlanLimits(), seed: UInt64 = 1) throws -> DeliveryPlan {
        let facts = try #require(searchRoute(Self.example, view).facts)
        var dice = SplitMix(seed: seed)
        return DeliveryPlan(facts: facts, settings: PolicySettings(), limits: limits, using: &dice)
    }

    /// `host/last octet` of each candidate, `-host` of each skip.
    private func steps(_ plan: DeliveryPlan) -> [String] {
        var plan = plan
        var steps: [String] = []
        while let step = plan.next() {
            switch step {
            case .connect(let candidate): steps.append("\(candidate.host.host)/\(candidate.address.octets.last ?? 0)")
            case .skip(let host, _, _): steps.append("-\(host.host)")
            }
        }
        return steps
    }

    @Test("MX-08 lowest preference first, equal ones shuffled evenly")
    func order() throws {
        let view: DNSView = [
            "d.example MX": .secure("10 a.example", "10 b.example", "5 first.example", "20 last.example"),
            "a.example A": .secure("192.0.2.1"), "b.example A": .secure("192.0.2.2"),
            "first.example A": .secure("192.0.2.3"),
            "last.example A": .secure("192.0.2.4"),
        ]
        let facts = try #require(searchRoute(Self.example, view).facts)
        var dice = SplitMix(seed: 3)
        var aFirst = 0
        for _ in 0..<1000 {
            let plan = DeliveryPlan(facts: facts, settings: PolicySettings(), limits: PlanLimits(), using: &dice)
            let found = steps(plan)
            #expect(found.first == "first.example/3" && found.last == "last.example/4")
            if found[1] == "a.example/1" { aFirst += 1 }
        }
        #expect((400...600).contains(aFirst))
    }

    @Test("MX-10 a policy-failing host is skipped in place, and TLSA at a worse preference does not pre-empt")
    func inPlace() throws {
        let view: DNSView = [
            "d.example MX": .secure("10 plain.example", "20 broken.example", "30 dane.example"),
            "plain.example A": .secure("192.0.2.1"), "broken.example A": .secure("192.0.2.2"),
            "dane.example A": .secure("192.0.2.3"), "_25._tcp.broken.example TLSA": .servfail,
            "_25._tcp.dane.example TLSA": .secure(tlsaText("3 1 1")),
        ]
        #expect(try steps(plan(view)) == ["plain.example/1", "-broken.example", "dane.example/3"])
    }

    private static let both: DNSView = [
        "d.example MX": .secure("10 m.example"), "m.example A": .secure("192.0.2.1", "192.0.2.2", "192.0.2.3"),
        "m.example AAAA": .secure("2001:db8::11", "2001:db8::12"),
    ]

    @Test(
        "MX-08 addresses in the resolver's order, the families in turn",
        arguments: [
            (PlanLimits(), [0x11, 1, 0x12, 2, 3]),
            (PlanLimits(preferredFamily: .ipv4), [1, 0x11, 2, 0x12, 3]),
            (PlanLimits(families: [.ipv4], preferredFamily: .ipv6), [1, 2, 3]),
            (PlanLimits(families: [.ipv6]), [0x11, 0x12]),
            (PlanLimits(addresses: 3), [0x11, 1, 0x12]),
            (PlanLimits(addresses: 5), [0x11, 1, 0x12, 2, 3]),
            (PlanLimits(addresses: 4), [0x11, 1, 0x12, 2]),
            (PlanLimits(addresses: -1), []),
        ] as [(PlanLimits, [Int])])
    func families(limits: PlanLimits, expected: [Int]) throws {
        #expect(try steps(plan(Self.both, limits)) == expected.map { "m.example/\($0)" })
    }

    @Test("A host without an address of our families is skipped for now, not for good")
    func noFamily() throws {
        let view: DNSView = ["d.example MX": .secure("10 m.example"), "m.example AAAA": .secure("2001:db8::11")]
        var plan = try plan(view, PlanLimits(families: [.ipv4]))
        #expect(steps(plan) == ["-m.example"])
        while plan.next() != nil {}
        #expect(plan.failure.reason.cause == .connectFailed && !plan.failure.isPermanent)
    }

    @Test("A host with many addresses leaves two for each of the others")
    func share() throws {
        let view: DNSView = [
            "d.example MX": .secure("10 many.example", "20 b.example", "30 c.example"),
            "many.example A": .secure((1...40).map { "192.0.2.\($0)" }),
            "b.example A": .secure("192.0.2.101", "192.0.2.102"),
            "c.example A": .secure("192.0.2.111", "192.0.2.112"),
        ]
        let found = try steps(plan(view, PlanLimits(addresses: 10)))
        #expect(found.count == 10)
        #expect(found.count { $0.hasPrefix("many") } == 6)
        #expect(found.suffix(4) == ["b.example/101", "b.example/102", "c.example/111", "c.example/112"])
    }

    @Test("A message that fits no host tried is not bounced while hosts are left untried")
    func cutShort() throws {
        let view: DNSView = [
            "d.example MX": .secure("10 a.example", "20 b.example"), "a.example A": .secure("192.0.2.1"),
            "b.example A": .secure("192.0.2.2"),
        ]
        for (limit, isPermanent) in [(1, false), (2, true)] {
            var plan = try plan(view, PlanLimits(addresses: limit))
            while plan.next() != nil { plan.note(Reason(.eightBitUnsupported, "no 8BITMIME")) }
            #expect(
                plan.failure
                    == AttemptFailure(reason: Reason(.eightBitUnsupported, "no 8BITMIME"), isPermanent: isPermanent))
        }
    }

    @Test("The other addresses of a host passed over are not tried")
    func passOver() throws {
        var plan = try plan(Self.both)
        #expect(plan.next() != nil)
        plan.passOver(.name(domainName("m.example")))
        #expect(plan.next() == nil)
    }

    @Test(
        "Which failure speaks for the attempt",
        arguments: [
            ("DANE-18 TLS class before connections", [.connectFailed, .daneMismatch, .timedOut], .daneMismatch, false),
            ("DANE-18 TLS class before a permanent one", [.noHostAddress, .startTLSMissing], .startTLSMissing, false),
            ("MX-07 all permanent", [.noHostAddress, .noHostAddress], .noHostAddress, true),
            ("MX-16 one temporary", [.noHostAddress, .dnsTemporary, .noHostAddress], .dnsTemporary, false),
            ("what the remote said before silence", [.connectFailed, .remoteReply], .remoteReply, false),
            (
                "D19 an extension missing at every host", [.eightBitUnsupported, .noHostAddress], .eightBitUnsupported,
                true
            ),
            ("one host could not be asked", [.eightBitUnsupported, .connectFailed], .connectFailed, false),
            ("nothing noted", [], .localFailure, false),
        ] as [(String, [Reason.Cause], Reason.Cause, Bool)])
    func failure(row: String, causes: [Reason.Cause], cause: Reason.Cause, isPermanent: Bool) {
        var failures = AttemptFailures()
        for (place, cause) in causes.enumerated() { failures.note(Reason(cause, "\(place)"), isPermanent: nil) }
        #expect(failures.summary.reason.cause == cause, "\(row)")
        #expect(failures.summary.isPermanent == isPermanent, "\(row)")
    }

    @Test("Of equal failures the first speaks, and a reply's class overrides the cause's")
    func firstAndOverride() {
        var failures = AttemptFailures()
        failures.note(Reason(.remoteReply, "first"), isPermanent: true)
        failures.note(Reason(.remoteReply, "second"), isPermanent: true)
        #expect(failures.summary == AttemptFailure(reason: Reason(.remoteReply, "first"), isPermanent: true))
        failures.note(Reason(.remoteReply, "third"), isPermanent: false)
        #expect(failures.summary == AttemptFailure(reason: Reason(.remoteReply, "third"), isPermanent: false))
    }
}
