import Mail
import Net
import Store

extension KnownPolicy.FetchEnd {
    /// Why no policy came of it; nil where one did.
    fileprivate var fault: STSFetchFault? {
        for case .fetchFailed(_, let fault, _) in events { return fault }
        return nil
    }
}

/// One lookup and one fetch of a domain at a time, and what is noted of them.
extension PolicyFinder {
    /// Joins the lookup that is under way, or makes one.
    func look(_ known: Known) async {
        if let running = known.lookup { return await running.value }
        let domain = known.policy.domain
        let task = Task(executorPreference: Loop.current) { await self.runLookup(domain) }
        known.lookup = task
        await task.value
    }

    private func runLookup(_ domain: DomainName) async {
        let known = state(of: domain)
        await load(known)
        let (record, seconds) = await fetcher.record(domain)
        known.lookup = nil
        if isClosing { return }
        let (events, isRemoved) = known.policy.noteRecord(record, for: seconds, at: clock())
        if isRemoved { log?.noteRemoval(of: domain) }
        save(known)
        await say(events, of: domain)
    }

    /// Joins the fetch that is under way, or makes one for `id`.
    /// - Returns: the end, and the id for which it was.
    func fetchEnd(_ known: Known, _ id: String) async -> (id: String, KnownPolicy.FetchEnd) {
        let domain = known.policy.domain
        let fetch =
            known.fetch
            ?? Fetch(id: id, task: Task(executorPreference: Loop.current) { await self.runFetch(domain, id) })
        known.fetch = fetch
        known.fetch?.waiters += 1
        return (fetch.id, await fetch.task.value)
    }

    private func runFetch(_ domain: DomainName, _ id: String) async -> KnownPolicy.FetchEnd {
        let known = state(of: domain)
        let answer = await fetcher.policy(domain)
        known.fetch = nil
        let now = clock()
        let result: Result<[UInt8], STSFetchFault>
        switch answer {
        case _ where isClosing:
            let facts = known.policy.standingFacts(at: now)
            return KnownPolicy.FetchEnd(facts: facts, outcome: .unfinished(keeps: facts.held))
        case .stopped: return known.policy.notePrevention("the fetch was broken off", at: now)
        case .prevented(let words):
            prevention = words
            metrics?.stsFetches.add(.prevented)
            if let others = fetchSilence.end(at: now) { log?.notePrevention(words, of: domain, others: others) }
            return known.policy.notePrevention(words, at: now)
        case .text(let text):
            prevention = nil
            result = .success(text)
        case .failed(let fault):
            prevention = nil
            result = .failure(fault)
        }
        let end = known.policy.noteFetch(result, for: id, at: now)
        metrics?.stsFetches.add(STSFetchLabel(end.fault))
        self.known.grew(by: known.policy.weight)
        save(known)
        await say(end.events, of: domain)
        // Of the events, for a text that came may still be no policy.
        for case .fetchFailed(_, let fault, _) in end.events where known.isCounted {
            await count(fault, of: domain, keeping: known.policy.entry, at: now)
        }
        return end
    }

    /// A fetch that failed is counted once, whatever mail waited for it (D3 (c)); not where the domain takes leave of MTA-STS
    /// by a policy of mode none (RPTC-11, RPTC-12).
    private func count(
        _ fault: STSFetchFault, of domain: DomainName, keeping entry: STSCacheEntry?, at now: WallTime
    ) async {
        let held = entry?.inForce(at: now)
        guard let reports, held?.policy.mode != STSPolicy.Mode.none else { return }
        do throws(StoreError) {
            try await reports.count(
                [ReportedSession(failedFetch: fault, of: domain, keeping: held)], day: ReportDay(of: now))
        } catch {
            note(error, "counting a failed fetch", of: domain)
        }
    }
}
