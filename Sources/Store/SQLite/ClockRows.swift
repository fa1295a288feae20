import GRDB
public import Mail

/// What the store knows of the wall clock: time that is left out, and when the relay was last known to run.
extension SQLiteStore {
    /// Time went from `begin` to `end` without passing: it counts for no mail's lifetime. Said again of a time that begins in it, it
    /// is the same one.
    public func leaveOut(from begin: WallTime, to end: WallTime, because reason: String) async throws(StoreError) {
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try ClockRows.leaveOut(from: begin, to: end, because: reason, db)
        }
    }

    /// Remembers that it was `time` while the relay ran.
    public func noteTime(_ time: WallTime) async throws(StoreError) {
        try await writer.perform(urgently: false, weight: 0) { db, _ in try Fact.lastTime.set(time.seconds, db) }
    }

    /// What ``noteTime(_:)`` was told last; nil where it never was.
    public func lastTime() async throws(StoreError) -> WallTime? {
        try await viewReader.read { db in try Fact.lastTime.value(db).map(WallTime.init(seconds:)) }
    }
}

enum ClockRows {
    static func leaveOut(from begin: WallTime, to end: WallTime, because reason: String, _ db: Database) throws {
        guard begin < end else { return }
        let everywhere = SuspensionHistory.everywhere.databaseValue
        let span = [everywhere, begin.seconds.databaseValue, end.seconds.databaseValue]
        // A step that is tried again each second would push the others out.
        try db.cachedStatement(sql: extend).run(span)
        if db.changesCount > 0 { return }
        try db.cachedStatement(sql: insert).run(span + [reason.cut(to: QueueLimits.detailText).databaseValue])
        try db.cachedStatement(sql: forget).run([everywhere, QueueLimits.clockSteps.databaseValue])
    }

    /// Time goes on at `time`: what was left out behind it passes after all.
    static func takeBack(to time: WallTime, _ db: Database) throws {
        try db.cachedStatement(sql: end).run(
            [time.seconds.databaseValue, SuspensionHistory.everywhere.databaseValue])
    }

    private static let extend = """
        UPDATE suspension SET until = max(until, ?3), ended_at = max(ended_at, ?3)
        WHERE destination = ?1 AND since <= ?2 AND ended_at >= ?2
        """
    private static let insert = """
        INSERT INTO suspension (destination, since, until, ended_at, reason) VALUES (?1, ?2, ?3, ?3, ?4)
        """
    private static let forget = """
        DELETE FROM suspension WHERE destination = ?1 AND number NOT IN
            (SELECT number FROM suspension WHERE destination = ?1 ORDER BY number DESC LIMIT ?2)
        """
    private static let end = """
        UPDATE suspension SET ended_at = ?1 WHERE destination = ?2 AND coalesce(ended_at, until) > ?1
        """
}
