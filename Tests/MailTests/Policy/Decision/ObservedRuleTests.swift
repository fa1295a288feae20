import Testing

@testable import Mail

/// Rules in mode `observe`, and what hosts come to under what is only evaluated.
@Suite("Observed rules")
struct ObservedRuleTests {
    static func rule(_ isObserved: Bool = true, _ change: (inout HostRule) -> Void) -> Rule {
        Rule(
            destination: .exactly(DecisionWorld.destination), host: nil,
            settings: DecisionWorld.rule("rule \"d.example\"", change), isObserved: isObserved)
    }

    static func decision(
        _ world: DecisionWorld, _ rules: [Rule], exception: PolicyException? = nil
    ) -> PolicyDecision {
        var inputs = world.inputs
        var settings = inputs.settings
        settings.rules = RuleTable(rules)
        inputs = PolicyInputs(
            facts: inputs.facts, sts: inputs.sts, demand: inputs.demand, settings: settings, exception: exception)
        return PolicyDecision(inputs)
    }

    static func candidate(
        _ world: DecisionWorld, _ rules: [Rule], exception: PolicyException? = nil
    ) throws -> DeliveryPlan.Candidate {
        var dice = SplitMix(seed: 1)
        var plan = DeliveryPlan(
            decision(world, rules, exception: exception), limits: PlanLimits(), using: &dice)
        guard case .connect(let candidate)? = plan.next() else { throw ExceptionDecisionTests.NoCandidate() }
        return candidate
    }

    static let authenticated = DecisionWorld.demand(.authenticated)

    /// The world, the observed rule, what is in force, what would be.
    static let decisions: [(String, DecisionWorld, (@Sendable (inout HostRule) -> Void), String, String)] = [
        ("nothing offered", DecisionWorld(), { $0.demand = authenticated }, "opportunistic", "skip dane-required"),
        ("DANE is there already", DecisionWorld(tlsa: .usable), { $0.demand = authenticated }, "authenticated", "-"),
        ("DANE switched off", DecisionWorld(tlsa: .usable), { $0.dane = .off }, "authenticated", "opportunistic"),
        (
            "DANE unknown, off", DecisionWorld(tlsa: .failed), { $0.dane = .off }, "skip tlsa-lookup-failed",
            "opportunistic"
        ),
        (
            "only encrypted", DecisionWorld(tlsa: .unusable), { $0.demand = authenticated }, "encrypted",
            "skip dane-required"
        ),
        (
            "STS enforce, observed", DecisionWorld(sts: .enforceListed), { $0.mtaSTS = .observe }, "authenticated",
            "opportunistic"
        ),
        (
            "STS testing", DecisionWorld(sts: .testingListed), { $0.demand = authenticated }, "opportunistic",
            "skip dane-required"
        ),
        (
            "pkix", DecisionWorld(), { $0.demand = DecisionWorld.demand(.authenticated, by: [.pkix]) }, "opportunistic",
            "authenticated"
        ),
        (
            "fingerprint", DecisionWorld(), { $0.demand = DecisionWorld.demand(.authenticated, by: [.fingerprint]) },
            "opportunistic", "authenticated"
        ),
        ("requiretls", DecisionWorld(), { $0.requireTLS = true }, "opportunistic", "authenticated requiretls"),
    ]

    @Test("a rule in mode observe keeps nothing back, and what it would do is known", arguments: decisions)
    func evaluated(_ row: (String, DecisionWorld, @Sendable (inout HostRule) -> Void, String, String)) throws {
        let policy = try #require(Self.decision(row.1, [Self.rule(true, row.2)]).hosts.first)
        #expect(ExceptionDecisionTests.words(policy.decision) == row.3, "\(row.0)")
        #expect(
            ExceptionDecisionTests.words(policy.shadows.first?.decision) == row.4, "\(row.0): if it were enforced")
        #expect(
            policy.shadows.allSatisfy { $0.kind == .withObservedRules } && policy.observedRule == "rule \"d.example\"")
        #expect(policy.rule.labels.isEmpty, "no rule is in force")
        // Enforced it does what was foretold.
        let enforced = try #require(Self.decision(row.1, [Self.rule(false, row.2)]).hosts.first)
        #expect(ExceptionDecisionTests.words(enforced.decision) == (row.4 == "-" ? row.3 : row.4), "\(row.0)")
        #expect(enforced.shadows.isEmpty && enforced.observedRule == nil)
    }

    @Test("an observed rule beside the one that holds for the same takes its place only in the trial")
    func beside() throws {
        let rules = [
            Self.rule(false) { $0.demand = DecisionWorld.demand(.encrypted) },
            Self.rule(true) { $0.demand = DecisionWorld.demand(.authenticated, by: [.fingerprint]) },
        ]
        for order in [rules, rules.reversed()] {
            let policy = try #require(Self.decision(DecisionWorld(), order).hosts.first)
            #expect(policy.decision.requirement?.level == .encrypted)
            #expect(policy.shadows.first?.decision.requirement?.level == .authenticated)
        }
    }

    static let pkix: @Sendable (inout HostRule) -> Void = {
        $0.demand = DecisionWorld.demand(.authenticated, by: [.pkix])
    }

    @Test("the checks of an observed rule are recorded: not demanded, not reported, and the name for SNI stays")
    func checks() throws {
        let plain = try Self.candidate(DecisionWorld(tlsa: .usable), [Self.rule(false) { $0.dane = .off }]).requirement
        let candidate = try Self.candidate(
            DecisionWorld(tlsa: .usable),
            [Self.rule(false) { $0.dane = .off }, Self.rule(true) { $0.dane = .on }])
        let requirement = candidate.requirement
        #expect(plain.dane == nil && requirement.dane != nil && requirement.isDANEForShadow)
        #expect(requirement.level == plain.level && requirement.demands.isEmpty)
        #expect(requirement.serverName == plain.serverName)
        let stale = DecisionWorld.session(.failed(.noMatchingTLSA, "no match"))
        let verdict = TLSVerdict.compare(requirement, stale, fallback: .never, attempt: AttemptState(number: 1))
        #expect(verdict == .proceed(.encrypted, [PolicyResult(.noPolicyFound, nil)]))
        let unoffered = TLSVerdict.compare(
            requirement, .startTLSNotOffered, fallback: .never, attempt: AttemptState(number: 1))
        #expect(unoffered.results.map(\.policy) == [.noPolicyFound])
        let other = try Self.candidate(DecisionWorld(), [Self.rule(true, Self.pkix)]).requirement
        #expect(other.observedPKIX?.names == [DecisionWorld.operatorsName] && other.pkix == nil)
    }

    /// The observed rule, what the host shows, what would be: "go", a cause, or "unknown".
    static let findings: [(String, @Sendable (inout HostRule) -> Void, PeerEvidence?, String)] = [
        ("trusted", pkix, session(.trusted(name: DecisionWorld.operatorsName)), "go"),
        ("not trusted", pkix, session(.failed(.notTrusted, "self-signed")), "certificate-invalid"),
        ("not checked", pkix, session(nil), "unknown"),
        ("no STARTTLS", pkix, .startTLSNotOffered, "starttls-missing"),
        ("no handshake", pkix, .handshakeFailed(HandshakeFailure(.negotiation, text: "alert")), "tls-handshake-failed"),
        ("too soon to tell", pkix, nil, "unknown"),
        (
            "the pinned key", { $0.demand = DecisionWorld.demand(.authenticated, by: [.fingerprint]) },
            DecisionWorld.session(.unverified, certificate: DecisionWorld.certificate), "go"
        ),
        (
            "another key", { $0.demand = DecisionWorld.demand(.authenticated, by: [.fingerprint]) },
            DecisionWorld.session(
                .unverified, certificate: CertificateFacts(subject: "", names: [], notAfter: nil)),
            "fingerprint-mismatch"
        ),
        (
            "an old version",
            {
                $0.demand = DecisionWorld.demand(.encrypted)
                $0.minimumVersion = .tls13
            }, session(nil, version: "TLSv1.2"), "tls-handshake-failed"
        ),
        (
            "the version asked for",
            {
                $0.demand = DecisionWorld.demand(.encrypted)
                $0.minimumVersion = .tls13
            }, session(nil, version: "TLSv1.3"), "go"
        ),
        ("what cannot be had", { $0.demand = authenticated }, session(nil), "dane-required"),
        ("what changes nothing", { $0.demand = DecisionWorld.demand(.opportunistic) }, .startTLSNotOffered, "go"),
    ]

    static func session(_ observed: WebPKIEvidence?, version: String = "TLSv1.3") -> PeerEvidence {
        var facts = TLSSessionFacts(
            version: version, cipher: "TLS_AES_256_GCM_SHA384", resumed: false, verification: .unverified,
            certificate: nil)
        facts.observedPKIX = observed
        return .established(facts)
    }

    static func meeting(
        _ evidence: PeerEvidence?, refusal: Reason? = nil, offersRequireTLS: Bool? = nil
    ) -> DeliveryPlan.Candidate.Meeting {
        .init(
            evidence: evidence, refusal: refusal, offersRequireTLS: offersRequireTLS, fallback: .never,
            attempt: AttemptState(number: 1))
    }

    static func word(_ finding: ShadowFinding?) -> String {
        finding.map { $0.refusal?.cause.rawValue ?? "go" } ?? "unknown"
    }

    @Test("what a host would have come to", arguments: findings)
    func found(_ row: (String, @Sendable (inout HostRule) -> Void, PeerEvidence?, String)) throws {
        let candidate = try Self.candidate(DecisionWorld(), [Self.rule(true, row.1)])
        let findings = candidate.findings(of: Self.meeting(row.2))
        #expect(Self.word(findings.first) == row.3, "\(row.0)")
        #expect(findings.allSatisfy { $0.kind == .withObservedRules && $0.rule == "rule \"d.example\"" })
    }

    @Test("under an exception the true policy is judged by the same session")
    func truth() throws {
        let world = DecisionWorld(tlsa: .usable)
        let candidate = try Self.candidate(world, [], exception: ExceptionDecisionTests.exception)
        let good = DecisionWorld.session(.dane(matched: DecisionWorld.record, depth: 0))
        let stale = DecisionWorld.session(.failed(.noMatchingTLSA, "no match"))
        #expect(Self.word(candidate.findings(of: Self.meeting(good)).first) == "go")
        #expect(Self.word(candidate.findings(of: Self.meeting(stale)).first) == "dane-mismatch")
        #expect(candidate.findings(of: Self.meeting(good)).first?.kind == .withoutException)
        #expect(candidate.findings(of: Self.meeting(nil)).isEmpty)
        // Also where the policy has come to demand no more than the exception.
        let plain = try Self.candidate(DecisionWorld(), [], exception: ExceptionDecisionTests.exception)
        #expect(plain.beside.shadows.isEmpty)
        #expect(Self.word(plain.findings(of: Self.meeting(.startTLSNotOffered)).first) == "go")
        // Of mail that policies do not bind nothing follows for them.
        let optional = try Self.candidate(
            DecisionWorld(tlsa: .usable, demand: .optionalTLS), [], exception: ExceptionDecisionTests.exception)
        #expect(optional.findings(of: Self.meeting(good)).isEmpty)
    }

    @Test("a rule's requiretls is met by a host that offers REQUIRETLS inside TLS, and not before that is known")
    func requireTLS() throws {
        let rules = [Self.rule(false) { $0.requireTLS = true }]
        let candidate = try Self.candidate(
            DecisionWorld(tlsa: .usable), rules, exception: ExceptionDecisionTests.exception)
        let good = DecisionWorld.session(.dane(matched: DecisionWorld.record, depth: 0))
        for (offers, expected) in [(true, "go"), (false, "requiretls-unsupported"), (nil, "unknown")]
            as [(Bool?, String)]
        {
            let findings = candidate.findings(of: Self.meeting(good, offersRequireTLS: offers))
            #expect(Self.word(findings.first) == expected)
        }
    }

    @Test("a handshake that failed of DANE says nothing of what else a weaker rule would check")
    func weaker() throws {
        let failed = PeerEvidence.handshakeFailed(HandshakeFailure(.verification(.noMatchingTLSA), text: "no match"))
        let off = try Self.candidate(DecisionWorld(tlsa: .usable), [Self.rule(true) { $0.dane = .off }])
        #expect(Self.word(off.findings(of: Self.meeting(failed)).first) == "go")
        let other = try Self.candidate(
            DecisionWorld(tlsa: .usable),
            [
                Self.rule(true) {
                    $0.dane = .off
                    $0.demand = DecisionWorld.demand(.authenticated, by: [.pkix])
                }
            ])
        #expect(other.findings(of: Self.meeting(failed)).isEmpty)
    }

    @Test("a rule in mode observe routes no mail")
    func route() {
        let hop = NextHop(.host(domainName("hop.example")), isConfigured: true)
        let rule = Rule(
            destination: .any, host: nil, settings: HostRule(), route: Route(nextHop: hop, label: "rule \"*\""),
            isObserved: true)
        let table = RuleTable([rule])
        #expect(table.route(for: domainName("d.example")) == nil && table.route(to: hop) == nil && table.hasObserved)
    }
}
