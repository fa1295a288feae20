/// Gathers what the sources demand of one host. Each step may raise the requirement or rule the host out; none lowers what
/// another demanded.
struct RequirementMaker {
    /// The host counts as unreachable in this attempt.
    struct Skip: Error {
        let reason: Reason
        let results: [PolicyResult]
        let source: String?
    }

    let host: HostFacts
    let inputs: PolicyInputs
    let rule: HostRule
    /// True for `TLS-Required: No`: remote policies are followed, and do not fail the message (INT-15, D15).
    let yields: Bool
    /// All have their say, also behind one that rules the host out.
    let goesOn: Bool
    var reasons: [Explanation] = []
    /// The first that ruled the host out.
    var skipped: Skip?
    /// As they were before an exception lowered them.
    var demandsBefore: [Set<TLSRequirement.Proof>]?
    /// Of an exception: up to this level no later version is demanded than this.
    var versionLimit: (level: TLSRequirement.Level, version: TLSVersionFloor)?

    var level = TLSRequirement.Level.opportunistic
    var basis: TLSRequirement.Basis?
    var demands: [Set<TLSRequirement.Proof>] = []
    var dane: DANEReference?
    var daneBasis: TLSRequirement.Basis?
    var webPKI: WebPKIReference?
    var pkix: WebPKIReference?
    var fingerprints: [Fingerprint] = []
    var hasOnlyUnusableTLSA = false
    var hasUnknownTLSA = false
    var sts: STSReference?
    var requireTLS = TLSRequirement.RequireTLSUse.no
    /// Why the level is what it is: of the source that set it.
    var reason = Explanation.nothingDemanded

    init(_ host: HostFacts, _ inputs: PolicyInputs, _ rule: HostRule, goesOn: Bool = false) {
        self.goesOn = goesOn
        self.host = host
        self.inputs = inputs
        self.rule = rule
        yields = inputs.demand.isOptional && rule.requireTLS != true
    }

    /// What has come together.
    var requirement: TLSRequirement {
        TLSRequirement(
            level: level, by: basis, demands: demands, dane: dane, webPKI: webPKI, pkix: pkix,
            fingerprints: fingerprints, hasOnlyUnusableTLSA: hasOnlyUnusableTLSA, hasUnknownTLSA: hasUnknownTLSA,
            sts: sts, requireTLS: requireTLS, serverName: serverName,
            minimumVersion: minimumVersion, clientIdentity: rule.clientIdentity,
            fallback: yields && level <= .opportunistic ? .immediately : nil, reason: reason)
    }

    /// The rule's, else that of `[tls]` for what is demanded. No value of the operator takes a host that must use TLS below
    /// 1.2 (TLS-01).
    private var minimumVersion: TLSVersionFloor {
        let general =
            level > .opportunistic ? inputs.settings.minimumVersion : inputs.settings.opportunisticMinimumVersion
        let demanded = rule.minimumVersion ?? general
        guard let versionLimit, level <= versionLimit.level else { return demanded }
        return min(demanded, versionLimit.version)
    }

    /// D1, TLS-04: the TLSA base domain wherever DANE is used, else the MX name (RFC 7672 §8.1, RFC 8461 §7.1); never an
    /// address (RFC 6066 §3). DANE that only looks on must not choose the certificate that another check fails on.
    private var serverName: DomainName? {
        let demands = demandsBefore ?? demands
        let isOnlyObserved = !demands.isEmpty && !demands.contains { $0.contains(.dane) }
        if let dane, !isOnlyObserved { return dane.baseDomain }
        if hasOnlyUnusableTLSA, webPKI == nil, pkix == nil { return host.tlsa.baseDomain ?? host.host.name }
        return host.host.name
    }

    mutating func raise(
        to newLevel: TLSRequirement.Level, by newBasis: TLSRequirement.Basis, _ words: Explanation
    ) {
        guard newLevel > level || (newLevel == level && basis == .daneHost && newLevel == .authenticated) else {
            return
        }
        level = newLevel
        basis = newBasis
        reason = words
    }

    // MARK: DANE

    mutating func apply(_ finding: DANEFinding) throws(Skip) {
        let binds = !yields && rule.dane != .observe
        switch finding {
        case .none(let words):
            reasons.append(words)
            reason = words
        case .unknown(let why):
            hasUnknownTLSA = true
            guard binds else {
                reasons.append(Explanation("\(why.detail): passed over, \(overrule(.dane))", source: "RFC 8689 §3"))
                return
            }
            // RFC 7672 §2.1.2: the host is unreachable for this attempt (DANE-11, INT-01).
            throw Skip(
                reason: why, results: [PolicyResult(.tlsa, .dnssecInvalid, .tlsaLookupFailed)],
                source: "RFC 7672 §2.1.2")
        case .unusable(let newBasis):
            hasOnlyUnusableTLSA = true
            reasons.append(.onlyUnusable)
            // RFC 7672 §2.2: TLS, with any certificate (DANE-15).
            if binds { raise(to: .encrypted, by: newBasis, .onlyUnusable) }
        case .usable(let newBasis, let records):
            // A found RRset always has a base domain; without one nothing can be verified, so nothing is claimed.
            guard let base = host.tlsa.baseDomain ?? host.host.name else { return }
            dane = DANEReference(
                baseDomain: base, records: records,
                referenceIdentifiers: Self.referenceIdentifiers(base, inputs.facts))
            daneBasis = newBasis
            let words: Explanation = newBasis == .dane ? .secureTLSA : .secureTLSABehindInsecureMX
            reasons.append(words)
            guard binds else { return }
            demands.append(TLSRequirement.byDANE)
            raise(to: .authenticated, by: newBasis, words)
        }
    }

    /// Why something that would bind does not, for a sentence.
    func overrule(_ key: HostRule.Key) -> String {
        yields ? "for the message says TLS-Required: No" : "for \(rule.origin(of: key)) only observes"
    }

    /// Names accepted in a DANE-TA chain (RFC 7672 §3.2.2), the base domain first.
    private static func referenceIdentifiers(_ base: DomainName, _ facts: DestinationFacts) -> [DomainName] {
        var names = [base]
        func add(_ name: DomainName?) {
            if let name, !names.contains(name) { names.append(name) }
        }
        switch (facts.mx.lookup, facts.mx.security) {
        case (.records, .secure):
            // The next-hop domain led here securely, and so did what it is an alias of (DANE-37).
            add(facts.nextHop.domain)
            add(facts.mx.expandedDomain)
        case (.implicit, .secure), (.notQueried, _):
            // No MX was used: the name we began with, where the base domain is what it is an alias of (DANE-39).
            add(facts.nextHop.domain)
        case (.records, _), (.implicit, _):
            break  // RFC 7672 §3.2.2 (erratum 6283): the base domain alone (DANE-38)
        case (.null, _), (.noSuchDomain, _), (.failed, _):
            break  // No host, nothing to name.
        }
        return names
    }
}
