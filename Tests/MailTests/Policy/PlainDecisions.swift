@testable import Mail

// Decisions about ordinary mail by DNS and the operator alone, as many tests want them.

extension HostDecision {
    static func decide(
        for host: HostFacts, in facts: DestinationFacts, settings: PolicySettings
    ) -> HostDecision {
        HostPolicy(for: host, in: PolicyInputs(facts: facts, settings: settings)).decision
    }
}

extension DeliveryPlan {
    init(
        facts: DestinationFacts, settings: PolicySettings, limits: PlanLimits,
        using generator: inout some RandomNumberGenerator
    ) {
        self.init(PolicyDecision(PolicyInputs(facts: facts, settings: settings)), limits: limits, using: &generator)
    }
}

extension PolicyDocument {
    init(_ facts: DestinationFacts, settings: PolicySettings) {
        self.init(PolicyDecision(PolicyInputs(facts: facts, settings: settings)))
    }
}
