import Mail
import Net
import Store

/// What is remembered beyond this process.
extension PolicyFinder {
    /// Reads what the store has, until that worked once.
    func load(_ known: Known) async {
        guard known.policy.stored == .unread, let store else { return }
        let domain = known.policy.domain
        do throws(StoreError) {
            let found = try await store.policy(for: domain)
            guard known.policy.stored == .unread else { return }
            switch found {
            case .entry(let entry):
                known.policy.noteStored(entry)
                self.known.grew(by: known.policy.weight)
            case nil: known.policy.noteStored(nil)
            case .damaged(_, let why):
                log?.noteDamage(why, of: domain)
                known.policy.noteDamage()
            }
        } catch {
            note(error, "reading an MTA-STS policy", of: domain)
        }
    }

    /// Has written what is new, one change of a domain after the other. Nobody waits for it: mail goes by what is in memory.
    func save(_ known: Known) {
        guard store != nil, known.writer == nil, let change = known.policy.takeChange() else { return }
        let domain = known.policy.domain
        known.writer = Task(executorPreference: Loop.current) { await self.write(change, of: domain) }
    }

    private func write(_ first: KnownPolicy.Change, of domain: DomainName) async {
        let known = state(of: domain)
        var next: KnownPolicy.Change? = first
        while let change = next {
            do throws(StoreError) {
                switch change {
                case .entry(let entry): try await store?.save([entry], now: clock())
                case .use(let time): try await store?.noteUse([domain: time])
                case .removal: try await store?.removePolicy(domain)
                }
                next = known.policy.takeChange()
            } catch {
                // In memory it is right; the next mail to the domain tries again.
                note(error, "remembering an MTA-STS policy", of: domain)
                known.policy.giveBack(change)
                next = nil
            }
        }
        known.writer = nil
    }

    func note(_ error: StoreError, _ doing: StaticString, of domain: DomainName) {
        guard error != .closed, let others = storeSilence.end(at: clock()) else { return }
        log?.note(error, doing, of: domain, others: others)
    }
}
