import Logging
import Mail
import Net
import Store

/// Policies are fetched anew in the background before they run out, whether mail asks or not and whatever TXT says
/// (RFC 8461 §3.3, §10.2; STS-18). When, says `STSDiscovery.refreshDue`.
struct PolicyRefresh: Sendable {
    let policies: PolicyFinder
    let store: any PolicyStore
    let settings: STSSettings
    let log: Logger
    let clock: @Sendable () -> WallTime

    /// Between two looks at what is due.
    static let pause: Duration = .seconds(300)
    /// Refreshes at once: half of the places for fetches, so that hosts that hang are not in the way of mail.
    static let atOnce = 32

    /// Looks at every policy there is, a page at a time, and has those fetched that are due.
    func pass() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            var cursor: DomainName?
            do throws(StoreError) {
                while !Task.isCancelled {
                    let page = try await store.policies(after: cursor, limit: PolicyLimits.page)
                    for case .entry(let entry) in page where !Task.isCancelled {
                        if mayForget(entry) {
                            await policies.forget(entry.domain, if: mayForget)
                        } else if isDue(entry) {
                            if running >= Self.atOnce {
                                await group.next()
                                running -= 1
                            }
                            running += 1
                            let domain = entry.domain
                            group.addTask { _ = await policies.refresh(domain, if: isDue) }
                        }
                    }
                    // One that is damaged is fetched when mail asks for it.
                    guard page.count == PolicyLimits.page, let last = page.last else { return }
                    cursor = last.domain
                }
            } catch {
                if error != .closed {
                    log.event(
                        .error,
                        LogLine("store-failed").with("doing", "reading MTA-STS policies").with("reason", "\(error)"))
                }
            }
        }
    }

    @Sendable private func isDue(_ entry: STSCacheEntry?) -> Bool {
        guard let entry else { return false }
        let now = clock()
        let due = STSDiscovery(entry.domain, settings: settings)
            .refreshDue(entry, jitter: Self.jitter(of: entry.domain), at: now)
        return due.map { $0 <= now } ?? false
    }

    @Sendable private func mayForget(_ entry: STSCacheEntry) -> Bool {
        STSDiscovery(entry.domain, settings: settings).mayForget(entry, at: clock())
    }

    /// From 0 to 1, always the same for one domain (FNV-1a).
    static func jitter(of domain: DomainName) -> Double {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for octet in domain.text.utf8 { hash = (hash ^ UInt64(octet)) &* 0x0000_0100_0000_01b3 }
        return Double(hash >> 11) / Double(UInt64(1) << 53)
    }
}
