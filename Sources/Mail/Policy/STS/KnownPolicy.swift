/// What this process knows of the MTA-STS policy of one domain: the entry of the cache, the TXT record of the newest
/// lookup, and what of it must still be written down. A value without network, store and clock; the shell asks, fetches,
/// writes and waits.
public struct KnownPolicy: Sendable {
    /// Seconds a TXT answer is used at least, so that a TTL of 0 does not cost a lookup for each message of a burst.
    public static let shortest: UInt32 = 1
    /// Seconds a TXT answer is used at most, whatever the zone says.
    public static let longest: UInt32 = 3600
    /// Seconds a failed TXT lookup is remembered.
    public static let failed: UInt32 = 5
    /// Seconds until a fetch that failed for reasons of our own is tried again.
    public static let prevention: Int64 = 60

    /// What the store said when it was read.
    public enum Stored: Hashable, Sendable {
        /// Not yet, or its read failed: a policy may be in force.
        case unread
        case read
        /// Something is there and cannot be read back: a policy may be in force (a corrupt cache).
        case damaged
    }

    /// What is to be written.
    public enum Change: Hashable, Sendable {
        case entry(STSCacheEntry)
        case use(WallTime)
        case removal
    }

    /// What a fetch means: for the mail that waited, for the operator who asked, and for the log.
    public struct FetchEnd: Hashable, Sendable {
        public let facts: STSFacts
        public let outcome: STSRefreshOutcome
        /// In order.
        public let events: [STSEvent]

        public init(facts: STSFacts, outcome: STSRefreshOutcome, events: [STSEvent] = []) {
            self.facts = facts
            self.outcome = outcome
            self.events = events
        }
    }

    private enum Unsaved: Int {
        case nothing, use, whole
    }

    private var discovery: STSDiscovery
    /// What is remembered; nil for nothing.
    public private(set) var entry: STSCacheEntry?
    /// Whether ``entry`` can be trusted to be all there is.
    public private(set) var stored: Stored
    /// Of the newest lookup, however old.
    public private(set) var record: STSRecordFacts = .notQueried
    /// Of the newest lookup that ended.
    public private(set) var lookedUpAt: WallTime?
    private var recordExpires = WallTime(seconds: .min)
    private var prevented: (until: WallTime, words: String)?
    private var unsaved = Unsaved.nothing
    /// What mail gets before `warmUntil`, when nothing behind it has run out.
    private var facts: STSFacts
    private var warmUntil = WallTime(seconds: .min)

    /// The operator chose other times; what is known stays.
    public mutating func adopt(_ settings: STSSettings) {
        discovery = STSDiscovery(discovery.domain, settings: settings)
    }

    /// Nothing is known yet. `hasStore` false: there is nothing to be read first.
    public init(_ domain: DomainName, settings: STSSettings, hasStore: Bool) {
        discovery = STSDiscovery(domain, settings: settings)
        stored = hasStore ? .unread : .read
        facts = STSFacts(domain: domain, record: .notQueried, isUnknown: true)
    }

    /// The policy domain.
    public var domain: DomainName { discovery.domain }

    // MARK: What mail gets

    /// The facts, where nobody needs to be asked for them; nil where TXT or the policy is due.
    public mutating func currentFacts(at now: WallTime) -> STSFacts? {
        guard isRecordFresh(at: now) else { return nil }
        if now < warmUntil { return facts }
        guard stored != .unread, wantedFetch(at: now) == nil else { return nil }
        let step = discovery.begin(with: entry, record, at: now)
        facts = completed(step.facts, at: now)
        // With a fetch ahead, each look decides anew whether its wait is over.
        let hasFetchAhead = record.id != nil && step.facts.held?.id != record.id
        warmUntil =
            hasFetchAhead ? WallTime(seconds: .min) : min(recordExpires, step.facts.held?.expiresAt ?? recordExpires)
        return facts
    }

    /// What holds where mail cannot wait any longer for what is still under way.
    public func standingFacts(at now: WallTime) -> STSFacts {
        let record = isRecordFresh(at: now) ? record : .notQueried
        return completed(discovery.begin(with: entry, record, at: now).facts, at: now)
    }

    /// The id under which the policy is to be fetched now; nil for none.
    public func wantedFetch(at now: WallTime) -> String? {
        if let prevented, now < prevented.until, prevented.until <= now.advanced(by: Self.prevention) { return nil }
        return discovery.begin(with: entry, record, at: now).fetchID
    }

    private func isRecordFresh(at now: WallTime) -> Bool {
        // A lookup in the future is a clock that was set back.
        guard let lookedUpAt else { return false }
        return lookedUpAt <= now && now < recordExpires
    }

    /// Adds what `STSDiscovery` cannot know: that the cache was not readable, or that we could not fetch.
    private func completed(_ facts: STSFacts, at now: WallTime) -> STSFacts {
        guard facts.held == nil else { return facts }
        let isLost: Bool
        switch stored {
        case .read: isLost = false
        case .unread: isLost = true
        case .damaged: isLost = !facts.record.isAbsent
        }
        let words = facts.isUnknown && facts.fault == nil ? prevented?.words : nil
        guard isLost || words != nil else { return facts }
        return STSFacts(
            domain: facts.domain, record: facts.record,
            fault: facts.fault ?? words.map { STSFetchFault(.stsPolicyFetchError, $0) },
            isUnknown: facts.isUnknown || isLost, isLost: isLost,
            prevention: facts.record.id == nil ? nil : words)
    }

    // MARK: What was learnt

    /// The store was read, with this or nothing in it. What came from elsewhere meanwhile, by a fetch, is newer.
    public mutating func noteStored(_ read: STSCacheEntry?) {
        guard stored == .unread else { return }
        coolDown()
        stored = .read
        guard let read, entry?.held == nil else { return }
        let failure = entry?.failure ?? read.failure
        entry = read
        entry?.failure = failure
    }

    /// The store was read, and what is in it makes no sense.
    public mutating func noteDamage() {
        guard stored == .unread else { return }
        coolDown()
        stored = .damaged
    }

    /// TXT was asked. `isRemoved` in the result: the record is absent for certain, and so the damaged entry goes.
    public mutating func noteRecord(
        _ record: STSRecordFacts, for seconds: UInt32, at now: WallTime
    ) -> (events: [STSEvent], isRemoved: Bool) {
        coolDown()
        let kept = if case .failed = record { Self.failed } else { min(max(seconds, Self.shortest), Self.longest) }
        self.record = record
        lookedUpAt = now
        recordExpires = now.advanced(by: Int64(kept))
        if stored == .damaged, record.isAbsent {
            stored = .read
            entry = nil
            unsaved = .whole
            return ([], true)
        }
        let step = discovery.begin(with: entry, record, at: now)
        var next = step.entry
        // A lookup alone is no use: mail notes its own, and the background's refreshes must not keep a domain alive.
        next?.usedAt = entry?.usedAt ?? now
        replace(next)
        return (step.events, false)
    }

    /// A fetch for `id` is over.
    public mutating func noteFetch(_ result: Result<[UInt8], STSFetchFault>, for id: String, at now: WallTime)
        -> FetchEnd
    {
        coolDown()
        prevented = nil
        let step = discovery.finish(result, for: id, with: entry, record, at: now)
        replace(step.entry)
        if step.facts.held != nil, step.facts.fault == nil, stored != .read {
            // Even where nothing is remembered of it (max_age 0), what lay in the store is out of date.
            stored = .read
            unsaved = .whole
        }
        let facts = completed(step.facts, at: now)
        let outcome = step.events.lazy.compactMap(\.refreshOutcome).first ?? .unchanged(keeps: facts.held)
        return FetchEnd(facts: facts, outcome: outcome, events: step.events)
    }

    /// A fetch failed by our own fault.
    public mutating func notePrevention(_ words: String, at now: WallTime) -> FetchEnd {
        coolDown()
        prevented = (now.advanced(by: Self.prevention), words)
        let facts = standingFacts(at: now)
        return FetchEnd(facts: facts, outcome: .prevented(words, keeps: facts.held))
    }

    /// Mail asked for the domain.
    public mutating func noteUse(at now: WallTime) {
        guard let usedAt = entry?.usedAt else { return }
        let (lag, overflow) = now.seconds.subtractingReportingOverflow(usedAt.seconds)
        guard overflow || lag < 0 || lag >= STSDiscovery.useResolution else { return }
        entry?.usedAt = now
        if unsaved == .nothing { unsaved = .use }
    }

    /// The entry is not needed any more.
    public mutating func forget() {
        coolDown()
        entry = nil
        unsaved = .whole
    }

    private mutating func replace(_ next: STSCacheEntry?) {
        guard next != entry else { return }
        entry = next
        unsaved = .whole
    }

    private mutating func coolDown() {
        warmUntil = WallTime(seconds: .min)
    }

    // MARK: What must be written

    /// What is to be written now; from here on it counts as written.
    public mutating func takeChange() -> Change? {
        defer { unsaved = .nothing }
        switch unsaved {
        case .nothing: return nil
        case .use: return entry.map { .use($0.usedAt) }
        case .whole: return entry.map { .entry($0) } ?? .removal
        }
    }

    /// `change` could not be written.
    public mutating func giveBack(_ change: Change) {
        if case .use = change {
            if unsaved == .nothing { unsaved = .use }
        } else {
            unsaved = .whole
        }
    }
}

extension KnownPolicy {
    /// Octets in memory, about: a cache is bounded by them.
    public var weight: Int {
        1_024 + (entry?.held.map { $0.text.count * 2 + $0.policy.patterns.count * 128 } ?? 0)
    }
}
