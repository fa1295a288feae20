import Testing

@testable import Mail

/// What an exception leaves of a decision, and what is judged beside it.
@Suite("Exceptions")
struct ExceptionDecisionTests {
    static let exception = exception(.encrypted)

    static func exception(
        _ allow: PolicyException.Allowed, of domain: DomainName = DecisionWorld.destination
    ) -> PolicyException {
        PolicyException(
            domain: domain, allow: allow, since: WallTime(seconds: 1_800_000_000),
            until: WallTime(seconds: 1_800_604_800), reason: "their key is stale", isUntilFixed: true)
    }

    static func policy(_ world: DecisionWorld, _ exception: PolicyException?) -> HostPolicy {
        let inputs = world.inputs
        return HostPolicy(
            for: world.hostFacts,
            in: PolicyInputs(
                facts: inputs.facts, sts: inputs.sts, demand: inputs.demand, settings: inputs.settings,
                exception: exception))
    }

    static func words(_ decision: HostDecision?) -> String {
        switch decision {
        case nil: "-"
        case .skip(let reason, _): "skip \(reason.cause.rawValue)"
        case .use(let requirement):
            requirement.level.rawValue + (requirement.requireTLS == .demanded ? " requiretls" : "")
        }
    }

    static func world(
        _ tlsa: DecisionWorld.Records = .absent, _ sts: DecisionWorld.Policy = .absent,
        _ demand: MessageDemand = .ordinary,
        isMXSecure: Bool = true, floor: TLSRequirement.Level = .opportunistic, rule: ((inout HostRule) -> Void)? = nil
    ) -> DecisionWorld {
        var world = DecisionWorld(isMXSecure: isMXSecure, tlsa: tlsa, sts: sts, demand: demand)
        world.settings.minimumLevel = floor
        world.rule = rule.map { DecisionWorld.rule("rule \"d.example\"", $0) }
        return world
    }

    /// The world, what is in force under `encrypted` and under `opportunistic`, and what would be without: "-" where that is
    /// the same.
    static let cases: [(String, DecisionWorld, encrypted: String, opportunistic: String, truth: String)] = [
        ("DANE usable", world(.usable), "encrypted", "opportunistic", "authenticated"),
        (
            "DANE behind an insecure MX", world(.usable, isMXSecure: false), "encrypted", "opportunistic",
            "authenticated"
        ),
        ("DANE unusable demands no more than encrypted", world(.unusable), "encrypted", "opportunistic", "encrypted"),
        ("DANE unknown", world(.failed), "encrypted", "opportunistic", "skip tlsa-lookup-failed"),
        ("no records: never raised", world(.absent), "opportunistic", "opportunistic", "opportunistic"),
        ("STS enforce", world(.absent, .enforceListed), "encrypted", "opportunistic", "authenticated"),
        (
            "STS testing demands nothing", world(.absent, .testingListed), "opportunistic", "opportunistic",
            "opportunistic"
        ),
        ("STS mismatch", world(.absent, .enforceUnlisted), "encrypted", "opportunistic", "skip sts-mx-mismatch"),
        (
            "STS mismatch beside DANE", world(.usable, .enforceUnlisted), "encrypted", "opportunistic",
            "skip sts-mx-mismatch"
        ),
        ("STS lost", world(.absent, .lost), "encrypted", "opportunistic", "skip policy-unknown"),
        (
            "rule authenticated, offered nothing",
            world { $0.demand = DecisionWorld.demand(.authenticated) }, "encrypted", "opportunistic",
            "skip dane-required"
        ),
        (
            "rule pkix", world { $0.demand = DecisionWorld.demand(.authenticated, by: [.pkix]) }, "encrypted",
            "opportunistic", "authenticated"
        ),
        (
            "rule fingerprint", world { $0.demand = DecisionWorld.demand(.authenticated, by: [.fingerprint]) },
            "encrypted", "opportunistic", "authenticated"
        ),
        ("minimum_level", world(floor: .encrypted), "encrypted", "opportunistic", "encrypted"),
        (
            "requiretls of a rule is the operator's", world { $0.requireTLS = true }, "encrypted", "opportunistic",
            "authenticated requiretls"
        ),
        (
            "REQUIRETLS is the sender's", world(.usable, .absent, .requireTLS), "authenticated requiretls",
            "authenticated requiretls", "authenticated requiretls"
        ),
        (
            "REQUIRETLS, a mismatch", world(.absent, .enforceUnlisted, .requireTLS), "skip sts-mx-mismatch",
            "skip sts-mx-mismatch", "skip sts-mx-mismatch"
        ),
        (
            "a notice of REQUIRETLS", world(.usable, .absent, .requireTLSNotice), "authenticated", "authenticated",
            "authenticated"
        ),
        (
            "TLS-Required: No yields already", world(.usable, .absent, .optionalTLS), "opportunistic", "opportunistic",
            "opportunistic"
        ),
        (
            "TLS-Required: No under minimum_level", world(.usable, .absent, .optionalTLS, floor: .encrypted),
            "encrypted", "opportunistic", "encrypted"
        ),
        ("a report", world(.failed, .absent, .report), "opportunistic", "opportunistic", "opportunistic"),
    ]

    @Test("an exception lowers what DANE, MTA-STS, [tls] and rules demand, and no more", arguments: cases)
    func lowered(_ row: (String, DecisionWorld, encrypted: String, opportunistic: String, truth: String)) {
        for (allow, expected) in [
            (PolicyException.Allowed.encrypted, row.encrypted), (.opportunistic, row.opportunistic),
        ] {
            let policy = Self.policy(row.1, Self.exception(allow))
            #expect(Self.words(policy.decision) == expected, "\(row.0), \(allow)")
            let shadow = policy.shadows.first { $0.kind == .withoutException }?.decision
            #expect(Self.words(shadow ?? policy.decision) == row.truth, "\(row.0), \(allow): the true policy")
            let truth = Self.policy(row.1, nil)
            #expect(Self.words(truth.decision) == row.truth, "\(row.0): without an exception")
            #expect((shadow ?? policy.decision).terms == truth.decision.terms, "\(row.0), \(allow)")
            #expect(truth.shadows.isEmpty && truth.exception == nil, "\(row.0)")
            // Where something was demanded before, no exception ends in the clear with allow=encrypted.
            if allow == .encrypted, row.truth != "opportunistic", let requirement = policy.decision.requirement {
                #expect(!requirement.cleartextAllowed, "\(row.0)")
            }
        }
    }

    @Test("an exception is for its domain alone")
    func otherDomain() {
        for name in ["example", "mx.d.example", "sub.d.example"] {
            let policy = Self.policy(Self.world(.usable), Self.exception(.opportunistic, of: domainName(name)))
            #expect(policy.decision.requirement?.level == .authenticated && policy.exception == nil, "\(name)")
        }
    }

    @Test("what is checked stays checked, by the same name, and is recorded")
    func checks() throws {
        let world = Self.world(.usable, .enforceListed)
        let truth = try #require(world.policy.decision.requirement)
        let lowered = try #require(Self.policy(world, Self.exception).decision.requirement)
        #expect(lowered.dane == truth.dane && lowered.webPKI == truth.webPKI && lowered.sts == truth.sts)
        #expect(lowered.serverName == truth.serverName && lowered.demands.isEmpty && lowered.by == .local)
        // Behind a skip too: the records of a host that the policy does not list.
        let unlisted = try #require(
            Self.policy(Self.world(.usable, .enforceUnlisted), Self.exception).decision.requirement)
        #expect(unlisted.dane != nil && unlisted.sts != nil)
        // TLS-RPT hears of the failure all the same.
        let stale = TLSVerdict.compare(
            lowered, DecisionWorld.session(.failed(.noMatchingTLSA, "no match")), fallback: .never,
            attempt: AttemptState(number: 1))
        guard case .proceed(.encrypted, let results) = stale else {
            Issue.record("\(stale)")
            return
        }
        #expect(results.contains { $0.policy == .tlsa && $0.failure == .validationFailure })
    }

    @Test("explanations say who, how far, until when and why, and what would be without")
    func reasons() {
        let texts = Self.policy(Self.world(.usable), Self.exception).reasons.map(\.text)
        #expect(texts.contains { $0.contains("exception for d.example") && $0.contains("allow encrypted") })
        #expect(texts.contains { $0.contains("until 2027-01-22T08:00:00Z") && $0.contains("their key is stale") })
        #expect(texts.contains { $0.hasPrefix("without the exception the host would have to prove who it is by dane") })
        let idle = Self.policy(Self.world(.absent), Self.exception).reasons.map(\.text)
        #expect(idle.contains { $0.contains("lowers nothing here") })
        let required = Self.policy(Self.world(.usable, .absent, .requireTLS), Self.exception).reasons.map(\.text)
        #expect(required.contains { $0.contains("not for this mail") })
    }

    @Test(
        "a version that a rule demands is lowered to that of mail nobody demands TLS for, never below 1.2 with encrypted"
    )
    func version() throws {
        var world = Self.world(floor: .encrypted) { $0.minimumVersion = .tls13 }
        world.settings.opportunisticMinimumVersion = .tls10
        #expect(world.policy.decision.requirement?.minimumVersion == .tls13)
        #expect(Self.policy(world, Self.exception(.encrypted)).decision.requirement?.minimumVersion == .tls12)
        #expect(Self.policy(world, Self.exception(.opportunistic)).decision.requirement?.minimumVersion == .tls10)
    }

    @Test("DNS that is bogus is no TLS policy, and no exception lowers it")
    func obstacle() {
        let host = HostFacts(
            host: .name(DecisionWorld.host), preference: 10,
            addresses: AddressFacts(lookup: .failed("SERVFAIL"), security: .bogus), tlsa: .notQueriedHere)
        let inputs = Self.world().inputs
        let policy = HostPolicy(
            for: host,
            in: PolicyInputs(
                facts: inputs.facts, sts: inputs.sts, settings: inputs.settings,
                exception: Self.exception(.opportunistic)))
        #expect(Self.words(policy.decision) == "skip dns-bogus" && policy.shadows.isEmpty)
    }

    @Test("a connection made under an exception is not used again after its end, and no TLS session resumed")
    func reuse() throws {
        let world = Self.world(.usable)
        func decision(_ exception: PolicyException?) -> PolicyDecision {
            let inputs = world.inputs
            return PolicyDecision(
                PolicyInputs(facts: inputs.facts, sts: inputs.sts, settings: inputs.settings, exception: exception))
        }
        func candidate(_ decision: PolicyDecision) throws -> DeliveryPlan.Candidate {
            var dice = SplitMix(seed: 1)
            var plan = DeliveryPlan(decision, limits: PlanLimits(), using: &dice)
            guard case .connect(let candidate)? = plan.next() else { throw NoCandidate() }
            return candidate
        }
        let under = decision(Self.exception)
        let kept = try candidate(under)
        #expect(under.allowsReuse(of: kept))
        #expect(!decision(nil).allowsReuse(of: kept))
        #expect(!decision(Self.exception(.opportunistic)).allowsReuse(of: kept))
        #expect(kept.requirement.terms != (try candidate(decision(nil))).requirement.terms)
        #expect(!under.allowsReuse(of: try candidate(decision(nil))))
    }

    struct NoCandidate: Error {}

    @Test("the document has the exception, and what would be without it")
    func document() throws {
        let inputs = Self.world(.usable).inputs
        let decision = PolicyDecision(
            PolicyInputs(facts: inputs.facts, sts: inputs.sts, settings: inputs.settings, exception: Self.exception))
        let document = PolicyDocument(decision)
        #expect(document.exception?.allow == "encrypted" && document.exception?.until == 1_800_604_800)
        #expect(document.exception?.untilFixed == true && document.outcome == .unauthenticated)
        let shadow = try #require(document.hosts.first?.shadows.first)
        #expect(shadow.kind == "without-exception" && shadow.level == "authenticated" && shadow.by == "dane")
        #expect(shadow.skipped == nil && shadow.rule == nil)
        let json = String(decoding: try document.json(), as: UTF8.self)
        #expect(json.contains("\"until_fixed\":true") && json.contains("\"skipped\":null"))
    }
}

/// The way of a password (CLI-27) under an exception.
struct ExceptionPasswordTests {
    static let hop = DecisionWorld.host

    static func policy(
        _ allow: PolicyException.Allowed, rule: HostRule?, implicitTLS: Bool = false, password: Bool = true
    )
        -> HostPolicy
    {
        var world = DecisionWorld(way: .configured, tlsa: .absent)
        world.rule = nil
        let inputs = world.inputs
        let route = Route(
            nextHop: inputs.facts.nextHop, implicitTLS: implicitTLS, credentialsFile: password ? "/password" : nil,
            label: "rule \"*\"")
        var rules = [Rule(destination: .any, host: nil, settings: HostRule(), route: route)]
        if let rule { rules.append(Rule(destination: .exactly(hop), host: nil, settings: rule)) }
        return HostPolicy(
            for: world.hostFacts,
            in: PolicyInputs(
                facts: inputs.facts, settings: PolicySettings(rules: RuleTable(rules)),
                exception: ExceptionDecisionTests.exception(allow, of: hop)))
    }

    @Test("CLI-27 an exception lowers neither the proof before a password nor implicit TLS")
    func kept() {
        let pkix = DecisionWorld.rule("rule \"hop\"") { $0.demand = DecisionWorld.demand(.authenticated, by: [.pkix]) }
        let encrypted = DecisionWorld.rule("rule \"hop\"") { $0.demand = DecisionWorld.demand(.encrypted) }
        for allow in PolicyException.Allowed.allCases {
            #expect(Self.policy(allow, rule: nil).decision.requirement?.level == .authenticated)
            #expect(Self.policy(allow, rule: pkix).decision.requirement?.level == .authenticated)
            #expect(Self.policy(allow, rule: encrypted).decision.requirement?.level == .encrypted)
            #expect(
                Self.policy(allow, rule: nil, implicitTLS: true, password: false).decision.requirement?.level
                    == .encrypted
            )
            #expect(
                Self.policy(allow, rule: pkix, password: false).decision.requirement?.level == allow.level,
                "without a password the rule is lowered")
        }
    }
}

extension TLSAFacts {
    fileprivate static let notQueriedHere = TLSAFacts(baseDomain: nil, lookup: .notQueried("no address"), security: nil)
}
