/// The policy a session was held against, as reports name it (RFC 8460 §4.2, §4.4). One entry of a report's `policies` for
/// each value (D2).
public struct ReportedPolicy: Hashable, Sendable {
    /// `policy-type`
    public var type: PolicyResult.Policy
    /// `policy-domain`: the TLSA base domain for `tlsa`, else the recipient's or the smarthost's domain (RPTC-19, D2).
    public var domain: DomainName
    /// `policy-string`: for `tlsa` a record in each, for `sts` a line of the policy in each (RPTF-07). Empty: left out (D5).
    public var strings: [String]
    /// `mx-host`: the patterns of an MTA-STS policy (RPTF-08). Empty: left out (D5).
    public var mxHosts: [String]

    public init(_ type: PolicyResult.Policy, domain: DomainName, strings: [String] = [], mxHosts: [String] = []) {
        self.type = type
        self.domain = domain
        self.strings = strings
        self.mxHosts = mxHosts
    }
}

/// One entry of `failure-details` without its count (RFC 8460 §4.4): what failed, and between whom.
public struct FailureDetail: Hashable, Sendable {
    /// `result-type`
    public var type: ResultType
    /// `failure-reason-code`: a fixed word of `docs/tlsrpt.md`.
    public var reasonCode: String?
    /// `sending-mta-ip`
    public var sendingAddress: IPAddress?
    /// `receiving-mx-hostname`
    public var receivingHost: String?
    /// `receiving-mx-helo`: from a stranger.
    public var receivingHELO: String?
    /// `receiving-ip`
    public var receivingAddress: IPAddress?

    public init(
        _ type: ResultType, reasonCode: String? = nil, sendingAddress: IPAddress? = nil, receivingHost: String? = nil,
        receivingHELO: String? = nil, receivingAddress: IPAddress? = nil
    ) {
        self.type = type
        self.reasonCode = reasonCode
        self.sendingAddress = sendingAddress
        self.receivingHost = receivingHost
        self.receivingHELO = receivingHELO
        self.receivingAddress = receivingAddress
    }
}

/// One session, host passed over or failed fetch, as it is counted under one policy (RFC 8460 §4.3, D3). A connection under
/// DANE and MTA-STS gives two.
public struct ReportedSession: Hashable, Sendable {
    /// Whose report it goes into: the domain whose `_smtp._tls` record is asked (RFC 8460 §3).
    public var domain: DomainName
    public var policy: ReportedPolicy
    /// Empty for a success. Several of one session count as one failed session, and one in each detail (RPTC-09).
    public var failures: [FailureDetail]

    public init(domain: DomainName, policy: ReportedPolicy, failures: [FailureDetail] = []) {
        self.domain = domain
        self.policy = policy
        self.failures = failures
    }
}
