import HTTPS
import Logging
import Mail
import Net
import Store

/// Finds and remembers MTA-STS policies: TXT for each delivery as its TTL permits, the text over HTTPS where the id is new,
/// the store so that all of it survives a restart (RFC 8461 §3, §5.1). One discovery and one fetch for many waiting messages.
///
/// What to do is decided by the value `Mail.STSDiscovery`; what is done here is looking up, fetching, saving and waiting.
actor PolicyFinder {
    /// Domains remembered in memory; at the limit one that is at rest is forgotten for each that comes. The store keeps all.
    static let limit = 20_000
    /// Seconds a TXT answer is used at least, so that a TTL of 0 does not cost a lookup for each message of a burst.
    static let shortest: UInt32 = 1
    /// Seconds a TXT answer is used at most, whatever the zone says.
    static let longest: UInt32 = 3600
    /// Seconds a failed TXT lookup is remembered.
    static let failed: UInt32 = 5

    private let fetcher: PolicyFetcher
    private let store: (any PolicyStore)?
    private let settings: STSSettings
    private let isEnabled: Bool
    /// `sts.first_wait`: how long mail waits for TXT and fetch.
    private let firstWait: Duration
    private let clock: @Sendable () -> WallTime
    private let log: Logger?
    private var known: [DomainName: Known] = [:]

    /// What is known of one domain.
    private struct Known {
        var entry: STSCacheEntry?
        /// Something lay in the store that cannot be read: a policy may be in force (fault 70).
        var isDamaged = false
        var record: STSRecordFacts = .notQueried
        var recordExpires = Deadline.now
        /// Of the newest step; what mail gets while nothing expires.
        var facts: STSFacts
        var discovery: Task<Void, Never>?
        var fetch: Task<Void, Never>?
        var lastLookup: WallTime?
        /// A policy of `max_age` 0, for the mail that had it fetched.
        var isMomentary = false
    }

    init(
        fetcher: PolicyFetcher, store: (any PolicyStore)?, settings: STSSettings, isEnabled: Bool, firstWait: Duration,
        clock: @escaping @Sendable () -> WallTime, log: Logger?
    ) {
        self.fetcher = fetcher
        self.store = store
        self.settings = settings
        self.isEnabled = isEnabled
        self.firstWait = firstWait
        self.clock = clock
        self.log = log
    }

    /// What is known about MTA-STS for `nextHop` now; looked up and fetched where it is not. Returns within
    /// `sts.first_wait` and the time of a read from the store.
    func facts(for nextHop: NextHop) async -> STSFacts {
        guard isEnabled, let domain = nextHop.domain else { return .notApplicable }
        if let warm = warmFacts(of: domain) { return warm }
        await discover(domain)
        return known[domain]?.facts ?? STSFacts(domain: domain, record: .notQueried, isUnknown: true)
    }

    /// The facts, where nothing behind them has run out.
    private func warmFacts(of domain: DomainName) -> STSFacts? {
        guard let found = known[domain], found.discovery == nil, !found.recordExpires.hasPassed, !found.isMomentary else {
            return nil
        }
        if let held = found.facts.held, held.expiresAt <= clock() { return nil }
        return found.facts
    }

    /// Mail failed under `facts`: asks TXT again where they came from the cache, for a new policy may be out (RFC 8461 §5,
    /// STS-35). The resolver's own cache keeps to the TTL.
    /// - Returns: what holds now; nil where it is no other policy than before.
    func recheck(_ facts: STSFacts) async -> STSFacts? {
        guard let domain = facts.domain, let before = facts.held else { return nil }
        let discovery = STSDiscovery(domain, settings: settings)
        guard discovery.mismatchCallsForLookup(facts, lastLookup: known[domain]?.lastLookup, at: clock()) else { return nil }
        known[domain]?.recordExpires = .now
        await discover(domain)
        guard let now = known[domain]?.facts, now.held?.id != before.id || now.held?.policy != before.policy else {
            return nil
        }
        return now
    }

    /// Fetches the policy of `domain` now, whatever is cached (`relayctl sts refresh`), and waits for it.
    func refresh(_ domain: DomainName) async -> STSFacts {
        await load(domain)
        let (record, timeToLive) = await fetcher.record(of: domain)
        note(record, timeToLive, for: domain)
        var found = known[domain] ?? Known(facts: STSFacts(domain: domain, record: record))
        let discovery = STSDiscovery(domain, settings: settings)
        guard let id = found.entry.flatMap({ discovery.refreshID($0, record, at: clock()) }) ?? record.id else {
            let step = discovery.begin(with: found.entry, record, at: clock())
            await take(step, of: domain)
            return known[domain]?.facts ?? step.facts
        }
        if let running = found.fetch {
            await running.value
        } else {
            let fetch = startFetch(domain, id)
            found.fetch = fetch
            await fetch.value
        }
        return known[domain]?.facts ?? found.facts
    }

    // MARK: Discovery

    /// Joins the discovery of `domain` that is under way, or starts one; ends within `firstWait`.
    private func discover(_ domain: DomainName) async {
        if let running = known[domain]?.discovery { return await running.value }
        makeRoom()
        let task = Task(executorPreference: Loop.current) { await self.runDiscovery(domain) }
        known[domain, default: Known(facts: STSFacts(domain: domain, record: .notQueried, isUnknown: true))].discovery = task
        await task.value
    }

    private func runDiscovery(_ domain: DomainName) async {
        let end = Deadline.after(firstWait)
        await load(domain)
        let (record, timeToLive) = await fetcher.record(of: domain)
        note(record, timeToLive, for: domain)
        guard let found = known[domain] else { return }
        let step = STSDiscovery(domain, settings: settings).begin(with: found.entry, record, at: clock())
        await take(step, of: domain)
        if let id = fetchID(step, record, found) {
            let fetch = known[domain]?.fetch ?? startFetch(domain, id)
            await wait(for: fetch, until: end)
        }
        known[domain]?.discovery = nil
    }

    /// A damaged entry is fetched anew under whatever id TXT names (fault 70).
    private func fetchID(_ step: STSDiscovery.Step, _ record: STSRecordFacts, _ found: Known) -> String? {
        step.fetchID ?? (found.isDamaged && found.entry?.failure == nil ? record.id : nil)
    }

    /// Waits for `fetch`, but not beyond `end`: afterwards mail goes on by what is known (STS-38, RFC 8461 §3.3).
    private func wait(for fetch: Task<Void, Never>, until end: Deadline) async {
        guard let loop = Loop.current else { return await fetch.value }
        let alarm = Alarm(on: loop)
        let bell = Task(executorPreference: loop) {
            await fetch.value
            alarm.ring()
        }
        _ = await loop.task { _ = try? await alarm.wait(until: end) }.value
        // It ends by itself with the fetch.
        _ = bell
    }

    private func startFetch(_ domain: DomainName, _ id: String) -> Task<Void, Never> {
        let task = Task(executorPreference: Loop.current) { await self.runFetch(domain, id) }
        known[domain]?.fetch = task
        return task
    }

    private func runFetch(_ domain: DomainName, _ id: String) async {
        let result = await fetcher.policy(of: domain)
        let now = clock()
        let found = known[domain]
        let record = found?.record ?? .notQueried
        let step = STSDiscovery(domain, settings: settings).finish(
            result, for: id, with: found?.entry, record, at: now)
        if case .success = result { known[domain]?.isDamaged = false }
        await take(step, of: domain)
        known[domain]?.isMomentary = step.facts.held.map { $0.expiresAt <= now } ?? false
        known[domain]?.fetch = nil
    }

    // MARK: Memory and store

    private func note(_ record: STSRecordFacts, _ timeToLive: UInt32, for domain: DomainName) {
        let seconds = if case .failed = record { Self.failed } else { min(max(timeToLive, Self.shortest), Self.longest) }
        known[domain]?.record = record
        known[domain]?.recordExpires = .after(.seconds(Int64(seconds)))
        known[domain]?.lastLookup = clock()
    }

    /// Takes over what a step decided: facts for mail, what is to be remembered, and what the operator hears.
    private func take(_ step: STSDiscovery.Step, of domain: DomainName) async {
        guard var found = known[domain] else { return }
        let changed = step.entry != found.entry ? step.entry : nil
        let isGone = step.entry == nil && found.entry != nil
        found.entry = step.entry
        let isLost = found.isDamaged && step.facts.held == nil && !step.facts.record.isAbsent
        found.facts =
            isLost
            ? STSFacts(
                domain: domain, record: step.facts.record, fault: step.facts.fault, isUnknown: true, isLost: true)
            : step.facts
        known[domain] = found
        for event in step.events { log?.note(event, of: domain) }
        guard let store else { return }
        do throws(StoreError) {
            if let changed { try await store.save([changed], now: clock()) }
            if isGone { try await store.removePolicy(domain) }
        } catch {
            // In memory it is right; the next change is written again.
            log?.event(
                .error,
                LogLine("store-failed").with("doing", "remembering an MTA-STS policy").with("domain", domain)
                    .with("reason", "\(error)"))
        }
    }

    /// Reads what the store has about `domain`, once.
    private func load(_ domain: DomainName) async {
        if let found = known[domain], found.record != .notQueried { return }
        var found = known[domain] ?? Known(facts: STSFacts(domain: domain, record: .notQueried, isUnknown: true))
        do throws(StoreError) {
            switch try await store?.policy(for: domain) {
            case .entry(let entry): found.entry = entry
            case .damaged(_, let why):
                found.isDamaged = true
                log?.event(
                    .error,
                    LogLine("sts-cache-damaged").with("domain", domain).with("reason", why)
                        .with("cure", "it is fetched anew; until then mail to the domain waits"))
            case nil: break
            }
        } catch {
            // What is not known is not absent: a policy may be in force.
            found.isDamaged = true
            log?.event(
                .error,
                LogLine("store-failed").with("doing", "reading an MTA-STS policy").with("domain", domain)
                    .with("reason", "\(error)"))
        }
        // Somebody else may have been faster.
        if let other = known[domain], other.record != .notQueried { return }
        found.discovery = known[domain]?.discovery
        known[domain] = found
    }

    private func makeRoom() {
        guard known.count >= Self.limit else { return }
        if let victim = known.first(where: { $0.value.discovery == nil && $0.value.fetch == nil })?.key {
            known[victim] = nil
        }
    }
}

extension STSRecordFacts {
    /// The id, where there is a record.
    var id: String? {
        if case .found(let id) = self { id } else { nil }
    }

    var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }
}
