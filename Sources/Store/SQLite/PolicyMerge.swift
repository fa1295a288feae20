import Mail

/// What becomes of an entry and of what is stored already. Two daemons may share the store, and a fetch may end after
/// one that began later: the newest fetch wins, and none is lost.
enum PolicyMerge {
    /// - Returns: what is to be stored; nil where the stored row stays as it is.
    static func merged(_ new: STSCacheEntry, over stored: StoredPolicy?, now: WallTime) -> STSCacheEntry? {
        switch stored {
        case nil:
            return new
        case .damaged:
            // Without a policy in hand nobody knows that none is in force: the row has to go on saying so.
            return new.held == nil ? nil : new
        case .entry(let old):
            guard let kept = old.held, outranks(kept, new.held, now: now) else { return new }
            var entry = old
            let failures = [new.failure, old.failure].compactMap { $0 }.filter { $0.at >= kept.fetchedAt }
            entry.failure = failures.max { $0.at < $1.at }
            return entry == old ? nil : entry
        }
    }

    private static func outranks(_ kept: STSCacheEntry.Held, _ new: STSCacheEntry.Held?, now: WallTime) -> Bool {
        guard let new else { return true }
        let isFromFuture = kept.fetchedAt > now.advanced(by: PolicyLimits.clockTolerance)
        return !isFromFuture && new.fetchedAt < kept.fetchedAt
    }
}

extension STSCacheEntry {
    /// What is wrong with it for the store; nil where nothing is.
    var excess: String? {
        if let held {
            if held.text.count > STSPolicy.textLimit { return "a policy of \(held.text.count) octets" }
            // Each pattern stood in the text, behind a key.
            let patterns = held.policy.patterns.reduce(0) { $0 &+ $1.description.utf8.count &+ 1 }
            if patterns > STSPolicy.textLimit { return "patterns of \(patterns) octets" }
        }
        for id in [held?.id, failure?.id].compactMap({ $0 }) {
            if id.utf8.count > PolicyLimits.id { return "an id of \(id.utf8.count) octets" }
            if id.utf8.contains(0) { return "an id with a NUL" }
        }
        return nil
    }
}
