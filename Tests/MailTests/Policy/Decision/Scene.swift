import Testing

@testable import Mail

/// One destination from DNS to the verdict, each step by the code that a delivery uses.
struct Scene {
    var nextHop = NextHop(.domain(domainName("d.example")))
    var view: DNSView
    var sts: STSFacts?
    var demand = MessageDemand.ordinary
    var rules: [Rule] = []
    var settings = PolicySettings()

    init(
        _ view: DNSView, sts: STSFacts? = nil, demand: MessageDemand = .ordinary,
        rule: ((inout HostRule) -> Void)? = nil
    ) {
        (self.view, self.sts, self.demand) = (view, sts, demand)
        if let rule {
            rules = [
                Rule(
                    destination: .exactly(domainName("d.example")), host: nil,
                    settings: DecisionWorld.rule("rule \"d.example\"", rule))
            ]
        }
    }

    var search: (facts: DestinationFacts?, asked: [String]) { searchRoute(nextHop, view) }

    func decision() throws -> PolicyDecision {
        var settings = settings
        settings.rules = RuleTable(rules)
        let sts = sts ?? STSFacts(domain: nextHop.domain, record: .absent("no such name"))
        let facts = try #require(search.facts)
        return PolicyDecision(PolicyInputs(facts: facts, sts: sts, demand: demand, settings: settings))
    }

    /// Of the first host.
    func policy() throws -> HostPolicy { try #require(try decision().hosts.first) }

    func requirement() throws -> TLSRequirement { try #require(try policy().decision.requirement) }

    /// Cause and results of a first host that is passed over: `sts-mx-mismatch sts:validation-failure/mx-mismatch`.
    func skipped() throws -> String {
        guard case .skip(let reason, let results) = try policy().decision else { return "used" }
        return ([reason.cause.rawValue] + results.map(\.words)).joined(separator: " ")
    }

    /// Verdict and results at the first host: `proceed dane, tlsa:ok`.
    func verdict(_ evidence: PeerEvidence, attempt: Int = 1) throws -> String {
        let verdict = TLSVerdict.compare(
            try requirement(), evidence, fallback: .afterRetry, attempt: AttemptState(number: attempt))
        return ([verdict.words] + verdict.results.map(\.words)).joined(separator: ", ")
    }

    /// Names of the hosts to be connected to, in order; `-name` where one is passed over.
    func steps() throws -> [String] {
        var plan = try plan()
        var steps: [String] = []
        while let step = plan.next() {
            switch step {
            case .connect(let candidate): steps.append("\(candidate.host.host)")
            case .skip(let host, _, _): steps.append("-\(host.host)")
            }
        }
        return steps
    }

    func plan() throws -> DeliveryPlan {
        var dice = SplitMix(seed: 1)
        return DeliveryPlan(try decision(), limits: PlanLimits(), using: &dice)
    }

    /// What an attempt comes to where each connection fails of `reason`.
    func failure(_ reason: Reason? = nil) throws -> AttemptFailure {
        var plan = try plan()
        while let step = plan.next() {
            if case .connect = step { plan.note(reason ?? Reason(.connectFailed, "refused")) }
        }
        return plan.failure
    }

    /// A policy of `d.example` that was fetched a while ago.
    static func policy(_ mode: STSPolicy.Mode, _ patterns: String..., isCached: Bool = true) -> STSFacts {
        let mx = patterns.compactMap { try? MXPattern($0) }
        let policy = STSPolicy(mode: mode, maxAge: 604_800, patterns: mx)
        let now = WallTime(seconds: 1_800_000_000)
        return STSFacts(
            domain: domainName("d.example"), record: .found(id: "1"),
            held: STSCacheEntry.Held(
                policy: policy, text: [], id: "1", fetchedAt: now, expiresAt: now.advanced(by: 604_800)),
            isCached: isCached)
    }

    // What hosts show.
    static let record = "3 1 1 \(String(repeating: "ab", count: 32))"
    static func matched() throws -> TLSSessionFacts.Verification {
        .dane(matched: try TLSARecord(parsing: record), depth: 0)
    }
    static let mismatch = TLSSessionFacts.Verification.failed(.noMatchingTLSA, "no record matches")
    static func trusted(_ name: String = "mx.d.example") -> WebPKIEvidence { .trusted(name: domainName(name)) }
    static let expired = WebPKIEvidence.failed(.expired, "certificate has expired")
    static func session(
        _ verification: TLSSessionFacts.Verification = .unverified, _ webPKI: WebPKIEvidence? = nil
    ) -> PeerEvidence {
        DecisionWorld.session(verification, webPKI: webPKI)
    }
    static func refused(_ code: UInt16) -> PeerEvidence { .startTLSRefused(Reply(code, nil, "no")) }

    // Zones.
    static let plain: DNSView = [
        "d.example MX": .secure("10 mx.d.example"), "mx.d.example A": .secure("192.0.2.1"),
    ]
    static let insecure: DNSView = [
        "d.example MX": .insecure("10 mx.d.example"), "mx.d.example A": .insecure("192.0.2.1"),
    ]
    static let pinned = plain.merging(["_25._tcp.mx.d.example TLSA": .secure(record)])
    static let pinnedBehindInsecure: DNSView = [
        "d.example MX": .insecure("10 mx.d.example"), "mx.d.example A": .secure("192.0.2.1"),
        "_25._tcp.mx.d.example TLSA": .secure(record),
    ]
    static let unusable = plain.merging([
        "_25._tcp.mx.d.example TLSA": .secure("1 1 1 \(String(repeating: "ab", count: 32))")
    ])
}
