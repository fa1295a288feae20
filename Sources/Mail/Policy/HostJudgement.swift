/// One run through all that has a say about one host, under one set of rules: what it comes to, and what is left of it under
/// an exception.
struct HostJudgement: Sendable {
    let sts: STSFinding
    /// What is in force.
    let decision: HostDecision
    /// What would be without the exception, where that is something else.
    let withoutException: HostDecision?
    /// Each step, in order.
    let reasons: [Explanation]

    init(_ host: HostFacts, _ inputs: PolicyInputs, _ rule: HostRule, under exception: PolicyException?) {
        let sts = STSFinding(host, inputs.sts, rule)
        self.sts = sts
        if let reason = host.obstacle {
            // No TLS policy, so that no exception has a say.
            decision = .skip(reason, reason.cause.resultType.map { [PolicyResult(.tlsa, $0, .addressBogus)] } ?? [])
            withoutException = nil
            reasons = [Explanation(reason.detail)]
            return
        }
        // Under an exception all have their say, also behind one that rules the host out: what they check is recorded.
        var maker = RequirementMaker(host, inputs, rule, goesOn: exception != nil)
        maker.reasons += rule.setAside.map { .claimedName(host.host, $0) }
        let dane = DANEFinding(host, inputs.facts, inputs.settings, rule)
        maker.take { (maker) throws(RequirementMaker.Skip) in try maker.apply(dane) }
        maker.take { (maker) throws(RequirementMaker.Skip) in try maker.apply(sts) }
        maker.take { (maker) throws(RequirementMaker.Skip) in try maker.applyRequireTLS(sts) }
        maker.take { (maker) throws(RequirementMaker.Skip) in try maker.applyRule(sts) }
        // The route comes last and is not lowered: a password is for the next hop alone.
        var lowered = maker
        maker.finish(sts)
        guard let exception else {
            decision = maker.decision
            withoutException = nil
            reasons = maker.reasons
            return
        }
        lowered.lower(under: exception, sts)
        lowered.finish(sts)
        guard lowered.decision.terms != maker.decision.terms else {
            decision = maker.decision
            withoutException = nil
            reasons = maker.reasons + [.exceptionLowersNothing(exception)]
            return
        }
        decision = lowered.decision
        withoutException = maker.decision
        reasons = lowered.reasons + [.withoutException(maker.decision)]
    }
}

extension RequirementMaker {
    /// One step. The first that rules the host out counts, and mostly ends it.
    mutating func take(_ step: (inout RequirementMaker) throws(Skip) -> Void) {
        guard skipped == nil || goesOn else { return }
        do throws(Skip) {
            try step(&self)
        } catch {
            skipped = skipped ?? error
            reasons.append(Explanation(error.reason.detail, source: error.source))
        }
    }

    /// The last steps.
    fileprivate mutating func finish(_ sts: STSFinding) {
        take { (maker) throws(Skip) in try maker.applyRoute(sts) }
        if skipped == nil, let version = rule.minimumVersion {
            reasons.append(
                Explanation("\(rule.origin(of: .minimumVersion)) wants TLS \(version.rawValue) or later"))
        }
    }

    var decision: HostDecision {
        if let skipped { .skip(skipped.reason, skipped.results) } else { .use(requirement) }
    }
}
