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
        let (outcome, isPermanent, because) = Self.outcome(decision)
        self.init(
            domain: domain?.text ?? facts.nextHop.domain?.text ?? facts.nextHop.description,
            route: route.map { RouteRow(nextHop: $0.nextHop.description, rule: $0.label) }, port: facts.nextHop.port,
            mx: MX(facts.mx),
            mtaSTS: MTASTS(decision.inputs.sts), tlsrpt: tlsrpt.map(TLSRPT.init),
            stsUnknown: decision.inputs.sts.isUnknown && !decision.inputs.sts.isLost,
            exception: decision.inputs.exception.map(ExceptionRow.init),
            hosts: decision.hosts.map { Host($0, decision.inputs) }, outcome: outcome, permanent: isPermanent,
            because: because)
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
    fileprivate init(_ policy: HostPolicy, _ inputs: PolicyInputs) {
        let facts = policy.host
        let requirement: PolicyDocument.Requirement?
        let skipped: PolicyDocument.Skipped?
        switch policy.decision {
        case .use(let needed):
            requirement = PolicyDocument.Requirement(
                needed, provesDomain: policy.provesDomain(needed, inputs.facts.mx))
            skipped = nil
        case .skip(let reason, _):
            skipped = .init(cause: reason.cause.rawValue, detail: reason.detail)
            // While the TLSA lookup fails, the strongest that the records might demand is what holds (RFC 7672 §2.1.2).
            let basis: TLSRequirement.Basis = inputs.facts.mx.security == .insecure ? .daneHost : .dane
            requirement =
                reason.cause == .tlsaLookupFailed
                ? .init(
                    level: TLSRequirement.Level.authenticated.rawValue, by: basis.rawValue, cleartextAllowed: false,
                    reason: reason.detail, source: "RFC 7672 §2.1.2", demands: [],
                    provesDomain: basis == .dane)
                : nil
        }
        self.init(
            host: facts.host.description, preference: facts.preference,
            addresses: facts.addresses.addresses.map { "\($0)" }, addressSecurity: facts.addresses.security?.rawValue,
            tlsa: PolicyDocument.TLSA(facts.tlsa), stsMatch: policy.stsMatch, requirement: requirement,
            skipped: skipped,
            rule: policy.rule.labels.isEmpty ? nil : policy.rule.labels.joined(separator: ", "),
            settings: policy.rule.decisiveSettings,
            reasons: (policy.reasons + policy.setAside(inputs)).map {
                PolicyDocument.Step(text: $0.text, source: $0.source)
            }, shadows: policy.shadows.map { PolicyDocument.Shadow($0, rule: policy.observedRule) })
    }
}

extension PolicyDocument.Requirement {
    init(_ requirement: TLSRequirement, provesDomain: Bool) {
        self.init(
            level: requirement.level.rawValue, by: requirement.by?.rawValue,
            cleartextAllowed: requirement.cleartextAllowed, reason: requirement.reason.text,
            source: requirement.reason.source,
            demands: requirement.demands.map { group in
                TLSRequirement.Proof.allCases.filter(group.contains).map(\.rawValue)
            }, provesDomain: provesDomain)
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
