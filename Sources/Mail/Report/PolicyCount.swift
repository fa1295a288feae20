/// What was counted under one policy in one day: one entry of a report's `policies` (RFC 8460 §4.4).
public struct PolicyCount: Hashable, Sendable {
    public var policy: ReportedPolicy
    /// `total-successful-session-count`
    public var successes: Int64
    /// `total-failure-session-count`: sessions, so that the details may add up to more (RPTC-09).
    public var failures: Int64
    /// Worst first. What came after the bound of details is summed in entries without hosts and addresses.
    public var details: [DetailCount]

    public init(_ policy: ReportedPolicy, successes: Int64 = 0, failures: Int64 = 0, details: [DetailCount] = []) {
        self.policy = policy
        self.successes = successes
        self.failures = failures
        self.details = details
    }
}

/// One entry of `failure-details` with its count.
public struct DetailCount: Hashable, Sendable {
    public var detail: FailureDetail
    /// `failed-session-count`
    public var sessions: Int64

    public init(_ detail: FailureDetail, sessions: Int64) {
        self.detail = detail
        self.sessions = sessions
    }
}
