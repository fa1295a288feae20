/// What is to be done with one host, before connecting.
public enum HostDecision: Hashable, Sendable {
    case use(TLSRequirement)
    /// The host counts as unreachable in this attempt, in its place (MX-10). The result type is set where TLS-RPT
    /// counts the skip, once per attempt (D3).
    case skip(Reason, ResultType?)

    /// Decides for `host`, one of `facts.hosts`.
    public static func decide(for host: HostFacts, in facts: DestinationFacts, settings: PolicySettings) -> HostDecision {
        .skip(Reason(.localFailure, ""), nil)
    }
}

/// The operator's part in the decision.
public struct PolicySettings: Hashable, Sendable {
    /// `dane.insecure_mx`: DANE for hosts known only through an insecure MX (RFC 7672 §2.2.1, D1).
    public var daneForInsecureMX: Bool
    /// Strongest first (DANE-44).
    public var digestOrder: DigestOrder

    public init(daneForInsecureMX: Bool = true, digestOrder: DigestOrder = .standard) {
        self.daneForInsecureMX = daneForInsecureMX
        self.digestOrder = digestOrder
    }
}
