extension PolicyDocument {
    /// Renders `facts` with the decisions that a delivery would take now.
    public init(_ facts: DestinationFacts, settings: PolicySettings) {
        self.init(PolicyDecision(PolicyInputs(facts: facts, settings: settings)))
    }

    public init(_ decision: PolicyDecision) {
        let facts = decision.inputs.facts
        let decisions = decision.hosts.map(\.decision)
        let (outcome, because) = Self.outcome(facts, decisions)
        self.init(
            domain: facts.nextHop.domain?.text ?? facts.nextHop.description, mx: MX(facts.mx), mtaSTS: nil, tlsrpt: nil,
            hosts: zip(facts.hosts, decisions).map { Host($0, $1, facts.mx) }, outcome: outcome, because: because)
    }

    private static func outcome(_ facts: DestinationFacts, _ decisions: [HostDecision]) -> (Outcome, String) {
        if let obstacle = facts.obstacle { return (.undeliverable, obstacle.detail) }
        let requirements = decisions.compactMap(\.requirement)
        let skipped = decisions.count - requirements.count
        let rest = skipped == 0 ? "" : "; \(skipped) of \(decisions.count) hosts cannot be used now"
        guard !requirements.isEmpty else {
            var failures = AttemptFailures()
            for case .skip(let reason, _) in decisions { failures.note(reason, isPermanent: nil) }
            return (.undeliverable, "no host can be used now: \(failures.summary.reason.detail)")
        }
        // D1: DANE for a host known only through an insecure MX proves nothing about the domain (RFC 7672 §2.2.1).
        let weak = requirements.filter { $0.level != .authenticated || $0.by == .daneHost }
        guard let weakest = weak.min(by: { $0.level < $1.level }) else {
            return (.authenticated, "every host that may be used must match its DNSSEC-secure TLSA records\(rest)")
        }
        let share = weak.count == requirements.count ? "" : "at \(weak.count) of \(requirements.count) usable hosts "
        return (.unauthenticated, "\(share)\(weakest.reason.text)\(rest)")
    }
}

extension PolicyDocument.MX {
    fileprivate init(_ facts: MXFacts) {
        let error: String? =
            switch facts.lookup {
            case .failed(let words): words
            case .noSuchDomain: "no such domain"
            case .records, .implicit, .null, .notQueried: nil
            }
        self.init(
            security: facts.security?.rawValue, implicit: facts.lookup == .implicit, null: facts.lookup == .null,
            records: facts.records.map { .init(preference: $0.preference, host: $0.exchange.description) }, error: error
        )
    }
}

extension PolicyDocument.Host {
    fileprivate init(_ facts: HostFacts, _ decision: HostDecision, _ mx: MXFacts) {
        let requirement: PolicyDocument.Requirement?
        let skipped: PolicyDocument.Skipped?
        switch decision {
        case .use(let needed):
            requirement = .init(
                level: needed.level.rawValue, by: needed.by?.rawValue, cleartextAllowed: needed.cleartextAllowed,
                reason: needed.reason.text)
            skipped = nil
        case .skip(let reason, _):
            skipped = .init(cause: reason.cause.rawValue, detail: reason.detail)
            // While the TLSA lookup fails, the strongest that the records might demand is what holds (RFC 7672 §2.1.2).
            let basis: TLSRequirement.Basis = mx.security == .insecure ? .daneHost : .dane
            requirement =
                reason.cause == .tlsaLookupFailed
                ? .init(
                    level: TLSRequirement.Level.authenticated.rawValue, by: basis.rawValue, cleartextAllowed: false,
                    reason: reason.detail)
                : nil
        }
        self.init(
            host: facts.host.description, preference: facts.preference,
            addresses: facts.addresses.addresses.map { "\($0)" }, addressSecurity: facts.addresses.security?.rawValue,
            tlsa: PolicyDocument.TLSA(facts.tlsa), stsMatch: nil, requirement: requirement, skipped: skipped)
    }
}

extension PolicyDocument.TLSA {
    fileprivate init(_ facts: TLSAFacts) {
        let lookup =
            switch facts.lookup {
            case .found: "found"
            case .absent: "absent"
            case .failed: "failed"
            case .notQueried: "not-queried"
            }
        self.init(
            baseDomain: facts.baseDomain?.text, lookup: lookup, security: facts.security?.rawValue,
            records: facts.records.map(PolicyDocument.TLSARow.init))
    }
}

extension PolicyDocument.TLSARow {
    fileprivate init(_ record: TLSARecord) {
        let why: String? = if case .unusable(let fault) = record.usability { fault.description } else { nil }
        self.init(
            usage: record.usage, selector: record.selector, matchingType: record.matchingType,
            data: record.hexadecimalData, usable: record.isUsable, whyUnusable: why)
    }
}
