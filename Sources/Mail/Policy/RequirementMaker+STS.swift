/// What MTA-STS and REQUIRETLS demand of a host.
extension RequirementMaker {
    // MARK: MTA-STS

    mutating func apply(_ finding: STSFinding) throws(Skip) {
        switch finding {
        case .none(let words), .unknown(let words):
            reasons.append(words)
        case .lost(let why):
            guard yields || rule.mtaSTS == .observe else {
                throw Skip(reason: why, results: [], source: "RFC 8461 §3.3")
            }
            reasons.append(Explanation("\(why.detail): passed over, \(overrule(.mtaSTS))"))
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
                    results: [.unlisted], source: "RFC 8461 §4.1")
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
            if daneBasis == .dane, demands.contains(TLSRequirement.byDANE), !inputs.settings.demandsBoth {
                // D1: with a secure MX, DANE authenticates the host; RFC 8461 §2 wants no interference with it (INT-02).
                reasons.append(.daneBeforeWebPKI)
                return
            }
            let words = Explanation.enforced(reference)
            reasons.append(words)
            demands.append(TLSRequirement.byWebPKI)
            raise(to: .authenticated, by: .mtaSTS, words)
        }
    }

    private func waiver(_ reference: STSReference) -> String {
        let isTesting = reference.mode == .testing && rule.mtaSTS != .observe && !yields
        return isTesting ? "for its mode is testing" : overrule(.mtaSTS)
    }

    // MARK: REQUIRETLS

    mutating func applyRequireTLS(_ finding: STSFinding) throws(Skip) {
        guard inputs.demand == .requireTLS || rule.requireTLS == true else {
            // The operator's rule is for all mail, and so before what a notice may do without.
            guard inputs.demand == .requireTLSNotice else { return }
            requireTLS = .ifOffered
            reasons.append(.noticeOfRequireTLS)
            raise(to: .encrypted, by: .requireTLS, .noticeOfRequireTLS)
            return
        }
        requireTLS = .demanded
        if inputs.demand != .requireTLS {
            reasons.append(Explanation("\(rule.origin(of: .requireTLS)) has all mail sent as if with REQUIRETLS"))
        }
        try validateName(finding)
        // RFC 8689 §4.2.1: verified by DANE or by a trusted certificate; unusable TLSA records verify nobody (INT-11).
        if !demands.contains(TLSRequirement.byDANE), !demands.contains(TLSRequirement.byWebPKI) {
            guard let name = host.host.name else {
                throw Skip(
                    reason: Reason(.requireTLSUnvalidated, "REQUIRETLS needs a host with a name, not \(host.host)"),
                    results: [], source: "RFC 8689 §4.2.1")
            }
            webPKI = webPKI ?? WebPKIReference(names: [name], trust: inputs.settings.trust)
            demands.append(TLSRequirement.byWebPKI)
            raise(to: .authenticated, by: .requireTLS, .requireTLS)
        }
        reasons.append(.requireTLS)
    }

    /// RFC 8689 §4.2.1: the MX name must be DNSSEC-secure or matched by an MTA-STS policy (INT-10). Names that no MX record
    /// gave, implicit MX and configured next hops, are exempt.
    private func validateName(_ finding: STSFinding) throws(Skip) {
        guard case .records = inputs.facts.mx.lookup, inputs.facts.mx.security != .secure else { return }
        // D9: the published mode counts. That the operator only observes it makes the list no less the domain's own.
        if case .applies(let reference) = finding, reference.pattern != nil,
            inputs.sts.held?.policy.mode == .enforce || inputs.settings.testingValidatesRequireTLS
        {
            return
        }
        if let doubt {
            throw Skip(
                reason: Reason(.policyUnknown, "REQUIRETLS, and \(doubt)"), results: [], source: "RFC 8689 §4.2.1")
        }
        throw Skip(
            reason: Reason(
                .requireTLSUnvalidated,
                "REQUIRETLS, and neither DNSSEC nor an MTA-STS policy in mode enforce vouches for the MX name \(host.host)"
            ), results: [], source: "RFC 8689 §4.2.1")
    }

    /// D10: why another answer of TXT or of the policy host might yet vouch for the MX name; nil where all is certain.
    private var doubt: String? {
        let sts = inputs.sts
        guard let domain = sts.domain, rule.mtaSTS != .off else { return nil }
        if let fault = sts.fault {
            return "the newest MTA-STS policy of \(domain) could not be fetched: \(fault.words)"
        }
        switch sts.record {
        case .failed(let words):
            return "the TXT lookup for the MTA-STS policy of \(domain) failed: \(words)"
        case .found(let id) where sts.held?.id != id:
            return "the newest MTA-STS policy of \(domain) is not here yet"
        case .notQueried:
            return "the TXT lookup for the MTA-STS policy of \(domain) did not end in time"
        case .found, .absent:
            return sts.isLost || sts.isUnknown ? "the MTA-STS policy of \(domain) is not known" : nil
        }
    }
}
