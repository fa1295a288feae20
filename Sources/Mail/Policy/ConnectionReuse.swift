extension PolicyDecision {
    /// May a connection that was opened to `candidate` carry mail under this decision? Only where the host is still one of
    /// the destination's, at an address it still has, reached as a new connection would be, under the very terms the
    /// connection was opened with (INT-06). Its age and use are the caller's affair.
    public func allowsReuse(of candidate: DeliveryPlan.Candidate) -> Bool {
        guard candidate.port == inputs.facts.nextHop.port,
            let policy = hosts.first(where: { $0.host.host == candidate.host.host }),
            policy.host.addresses.addresses.contains(candidate.address),
            policy.rule.source(for: candidate.address.family) == candidate.source
        else { return false }
        // What is evaluated beside it was judged once, by what the connection showed when it was opened.
        guard DeliveryPlan.Candidate.Beside(policy, demand: inputs.demand).isSame(as: candidate.beside) else {
            return false
        }
        return policy.decision.requirement?.terms == candidate.requirement.terms
    }
}
