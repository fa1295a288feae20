package import Logging
package import Mail
import Net
package import Store

/// Finds and remembers MTA-STS policies: TXT for each delivery as its TTL permits, the text over HTTPS where the id is new,
/// the store so that all of it survives a restart (RFC 8461 §3, §5.1). For each domain one discovery, one lookup and one
/// fetch at a time, however many messages wait.
///
/// What to do is decided by the values `Mail.STSDiscovery` and `KnownPolicy`; what is done here is looking up, fetching,
/// writing and waiting. No decision spans an `await`: after each, the state of that moment counts.
package actor PolicyFinder {
    /// Domains remembered in memory; those used least recently go first, and never those at work. The store keeps all.
    static let limit = 20_000
    /// Octets of policies remembered in memory, for each may have 64 KiB. Ours.
    static let weightLimit = 64 * 1024 * 1024

    /// Ends after the duration, or at once where the task is cancelled.
    package typealias Rest = @concurrent @Sendable (Duration) async -> Void

    private(set) var fetcher: PolicyFetcher
    /// Why the newest fetch was kept from being made by a fault of ours; nil where it was made.
    var prevention: String?
    let store: (any PolicyStore)?
    /// Where failed fetches are counted (RFC 8460 §4.3.2.2); nil where nobody counts.
    let reports: (any ReportStore)?
    private(set) var settings: STSSettings
    let clock: @Sendable () -> WallTime
    let log: Logger?
    let metrics: Metrics?
    private var isEnabled: Bool
    /// `sts.first_wait`: how long mail waits for store, TXT and fetch together.
    private var firstWait: Duration
    private let rest: Rest
    var known: RecentTable<DomainName, Known>
    private(set) var isClosing = false
    /// Told of each event, after the log.
    private var listener: Listener?
    var fetchSilence = Silence()
    var storeSilence = Silence()

    struct Fetch {
        let id: String
        let task: Task<KnownPolicy.FetchEnd, Never>
        /// Discovery and refreshes that wait for it; for tests.
        var waiters = 0
    }

    /// One domain.
    final class Known {
        var policy: KnownPolicy
        /// What mail waits for; opened with the facts, or with what holds when the first wait is over.
        var discovery: Latch<STSFacts>?
        var lookup: Task<Void, Never>?
        var fetch: Fetch?
        /// Counted mail, or a refresh, waits for the discovery or the fetch that is under way: then its failure counts. A
        /// report's own delivery must not lead to the next report (RPTC-18).
        var isCounted = false
        /// Those who come back to it after an `await`.
        var visitors = 0
        /// Until it ends the store is behind: what is forgotten now would be read back wrong.
        var writer: Task<Void, Never>?

        init(_ policy: KnownPolicy) { self.policy = policy }

        var isBusy: Bool { discovery != nil || lookup != nil || fetch != nil || visitors > 0 || writer != nil }
    }

    package init(
        fetcher: PolicyFetcher, store: (any PolicyStore)?, reports: (any ReportStore)? = nil, settings: STSSettings,
        isEnabled: Bool, firstWait: Duration,
        clock: @escaping @Sendable () -> WallTime, log: Logger?, limit: Int? = nil,
        rest: @escaping Rest = Loop.rest
    ) {
        self.init(
            fetcher: fetcher, store: store, reports: reports, settings: settings, isEnabled: isEnabled,
            firstWait: firstWait, clock: clock, log: log, limit: limit, metrics: nil, rest: rest)
    }

    init(
        fetcher: PolicyFetcher, store: (any PolicyStore)?, reports: (any ReportStore)?, settings: STSSettings,
        isEnabled: Bool, firstWait: Duration,
        clock: @escaping @Sendable () -> WallTime, log: Logger?, limit: Int? = nil, metrics: Metrics?,
        rest: @escaping Rest = Loop.rest
    ) {
        self.metrics = metrics
        self.fetcher = fetcher
        self.store = store
        self.reports = reports
        self.settings = settings
        self.isEnabled = isEnabled
        self.firstWait = firstWait
        self.clock = clock
        self.log = log
        self.rest = rest
        known = RecentTable(
            limit: limit ?? Self.limit, weightLimit: Self.weightLimit, weigh: { $0.policy.weight },
            isBusy: { $0.isBusy })
    }

    /// The operator's part in it, from `[sts]` and `[tls]`.
    struct Terms: Sendable {
        let fetcher: PolicyFetcher
        let settings: STSSettings
        let isEnabled: Bool
        let firstWait: Duration
    }

    /// Goes on by other terms. What is known stays, and so does what is under way.
    func adopt(_ terms: Terms) {
        fetcher = terms.fetcher
        settings = terms.settings
        isEnabled = terms.isEnabled
        firstWait = terms.firstWait
        // Whether a fetch is prevented is found out anew.
        prevention = nil
        for known in known.values { known.policy.adopt(settings) }
    }

    /// Whoever learns from what MTA-STS finds.
    typealias Listener = @Sendable (STSEvent, DomainName) async -> Void

    /// From now on `listener` is told of each event.
    func tell(_ listener: @escaping Listener) { self.listener = listener }

    /// Says an event to the log and to whoever learns from it.
    func say(_ events: [STSEvent], of domain: DomainName) async {
        for event in events { log?.note(event, of: domain) }
        guard let listener else { return }
        for event in events { await listener(event, domain) }
    }

    /// Domains in memory.
    var count: Int { known.count }

    /// Policies in memory by their mode, those in force at `now`.
    func policyCounts(at now: WallTime) -> [STSPolicy.Mode: Int] {
        var counts: [STSPolicy.Mode: Int] = [:]
        for one in known.values {
            if let mode = one.policy.entry?.inForce(at: now)?.policy.mode { counts[mode, default: 0] += 1 }
        }
        return counts
    }

    /// Who waits for the fetch of `domain` that is under way; for tests.
    func fetchWaiters(_ domain: DomainName) -> Int { known.use(domain)?.fetch?.waiters ?? 0 }

    /// What is known about MTA-STS for `nextHop` now; looked up and fetched where it is not. Returns within `sts.first_wait`,
    /// and at once where the task is cancelled; what is under way then goes on, for the mail that comes later (STS-38).
    ///
    /// - Parameter isCounted: false for report mail and for those who only ask: neither keeps a policy from being forgotten, and
    ///   a failed fetch of theirs is in no report.
    package func facts(for nextHop: NextHop, isCounted: Bool = true) async -> STSFacts {
        if let warm = warmFacts(for: nextHop, isCounted: isCounted) { return warm }
        guard let domain = nextHop.domain else { return .notApplicable }
        let known = state(of: domain)
        if isCounted { known.isCounted = true }
        return await discover(known)
    }

    /// The same, where nobody has to be asked for it; else nil.
    func warmFacts(for nextHop: NextHop, isCounted: Bool) -> STSFacts? {
        guard isEnabled, let domain = nextHop.domain else { return .notApplicable }
        let known = state(of: domain)
        let now = clock()
        if isCounted {
            known.policy.noteUse(at: now)
            save(known)
        }
        return known.discovery == nil ? known.policy.currentFacts(at: now) : nil
    }

    /// Mail failed under `facts`: asks TXT again where they came from the cache, for a new policy may be out (RFC 8461 §5,
    /// STS-35). The resolver keeps to the TTL: libunbound can neither forget one name nor pass over its cache (RFC 8461 §8.1).
    /// - Returns: what holds now; nil where it is no other policy than before.
    func recheck(_ facts: STSFacts) async -> STSFacts? {
        guard isEnabled, let domain = facts.domain, let before = facts.held else { return nil }
        let known = state(of: domain)
        let discovery = STSDiscovery(domain, settings: settings)
        guard discovery.mismatchCallsForLookup(facts, lastLookup: known.policy.lookedUpAt, at: clock()) else {
            return nil
        }
        let now = await discover(known)
        return now.held?.id != before.id || now.held?.policy != before.policy ? now : nil
    }

    /// Fetches the policy of `domain` now, whatever is cached (`relayctl sts refresh`), and waits for it. Where the task is
    /// cancelled it returns at once, and the fetch goes on.
    func refresh(_ domain: DomainName) async -> STSRefreshOutcome {
        await refresh(domain) { _ in true }
    }

    /// The same in the background, where `isDue` still says so of the newest entry.
    func refresh(
        _ domain: DomainName, if isDue: @escaping @Sendable (STSCacheEntry?) -> Bool
    ) async -> STSRefreshOutcome {
        guard isEnabled else { return .off }
        let known = state(of: domain)
        known.visitors += 1
        let latch = Latch<STSRefreshOutcome>()
        _ = Task(executorPreference: Loop.current) { latch.open(await self.runRefresh(domain, isDue)) }
        return await latch.wait() ?? .unfinished(keeps: known.policy.standingFacts(at: clock()).held)
    }

    /// Forgets what is known of `domain`, also in the store, where `isOver` still says so of the newest entry and nobody is at work.
    func forget(_ domain: DomainName, if isOver: (STSCacheEntry) -> Bool) {
        let known = state(of: domain)
        guard !known.isBusy, known.policy.entry.map(isOver) ?? true else { return }
        known.policy.forget()
        save(known)
    }

    /// Ends it: those who wait go on with what is known, what comes from the network from now on is not believed (it fails
    /// because we stop), and what is still to be written is written. Call it before resolver, HTTPS client and store close; twice does no harm.
    func close() async {
        letGo()
        await written()
    }

    /// The same, but what is to be written is only begun.
    func letGo() {
        isClosing = true
        let now = clock()
        for known in known.values {
            known.discovery?.open(known.policy.standingFacts(at: now))
            save(known)
        }
    }

    /// Returns once all that was to be written until now is written, or has failed to be.
    func written() async {
        for known in known.values { await known.writer?.value }
    }

    // MARK: Steps

    func state(of domain: DomainName) -> Known {
        if let found = known.use(domain) { return found }
        let fresh = Known(KnownPolicy(domain, settings: settings, hasStore: store != nil))
        known.insert(fresh, for: domain)
        return fresh
    }

    /// Joins the discovery that is under way, or starts one. Whoever comes when its first wait is over does not wait again.
    private func discover(_ known: Known) async -> STSFacts {
        if isClosing || known.discovery?.isOpen == true { return known.policy.standingFacts(at: clock()) }
        let latch = known.discovery ?? startDiscovery(known)
        return await latch.wait() ?? known.policy.standingFacts(at: clock())
    }

    private func startDiscovery(_ known: Known) -> Latch<STSFacts> {
        let domain = known.policy.domain
        let latch = Latch<STSFacts>()
        known.discovery = latch
        let loop = Loop.current
        let wait = Task(executorPreference: loop) { [rest, firstWait] in
            await rest(firstWait)
            if !latch.isOpen { await self.endWait(domain, latch) }
        }
        _ = Task(executorPreference: loop) {
            await self.runDiscovery(domain, latch)
            wait.cancel()
        }
        return latch
    }

    private func endWait(_ domain: DomainName, _ latch: Latch<STSFacts>) {
        latch.open(state(of: domain).policy.standingFacts(at: clock()))
    }

    private func runDiscovery(_ domain: DomainName, _ latch: Latch<STSFacts>) async {
        let known = state(of: domain)
        await look(known)
        var outcome: STSFacts?
        // Twice where the fetch that was under way was for another id than TXT names now.
        for _ in 0..<2 {
            guard !isClosing, let id = known.policy.wantedFetch(at: clock()) else { break }
            let (fetched, end) = await fetchEnd(known, id)
            outcome = end.facts
            if fetched == id { break }
        }
        known.discovery = nil
        known.isCounted = false
        latch.open(outcome ?? known.policy.standingFacts(at: clock()))
    }

    private func runRefresh(
        _ domain: DomainName, _ isDue: @Sendable (STSCacheEntry?) -> Bool
    ) async -> STSRefreshOutcome {
        let known = state(of: domain)
        defer { known.visitors -= 1 }
        await load(known)
        guard isDue(known.policy.entry) else { return .unchanged(keeps: known.policy.standingFacts(at: clock()).held) }
        await look(known)
        let discovery = STSDiscovery(domain, settings: settings)
        var outcome: STSRefreshOutcome?
        known.isCounted = true
        for _ in 0..<2 {
            if isClosing { break }
            guard let id = discovery.refreshID(known.policy.entry, known.policy.record, at: clock()) else {
                outcome = outcome ?? known.policy.record.absence.map(STSRefreshOutcome.nothingToFetch)
                break
            }
            let (fetched, end) = await fetchEnd(known, id)
            outcome = end.outcome
            if fetched == id { break }
        }
        return outcome ?? .unfinished(keeps: known.policy.standingFacts(at: clock()).held)
    }
}
