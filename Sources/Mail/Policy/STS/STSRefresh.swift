/// When a held policy is fetched anew in the background, whether mail asks or not (RFC 8461 §3.3, §10.2; STS-18).
extension STSDiscovery {
    /// Seconds: no policy is fetched oftener in the background than this or than ``STSSettings/refresh``. One that
    /// lives for minutes is fetched when mail asks for it.
    public static let refreshFloor: Int64 = 3600
    /// The largest share of the time between two refreshes by which one may come early.
    public static let refreshSpread = 0.2

    /// When the refresh of `entry` is due; a time in the past means now. Nil for never: nothing is in force, nobody
    /// mails the domain any more, or the policy lives too short for it.
    ///
    /// About daily, and before half of `max_age` is over, so that it can fail many times before the policy runs out;
    /// after a failure with the wait of failed fetches. The id plays no part.
    ///
    /// `jitter` is from 0 to 1, drawn by the caller, and best the same for one domain all the time: the refresh comes
    /// that much earlier, never later, and thousands of policies fetched in one hour do not fall due in one second.
    public func refreshDue(_ entry: STSCacheEntry, jitter: Double, at now: WallTime) -> WallTime? {
        guard let held = entry.inForce(at: now), isUsed(entry, at: now) else { return nil }
        let wished = max(1, settings.refresh)
        let interval = max(min(wished, Self.refreshFloor), min(wished, held.policy.maxAge / 2))
        guard interval < held.policy.maxAge else { return nil }
        // A policy from the future: the clock was set back. Fetched anew it has a time that means something.
        let isAhead = elapsed(since: held.fetchedAt, at: now) == nil
        let due = isAhead ? now : held.fetchedAt.advanced(by: interval - share(of: interval, jitter))
        guard let failure = entry.failure, failure.at <= now else { return due }
        return max(due, failure.at.advanced(by: retryWait(after: failure.count)))
    }

    /// The id under which the policy of a refresh is to be remembered, be it the background's or the operator's: the
    /// one TXT names now, or else that of the policy in force, for the refresh does not wait for a record that somebody
    /// may be hiding. Nil where there is neither, and so nothing to fetch.
    public func refreshID(_ entry: STSCacheEntry?, _ record: STSRecordFacts, at now: WallTime) -> String? {
        if case .found(let id) = record { return id }
        return entry?.inForce(at: now)?.id
    }

    /// Seconds for which the failure of a domain without a policy is remembered beyond its last use.
    public static let failureMemory: Int64 = 86_400

    /// True where nothing is lost with the entry: no policy of it has been in force for ``STSSettings/forgetAfter``,
    /// and nobody mailed the domain for so long. A policy that just ran out is not forgotten at once: the clock may be
    /// wrong.
    public func mayForget(_ entry: STSCacheEntry, at now: WallTime) -> Bool {
        guard let held = entry.held else {
            // A failure alone is worth what it spares the policy host. Strangers' domains make as many as they like.
            guard let elapsed = elapsed(since: entry.usedAt, at: now) else { return false }
            return elapsed >= min(Self.failureMemory, max(1, settings.forgetAfter))
        }
        guard !isUsed(entry, at: now) else { return false }
        return held.expiresAt.advanced(by: max(0, settings.forgetAfter)) <= now
    }

    private func isUsed(_ entry: STSCacheEntry, at now: WallTime) -> Bool {
        guard let elapsed = elapsed(since: entry.usedAt, at: now) else { return true }
        return elapsed < max(1, settings.forgetAfter)
    }

    private func share(of seconds: Int64, _ jitter: Double) -> Int64 {
        guard jitter > 0 else { return 0 }  // Not a number is not greater either.
        return Int64(Double(min(seconds, Schedule.longest)) * Self.refreshSpread * min(jitter, 1))
    }
}
