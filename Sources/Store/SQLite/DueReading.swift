import GRDB
public import Mail

extension SQLiteStore {
    public func due(
        before time: WallTime, after cursor: DueCursor?, excluding exclusion: DueExclusion, limit: Int
    ) async throws(StoreError) -> [DueRecipient] {
        let sql = DueQueries.due(exclusion)
        let arguments = DueQueries.arguments(before: time, after: cursor, excluding: exclusion, limit: limit)
        return try await readDue { db in
            try db.cachedStatement(sql: sql).rows(arguments, DueQueries.read)
        }
    }

    public func nextDue(after time: WallTime) async throws(StoreError) -> WallTime? {
        try await readDue { db in
            try db.cachedStatement(sql: DueQueries.nextDue).first([time.seconds.databaseValue]) {
                try $0.optionalTime()
            } ?? nil
        }
    }

    public func overdue(
        at time: WallTime, after cursor: DeadlineCursor?, excluding destinations: [String], limit: Int
    ) async throws(StoreError) -> [OverdueRecipient] {
        let excluded = JSONText.array(destinations)
        return try await readDue { db in
            try db.cachedStatement(sql: DueQueries.overdue).rows(
                [
                    time.seconds.databaseValue, (cursor?.deadline.seconds ?? .min).databaseValue,
                    (cursor?.destination ?? "").databaseValue, (cursor?.number.value ?? 0).databaseValue,
                    excluded.databaseValue, QueueLimits.page(limit),
                ], DueQueries.readOverdue)
        }
    }

    public func nextDeadline(after time: WallTime) async throws(StoreError) -> WallTime? {
        try await readDue { db in
            try db.cachedStatement(sql: DueQueries.nextDeadline).first([time.seconds.databaseValue]) {
                try $0.optionalTime()
            } ?? nil
        }
    }

    public func postponeDeadlines(_ deadlines: [(RecipientNumber, WallTime)]) async throws(StoreError) {
        // In the order of the table, so that each page of it is written once.
        var rest = deadlines.sorted { $0.0 < $1.0 }[...]
        while !rest.isEmpty {
            let step = rest.prefix(QueueLimits.page)
            rest = rest.dropFirst(step.count)
            try await writer.perform(urgently: false, weight: 0) { db, _ in
                let update = try db.cachedStatement(sql: DueQueries.postpone)
                for (number, deadline) in step {
                    try update.run([deadline.seconds.databaseValue, number.value.databaseValue])
                }
            }
        }
    }
}
