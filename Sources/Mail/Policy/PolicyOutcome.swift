/// What the decisions for all hosts of a domain add up to, in one word and one sentence, and for good or for now.
extension PolicyDocument {
    static func outcome(_ decision: PolicyDecision) -> (outcome: Outcome, isPermanent: Bool, because: String) {
        if let obstacle = decision.inputs.facts.obstacle {
            return (.undeliverable, obstacle.cause.isPermanent, obstacle.detail)
        }
        let requirements = decision.hosts.compactMap(\.decision.requirement)
        let skipped = decision.hosts.count - requirements.count
        let rest = skipped == 0 ? "" : "; \(skipped) of \(decision.hosts.count) hosts cannot be used now"
        guard !requirements.isEmpty else {
            var failures = AttemptFailures()
            for host in decision.hosts {
                if case .skip(let reason, _) = host.decision { failures.note(reason, isPermanent: nil) }
            }
            // As a delivery concludes (D10).
            let summary = failures.summary
            let now = summary.isPermanent ? "" : " now"
            return (.undeliverable, summary.isPermanent, "no host can be used\(now): \(summary.reason.detail)")
        }
        // D1: DANE for a host known only through an insecure MX proves nothing about the domain (RFC 7672 §2.2.1).
        let weak = decision.hosts.compactMap { host -> (host: HostPolicy, requirement: TLSRequirement)? in
            guard let requirement = host.decision.requirement else { return nil }
            return host.provesDomain(requirement, decision.inputs.facts.mx) ? nil : (host, requirement)
        }
        guard let weakest = weak.min(by: { $0.requirement.level < $1.requirement.level }) else {
            return (.authenticated, false, authenticated(requirements) + rest)
        }
        let share = weak.count == requirements.count ? "" : "at \(weak.count) of \(requirements.count) usable hosts "
        let why = why(weakest.host, weakest.requirement, decision.inputs)
        return (.unauthenticated, false, "\(share)\(why)\(rest)")
    }

    /// Why a host need not prove that it is the domain's own: the operator's own rule, where that is the cause.
    private static func why(_ host: HostPolicy, _ requirement: TLSRequirement, _ inputs: PolicyInputs) -> String {
        if requirement.level == .authenticated, requirement.by == .local {
            return
                "\(host.rule.origin(of: .demand)) demands a trusted certificate for the name of the MX host, and the MX "
                + "records that name it are not secure, so this does not prove the way to the domain"
        }
        let setAside = host.setAside(inputs)
        if !setAside.isEmpty { return setAside.map(\.text).joined(separator: ", and ") }
        return requirement.reason.text
    }

    /// Why every host must prove who it is: by one source, or by several.
    private static func authenticated(_ requirements: [TLSRequirement]) -> String {
        let sources = Set(requirements.map(\.by))
        guard sources.count == 1, let source = sources.first else {
            let shares = [TLSRequirement.Basis.dane, .mtaSTS, .requireTLS, .local].compactMap { basis -> String? in
                let count = requirements.count { $0.by == basis }
                return count == 0 ? nil : "\(count) by \(basis.rawValue)"
            }
            return "every host that may be used must prove who it is: \(shares.joined(separator: ", "))"
        }
        switch source {
        case .dane:
            return "every host that may be used must match its DNSSEC-secure TLSA records"
        case .mtaSTS:
            return
                "every host that may be used is in the MTA-STS policy and must show a trusted certificate for its name"
        case .requireTLS:
            return "every host that may be used must prove who it is, for REQUIRETLS demands it"
        case .local:
            let reasons = Set(requirements.map(\.reason.text))
            let why = reasons.count == 1 ? reasons.first.map { ": \($0)" } ?? "" : ""
            return "every host that may be used must prove who it is, as the operator demands\(why)"
        case .daneHost, nil:
            return "every host that may be used must prove who it is"
        }
    }
}
