import Logging
import Mail
import Store

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
                LogLine("sts-ran-out").with("domain", domain).with("id", held.id)
                    .with("expired", held.expiresAt.rfc3339)
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

    /// What lies in the store for `domain` cannot be read back (a corrupt cache).
    func noteDamage(_ why: String, of domain: DomainName) {
        event(
            .error,
            LogLine("sts-cache-damaged").with("domain", domain).with("reason", why)
                .with("cure", "it is fetched anew; until then mail to the domain waits"))
    }

    /// The damaged entry is gone, for the domain has no TXT record.
    func noteRemoval(of domain: DomainName) {
        event(
            .warning,
            LogLine("sts-cache-removed").with("domain", domain).with("reason", "damaged, and there is no TXT record")
                .with("consequence", "mail to the domain goes on without MTA-STS: could be a downgrade"))
    }

    /// A policy could not be fetched by our own fault, and nothing was said of `others` more.
    func notePrevention(_ words: String, of domain: DomainName, others: Int) {
        event(
            .error,
            LogLine("sts-fetch-prevented").with("domain", domain).with("reason", words)
                .with("others", others == 0 ? nil : others))
    }

    func note(_ error: StoreError, _ doing: StaticString, of domain: DomainName) {
        event(
            .error,
            LogLine("store-failed").with("doing", "\(doing)").with("domain", domain).with("reason", "\(error)"))
    }

    private static func line(
        _ name: StaticString, _ domain: DomainName, _ held: STSCacheEntry.Held
    ) -> LogLine {
        LogLine(name).with("domain", domain).with("id", held.id).with("mode", held.policy.mode.rawValue)
            .with("max_age", held.policy.maxAge)
            .with("mx", held.policy.patterns.prefix(8).map(\.description).joined(separator: " "))
    }
}

/// Fetches that fail by our own fault fail for every domain alike: said once a minute.
struct Preventions {
    static let pause: Int64 = 60

    private var lastSaid: WallTime?
    private var unsaid = 0

    /// How many were passed over in silence, where it is time to speak; nil for silence.
    mutating func note(at now: WallTime) -> Int? {
        if let lastSaid, lastSaid <= now, now < lastSaid.advanced(by: Self.pause) {
            unsaid += 1
            return nil
        }
        defer { unsaid = 0 }
        lastSaid = now
        return unsaid
    }
}
