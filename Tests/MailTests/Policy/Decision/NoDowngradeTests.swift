import Testing

@testable import Mail

/// Every state of DANE, MTA-STS, message and rule against every kind of evidence.
@Suite("No downgrade") struct NoDowngradeTests {
    /// An operator's configuration, with what it is for in failures.
    struct Variation: Sendable, CustomTestStringConvertible {
        let name: String
        var rule: HostRule?
        var settings = PolicySettings()
        var testDescription: String { name }

        init(_ name: String, rule: ((inout HostRule) -> Void)? = nil, settings: ((inout PolicySettings) -> Void)? = nil)
        {
            self.name = name
            self.rule = rule.map { DecisionWorld.rule(name, $0) }
            settings?(&self.settings)
        }
    }

    private typealias World = DecisionWorld

    static let variations: [Variation] = [
        Variation("nothing configured"),
        Variation("level none", rule: { $0.demand = DecisionWorld.demand(.none) }),
        Variation(
            "level opportunistic under a floor of encrypted",
            rule: { $0.demand = DecisionWorld.demand(.opportunistic) },
            settings: { $0.minimumLevel = .encrypted }),
        Variation("level encrypted", rule: { $0.demand = DecisionWorld.demand(.encrypted) }),
        Variation("by dane", rule: { $0.demand = DecisionWorld.demand(.authenticated, by: [.dane]) }),
        Variation("by mta-sts", rule: { $0.demand = DecisionWorld.demand(.authenticated, by: [.mtaSTS]) }),
        Variation("by pkix", rule: { $0.demand = DecisionWorld.demand(.authenticated, by: [.pkix]) }),
        Variation("by fingerprint", rule: { $0.demand = DecisionWorld.demand(.authenticated, by: [.fingerprint]) }),
        Variation("by dane or pkix", rule: { $0.demand = DecisionWorld.demand(.authenticated, by: [.dane, .pkix]) }),
        Variation(
            "by mta-sts or fingerprint",
            rule: { $0.demand = DecisionWorld.demand(.authenticated, by: [.mtaSTS, .fingerprint]) }),
        Variation("level authenticated, no way named", rule: { $0.demand = DecisionWorld.demand(.authenticated) }),
        Variation("dane off", rule: { $0.dane = .off }),
        Variation("dane observe", rule: { $0.dane = .observe }),
        Variation("sts off", rule: { $0.mtaSTS = .off }),
        Variation("sts observe", rule: { $0.mtaSTS = .observe }),
        Variation("both observe", rule: { ($0.dane, $0.mtaSTS) = (.observe, .observe) }),
        Variation(
            "dane observe, by dane",
            rule: { ($0.dane, $0.demand) = (.observe, DecisionWorld.demand(.authenticated, by: [.dane])) }),
        Variation(
            "sts observe, by mta-sts",
            rule: { ($0.mtaSTS, $0.demand) = (.observe, DecisionWorld.demand(.authenticated, by: [.mtaSTS])) }),
        Variation("requiretls", rule: { $0.requireTLS = true }),
        Variation(
            "requiretls, both observe", rule: { ($0.requireTLS, $0.dane, $0.mtaSTS) = (true, .observe, .observe) }),
        Variation("requiretls, both off", rule: { ($0.requireTLS, $0.dane, $0.mtaSTS) = (true, .off, .off) }),
        Variation(
            "honour, encrypted", rule: { ($0.honoursOptionalTLS, $0.demand) = (true, DecisionWorld.demand(.encrypted)) }
        ),
        Variation(
            "honour, by mta-sts",
            rule: { ($0.honoursOptionalTLS, $0.demand) = (true, DecisionWorld.demand(.authenticated, by: [.mtaSTS])) }),
        Variation("floor encrypted", settings: { $0.minimumLevel = .encrypted }),
        Variation("floor authenticated", settings: { $0.minimumLevel = .authenticated }),
        Variation("both demanded", settings: { $0.demandsBoth = true }),
        Variation("insecure_mx off", settings: { $0.daneForInsecureMX = false }),
        Variation("testing validates", settings: { $0.testingValidatesRequireTLS = true }),
    ]

    /// All worlds of one configuration.
    private static func worlds(_ variation: Variation) -> [World] {
        var worlds: [World] = []
        for way in World.Way.allCases {
            for isMXSecure in way == .configured ? [true] : [true, false] {
                for tlsa in World.Records.allCases {
                    for sts in World.Policy.allCases {
                        for demand in MessageDemand.allCases {
                            let canFail: Set<World.Policy> = [
                                .modeNone, .testingListed, .testingUnlisted, .enforceListed, .enforceUnlisted,
                            ]
                            for hasFetchFault in canFail.contains(sts) ? [false, true] : [false] {
                                worlds.append(
                                    World(
                                        way: way, isMXSecure: isMXSecure, tlsa: tlsa, sts: sts,
                                        hasFetchFault: hasFetchFault, demand: demand, rule: variation.rule,
                                        settings: variation.settings))
                            }
                        }
                    }
                }
            }
        }
        return worlds
    }

    /// What a host may show. What was not asked for is not varied.
    private static func evidence(_ requirement: TLSRequirement, _ world: World) -> [PeerEvidence] {
        let faults: [CertificateFault] = [.hostMismatch, .expired, .notYetValid, .notTrusted, .noMatchingTLSA, .other]
        let kinds: [HandshakeFailure.Kind] =
            [.negotiation, .connectionLost, .timedOut, .ours] + faults.map { .verification($0) }
        var evidence: [PeerEvidence] =
            [.startTLSNotOffered, .cleartextAfterStartTLS]
            + [421, 454, 554].map { .startTLSRefused(Reply($0, nil, "x")) }
            + kinds.map { .handshakeFailed(HandshakeFailure($0, text: "words")) }
        let verifications: [TLSSessionFacts.Verification] = [
            .unverified, .dane(matched: World.record, depth: 0), .dane(matched: World.stale, depth: 0),
            .failed(.noMatchingTLSA, "words"), .failed(.expired, "words"),
        ]
        func checks(_ name: DomainName) -> [WebPKIEvidence?] {
            [nil, .trusted(name: name), .trusted(name: domainName("evil.example")), .failed(.notTrusted, "words")]
        }
        var other = World.certificate
        other.publicKeyDigest = [UInt8](repeating: 9, count: 32)
        for verification in verifications {
            for webPKI in checks(world.name) {
                for pkix in requirement.pkix == nil ? [nil] : checks(World.operatorsName) {
                    for certificate in requirement.fingerprints.isEmpty ? [nil] : [nil, World.certificate, other] {
                        evidence.append(
                            World.session(verification, webPKI: webPKI, pkix: pkix, certificate: certificate))
                    }
                }
            }
        }
        return evidence
    }

    /// What went wrong, the first few of each test.
    private struct Complaints {
        private(set) var lines: [String] = []
        private(set) var count = 0
        mutating func add(_ line: @autoclosure () -> String) {
            count += 1
            if lines.count < 12 { lines.append(line()) }
        }
        func report() { #expect(lines.isEmpty, "\(count) complaints\n\(lines.joined(separator: "\n"))") }
    }

    @Test(
        "INT-01 INT-02 INT-03 STS-33 DANE-14 what must be shown is what an independent reading of the texts says",
        arguments: variations)
    func decision(variation: Variation) {
        var complaints = Complaints()
        for world in Self.worlds(variation) {
            let policy = world.policy
            let before = Self.summary(policy.decision)
            let expected = NaiveOracle(world: world).before
            if before != expected { complaints.add("\(world): \(before), expected \(expected)") }
            if policy != world.policy { complaints.add("\(world): equal inputs, unequal decisions") }
            if let broken = Self.brokenPromise(policy, world) { complaints.add("\(world): \(broken)") }
        }
        complaints.report()
    }

    private static func summary(_ decision: HostDecision) -> NaiveOracle.Before {
        switch decision {
        case .skip(let reason, let results): .skip(reason.cause, results.map(\.words))
        case .use(let requirement):
            requirement.level == .none
                ? .neverTLS : .use(needs: requirement.demands, mustTLS: requirement.level >= .encrypted)
        }
    }

    /// What holds of every decision, whatever it is.
    private static func brokenPromise(_ policy: HostPolicy, _ world: World) -> String? {
        let reasons = policy.reasons
        if reasons.isEmpty || reasons.contains(where: { $0.text.isEmpty }) { return "no words" }
        switch policy.decision {
        case .skip(let reason, let results):
            if reason.detail.isEmpty || reasons.last?.text != reason.detail { return "the last word is not the reason" }
            // STS-35, DANE-18, D10: of all that a decision can say, one thing alone ends a message.
            if reason.cause.isPermanent != (reason.cause == .requireTLSUnvalidated) { return "permanent: \(reason)" }
            if reason.cause.isPermanent, world.demand != .requireTLS, world.rule?.requireTLS != true {
                return "REQUIRETLS was not asked for"
            }
            if !reason.cause.isPermanent, !reason.cause.isTLSPolicy { return "not of the class of TLS: \(reason)" }
            if results.count > 1 { return "a host passed over counts once" }
        case .use(let requirement):
            if requirement.reason.text.isEmpty { return "no reason" }
            if (requirement.level == .authenticated) == requirement.demands.isEmpty { return "level and proofs differ" }
            if requirement.demands.contains(where: \.isEmpty) { return "a demand that nothing can satisfy" }
            if (requirement.by == nil) != (requirement.level == .opportunistic) { return "by \(requirement.by as Any)" }
            if requirement.demands(.dane), requirement.dane == nil { return "DANE without records" }
            if requirement.demands(.webPKI), requirement.webPKI?.names != [world.name] {
                return "WebPKI for what name?"
            }
            if requirement.demands(.pkix), requirement.pkix?.names != [World.operatorsName] {
                return "PKIX for what name?"
            }
            if requirement.demands(.fingerprint), requirement.fingerprints.isEmpty { return "no fingerprints" }
            // TLS-04, D1.
            let isDANEDemanded = requirement.demands(.dane)
            if isDANEDemanded, requirement.serverName != World.base { return "SNI \(requirement.serverName as Any)" }
            if !isDANEDemanded, requirement.demands(.webPKI), requirement.serverName != world.name {
                return "SNI \(requirement.serverName as Any), and WebPKI for the MX name"
            }
            // INT-12, D10.
            let isDemanded = world.demand == .requireTLS || world.rule?.requireTLS == true
            if isDemanded, requirement.requireTLS != .demanded || requirement.level != .authenticated {
                return "REQUIRETLS is lost"
            }
            if world.demand == .requireTLSNotice, requirement.requireTLS == .no || requirement.level < .encrypted {
                return "the notice is not protected"
            }
            if !isDemanded, world.demand != .requireTLSNotice, requirement.requireTLS != .no {
                return "REQUIRETLS unasked"
            }
        }
        return nil
    }

    @Test(
        "INT-01 DANE-17 STS-33 STS-34 INT-05 INT-15 verdict and TLS-RPT results are those of an independent reading",
        arguments: variations)
    func verdicts(variation: Variation) {
        var complaints = Complaints()
        for world in Self.worlds(variation) where world.way == .records && !world.hasFetchFault {
            guard let requirement = world.policy.decision.requirement else { continue }
            let oracle = NaiveOracle(world: world)
            for evidence in Self.evidence(requirement, world) {
                for (fallback, attempt) in Self.habits(evidence) {
                    let verdict = TLSVerdict.compare(requirement, evidence, fallback: fallback, attempt: attempt)
                    let (words, results) = oracle.outcome(evidence, fallback, attempt)
                    let ours = verdict.words
                    let isCounted = verdict.results.map(\.words) == results
                    // Where we forgot to check, nothing is counted.
                    if !words.contains(ours)
                        || !(isCounted || (ours == "refuse local-failure" && verdict.results.isEmpty))
                    {
                        complaints.add(
                            "\(world), \(evidence): \(ours) \(verdict.results.map(\.words)), expected \(words) \(results)"
                        )
                    }
                    if let broken = Self.brokenPromise(verdict, evidence, world) {
                        complaints.add("\(world), \(evidence): \(ours): \(broken)")
                    }
                }
            }
        }
        complaints.report()
    }

    /// `fallback` and the number of the attempt matter after a failed handshake only.
    private static func habits(_ evidence: PeerEvidence) -> [(OpportunisticFallback, AttemptState)] {
        guard case .handshakeFailed(let failure) = evidence, [.negotiation, .ours].contains(failure.kind) else {
            return [(.immediately, AttemptState(number: 9))]
        }
        return OpportunisticFallback.allCases.flatMap { fallback in
            [AttemptState(number: 1), AttemptState(number: 2), AttemptState(number: 2, clearConnections: 1)].map {
                (fallback, $0)
            }
        }
    }

    /// The invariants, said once more without the oracle.
    private static func brokenPromise(_ verdict: TLSVerdict, _ evidence: PeerEvidence, _ world: World) -> String? {
        let rule = world.rule
        var session: TLSSessionFacts?
        if case .established(let facts) = evidence { session = facts }
        if case .refuse(let reason, _) = verdict {
            if reason.detail.isEmpty { return "no words" }
            if reason.cause.isPermanent { return "a refusal that ends the message" }
            return nil
        }
        let isClear = if case .proceed(let level, _) = verdict { level == .none } else { true }
        if session == nil, !isClear { return "TLS out of nothing" }
        let matches = session?.verification == .dane(matched: World.record, depth: 0)
        let isTrusted = session?.webPKI == .trusted(name: world.name)
        let isNo = world.demand.isOptional && rule?.requireTLS != true
        // A remote policy that binds.
        let binds = (dane: !isNo && (rule?.dane ?? .on) == .on, sts: !isNo && (rule?.mtaSTS ?? .on) == .on)
        let isDANEMet = world.isMXSecure || world.settings.daneForInsecureMX
        if binds.dane, isDANEMet {
            switch world.tlsa {
            case .usable: if !matches { return "DANE was not satisfied" }
            case .unusable: if isClear { return "cleartext under secure TLSA records" }
            case .failed: return "unknown is not absent"
            case .absent, .insecure: break
            }
        }
        if binds.sts {
            switch world.sts {
            case .enforceListed:
                let isWaived = binds.dane && world.tlsa == .usable && world.isMXSecure && !world.settings.demandsBoth
                if !isTrusted && !isWaived { return "MTA-STS was not satisfied" }
            case .enforceUnlisted, .lost: return "a host that no policy lets us use"
            case .absent, .unknown, .modeNone, .testingListed, .testingUnlisted: break
            }
        }
        // REQUIRETLS.
        if world.demand == .requireTLS || rule?.requireTLS == true, !matches && !isTrusted {
            return "REQUIRETLS in vain"
        }
        if world.demand == .requireTLSNotice, isClear { return "a notice in clear" }
        // The operator's minimum.
        if isNo, rule?.honoursOptionalTLS == true { return nil }
        // RPTF-20, D15: the general minimum does not bind our own reports.
        let general = world.demand == .report ? TLSRequirement.Level.opportunistic : world.settings.minimumLevel
        switch rule?.demand?.level ?? general {
        case .none, .opportunistic: return nil
        case .encrypted: return isClear ? "below the operator's minimum" : nil
        case .authenticated:
            let isPinned = session?.certificate == World.certificate
            let isOperators = session?.pkix == .trusted(name: World.operatorsName)
            return matches || isTrusted || isPinned || isOperators ? nil : "below the operator's minimum"
        }
    }
}

extension PolicyResult {
    /// `sts:validation-failure/mx-mismatch`, `tlsa:ok`.
    var words: String {
        "\(policy.rawValue):\(failure?.rawValue ?? "ok")" + (reasonCode.map { "/\($0)" } ?? "")
    }
}

extension TLSVerdict {
    /// As ``NaiveOracle/outcome(_:_:_:)`` says it.
    var words: String {
        switch self {
        case .proceed(let level, _): "proceed \(level.rawValue)"
        case .fallBack(.inThisConnection, _, _): "clear here"
        case .fallBack(.reconnectWithoutTLS, _, _): "clear again"
        case .refuse(let reason, _): "refuse \(reason.cause.rawValue)"
        }
    }
}
