/// A decision for one host that is evaluated beside the one in force: it keeps no mail back, and everybody may know what it
/// would have done.
public struct PolicyShadow: Hashable, Sendable {
    public let kind: Kind
    public let decision: HostDecision

    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The true policy, where an exception lowers it.
        case withoutException = "without-exception"
        /// What would hold if the rules in mode `observe` were in force.
        case withObservedRules = "with-observed-rules"
    }

    public init(kind: Kind, decision: HostDecision) {
        self.kind = kind
        self.decision = decision
    }

    /// What two shadows have in common that come to the same.
    struct Terms: Hashable, Sendable {
        let kind: Kind
        let decision: HostDecision.Terms
    }

    var terms: Terms { Terms(kind: kind, decision: decision.terms) }
}

/// What a host that was met under the decision in force would have come to under a ``PolicyShadow``.
public struct ShadowFinding: Hashable, Sendable {
    public let kind: PolicyShadow.Kind
    /// Why the host would not have been given mail; nil where it would.
    public let refusal: Reason?
    /// The rules in mode `observe` that are for the host: `rule "example.org"`; nil for the other kind.
    public let rule: String?

    public init(kind: PolicyShadow.Kind, refusal: Reason?, rule: String? = nil) {
        self.kind = kind
        self.refusal = refusal
        self.rule = rule
    }
}
