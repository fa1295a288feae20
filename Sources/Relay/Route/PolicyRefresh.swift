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
    /// Refreshes at once: they are in nobody's way, and thousands may fall due while the daemon was down.
    static let atOnce = 8

    /// Runs until its task is cancelled and `bell` rung, or the loop of both stops.
    func run(until bell: Alarm) async {
        while !Task.isCancelled {
            await pass()
            guard (try? await bell.wait(until: .after(Self.pause))) != nil else { return }
        }
    }

    /// Looks at every policy there is, a page at a time.
    func pass() async {
        var cursor: DomainName?
        do throws(StoreError) {
            while !Task.isCancelled {
                let page = try await store.policies(after: cursor, limit: PolicyLimits.page)
                try await forget(page)
                await refresh(due(page))
                guard page.count == PolicyLimits.page, let last = page.last else { return }
                cursor = last.domain
            }
        } catch {
            if error != .closed {
                log.event(
                    .error, LogLine("store-failed").with("doing", "reading MTA-STS policies").with("reason", "\(error)"))
            }
        }
    }

    private func due(_ page: [StoredPolicy]) -> [DomainName] {
        let now = clock()
        return page.compactMap { stored in
            // A damaged one is fetched when mail asks for it.
            guard case .entry(let entry) = stored,
                let due = STSDiscovery(entry.domain, settings: settings).refreshDue(
                    entry, jitter: Self.jitter(of: entry.domain), at: now), due <= now
            else { return nil }
            return entry.domain
        }
    }

    private func forget(_ page: [StoredPolicy]) async throws(StoreError) {
        let now = clock()
        for case .entry(let entry) in page where STSDiscovery(entry.domain, settings: settings).mayForget(entry, at: now) {
            try await store.removePolicy(entry.domain)
        }
    }

    private func refresh(_ domains: [DomainName]) async {
        await withTaskGroup(of: Void.self) { group in
            for (place, domain) in domains.enumerated() {
                if place >= Self.atOnce { await group.next() }
                if Task.isCancelled { break }
                group.addTask { _ = await policies.refresh(domain) }
            }
        }
    }

    /// From 0 to 1, always the same for one domain (FNV-1a).
    static func jitter(of domain: DomainName) -> Double {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for octet in domain.text.utf8 { hash = (hash ^ UInt64(octet)) &* 0x0000_0100_0000_01b3 }
        return Double(hash >> 11) / Double(UInt64(1) << 53)
    }
}
