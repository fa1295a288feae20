/// What the operator demands of a host, behind all the others.
extension RequirementMaker {
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
        let label = rule.demand?.label ?? "tls.minimum_level"
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
            ? "the MX records that name \(host.host) are not DNSSEC-secure" : "\(host.host) offers none of it"
        return Skip(
            reason: Reason(.daneRequired, "\(demanded), and \(why)"),
            // RFC 8460 §4.3.2.1: where DANE is required, which it is not beside another way (RPTC-15).
            results: proofs == [.dane] ? [PolicyResult(.tlsa, .daneRequired)] : [], source: "RFC 7672 §6")
    }

    private func later(_ cause: Reason.Cause, _ words: String) -> Skip {
        Skip(reason: Reason(cause, words), results: [], source: nil)
    }
}
