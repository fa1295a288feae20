/// What events of MTA-STS mean for an operator: how often fetches failed in a row, by domain. Bounded.
public struct STSWatch: Hashable, Sendable {
    /// Domains whose fetches fail that are remembered. Ours.
    public static let limit = 10_000

    private var failures: [DomainName: Int] = [:]

    public init() {}

    public mutating func calls(for event: STSEvent, of domain: DomainName) -> [AlarmCall] {
        switch event {
        case .fetched(let held), .refreshed(let held):
            failures[domain] = nil
            return [
                .clear(.stsFetchFailing, of: domain.text, because: "policy \(held.id) was fetched")
            ]
        case .fetchFailed(_, let fault, let keeps):
            // Without a policy in force nothing is lost by it yet, and one of mode none is how a domain takes its leave.
            guard let keeps, event.isAlert else { return [] }
            return noteFailure(fault, keeps, of: domain)
        case .ranOut(let held):
            guard event.isAlert else { return [] }
            return [
                .raise(
                    .stsFetchFailing, of: domain.text,
                    "the MTA-STS policy of \(domain) (id \(held.id)) ran out at \(held.expiresAt.rfc3339) and no other can be "
                        + "fetched: mail to it goes without MTA-STS. relayctl sts refresh \(domain) tries again")
            ]
        case .recordMissing(let words, let held):
            guard event.isAlert else { return [] }
            return [
                .raise(
                    .stsRecordMissing, of: domain.text,
                    "the MTA-STS TXT record of \(domain) is missing (\(words)), and a policy of it is cached, which stays in "
                        + "force until \(held.expiresAt.rfc3339): could be a downgrade. Ask its postmaster")
            ]
        case .recordBack(let id):
            return [.clear(.stsRecordMissing, of: domain.text, because: "the TXT record is back, id \(id)")]
        }
    }

    private mutating func noteFailure(
        _ fault: STSFetchFault, _ keeps: STSCacheEntry.Held, of domain: DomainName
    ) -> [AlarmCall] {
        let count = (failures[domain] ?? 0) + 1
        // Beyond the bound one failure is enough: better told too soon than not at all.
        let isKept = failures[domain] != nil || failures.count < Self.limit
        if isKept { failures[domain] = min(count, FactRules.failedFetches) }
        guard count >= FactRules.failedFetches || !isKept else { return [] }
        return [
            .raise(
                .stsFetchFailing, of: domain.text,
                "the MTA-STS policy of \(domain) cannot be fetched (\(fault.words)); the cached one, id \(keeps.id), stays in "
                    + "force until \(keeps.expiresAt.rfc3339). relayctl sts refresh \(domain) tries again")
        ]
    }
}
