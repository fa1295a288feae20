import Testing

@testable import Mail

/// Whoever forges an unsigned MX record chooses the host's name, and with it rules that are for a host alone. They raise
/// what is demanded, and lower nothing.
@Suite("Rules for a host that nobody vouches for")
struct ClaimedNameTests {
    private static let forged: DNSView = [
        "d.example MX": .insecure("10 mx2.slow.example"), "mx2.slow.example A": .insecure("192.0.2.66"),
    ]
    private static let signed: DNSView = [
        "d.example MX": .secure("10 mx2.slow.example"), "mx2.slow.example A": .insecure("192.0.2.66"),
    ]

    private static func scene(
        _ view: DNSView, sts: STSFacts? = nil, demand: MessageDemand = .ordinary, host: (inout HostRule) -> Void,
        destination: ((inout HostRule) -> Void)? = nil
    ) -> Scene {
        var scene = Scene(view, sts: sts, demand: demand, rule: destination)
        scene.rules.append(
            Rule(
                destination: nil, host: .exactly(domainName("mx2.slow.example")),
                settings: DecisionWorld.rule("rule mx \"mx2.slow.example\"", host)))
        return scene
    }

    @Test(
        "STS-28 A host's exception from MTA-STS does not help a forged MX record",
        arguments: [HostRule.Use.off, .observe])
    func sts(use: HostRule.Use) throws {
        let listed = Scene.policy(.enforce, "mx.d.example")
        let forged = Self.scene(Self.forged, sts: listed) { $0.mtaSTS = use }
        #expect(try forged.skipped() == "sts-mx-mismatch sts:validation-failure/mx-mismatch")
        #expect(try forged.policy().reasons.contains { $0.text.contains("is set aside where it demands less") })
        // Where DNSSEC, or the domain's own policy, says that it is the domain's host, the exception holds.
        let signed = Self.scene(Self.signed, sts: listed) { $0.mtaSTS = use }
        #expect(try signed.requirement().level == .opportunistic)
        let ownHost = Self.scene(Self.forged, sts: Scene.policy(.enforce, "mx2.slow.example")) { $0.mtaSTS = use }
        #expect(try ownHost.requirement().level == .opportunistic)
        // A policy in testing vouches for nobody.
        let testing = Self.scene(Self.forged, sts: Scene.policy(.testing, "mx2.slow.example")) {
            $0.demand = DecisionWorld.demand(.none)
        }
        #expect(try testing.requirement().level == .opportunistic)
    }

    @Test("A host's rule does not lower what a rule for the domain demands behind a forged MX record")
    func demand() throws {
        let strict = { (rule: inout HostRule) in
            rule.demand = HostRule.Demand(
                level: .authenticated, proofs: [.pkix], names: [domainName("mail.d.example")],
                label: "rule \"d.example\"")
            rule.minimumVersion = .tls13
        }
        let lax = { (rule: inout HostRule) in
            rule.demand = DecisionWorld.demand(.encrypted)
            rule.minimumVersion = .tls12
        }
        let requirement = try Self.scene(Self.forged, host: lax, destination: strict).requirement()
        #expect(requirement.level == .authenticated && requirement.demands == [[.pkix]])
        #expect(requirement.pkix?.names == [domainName("mail.d.example")])
        #expect(requirement.minimumVersion == .tls13)
        // Signed, the more specific rule wins, as ever.
        let signed = try Self.scene(Self.signed, host: lax, destination: strict).requirement()
        #expect(signed.level == .encrypted && signed.minimumVersion == .tls12)
    }

    @Test("INT-10 A host's rule does not lift REQUIRETLS of the domain's rule, nor honour TLS-Required: No for it")
    func requireTLS() throws {
        let scene = Self.scene(Self.forged) {
            $0.requireTLS = false
        } destination: {
            $0.requireTLS = true
        }
        #expect(try scene.skipped() == "requiretls-unvalidated")
        let optional = Self.scene(Self.forged, demand: .optionalTLS) {
            $0.honoursOptionalTLS = true
        } destination: {
            $0.demand = DecisionWorld.demand(.encrypted)
        }
        #expect(try optional.requirement().level == .encrypted)
    }

    @Test("A host's rule does not lower tls.minimum_level, and raises it")
    func minimum() throws {
        for (level, expected) in [
            (TLSRequirement.Level.none, TLSRequirement.Level.encrypted), (.opportunistic, .encrypted),
            (.encrypted, .encrypted),
        ] {
            var scene = Self.scene(Self.forged) { $0.demand = DecisionWorld.demand(level) }
            scene.settings.minimumLevel = .encrypted
            #expect(try scene.requirement().level == expected)
        }
        var raising = Self.scene(Self.forged) { $0.demand = DecisionWorld.demand(.authenticated, by: [.pkix]) }
        raising.settings.minimumLevel = .encrypted
        #expect(try raising.requirement().level == .authenticated)
        #expect(try raising.policy().rule.setAside.isEmpty)
    }

    @Test("A host's rule does not lower tls.minimum_version, and only what it would lower is said to be set aside")
    func version() throws {
        var lower = Self.scene(Self.forged) {
            $0.demand = DecisionWorld.demand(.encrypted)
            $0.minimumVersion = .tls12
        }
        lower.settings.minimumVersion = .tls13
        #expect(try lower.requirement().level == .encrypted)
        #expect(try lower.requirement().minimumVersion == .tls13)
        #expect(try lower.policy().rule.setAside.count == 1)
        // What demands the same as the configuration, or nothing, lowers nothing.
        var same = Self.scene(Self.forged) {
            $0.demand = DecisionWorld.demand(.encrypted)
            $0.requireTLS = false
            $0.mtaSTS = .on
        }
        same.settings.minimumLevel = .encrypted
        #expect(try same.policy().rule.setAside.isEmpty)
        // MTA-STS that the domain's rule switched off is switched on: that is stricter.
        let listed = Scene.policy(.enforce, "mx.d.example")
        let stricter = Self.scene(Self.forged, sts: listed) {
            $0.mtaSTS = .on
        } destination: {
            $0.mtaSTS = .off
        }
        #expect(try stricter.skipped() == "sts-mx-mismatch sts:validation-failure/mx-mismatch")
    }

    @Test("A rule for domain and host says both, and holds")
    func both() throws {
        var scene = Scene(Self.forged, sts: Scene.policy(.enforce, "mx.d.example"))
        scene.rules = [
            Rule(
                destination: .exactly(domainName("d.example")), host: .exactly(domainName("mx2.slow.example")),
                settings: DecisionWorld.rule("both") { $0.mtaSTS = .off })
        ]
        #expect(try scene.requirement().level == .opportunistic)
    }
}
