/// MTA-STS for one policy domain, as far as it needs no network: from what is remembered and what TXT says, what
/// applies and what is to be fetched; from a fetch, what is remembered from then on (RFC 8461 §3.3, §5.1).
///
/// The shell looks up TXT, calls ``begin(with:_:at:)``, makes the fetch that it asks for, and calls
/// ``finish(_:for:with:_:at:)`` with the entry of that moment. Where the fetch takes longer than mail may wait, the
/// facts of the first call hold for that mail (STS-38).
///
/// A clock that was set back shows as times that lie ahead: a policy stays valid then, its refresh is due, and no wait
/// counts that began in the future.
public struct STSDiscovery: Hashable, Sendable {
    public let domain: DomainName
    public let settings: STSSettings

    public init(_ domain: DomainName, settings: STSSettings = STSSettings()) {
        self.domain = domain
        self.settings = settings
    }

    /// The outcome of either call.
    public struct Step: Hashable, Sendable {
        /// What applies as long as no fetch says otherwise.
        public let facts: STSFacts
        /// What is to be remembered, nil for nothing. Equal to the entry that was given where nothing is to be written.
        public let entry: STSCacheEntry?
        /// The policy is to be fetched now, for this id; nil where what is held is current, and while a failed fetch
        /// for the id makes us wait (STS-15).
        public let fetchID: String?
        /// In order.
        public let events: [STSEvent]
    }

    /// Seconds by which ``STSCacheEntry/usedAt`` may lag: mail asks all the time, and each change costs a write.
    public static let useResolution: Int64 = 3600
    /// Failed fetches in a row after which a new id makes no difference any more: a domain whose ids change with each
    /// lookup, by accident or on purpose, must not get a fetch for each.
    public static let freshIDLimit = 8

    /// Mail is to go to the domain, and `record` is what TXT says now.
    public func begin(with entry: STSCacheEntry?, _ record: STSRecordFacts, at now: WallTime) -> Step {
        var entry = entry
        if let usedAt = entry?.usedAt, elapsed(since: usedAt, at: now).map({ $0 >= Self.useResolution }) ?? true {
            entry?.usedAt = now
        }
        let events = noteRecord(record, in: &entry, at: now)
        let held = entry?.inForce(at: now)
        var fetchID: String?
        if case .found(let id) = record, held?.id != id, mayFetch(id, after: entry?.failure, at: now) { fetchID = id }
        return Step(
            facts: facts(record, held: held, isCached: true, fault: entry?.failure?.fault), entry: entry,
            fetchID: fetchID, events: events)
    }

    /// A fetch for `id` is over: with the text that came, or with the reason why none did. `entry` and `record` are as
    /// they are now, not as they were when the fetch began; `usedAt` of a new entry is now.
    public func finish(
        _ result: Result<[UInt8], STSFetchFault>, for id: String, with entry: STSCacheEntry?,
        _ record: STSRecordFacts, at now: WallTime
    ) -> Step {
        var entry = entry ?? STSCacheEntry(domain: domain, usedAt: now)
        switch Self.policy(from: result, for: id, at: now) {
        case .success(let held):
            let isSame = entry.held.map { $0.policy == held.policy && $0.id == held.id } ?? false
            // The newest policy replaces the one before, whatever it says (STS-27). One of max_age 0 serves the mail
            // that had it fetched, for its time is not exceeded yet, and is not remembered (RFC 8461 §5.1).
            entry.held = held.expiresAt > now ? held : nil
            entry.failure = nil
            return Step(
                facts: facts(record, held: held, isCached: false, fault: nil),
                entry: isWorthKeeping(entry) ? entry : nil, fetchID: nil,
                events: [isSame ? .refreshed(held) : .fetched(held)])
        case .failure(let fault):
            let before = entry.failure.map { min($0.count, Int(Int16.max)) } ?? 0
            entry.failure = STSCacheEntry.Failure(id: id, at: now, count: before + 1, fault: fault)
            // STS-17: what is held stays, also where a new id was seen.
            let keeps = entry.inForce(at: now)
            var events: [STSEvent] = [.fetchFailed(id: id, fault, keeps: keeps)]
            if keeps == nil, let lost = entry.held { events.append(.ranOut(lost)) }
            return Step(
                facts: facts(record, held: keeps, isCached: true, fault: fault), entry: entry, fetchID: nil,
                events: events)
        }
    }

    /// True where mail failed under a policy that was not fetched just now: the resolver is to be asked for the TXT
    /// record anew, whatever is remembered of it, for a new id may be out (RFC 8461 §5, STS-35). The resolver keeps to
    /// the record's TTL all the same (RFC 8461 §8.1). At most once in ``STSSettings/recheck`` seconds; the caller
    /// remembers when it did so last.
    public func mismatchCallsForLookup(
        _ facts: STSFacts, lastLookup: WallTime?, at now: WallTime
    ) -> Bool {
        guard facts.isCached, let held = facts.held, held.policy.mode != .none else { return false }
        guard let lastLookup, let elapsed = elapsed(since: lastLookup, at: now) else { return true }
        return elapsed >= max(1, settings.recheck)
    }

    // MARK: - Parts

    /// STS-08, EDGE-19: a record that is gone cancels nothing; it is said once, and again when it is back.
    private func noteRecord(
        _ record: STSRecordFacts, in entry: inout STSCacheEntry?, at now: WallTime
    ) -> [STSEvent] {
        switch record {
        case .found(let id):
            guard entry?.recordMissingSince != nil else { return [] }
            entry?.recordMissingSince = nil
            return [.recordBack(id: id)]
        case .absent(let words), .failed(let words):
            guard entry?.recordMissingSince == nil, let held = entry?.inForce(at: now) else { return [] }
            entry?.recordMissingSince = now
            return [.recordMissing(words, held: held)]
        case .notQueried:
            return []
        }
    }

    private func facts(
        _ record: STSRecordFacts, held: STSCacheEntry.Held?, isCached: Bool, fault: STSFetchFault?
    ) -> STSFacts {
        let isUnknown: Bool
        switch record {
        case .absent: isUnknown = false
        // With a record, either a policy comes of it, or the fetch failed or is not over (STS-16).
        case .found, .failed, .notQueried: isUnknown = held == nil
        }
        // An old failure is no fact of a domain that has neither record nor policy any more.
        let isMoot = held == nil && !isUnknown
        return STSFacts(
            domain: domain, record: record, held: held, isCached: held != nil && isCached,
            fault: isMoot ? nil : fault, isUnknown: isUnknown)
    }

    /// STS-15, STS-25: not again for the same id before its wait is over; at once for another.
    private func mayFetch(_ id: String, after failure: STSCacheEntry.Failure?, at now: WallTime) -> Bool {
        guard let failure, let elapsed = elapsed(since: failure.at, at: now) else { return true }
        if failure.id == id { return elapsed >= retryWait(after: failure.count) }
        return failure.count < Self.freshIDLimit || elapsed >= retryWait(after: 1)
    }

    /// Seconds since `start`; nil where that lies ahead, which is a clock that was set back.
    func elapsed(since start: WallTime, at now: WallTime) -> Int64? {
        guard start <= now else { return nil }
        let (seconds, overflow) = now.seconds.subtractingReportingOverflow(start.seconds)
        return overflow ? .max : seconds
    }

    /// Seconds to wait after the `count`th failure in a row.
    func retryWait(after count: Int) -> Int64 {
        Schedule.doubled(settings.retryMinimum, upTo: settings.retryMaximum, times: max(count, 1) - 1)
    }

    /// An entry that remembers neither a policy nor a failure says nothing.
    private func isWorthKeeping(_ entry: STSCacheEntry) -> Bool {
        entry.held != nil || entry.failure != nil
    }

    private static func policy(
        from result: Result<[UInt8], STSFetchFault>, for id: String, at now: WallTime
    ) -> Result<STSCacheEntry.Held, STSFetchFault> {
        switch result {
        case .failure(let fault): return .failure(fault)
        case .success(let text):
            do throws(STSPolicyFault) {
                return .success(try STSCacheEntry.Held(parsing: text, id: id, fetchedAt: now))
            } catch {
                return .failure(STSFetchFault(.stsPolicyInvalid, error.description))
            }
        }
    }
}

extension STSCacheEntry.Held {
    /// The policy that `text` holds, valid from `fetchedAt` on (STS-23).
    public init(parsing text: [UInt8], id: String, fetchedAt: WallTime) throws(STSPolicyFault) {
        let policy = try STSPolicy(parsing: text)
        self.init(
            policy: policy, text: text, id: id, fetchedAt: fetchedAt, expiresAt: fetchedAt.advanced(by: policy.maxAge))
    }
}
