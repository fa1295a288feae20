public import Mail

/// What is remembered of the MTA-STS policies of other domains, over restarts (RFC 8461 §3.3, STS-26).
///
/// One surface for a database of our own and for one that a fleet shares. As with ``QueueStore``: what changes something
/// returns after its change is committed and synced, a throw means that nothing of it happened (where it goes in steps:
/// nothing of the step that failed and of those behind it), and times are arguments.
public protocol PolicyStore: Sendable {
    /// What is remembered of one domain; nil where nothing is.
    func policy(for domain: DomainName) async throws(StoreError) -> StoredPolicy?

    /// Remembers entries, all of them or none.
    ///
    /// The newest fetch wins: a policy is never replaced by one that was fetched before it, nor by an entry that holds
    /// none; of such an entry the failure is kept where it is the newest, and the time of use. What is damaged is only
    /// replaced by an entry that holds a policy. To forget a policy, remove it.
    ///
    /// A fetch time later than `now` by more than ``PolicyLimits/clockTolerance`` comes from a clock that ran ahead: it is
    /// in nobody's way.
    /// - Throws: `.failed` where an entry exceeds ``PolicyLimits``, `.busy`, `.full`, `.failed`, `.closed`.
    func save(_ entries: [STSCacheEntry], now: WallTime) async throws(StoreError)

    /// One page of what is remembered, in alphabetical order from behind `domain`, at most ``PolicyLimits/page``.
    ///
    /// A row whose very name is unreadable answers to no domain and is left out.
    func policies(after domain: DomainName?, limit: Int) async throws(StoreError) -> [StoredPolicy]

    /// Notes when mail last asked for these domains; unknown ones are passed over. Cheap, in steps of
    /// ``PolicyLimits/step`` domains.
    func noteUse(_ times: [DomainName: WallTime]) async throws(StoreError)

    /// Forgets domains nobody asked for since `time`, in steps of ``PolicyLimits/step``. Note what was used before.
    /// - Returns: how many were forgotten.
    func removePolicies(unusedSince time: WallTime) async throws(StoreError) -> Int

    /// Forgets one domain, damaged or not; nothing happens where it is unknown.
    func removePolicy(_ domain: DomainName) async throws(StoreError)
}

/// What lies in the store for one domain.
public enum StoredPolicy: Hashable, Sendable {
    case entry(STSCacheEntry)
    /// Something was remembered and cannot be read back, so that it is unknown whether a policy is in force: fetch it
    /// anew, and where that fails too, defer. The words are for the operator.
    case damaged(DomainName, why: String)

    public var domain: DomainName {
        switch self {
        case .entry(let entry): entry.domain
        case .damaged(let domain, _): domain
        }
    }
}

/// Bounds of what is remembered.
public enum PolicyLimits {
    /// Octets of an id (RFC 8461 §3.1, `sts-id`).
    public static let id = 32
    /// Octets of the words of a failure kept; more is cut.
    public static let failureWords = QueueLimits.detailText
    /// Domains remembered: a stranger's wildcard zone has as many as anybody mails. The policies that are there stay; one more is
    /// refused with ``StoreError/failed(_:)`` until some are forgotten.
    public static let domains = 500_000
    /// Entries of one ``PolicyStore/save(_:now:)``: at 64 KiB each they stay below what may wait for the writer.
    public static let saved = 500
    /// Rows of one page of a listing, whatever was asked for: at 64 KiB each some megabytes.
    public static let page = 100
    /// Domains touched or forgotten in one transaction.
    public static let step = 1000
    /// Seconds by which the clocks of two machines that share the store may differ.
    public static let clockTolerance: Int64 = 86_400
}
