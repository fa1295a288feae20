import GRDB
public import Mail

/// What is done to the queue when the wall clock has made a step that is believed (``ClockWatch``).
extension SQLiteStore {
    /// Rows of one transaction: what else wants to write waits no longer than for so many.
    static let clockSlice = 1000
    /// The furthest that times are moved, seconds: more is no clock. Some 300 years. Ours.
    static let furthestStep: Int64 = 10_000_000_000

    /// Time went from `begin` to `end` without passing: it counts for no mail's lifetime.
    public func leaveOut(from begin: WallTime, to end: WallTime, because reason: String) async throws(StoreError) {
        guard begin < end else { return }
        let span = Suspension(
            destination: SuspensionHistory.everywhere, since: begin, until: end, reason: reason, endedAt: end)
        try await writer.perform(urgently: false, weight: 0) { db, _ in try ClockRows.insert(span, db) }
    }

    /// Time went back to `time`: what of ``leaveOut(from:to:because:)`` lies behind it passes after all.
    public func takeBack(to time: WallTime) async throws(StoreError) {
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try db.cachedStatement(sql: ClockRows.end).run(
                [time.seconds.databaseValue, SuspensionHistory.everywhere.databaseValue])
        }
    }

    /// Moves what is to be done of mail that waits, where it was to be done behind `time`, so that the waits stay what they were.
    /// - Returns: recipients that were moved.
    public func moveTimes(after time: WallTime, by seconds: Int64) async throws(StoreError) -> Int {
        guard seconds.magnitude <= UInt64(Self.furthestStep) else {
            throw StoreError.failed("the clock was moved by \(seconds) seconds")
        }
        var moved = 0
        var behind: Int64? = .min
        while let first = behind {
            let (last, count) = try await writer.perform(urgently: false, weight: 0) { db, _ in
                let last = try db.cachedStatement(sql: ClockRows.lastOfSlice).first(
                    [first.databaseValue, Self.clockSlice.databaseValue]) { try $0.int64() }
                try db.cachedStatement(sql: ClockRows.move).run(
                    [
                        first.databaseValue, (last ?? .max).databaseValue, time.seconds.databaseValue,
                        seconds.databaseValue,
                    ])
                return (last, db.changesCount)
            }
            moved += count
            behind = last
        }
        return moved
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

private enum ClockRows {
    static func insert(_ span: Suspension, _ db: Database) throws {
        try db.cachedStatement(sql: insert).run(
            [
                span.destination.databaseValue, span.since.seconds.databaseValue,
                (span.until?.seconds).databaseValue, (span.endedAt?.seconds).databaseValue,
                span.reason.cut(to: QueueLimits.detailText).databaseValue,
            ])
        try db.cachedStatement(sql: forget).run(
            [SuspensionHistory.everywhere.databaseValue, QueueLimits.clockSteps.databaseValue])
    }

    private static let insert = """
        INSERT INTO suspension (destination, since, until, ended_at, reason) VALUES (?1, ?2, ?3, ?4, ?5)
        """
    private static let forget = """
        DELETE FROM suspension WHERE destination = ?1 AND number NOT IN
            (SELECT number FROM suspension WHERE destination = ?1 ORDER BY number DESC LIMIT ?2)
        """
    static let end = """
        UPDATE suspension SET ended_at = ?1 WHERE destination = ?2 AND coalesce(ended_at, until) > ?1
        """
    /// The number of the last recipient of a slice; no row where fewer are left.
    static let lastOfSlice = "SELECT number FROM recipient WHERE number > ?1 ORDER BY number LIMIT 1 OFFSET ?2 - 1"
    static let move = """
        UPDATE recipient SET
            next_attempt = CASE WHEN next_attempt > ?3 THEN next_attempt + ?4 ELSE next_attempt END,
            deadline = CASE WHEN deadline > ?3 THEN deadline + ?4 ELSE deadline END
        WHERE number > ?1 AND number <= ?2 AND state = 0 AND (next_attempt > ?3 OR deadline > ?3)
        """
}
