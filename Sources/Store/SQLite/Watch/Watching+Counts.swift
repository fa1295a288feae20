import GRDB
public import Mail

// What left how, and what rules in mode `observe` would have done.
extension SQLiteStore {
    public func deliveries(
        by side: DeliverySide, from first: ReportDay, to last: ReportDay, after name: String?, limit: Int
    ) async throws(StoreError) -> [DeliverySum] {
        if let reportDamage { throw .damaged(reportDamage) }
        return try await view { db in
            try DeliveryCountRows.sums(
                by: side, from: first, to: last, after: name, limit: WatchLimits.page(limit), db)
        }
    }

    public func removeDeliveries(before day: ReportDay) async throws(StoreError) {
        while try await !writer.perform(
            urgently: false, weight: 0,
            { db, _ in
                // Each of them a step, whatever the others have left.
                let counts = try DeliveryCountRows.forget(before: day, db)
                let proofs = try ProofRows.forget(before: day.start, db)
                let observed = try ObservedRows.forget(before: day, db)
                return counts && proofs && observed
            })
        {}
    }

    public func proofs(
        from first: WallTime, to last: WallTime, before: Int64?, limit: Int
    ) async throws(StoreError) -> [RequireTLSProof] {
        if let reportDamage { throw .damaged(reportDamage) }
        return try await view { db in
            try ProofRows.page(from: first, to: last, before: before, limit: WatchLimits.page(limit), db)
        }
    }

    public func noteObserved(_ observed: [ObservedCount]) async throws(StoreError) {
        if observed.isEmpty { return }
        let limit = watchBounds.observedOfDay
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try ObservedRows.add(observed, limit: limit, db)
        }
    }

    public func observed(from day: ReportDay, limit: Int) async throws(StoreError) -> [ObservedCount] {
        try await view { db in
            try db.cachedStatement(sql: ObservedRows.select).soundRows(
                [day.number.databaseValue], limit: WatchLimits.page(limit), ObservedRows.read)
        }
    }
}
