import GRDB
public import Mail

extension SQLiteStore: PolicyStore {
    public func policy(for domain: DomainName) async throws(StoreError) -> StoredPolicy? {
        do throws(StoreError) {
            return try await dispatchReader.read { db in
                do {
                    return try db.cachedStatement(sql: PolicyRows.one).first(
                        [domain.text.databaseValue], PolicyRows.read)?.policy
                } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
                    // Out of the transaction first: it cannot be ended well any more.
                    throw StoreError.damaged("database: \(error.words)")
                }
            }
        } catch .damaged(let why) {
            return .damaged(domain, why: why)
        }
    }

    public func save(_ entries: [STSCacheEntry], now: WallTime) async throws(StoreError) {
        if entries.isEmpty { return }
        if entries.count > PolicyLimits.saved { throw .failed("\(entries.count) policies at once") }
        for entry in entries {
            if let excess = entry.excess { throw .failed("\(entry.domain): \(excess)") }
        }
        let weight = entries.reduce(0) { $0 &+ ($1.held?.text.count ?? 0) }
        let limit = policyLimit
        try await writer.perform(urgently: false, weight: weight) { db, _ in
            for entry in entries {
                let stored = try db.cachedStatement(sql: PolicyRows.one).first(
                    [entry.domain.text.databaseValue], PolicyRows.read)?.policy
                // Counted for a domain that is new only: rows are many, new ones few.
                if stored == nil {
                    let count = try db.cachedStatement(sql: PolicyRows.count).first([]) { try $0.int64() } ?? 0
                    if count >= limit { throw StoreError.failed("\(count) policies are kept, and no more can be") }
                }
                if let merged = PolicyMerge.merged(entry, over: stored, now: now) {
                    try PolicyRows.write(merged, db)
                }
                try PolicyRows.writeUse(entry, db)
            }
        }
    }

    public func policies(after domain: DomainName?, limit: Int) async throws(StoreError) -> [StoredPolicy] {
        let limit = min(max(limit, 0), PolicyLimits.page)
        return try await viewReader.read { db in
            var policies: [StoredPolicy] = []
            var cursor: String? = domain?.text ?? ""
            // More than once only where names are unreadable.
            while let name = cursor, policies.count < limit {
                let wanted = limit - policies.count
                let rows = try db.cachedStatement(sql: PolicyRows.page).rows(
                    [name.databaseValue, wanted.databaseValue], PolicyRows.read)
                policies += rows.compactMap(\.policy)
                cursor = rows.count == wanted ? rows.last?.name : nil
            }
            return policies
        }
    }

    public func noteUse(_ times: [DomainName: WallTime]) async throws(StoreError) {
        // In the order of the table, so that each page of it is written once.
        var rest = times.sorted { $0.key.text < $1.key.text }[...]
        while !rest.isEmpty {
            let step = rest.prefix(PolicyLimits.step)
            rest = rest.dropFirst(step.count)
            try await writer.perform(urgently: false, weight: 0) { db, _ in
                let update = try db.cachedStatement(sql: PolicyRows.updateUse)
                for (domain, time) in step {
                    try update.run([time.seconds.databaseValue, domain.text.databaseValue])
                }
            }
        }
    }

    public func removePolicies(unusedSince time: WallTime) async throws(StoreError) -> Int {
        var count = 0
        var cursor: String? = ""
        while let name = cursor {
            let removed = try await writer.perform(urgently: false, weight: 0) { db, _ in
                let names = try db.cachedStatement(sql: PolicyRows.unused).rows(
                    [time.seconds.databaseValue, name.databaseValue, PolicyLimits.step.databaseValue]
                ) { try $0.text() }
                for name in names { try PolicyRows.remove(name, db) }
                return names
            }
            count += removed.count
            cursor = removed.count == PolicyLimits.step ? removed.last : nil
        }
        return count
    }

    public func removePolicy(_ domain: DomainName) async throws(StoreError) {
        try await writer.perform(urgently: false, weight: 0) { db, _ in try PolicyRows.remove(domain.text, db) }
    }
}
