import Logging
import Mail

/// The log lines of MTA-STS: warnings of their own, so that an operator can alert on them (STS-19, EDGE-18, EDGE-19).
extension Logger {
    func note(_ event: STSEvent, of domain: DomainName) {
        let level: Logger.Level = event.isAlert ? .warning : .notice
        switch event {
        case .fetched(let held):
            self.event(.notice, Self.line("sts-fetched", domain, held))
        case .refreshed(let held):
            self.event(.info, Self.line("sts-refreshed", domain, held))
        case .fetchFailed(let id, let fault, let keeps):
            self.event(
                level,
                LogLine("sts-fetch-failed").with("domain", domain).with("id", id).with("type", fault.type.rawValue)
                    .with("reason", fault.words).with("keeps", keeps?.id)
                    .with("keeps_until", keeps?.expiresAt.rfc3339))
        case .ranOut(let held):
            self.event(
                level,
                LogLine("sts-ran-out").with("domain", domain).with("id", held.id).with("expired", held.expiresAt.rfc3339)
                    .with("consequence", "mail to the domain goes on without MTA-STS: could be a downgrade"))
        case .recordMissing(let words, let held):
            self.event(
                level,
                LogLine("sts-record-missing").with("domain", domain).with("keeps", held.id)
                    .with("keeps_until", held.expiresAt.rfc3339).with("reason", words)
                    .with("consequence", "the cached policy stays in force: could be a downgrade"))
        case .recordBack(let id):
            self.event(.notice, LogLine("sts-record-back").with("domain", domain).with("id", id))
        }
    }

    private static func line(
        _ name: StaticString, _ domain: DomainName, _ held: STSCacheEntry.Held
    ) -> LogLine {
        LogLine(name).with("domain", domain).with("id", held.id).with("mode", held.policy.mode.rawValue)
            .with("max_age", held.policy.maxAge)
            .with("mx", held.policy.patterns.prefix(8).map(\.description).joined(separator: " "))
    }
}
