/// The one decision: what a host must show, from the operator's rule, the message's demand, DANE and MTA-STS, with every
/// step in words. Read it from top to bottom in ``HostJudgement``; `docs/tls-policy.md` says the same as a table.
///
/// An exception lowers what comes of it, and rules in mode `observe` are evaluated beside it: see ``shadows``.
public struct HostPolicy: Hashable, Sendable {
    public let host: HostFacts
    /// What is in force.
    public let decision: HostDecision
    /// Is the host in the MTA-STS policy's list (RFC 8461 §4.1)? nil where no policy is in force.
    public let stsMatch: Bool?
    /// The operator's settings that hold for this host; of rules in mode `observe` nothing.
    public let rule: HostRule
    /// Each step of the decision, in order, with its source.
    public let reasons: [Explanation]
    /// What is evaluated beside the decision in force, where it comes to something else.
    public let shadows: [PolicyShadow]
    /// The operator's exception that the host is met under, also where it lowers nothing; nil where none holds, or none for
    /// such mail.
    public let exception: PolicyException?
    /// The rules in mode `observe` that are for the host, also where they would change nothing; nil where none is.
    public let observedRule: String?

    /// Decides for `host`, one of `inputs.facts.hosts`: may it be used, and what must it show?
    public init(for host: HostFacts, in inputs: PolicyInputs) {
        self.host = host
        exception = inputs.exceptionInForce
        rule = inputs.rule(for: host)
        let judgement = HostJudgement(host, inputs, rule, under: exception)
        stsMatch = judgement.sts.matches
        var reasons = judgement.reasons
        var shadows: [PolicyShadow] = []
        if let truth = judgement.withoutException {
            shadows.append(PolicyShadow(kind: .withoutException, decision: truth))
        }
        if inputs.exception != nil, exception == nil, inputs.demand.isRequireTLS {
            reasons.append(.exceptionIsNotForRequireTLS)
        }
        let tried = inputs.settings.rules.hasObserved ? inputs.rule(for: host, observing: true) : rule
        if tried.observedLabels.isEmpty {
            observedRule = nil
        } else {
            let label = tried.observedLabels.joined(separator: ", ")
            observedRule = label
            let observed = HostJudgement(host, inputs, tried, under: exception).decision
            let isOther = observed.terms != judgement.decision.terms
            if isOther { shadows.append(PolicyShadow(kind: .withObservedRules, decision: observed)) }
            reasons.append(.observed(label, isOther ? observed : nil))
        }
        decision = judgement.decision.recording(checksOf: shadows)
        self.reasons = reasons
        self.shadows = shadows
    }
}

extension PolicyInputs {
    /// The exception for this next hop and such mail. What a sender demanded with REQUIRETLS is not the operator's to lower
    /// (RFC 8689 §4.2.1), nor what a notice about it needs (RFC 8689 §5).
    var exceptionInForce: PolicyException? {
        guard let exception, exception.domain == facts.nextHop.domain, !demand.isRequireTLS else { return nil }
        return exception
    }

    /// The operator's settings for `host`.
    fileprivate func rule(for host: HostFacts, observing: Bool = false) -> HostRule {
        let isReport = demand == .report
        return settings.rules.settings(
            destination: facts.nextHop.domain, host: host.host, trust: HostNameTrust(host, self),
            // `tls.minimum_level` does not bind a report, and so takes nothing from a rule that does (D15).
            floor: HostRule.Floor(
                level: isReport ? .opportunistic : settings.minimumLevel, version: settings.minimumVersion),
            isForReports: isReport, observing: observing)
    }
}

extension MessageDemand {
    /// The sender's own demand: the operator does not lower it.
    fileprivate var isRequireTLS: Bool { self == .requireTLS || self == .requireTLSNotice }
}

extension HostDecision {
    /// The same, with all checked that the shadows are judged by.
    fileprivate func recording(checksOf shadows: [PolicyShadow]) -> HostDecision {
        guard case .use(var requirement) = self else { return self }
        for shadow in shadows {
            if let other = shadow.decision.requirement { requirement = requirement.recording(checksOf: other) }
        }
        return .use(requirement)
    }
}

/// What DANE says about one host (RFC 7672 §2.2).
enum DANEFinding: Hashable, Sendable {
    /// DANE asks nothing of this host.
    case none(Explanation)
    /// The lookup failed: unknown is not absent (RFC 7672 §2.1.2, DANE-11).
    case unknown(Reason)
    /// Secure records, none usable: TLS is demanded, no certificate (DANE-15).
    case unusable(TLSRequirement.Basis)
    /// Secure records, and these are usable (DANE-14).
    case usable(TLSRequirement.Basis, [TLSARecord])

    init(_ host: HostFacts, _ facts: DestinationFacts, _ settings: PolicySettings, _ rule: HostRule) {
        if rule.dane == .off {
            // DANE-22
            self = .none(Explanation("DANE is switched off by \(rule.origin(of: .dane))", source: "RFC 7672 §9.1"))
            return
        }
        // RFC 7672 §2.2.1: without a secure MX the host may be an attacker's choice. DANE with it is our option (DANE-19).
        let isNamedByInsecureMX = facts.mx.lookup != .notQueried && facts.mx.security != .secure
        let basis: TLSRequirement.Basis = isNamedByInsecureMX ? .daneHost : .dane
        if basis == .daneHost && !settings.daneForInsecureMX {
            self = .none(.daneOff)
            return
        }
        switch (host.tlsa.lookup, host.tlsa.security) {
        case (.failed(let words), let security):
            let kind = security == .bogus ? "DNSSEC validation of the TLSA records of" : "the TLSA lookup for"
            self = .unknown(Reason(.tlsaLookupFailed, "\(kind) \(host.host) failed: \(words)"))
        case (.found, .secure):
            let usable = settings.digestOrder.strongest(of: host.tlsa.usableRecords)
            self = usable.isEmpty ? .unusable(basis) : .usable(basis, usable)
        case (.found, .insecure):
            self = .none(.tlsaInsecure)  // RFC 7672 §2.2.3 (DANE-10)
        case (.found, .bogus), (.found, .failed), (.found, nil):
            self = .unknown(Reason(.tlsaLookupFailed, "the TLSA records of \(host.host) were not validated"))
        case (.absent, _):
            self = .none(.tlsaAbsent)  // RFC 7672 §2.2 (DANE-16)
        case (.notQueried(let why), _):
            // RFC 7672 §2.2.2 (DANE-02, DANE-06), or an address literal (MX-14)
            self = .none(Explanation("DANE does not apply: \(why)", source: "RFC 7672 §2.2.2"))
        }
    }
}

/// What MTA-STS says about one host (RFC 8461 §4, §5).
enum STSFinding: Hashable, Sendable {
    case none(Explanation)
    /// Nothing is in force and discovery failed (RFC 8461 §3.3): mail goes on, marked `sts-unknown`.
    case unknown(Explanation)
    /// A policy may be in force, and nobody can read it any more: mail waits.
    case lost(Reason)
    case applies(STSReference)

    init(_ host: HostFacts, _ facts: STSFacts, _ rule: HostRule) {
        guard rule.mtaSTS != .off else {
            self = .none(Explanation("MTA-STS is switched off by \(rule.origin(of: .mtaSTS))"))
            return
        }
        guard let domain = facts.domain else {
            self = .none(Explanation("MTA-STS does not apply: the next hop is no domain, or sts.enabled is off"))
            return
        }
        guard let held = facts.held else {
            if let prevention = facts.prevention {
                self = .lost(
                    Reason(
                        .localFailure,
                        "\(domain) has an MTA-STS policy, and a fault on our side kept it from being fetched: \(prevention)"
                    ))
                return
            }
            if facts.isLost {
                self = .lost(
                    Reason(
                        .policyUnknown,
                        "the MTA-STS policy of \(domain) was cached, cannot be read back, and could not be fetched anew"
                    ))
                return
            }
            if facts.isUnknown {
                let why = facts.fault?.words ?? "the TXT lookup did not end in time"
                self = .unknown(
                    Explanation(
                        "whether \(domain) has an MTA-STS policy is not known (\(why)), and none is cached: mail goes "
                            + "on without it", source: "RFC 8461 §3.3"))
            } else {
                self = .none(Explanation("\(domain) has no MTA-STS policy in force", source: "RFC 8461 §3.1"))
            }
            return
        }
        guard held.policy.mode != .none else {
            self = .none(Explanation("the MTA-STS policy of \(domain) says mode none", source: "RFC 8461 §5"))
            return
        }
        // RFC 8461 §4.1: the MX record's name, not what it is an alias of (STS-28).
        let pattern = host.host.name.flatMap(held.policy.pattern(matching:))
        let mode = rule.mtaSTS == .observe ? .testing : held.policy.mode
        self = .applies(STSReference(domain: domain, id: held.id, mode: mode, pattern: pattern))
    }

    /// Is the host in the list? nil where no policy is in force.
    var matches: Bool? {
        if case .applies(let reference) = self { reference.pattern != nil } else { nil }
    }
}

extension HostRule {
    /// The source address the rule names for this family.
    public func source(for family: AddressFamily) -> IPAddress? {
        switch family {
        case .ipv4: sourceIPv4
        case .ipv6: sourceIPv6
        }
    }
}
