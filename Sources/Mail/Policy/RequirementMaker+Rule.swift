/// What the operator demands of a host, behind all the others.
extension RequirementMaker {
    /// The operator's minimum, of a rule or else `tls.minimum_level`. Either wins over `TLS-Required: No`, which speaks of the
    /// receiving domain's policy alone (RFC 8689 §3, INT-17, D15), unless a rule gives way itself.
    mutating func applyRule(_ finding: STSFinding) throws(Skip) {
        if yields {
            reasons.append(inputs.demand == .report ? .reportMail : .optionalTLS)
            if rule.honoursOptionalTLS == true {
                reasons.append(
                    Explanation(
                        "\(rule.origin(of: .honoursOptionalTLS)) has the operator's demands give way to it as well"))
                // A password is not the sender's to expose.
                guard hasCredentials else { return }
            }
        }
        // A report must reach a domain whose TLS is broken, which `tls.minimum_level` does not speak of (D15).
        let floor = inputs.demand == .report ? TLSRequirement.Level.opportunistic : inputs.settings.minimumLevel
        let level = rule.demand?.level ?? floor
        // What is so anyway needs no words.
        guard level != .opportunistic else { return }
        let words: Explanation
        if let demand = rule.demand {
            let own = rule.origin(of: .demand).words.map { " (\($0))" } ?? ""
            let what = level == .none ? "wants TLS not even tried" : "demands at least \(level.rawValue)"
            words = Explanation("\(demand.label) \(what)\(own)")
        } else {
            words = Explanation("\(Self.minimumLevelLabel) is \(level.rawValue)")
        }
        reasons.append(words)
        if yields, level > .opportunistic { reasons.append(.notSetAside) }
        let demand = rule.demand ?? HostRule.Demand(level: level, label: Self.minimumLevelLabel)
        try demandLevel(level, demand, words, finding)
    }

    static let minimumLevelLabel = "tls.minimum_level"

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

    mutating func demandProof(
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
        guard !any.isEmpty else { throw missing(proofs, for: demand.label, finding) }
        // What is demanded already may be proof enough.
        if !demands.contains(where: { $0.isSubset(of: any) }) { demands.append(any) }
        raise(to: .authenticated, by: .local, words)
    }

    /// The rule cannot be satisfied by what there is: later, perhaps (DANE-21).
    private func missing(_ proofs: [HostRule.Proof], for label: String, _ finding: STSFinding) -> Skip {
        let demanded = "\(label) demands authentication by \(proofs.map(\.rawValue).joined(separator: " or "))"
        if proofs.contains(.mtaSTS) {
            switch finding {
            case .unknown(let why): return later(.policyUnknown, "\(demanded), and \(why.text)")
            case .lost(let why): return later(.policyUnknown, "\(demanded), and \(why.detail)")
            case .none, .applies: break
            }
        }
        guard proofs.contains(.dane) else {
            let cause: Reason.Cause = proofs.contains(.mtaSTS) ? .stsRequired : .certificateInvalid
            return later(cause, "\(demanded), and \(host.host) offers none of it")
        }
        if hasUnknownTLSA { return later(.policyUnknown, "\(demanded), and the TLSA lookup failed") }
        let isBehindInsecureMX = daneBasis == .daneHost
        let why =
            isBehindInsecureMX
            ? "the MX records that name \(host.host) are not DNSSEC-secure"
            : hasOnlyUnusableTLSA
                ? "no TLSA record of \(host.host) is of a kind that can be checked" : "\(host.host) offers none of it"
        // RFC 8460 §4.3.2.1: `dane-required` is for hosts without validated TLSA records; here there are some, and none valid.
        let counted: ResultType = hasOnlyUnusableTLSA ? .tlsaInvalid : .daneRequired
        return Skip(
            reason: Reason(.daneRequired, "\(demanded), and \(why)"),
            // Where DANE is required, which it is not beside another way (RPTC-15).
            results: proofs == [.dane] ? [PolicyResult(.tlsa, counted)] : [], source: "RFC 7672 §6")
    }

    func later(_ cause: Reason.Cause, _ words: String) -> Skip {
        Skip(reason: Reason(cause, words), results: [], source: nil)
    }
}
