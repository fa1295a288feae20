public import Mail
import Store

/// Answer to `GET /v1/sts`.
public struct STSPage: Codable, Hashable, Sendable {
    public var policies: [STSView]
    /// `after` of the next page; nil where this one is the last.
    public var next: String?

    public init(policies: [STSView], next: String? = nil) {
        self.policies = policies
        self.next = next
    }
}

/// What is remembered about the MTA-STS policy of one domain. Times are seconds since the epoch. Without a policy, `id` to
/// `expiresAt` are nil.
public struct STSView: Codable, Hashable, Sendable {
    public var domain: String
    public var id: String?
    /// `enforce`, `testing` or `none`.
    public var mode: String?
    public var mx: [String]
    /// Seconds.
    public var maxAge: Int64?
    public var fetchedAt: Int64?
    public var expiresAt: Int64?
    /// Why the newest fetch failed; nil where it did not.
    public var error: String?
    public var failedAt: Int64?
    /// Since when the TXT record is missing although a policy is held.
    public var recordMissingSince: Int64?
    /// When mail last asked.
    public var usedAt: Int64?

    public init(
        domain: String, id: String? = nil, mode: String? = nil, mx: [String] = [], maxAge: Int64? = nil,
        fetchedAt: Int64? = nil, expiresAt: Int64? = nil, error: String? = nil, failedAt: Int64? = nil,
        recordMissingSince: Int64? = nil, usedAt: Int64? = nil
    ) {
        self.domain = domain
        self.id = id
        self.mode = mode
        self.mx = mx
        self.maxAge = maxAge
        self.fetchedAt = fetchedAt
        self.expiresAt = expiresAt
        self.error = error
        self.failedAt = failedAt
        self.recordMissingSince = recordMissingSince
        self.usedAt = usedAt
    }

    public init(_ entry: STSCacheEntry) {
        self.init(
            domain: entry.domain.text, id: entry.held?.id, mode: entry.held?.policy.mode.rawValue,
            mx: entry.held?.policy.patterns.map(\.description) ?? [], maxAge: entry.held?.policy.maxAge,
            fetchedAt: entry.held?.fetchedAt.seconds, expiresAt: entry.held?.expiresAt.seconds,
            error: entry.failure?.fault.words, failedAt: entry.failure?.at.seconds,
            recordMissingSince: entry.recordMissingSince?.seconds, usedAt: entry.usedAt.seconds)
    }

    init(_ stored: StoredPolicy) {
        switch stored {
        case .entry(let entry): self.init(entry)
        case .damaged(let domain, let why): self.init(domain: domain.text, error: "damaged in the store: \(why)")
        }
    }
}

/// Answer to `POST /v1/sts/DOMAIN/refresh`.
public struct STSRefreshView: Codable, Hashable, Sendable {
    public var domain: String
    /// True where a policy was fetched and is good.
    public var fetched: Bool
    /// What is remembered now; nil where nothing is.
    public var policy: STSView?
    /// Why nothing was fetched.
    public var error: String?

    public init(domain: String, fetched: Bool, policy: STSView? = nil, error: String? = nil) {
        self.domain = domain
        self.fetched = fetched
        self.policy = policy
        self.error = error
    }
}

extension STSRefreshView {
    /// What came of a refresh, with the reason wherever nothing was fetched.
    init(_ outcome: STSRefreshOutcome, of domain: DomainName) {
        let fault: String? = if case .failed(let fault, _) = outcome { fault.words } else { nil }
        let view = outcome.held.map { held in
            STSView(
                domain: domain.text, id: held.id, mode: held.policy.mode.rawValue,
                mx: held.policy.patterns.map(\.description), maxAge: held.policy.maxAge,
                fetchedAt: held.fetchedAt.seconds, expiresAt: held.expiresAt.seconds, error: fault)
        }
        self.init(domain: domain.text, fetched: outcome.obstacle == nil, policy: view, error: outcome.obstacle)
    }
}
