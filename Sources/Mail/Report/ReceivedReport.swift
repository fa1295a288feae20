/// A TLS-RPT report that somebody else wrote (RFC 8460 §4.4), with what is wrong with it.
///
/// Strings are as the report has them: a stranger's, and not to be shown without escaping.
public struct ReceivedReport: Hashable, Sendable {
    /// `organization-name`; empty where it is missing, and then there is a contact.
    public var organization: String
    /// `contact-info`
    public var contact: String?
    /// `report-id`
    public var id: String
    public var start: WallTime
    public var end: WallTime
    public var policies: [Policy]
    /// Where it breaks the schema and can be read all the same, each in one sentence.
    public var faults: [String]

    /// One entry of `policies`.
    public struct Policy: Hashable, Sendable {
        /// `policy-type`; most often a ``PolicyResult/Policy``.
        public var type: String?
        /// `policy-domain`
        public var domain: String?
        /// `policy-string`
        public var strings: [String]
        /// `mx-host`
        public var mxHosts: [String]
        /// `total-successful-session-count`
        public var successes: Int64
        /// `total-failure-session-count`
        public var failures: Int64
        /// `failure-details`
        public var details: [Detail]
    }

    /// One entry of `failure-details`.
    public struct Detail: Hashable, Sendable {
        /// `result-type`; most often a ``ResultType``.
        public var resultType: String?
        /// `failure-reason-code`
        public var reasonCode: String?
        /// `sending-mta-ip`
        public var sendingAddress: String?
        /// `receiving-mx-hostname`
        public var receivingHost: String?
        /// `receiving-mx-helo`
        public var receivingHELO: String?
        /// `receiving-ip`
        public var receivingAddress: String?
        /// `additional-information`
        public var moreInformation: String?
        /// `failed-session-count`
        public var sessions: Int64
    }

    /// Octets of the JSON, unpacked (RFC 8460 §5.2 names no number; this is what readers commonly take).
    public static let sizeLimit = 10 * 1024 * 1024
    /// Faults that are kept; a report in which more is wrong is not better understood by more of them.
    public static let faultLimit = 20

    /// `total-successful-session-count` over all policies.
    public var successes: Int64 { policies.reduce(0) { $0.saturatingSum($1.successes) } }
    /// `total-failure-session-count` over all policies.
    public var failures: Int64 { policies.reduce(0) { $0.saturatingSum($1.failures) } }

    /// Who reports: the organization, else whom to ask.
    public var reporter: String { organization.isEmpty ? contact ?? "" : organization }
}

/// Why a file, a mail or a JSON text gives no report, in one sentence that may hold words of a stranger.
public struct UnreadableReport: Error, Hashable, Sendable {
    public let words: String

    public init(_ words: String) { self.words = words }
}
