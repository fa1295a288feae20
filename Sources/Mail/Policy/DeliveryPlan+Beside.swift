extension DeliveryPlan.Candidate {
    /// What is evaluated beside the requirement of a host: it keeps no mail back.
    public struct Beside: Hashable, Sendable {
        /// The operator's exception that the host is met under.
        public var exception: PolicyException?
        public var shadows: [PolicyShadow]
        /// The rules in mode `observe` that are for the host: `rule "example.org"`.
        public var observedRule: String?
        /// Whose mail it is. Of a host met for mail that policies do not bind nothing follows for the true policy.
        public var demand: MessageDemand

        public init(
            exception: PolicyException? = nil, shadows: [PolicyShadow] = [], observedRule: String? = nil,
            demand: MessageDemand = .ordinary
        ) {
            self.exception = exception
            self.shadows = shadows
            self.observedRule = observedRule
            self.demand = demand
        }

        public static let nothing = Beside()

        init(_ policy: HostPolicy, demand: MessageDemand) {
            self.init(
                exception: policy.exception, shadows: policy.shadows, observedRule: policy.observedRule, demand: demand)
        }

        /// The same exception, and shadows that come to the same.
        func isSame(as other: Beside) -> Bool {
            exception == other.exception && observedRule == other.observedRule
                && shadows.map(\.terms) == other.shadows.map(\.terms)
        }
    }
}
