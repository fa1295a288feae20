import GRDB
public import Mail

/// What is due at one destination in order of arrival, without senders who have enough of it in memory: rows that are
/// passed over are not touched, only their entries in the index.
enum RefillQueries {
    static let waiting = """
        SELECT count(*) FROM recipient INDEXED BY recipient_destination
            WHERE state <= 2 AND destination = ? AND state <= 1
        """

    static let deferred = "SELECT count(*) FROM recipient INDEXED BY recipient_due WHERE state = 0 AND next_attempt > ?"

    static let due = """
        SELECT \(DueQueries.columns)
        FROM recipient r INDEXED BY recipient_destination CROSS JOIN message m ON m.number = r.message
        WHERE r.state <= 2 AND r.destination = ? AND r.state = 0 AND r.next_attempt <= ? AND r.lane < ?
            AND r.lane NOT IN (SELECT value FROM json_each(?))
        ORDER BY r.number LIMIT ?
        """
}

extension SQLiteStore {
    public func deferred(at time: WallTime) async throws(StoreError) -> Int {
        try await view { db in
            try db.cachedStatement(sql: RefillQueries.deferred).first([time.seconds.databaseValue]) { try $0.int() }
                ?? 0
        }
    }

    public func waiting(at destination: String) async throws(StoreError) -> Int {
        try await view { db in
            try db.cachedStatement(sql: RefillQueries.waiting).first([destination.databaseValue]) { try $0.int() } ?? 0
        }
    }

    public func due(
        at destination: String, before time: WallTime, passing lanes: [SenderLane], isUrgentOnly: Bool, limit: Int
    ) async throws(StoreError) -> [DueRecipient] {
        let passed = JSONText.array(lanes.map(\.value))
        return try await readDue { db in
            try db.cachedStatement(sql: RefillQueries.due).rows(
                [
                    destination.databaseValue, time.seconds.databaseValue,
                    (isUrgentOnly ? SenderLane.normalBit : .max).databaseValue, passed.databaseValue,
                    min(max(limit, 0), QueueLimits.refill).databaseValue,
                ], DueQueries.read)
        }
    }
}
