/// What the decisions for all hosts of a domain add up to, in one word and one sentence.
extension PolicyDocument {
    static func outcome(_ decision: PolicyDecision) -> (Outcome, String) {
        if let obstacle = decision.inputs.facts.obstacle { return (.undeliverable, obstacle.detail) }
        let requirements = decision.hosts.compactMap(\.decision.requirement)
        let skipped = decision.hosts.count - requirements.count
        let rest = skipped == 0 ? "" : "; \(skipped) of \(decision.hosts.count) hosts cannot be used now"
        guard !requirements.isEmpty else {
            var failures = AttemptFailures()
            for host in decision.hosts {
                if case .skip(let reason, _) = host.decision { failures.note(reason, isPermanent: nil) }
            }
            return (.undeliverable, "no host can be used now: \(failures.summary.reason.detail)")
        }
        // D1: DANE for a host known only through an insecure MX proves nothing about the domain (RFC 7672 §2.2.1).
        let weak = requirements.filter { $0.level != .authenticated || $0.by == .daneHost }
        guard let weakest = weak.min(by: { $0.level < $1.level }) else {
            return (.authenticated, authenticated(requirements) + rest)
        }
        let share = weak.count == requirements.count ? "" : "at \(weak.count) of \(requirements.count) usable hosts "
        return (.unauthenticated, "\(share)\(weakest.reason.text)\(rest)")
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
