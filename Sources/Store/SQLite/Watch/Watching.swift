import GRDB
public import Mail

// Exceptions, alarms and history; and what will expire.
extension SQLiteStore: WatchStore {
    public func putException(_ exception: PolicyException) async throws(StoreError) {
        let limit = watchBounds.exceptions
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try ExceptionRows.put(exception, limit: limit, db)
        }
    }

    public func removeException(of domain: DomainName) async throws(StoreError) -> Bool {
        try await writer.perform(urgently: false, weight: 0) { db, _ in try ExceptionRows.remove(domain, db) }
    }

    public func exceptions() async throws(StoreError) -> (sound: [PolicyException], damaged: [String]) {
        try await viewReader.read { db in
            var (sound, damaged): ([PolicyException], [String]) = ([], [])
            for row in try db.cachedStatement(sql: ExceptionRows.all).rows([], ExceptionRows.read) {
                switch row {
                case .success(let exception): sound.append(exception)
                case .failure(let error): damaged.append(error.what)
                }
            }
            return (sound, damaged)
        }
    }

    public func addAlarm(_ alarm: OperatorAlarm) async throws(StoreError) -> OperatorAlarm {
        let limit = watchBounds.alarms
        var kept = AlarmRows.bounded(alarm)
        let inserted = kept
        kept.number = try await writer.perform(urgently: false, weight: 0) { db, _ in
            try AlarmRows.insert(inserted, limit: limit, db)
        }
        return kept
    }

    public func updateAlarm(_ alarm: OperatorAlarm) async throws(StoreError) -> Bool {
        let kept = AlarmRows.bounded(alarm)
        return try await writer.perform(urgently: false, weight: 0) { db, _ in try AlarmRows.update(kept, db) }
    }

    public func standingAlarms() async throws(StoreError) -> [OperatorAlarm] {
        try await viewReader.read { db in
            try db.cachedStatement(sql: AlarmRows.standing).soundRows([], limit: .max, AlarmRows.read)
        }
    }

    public func alarms(before: Int64?, limit: Int) async throws(StoreError) -> [OperatorAlarm] {
        try await viewReader.read { db in
            try db.cachedStatement(sql: AlarmRows.page).soundRows(
                [(before ?? .max).databaseValue], limit: WatchLimits.page(limit), AlarmRows.read)
        }
    }

    public func facts(of names: [String]) async throws(StoreError) -> [KnownFact] {
        let names = JSONText.array(names.map(FactRows.name))
        return try await viewReader.read { db in
            try db.cachedStatement(sql: FactRows.facts).soundRows([names.databaseValue], limit: .max, FactRows.read)
        }
    }

    public func learn(_ facts: [KnownFact], _ changes: [FactChange]) async throws(StoreError) {
        if facts.isEmpty && changes.isEmpty { return }
        let bounds = watchBounds
        try await writer.perform(urgently: false, weight: 0) { db, numbers in
            for fact in facts { try FactRows.put(fact, limit: bounds.facts, rows: &numbers.facts, db) }
            for change in changes { try FactRows.add(change, limit: bounds.changes, db) }
            for name in Set(changes.map(\.name)) { try FactRows.trim(name, limit: bounds.changesOfName, db) }
        }
    }

    public func changes(of names: [String], before: Int64?, limit: Int) async throws(StoreError) -> [FactChange] {
        let names = JSONText.array(names.map(FactRows.name))
        return try await viewReader.read { db in
            try db.cachedStatement(sql: FactRows.changes).soundRows(
                [names.databaseValue, (before ?? .max).databaseValue], limit: WatchLimits.page(limit),
                FactRows.readChange)
        }
    }

    public func forgetFacts(before time: WallTime) async throws(StoreError) {
        while try await !writer.perform(
            urgently: false, weight: 0,
            { db, numbers in try FactRows.forget(before: time, rows: &numbers.facts, db) })
        {}
    }

    public func expiring(before time: WallTime, limit: Int) async throws(StoreError) -> [ExpirySum] {
        try await view { db in
            try db.cachedStatement(sql: ExpiryQueries.expiring).soundRows(
                [time.seconds.databaseValue, WatchLimits.page(limit).databaseValue], limit: .max, ExpiryQueries.read)
        }
    }
}

extension WatchLimits {
    /// A limit a caller asked for, within bounds.
    static func page(_ limit: Int) -> Int { min(max(limit, 0), page) }
}
