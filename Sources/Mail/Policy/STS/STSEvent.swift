/// What the operator hears of MTA-STS for one domain. The shell writes them down and does nothing else with them.
public enum STSEvent: Hashable, Sendable {
    /// The first policy, or another one than was held.
    case fetched(STSCacheEntry.Held)
    /// The same policy with the same id, fetched anew: its time begins again (STS-18).
    case refreshed(STSCacheEntry.Held)
    /// No policy came of a fetch; `keeps` is the policy that stays in force (STS-17).
    case fetchFailed(id: String, STSFetchFault, keeps: STSCacheEntry.Held?)
    /// Comes with a failed fetch: a policy was held, it ran out, and no other could be fetched. From here on mail to
    /// the domain goes as without MTA-STS (STS-37), which is what an attacker would wait for.
    case ranOut(STSCacheEntry.Held)
    /// The TXT record is gone or cannot be read although a policy is in force: could be a downgrade (STS-08). The words
    /// say what the lookup gave. Once, until the record is back.
    case recordMissing(String, held: STSCacheEntry.Held)
    /// The TXT record is there again.
    case recordBack(id: String)

    /// True where the operator is to be alerted (STS-19). Nothing of a policy of mode `none` is worth an alert: that is
    /// how a domain takes leave of MTA-STS (RFC 8461 §10.2).
    public var isAlert: Bool {
        switch self {
        case .fetched, .refreshed, .recordBack: false
        case .fetchFailed(_, _, let keeps): keeps?.policy.mode != STSPolicy.Mode.none
        case .ranOut(let held), .recordMissing(_, let held): held.policy.mode != .none
        }
    }
}
