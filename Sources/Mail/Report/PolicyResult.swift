/// What one connection, or one host that was passed over, counts as under one policy (RFC 8460 §4.3, D3). The unit that
/// TLS-RPT adds up; a connection under DANE and MTA-STS gives one for each.
public struct PolicyResult: Hashable, Sendable {
    /// `policy-type` (RFC 8460 §4.2); JSON spells them so.
    public enum Policy: String, Hashable, Sendable, CaseIterable {
        case tlsa
        case sts
        case noPolicyFound = "no-policy-found"
    }

    public let policy: Policy
    /// nil: a success.
    public let failure: ResultType?
    /// A fixed word that says what the type does not (D4): one of ``ReasonCode``.
    public let reasonCode: String?

    public init(_ policy: Policy, _ failure: ResultType?, reasonCode: String? = nil) {
        self.policy = policy
        self.failure = failure
        self.reasonCode = reasonCode
    }

    init(_ policy: Policy, _ failure: ResultType?, _ code: ReasonCode?) {
        self.init(policy, failure, reasonCode: code?.rawValue)
    }
}

extension PolicyResult {
    /// For the log: `tlsa:validation-failure/tlsa-mismatch`; nil for a success.
    public var failureWord: String? {
        failure.map { "\(policy.rawValue):\($0.rawValue)" + (reasonCode.map { "/\($0)" } ?? "") }
    }
}
