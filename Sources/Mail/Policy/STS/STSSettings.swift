/// The operator's part in MTA-STS, and the times that come with it. All in seconds.
public struct STSSettings: Hashable, Sendable {
    /// `sts.refresh`: a held policy is fetched anew at least so often (RFC 8461 §3.3 suggests a day, STS-18).
    public var refresh: Int64
    /// `sts.forget_after`: the refresh ends for domains nobody mailed for so long.
    public var forgetAfter: Int64
    /// After a failed fetch, before the same id is tried again; doubles up to ``retryMaximum``. RFC 8461 §3.3: five
    /// minutes or longer (STS-15).
    public var retryMinimum: Int64
    public var retryMaximum: Int64
    /// Between two fresh TXT lookups that mismatches ask for, per domain (STS-35).
    public var recheck: Int64

    public static let defaultRefresh: Int64 = 86_400
    public static let defaultForgetAfter: Int64 = 60 * 86_400
    public static let defaultRetryMinimum: Int64 = 300
    public static let defaultRetryMaximum: Int64 = 3600
    public static let defaultRecheck: Int64 = 60

    public init(
        refresh: Int64 = defaultRefresh, forgetAfter: Int64 = defaultForgetAfter,
        retryMinimum: Int64 = defaultRetryMinimum, retryMaximum: Int64 = defaultRetryMaximum,
        recheck: Int64 = defaultRecheck
    ) {
        self.refresh = refresh
        self.forgetAfter = forgetAfter
        self.retryMinimum = retryMinimum
        self.retryMaximum = retryMaximum
        self.recheck = recheck
    }
}
