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
    var reasons: [Explanation] = []

    private var level = TLSRequirement.Level.opportunistic
    private var basis: TLSRequirement.Basis?
    private var demands: [Set<TLSRequirement.Proof>] = []
    private var dane: DANEReference?
    private var daneBasis: TLSRequirement.Basis?
    private var webPKI: WebPKIReference?
    private var pkix: WebPKIReference?
    private var fingerprints: [Fingerprint] = []
    private var hasOnlyUnusableTLSA = false
    private var hasUnknownTLSA = false
    private var sts: STSReference?
    private var requireTLS = TLSRequirement.RequireTLSUse.no
    /// Why the level is what it is: of the source that set it.
    private var reason = Explanation.nothingDemanded

    init(_ host: HostFacts, _ inputs: PolicyInputs, _ rule: HostRule) {
        self.host = host
        self.inputs = inputs
        self.rule = rule
        yields = inputs.demand == .optionalTLS && rule.requireTLS != true
    }

    /// What has come together.
    var requirement: TLSRequirement {
        TLSRequirement(
            level: level, by: basis, demands: demands, dane: dane, webPKI: webPKI, pkix: pkix,
            fingerprints: fingerprints, hasOnlyUnusableTLSA: hasOnlyUnusableTLSA, hasUnknownTLSA: hasUnknownTLSA,
            sts: sts, requireTLS: requireTLS, serverName: serverName,
            minimumVersion: rule.minimumVersion ?? .tls12, clientIdentity: rule.clientIdentity,
            fallback: yields && level <= .opportunistic ? .immediately : nil, reason: reason)
    }

    /// D1, TLS-04: the TLSA base domain wherever DANE is used, else the MX name (RFC 7672 §8.1, RFC 8461 §7.1); never an
    /// address (RFC 6066 §3).
    private var serverName: DomainName? {
        if let dane { return dane.baseDomain }
        if hasOnlyUnusableTLSA, webPKI == nil { return host.tlsa.baseDomain ?? host.host.name }
        return host.host.name
    }

    private mutating func raise(
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
            guard binds else {
                hasUnknownTLSA = true
                reasons.append(Explanation("\(why.detail): passed over, \(overrule)", source: "RFC 8689 §3"))
                return
            }
            // RFC 7672 §2.1.2: the host is unreachable for this attempt (DANE-11, INT-01).
            throw Skip(
                reason: why, results: [PolicyResult(.tlsa, .dnssecInvalid)], source: "RFC 7672 §2.1.2")
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
            demands.append([.dane])
            raise(to: .authenticated, by: newBasis, words)
        }
    }

    /// Why something that would bind does not, for a sentence.
    private var overrule: String {
        yields ? "for the message says TLS-Required: No" : "for \(rule.source) only observes"
    }

    /// Names accepted in a DANE-TA chain (RFC 7672 §3.2.2), the base domain first.
    private static func referenceIdentifiers(_ base: DomainName, _ facts: DestinationFacts) -> [DomainName] {
        var names = [base]
        switch (facts.mx.lookup, facts.mx.security) {
        case (.records, .secure):
            // The next-hop domain led here securely, and so did what it is an alias of (DANE-37).
            names += [facts.nextHop.domain, facts.mx.expandedDomain].compactMap { $0 }
        case (.implicit, .secure), (.notQueried, _):
            // No MX was used: the name we began with, where the base domain is what it is an alias of (DANE-39).
            names += [facts.nextHop.domain].compactMap { $0 }
        case (.records, _), (.implicit, _):
            break  // RFC 7672 §3.2.2 (erratum 6283): the base domain alone (DANE-38)
        case (.null, _), (.noSuchDomain, _), (.failed, _):
            break  // No host, nothing to name.
        }
        var seen: Set<DomainName> = []
        return names.filter { seen.insert($0).inserted }
    }

    // MARK: MTA-STS

    mutating func apply(_ finding: STSFinding) throws(Skip) {
        switch finding {
        case .none(let words), .unknown(let words):
            reasons.append(words)
        case .lost(let why):
            guard yields || rule.mtaSTS == .observe else {
                throw Skip(reason: why, results: [], source: "RFC 8461 §3.3")
            }
            reasons.append(Explanation("\(why.detail): passed over, \(overrule)"))
        case .applies(let reference):
            sts = reference
            let binds = !yields && reference.mode == .enforce
            guard let pattern = reference.pattern else {
                let words = "\(host.host) is not in the MTA-STS policy of \(reference.domain) (id \(reference.id))"
                guard binds else {
                    reasons.append(Explanation("\(words): recorded only, \(waiver(reference))", source: "RFC 8461 §5"))
                    return
                }
                // RFC 8461 §4.1, §5: whatever DANE says of the host (D1, EDGE-15); for now, never for good (STS-35).
                throw Skip(
                    reason: Reason(.stsMXMismatch, words),
                    results: [PolicyResult(.sts, .validationFailure, reasonCode: "mx-mismatch")],
                    source: "RFC 8461 §4.1")
            }
            guard let name = host.host.name else { return }
            webPKI = WebPKIReference(names: [name], trust: inputs.settings.trust)
            guard binds else {
                reasons.append(
                    Explanation(
                        "the MTA-STS policy of \(reference.domain) lists the host (mx: \(pattern)): its certificate is "
                            + "checked and recorded, not demanded, \(waiver(reference))", source: "RFC 8461 §5"))
                return
            }
            let words = Explanation.enforced(reference)
            if daneBasis == .dane, demands.contains([.dane]), !inputs.settings.demandsBoth {
                // D1: with a secure MX, DANE authenticates the host; RFC 8461 §2 wants no interference with it (INT-02).
                reasons.append(.daneBeforeWebPKI)
                return
            }
            reasons.append(words)
            demands.append([.webPKI])
            raise(to: .authenticated, by: .mtaSTS, words)
        }
    }

    private func waiver(_ reference: STSReference) -> String {
        reference.mode == .testing && !yields ? "for its mode is testing" : overrule
    }

    // MARK: REQUIRETLS

    mutating func applyRequireTLS(_ finding: STSFinding) throws(Skip) {
        if inputs.demand == .requireTLSNotice {
            requireTLS = .ifOffered
            reasons.append(.noticeOfRequireTLS)
            raise(to: .encrypted, by: .requireTLS, .noticeOfRequireTLS)
            return
        }
        guard inputs.demand == .requireTLS || rule.requireTLS == true else { return }
        requireTLS = .demanded
        try validateName(finding)
        // RFC 8689 §4.2.1: verified by DANE or by a trusted certificate; unusable TLSA records verify nobody (INT-11).
        if !demands.contains([.dane]), !demands.contains([.webPKI]) {
            guard let name = host.host.name else {
                throw Skip(
                    reason: Reason(.requireTLSUnvalidated, "REQUIRETLS needs a host with a name, not \(host.host)"),
                    results: [], source: "RFC 8689 §4.2.1")
            }
            webPKI = webPKI ?? WebPKIReference(names: [name], trust: inputs.settings.trust)
            demands.append([.webPKI])
            raise(to: .authenticated, by: .requireTLS, .requireTLS)
        }
        reasons.append(.requireTLS)
    }

    /// RFC 8689 §4.2.1: the MX name must be DNSSEC-secure or matched by an MTA-STS policy (INT-10). Names that no MX record
    /// gave, implicit MX and configured next hops, are exempt.
    private func validateName(_ finding: STSFinding) throws(Skip) {
        guard case .records = inputs.facts.mx.lookup, inputs.facts.mx.security != .secure else { return }
        switch finding {
        case .applies(let reference) where reference.pattern != nil:
            if reference.mode == .enforce || inputs.settings.testingValidatesRequireTLS { return }  // D9
        case .unknown(let why):
            throw Skip(
                reason: Reason(.policyUnknown, "REQUIRETLS, and \(why.text)"), results: [], source: "RFC 8689 §4.2.1")
        case .none where inputs.sts.fault != nil && inputs.sts.held == nil:
            let why = inputs.sts.fault?.words ?? ""
            throw Skip(
                reason: Reason(.policyUnknown, "REQUIRETLS, and the MTA-STS policy could not be fetched: \(why)"),
                results: [], source: "RFC 8689 §4.2.1")
        case .applies, .none, .lost:
            break
        }
        throw Skip(
            reason: Reason(
                .requireTLSUnvalidated,
                "REQUIRETLS, and neither DNSSEC nor an MTA-STS policy in mode enforce vouches for the MX name \(host.host)"
            ), results: [], source: "RFC 8689 §4.2.1")
    }

    // MARK: The operator

    /// The operator's minimum. It wins over `TLS-Required: No` (D15), unless the rule gives way itself.
    mutating func applyRule(_ finding: STSFinding) throws(Skip) {
        if yields {
            reasons.append(.optionalTLS)
            if rule.honoursOptionalTLS == true { return }
        }
        guard let demand = rule.demand else {
            let words = Explanation("tls.minimum_level is \(inputs.settings.minimumLevel.rawValue)")
            try demandLevel(inputs.settings.minimumLevel, HostRule.Demand(level: .none, label: ""), words, finding)
            return
        }
        let words = Explanation(
            "\(demand.label) demands at least \(demand.level.rawValue)" + (rule.words.map { " (\($0))" } ?? ""))
        if demand.level != .opportunistic { reasons.append(words) }
        try demandLevel(demand.level, demand, words, finding)
    }

    private mutating func demandLevel(
        _ minimum: TLSRequirement.Level, _ demand: HostRule.Demand, _ words: Explanation, _ finding: STSFinding
    ) throws(Skip) {
        switch minimum {
        case .none:
            // "TLS is not even tried" is an exception for a broken host, and stands back behind every demand.
            guard level == .opportunistic, dane == nil, sts == nil, requireTLS == .no, !hasOnlyUnusableTLSA else {
                return
            }
            level = .none
            basis = .local
            reason = words
        case .opportunistic:
            break
        case .encrypted:
            raise(to: .encrypted, by: .local, words)
        case .authenticated:
            try demandProof(demand, words, finding)
        }
    }

    private mutating func demandProof(
        _ demand: HostRule.Demand, _ words: Explanation, _ finding: STSFinding
    ) throws(Skip) {
        let proofs = demand.proofs.isEmpty ? [.dane, .mtaSTS] : demand.proofs
        var any: Set<TLSRequirement.Proof> = []
        for proof in proofs {
            switch proof {
            case .dane:
                // DANE-21: behind an insecure MX it proves nothing about the domain.
                if dane != nil, daneBasis == .dane { any.insert(.dane) }
            case .mtaSTS:
                if case .applies(let reference) = finding, reference.mode == .enforce, reference.pattern != nil,
                    webPKI != nil
                {
                    any.insert(.webPKI)
                }
            case .pkix:
                let names = demand.names.isEmpty ? [host.host.name].compactMap { $0 } : demand.names
                guard !names.isEmpty else { continue }
                pkix = WebPKIReference(names: names, trust: demand.trust ?? inputs.settings.trust)
                any.insert(.pkix)
            case .fingerprint:
                guard !demand.fingerprints.isEmpty else { continue }
                fingerprints = demand.fingerprints
                any.insert(.fingerprint)
            }
        }
        guard !any.isEmpty else { throw missing(proofs, finding) }
        // What is demanded already may be proof enough.
        if !demands.contains(where: { $0.isSubset(of: any) }) { demands.append(any) }
        raise(to: .authenticated, by: .local, words)
    }

    /// The rule cannot be satisfied by what there is: later, perhaps (DANE-21).
    private func missing(_ proofs: [HostRule.Proof], _ finding: STSFinding) -> Skip {
        let ways = proofs.map(\.rawValue).joined(separator: " or ")
        let label = rule.demand?.label ?? "tls.minimum_level"
        if proofs.contains(.mtaSTS), case .unknown(let why) = finding {
            return Skip(
                reason: Reason(.policyUnknown, "\(label) demands \(ways), and \(why.text)"), results: [], source: nil)
        }
        if proofs.contains(.dane), hasUnknownTLSA {
            return Skip(
                reason: Reason(.policyUnknown, "\(label) demands \(ways), and the TLSA lookup failed"), results: [],
                source: nil)
        }
        let cause: Reason.Cause = proofs.contains(.dane) ? .daneRequired : .stsRequired
        let why =
            inputs.facts.mx.security == .insecure && dane != nil
            ? "the MX records that name \(host.host) are not DNSSEC-secure" : "\(host.host) offers none of it"
        return Skip(
            reason: Reason(cause, "\(label) demands authentication by \(ways), and \(why)"),
            results: cause == .daneRequired ? [PolicyResult(.tlsa, .daneRequired)] : [],
            source: cause == .daneRequired ? "RFC 7672 §6" : nil)
    }
}
