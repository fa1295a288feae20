import GRDB
public import Mail

extension SQLiteStore {
    public func suspend(_ suspension: Suspension) async throws(StoreError) {
        try await writer.perform(urgently: false, weight: 0) { db, _ in try SuspensionRows.suspend(suspension, db) }
    }

    public func resume(_ destination: String, at time: WallTime) async throws(StoreError) -> Bool {
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try SuspensionRows.resume(destination, at: time, db)
        }
    }

    public func suspensions(endedAfter time: WallTime) async throws(StoreError) -> [Suspension] {
        try await viewReader.read { db in
            try db.cachedStatement(sql: SuspensionRows.select).rows(
                [time.seconds.databaseValue], SuspensionRows.read)
        }
    }

    public func addHoldRule(_ rule: HoldRule) async throws(StoreError) -> HoldRule {
        var rule = rule
        rule.reason = rule.reason.cut(to: QueueLimits.detailText)
        let kept = rule
        rule.number = try await writer.perform(urgently: false, weight: 0) { db, _ in
            try HoldRuleRows.insert(kept, db)
        }
        return rule
    }

    public func removeHoldRule(_ number: Int64) async throws(StoreError) -> Bool {
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try db.cachedStatement(sql: HoldRuleRows.remove).run([number.databaseValue])
            return db.changesCount > 0
        }
    }

    public func holdRules() async throws(StoreError) -> [HoldRule] {
        try await viewReader.read { db in
            try db.cachedStatement(sql: HoldRuleRows.select).rows([], HoldRuleRows.read)
        }
    }
}
