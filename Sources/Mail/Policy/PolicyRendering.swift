extension PolicyDocument {
    /// Renders a decision as it stands.
    ///
    /// - Parameters:
    ///   - domain: what was asked for, where a route leads elsewhere; nil is the next hop's own.
    ///   - route: the operator's, where one leads there.
    ///   - tlsrpt: nil where nobody looked.
    public init(
        _ decision: PolicyDecision, domain: DomainName? = nil, route: Route? = nil,
        tlsrpt: RecordReading<TLSRPTRecord>? = nil
    ) {
        let facts = decision.inputs.facts
        let (outcome, because) = Self.outcome(decision)
        self.init(
            domain: domain?.text ?? facts.nextHop.domain?.text ?? facts.nextHop.description,
            route: route.map { RouteRow(nextHop: $0.nextHop.description, rule: $0.label) }, mx: MX(facts.mx),
            mtaSTS: MTASTS(decision.inputs.sts), tlsrpt: tlsrpt.map(TLSRPT.init),
            stsUnknown: decision.inputs.sts.isUnknown && !decision.inputs.sts.isLost,
            hosts: decision.hosts.map { Host($0, facts.mx) }, outcome: outcome, because: because)
    }
}

extension PolicyDocument.MX {
    fileprivate init(_ facts: MXFacts) {
        let (lookup, error): (String, String?) =
            switch facts.lookup {
            case .records: ("found", nil)
            case .implicit: ("implicit", nil)
            case .null: ("null", nil)
            case .noSuchDomain: ("no-such-domain", "no such domain")
            case .failed(let words): ("failed", words)
            case .notQueried: ("not-queried", nil)
            }
        self.init(
            lookup: lookup, security: facts.security?.rawValue, implicit: facts.lookup == .implicit,
            null: facts.lookup == .null,
            records: facts.records.map { .init(preference: $0.preference, host: $0.exchange.description) }, error: error
        )
    }
}

extension PolicyDocument.Host {
    fileprivate init(_ policy: HostPolicy, _ mx: MXFacts) {
        let facts = policy.host
        let requirement: PolicyDocument.Requirement?
        let skipped: PolicyDocument.Skipped?
        switch policy.decision {
        case .use(let needed):
            requirement = PolicyDocument.Requirement(needed)
            skipped = nil
        case .skip(let reason, _):
            skipped = .init(cause: reason.cause.rawValue, detail: reason.detail)
            // While the TLSA lookup fails, the strongest that the records might demand is what holds (RFC 7672 §2.1.2).
            let basis: TLSRequirement.Basis = mx.security == .insecure ? .daneHost : .dane
            requirement =
                reason.cause == .tlsaLookupFailed
                ? .init(
                    level: TLSRequirement.Level.authenticated.rawValue, by: basis.rawValue, cleartextAllowed: false,
                    reason: reason.detail, source: "RFC 7672 §2.1.2", demands: [])
                : nil
        }
        self.init(
            host: facts.host.description, preference: facts.preference,
            addresses: facts.addresses.addresses.map { "\($0)" }, addressSecurity: facts.addresses.security?.rawValue,
            tlsa: PolicyDocument.TLSA(facts.tlsa), stsMatch: policy.stsMatch, requirement: requirement,
            skipped: skipped,
            rule: policy.rule.labels.isEmpty ? nil : policy.rule.labels.joined(separator: ", "),
            reasons: policy.reasons.map { PolicyDocument.Step(text: $0.text, source: $0.source) })
    }
}

extension PolicyDocument.Requirement {
    init(_ requirement: TLSRequirement) {
        self.init(
            level: requirement.level.rawValue, by: requirement.by?.rawValue,
            cleartextAllowed: requirement.cleartextAllowed, reason: requirement.reason.text,
            source: requirement.reason.source,
            demands: requirement.demands.map { group in
                TLSRequirement.Proof.allCases.filter(group.contains).map(\.rawValue)
            })
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
            records: facts.records.map { PolicyDocument.TLSARow($0, facts.usability(of: $0)) })
    }
}

extension PolicyDocument.TLSARow {
    fileprivate init(_ record: TLSARecord, _ usability: TLSARecord.Usability) {
        let why: String? = if case .unusable(let fault) = usability { fault.description } else { nil }
        self.init(
            usage: record.usage, selector: record.selector, matchingType: record.matchingType,
            data: record.hexadecimalData, usable: why == nil, whyUnusable: why)
    }
}
