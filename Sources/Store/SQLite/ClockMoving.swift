import GRDB
public import Mail

/// The queue follows a step of the wall clock (``ClockWatch``), so that the waits of its mail stay what they were.
///
/// It moves in slices, and the disk may fail or the program end between two of them. How far it got is written with each slice: none is moved
/// twice. A step forwards is believed when all is moved, a step back before: then what others write beside the move is tried
/// early, not late. So a move forwards may have to be taken back, and a move back has to be carried on until it is done.
extension SQLiteStore {
    /// Recipients of one transaction: what else wants to write waits no longer than for so many.
    static let clockSlice = 1000

    /// The queue is to follow `step`. Time that is left out by it counts for no mail's lifetime; time that comes a second time does.
    ///
    /// The same step forwards may be begun again: the move goes on where it stood. What was begun for another one is ended before.
    public func begin(_ step: ClockWatch.Step, because reason: String) async throws(StoreError) {
        guard step.isBelievable else { throw StoreError.failed("no clock is set by \(step.seconds) seconds") }
        if let other = try await unfinishedMove(), !other.isResumed(by: step) {
            _ = try await endMove(isBelieved: false, at: step.from)
        }
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            if step.isForwards {
                try ClockRows.leaveOut(from: step.from, to: step.to, because: reason, db)
            } else {
                try ClockRows.takeBack(to: step.to, db)
            }
            if try ClockMove(db) == nil { try ClockMove(step).write(db) }
        }
    }

    /// Moves what waits, as far as it is not moved yet. What is due by both times stays where it is.
    /// - Returns: recipients that were moved now; 0 where nothing was begun.
    public func moveTimes() async throws(StoreError) -> Int {
        guard let begun = try await unfinishedMove() else { return 0 }
        await catchUp()
        // It would get into the tables behind its slice, and lie in the future.
        if begun.seconds < 0 { try refuseWhileStuck() }
        var moved = 0
        while let count = try await moveSlice() { moved += count }
        return moved
    }

    /// Ends what was begun: it is moved to its end where the step is believed, as one back always is. One forwards that is not believed
    /// is taken back.
    /// - Parameter now: by the time that is believed.
    /// - Returns: recipients that were moved for it; nil where nothing was begun.
    public func endMove(isBelieved: Bool, at now: WallTime) async throws(StoreError) -> Int? {
        guard let begun = try await unfinishedMove() else { return nil }
        let isKept = isBelieved || begun.seconds < 0
        var moved = 0
        if isKept {
            moved = try await moveTimes()
        } else {
            while let count = try await moveSliceBack() { moved += count }
        }
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            // Nothing that is left out lies in the future.
            if !isKept { try ClockRows.takeBack(to: now, db) }
            try ClockMove.remove(db)
        }
        return moved
    }

    private func unfinishedMove() async throws(StoreError) -> ClockMove? {
        try await viewReader.read { db in try ClockMove(db) }
    }

    /// - Returns: recipients that were moved; nil where all were.
    private func moveSlice() async throws(StoreError) -> Int? {
        try await writer.perform(urgently: false, weight: 0) { db, _ -> Int? in
            guard let move = try ClockMove(db), move.behind < .max else { return nil }
            let last =
                try db.cachedStatement(sql: ClockMove.lastOfSlice).first(
                    [move.behind.databaseValue, Self.clockSlice.databaseValue]) { try $0.int64() } ?? .max
            return try move.run(from: move.behind, to: last, standing: last, db)
        }
    }

    /// The same the other way.
    private func moveSliceBack() async throws(StoreError) -> Int? {
        try await writer.perform(urgently: false, weight: 0) { db, _ -> Int? in
            guard let move = try ClockMove(db), move.behind > .min else { return nil }
            let first = try db.cachedStatement(sql: ClockMove.firstOfSlice).first(
                [move.behind.databaseValue, Self.clockSlice.databaseValue]
            ) { try $0.int64() }
            let before = first.map { $0 &- 1 } ?? .min
            return try move.inverse.run(from: before, to: move.behind, standing: before, db)
        }
    }
}

/// A move of the queue to another time, as the facts have it.
private struct ClockMove: Sendable {
    var seconds: Int64
    /// What is to be done behind it is moved.
    var after: WallTime
    /// Recipients up to this number are moved.
    var behind: Int64

    /// Nothing of it is done yet. Forwards what is due by now stays as it is. Back only what is due by the new time does: the rest of what is due by
    /// now would wait for as long as the step is.
    init(_ step: ClockWatch.Step) {
        (seconds, after, behind) = (step.seconds, min(step.from, step.to), .min)
    }

    /// Nil where none is under way.
    init?(_ db: Database) throws {
        guard let seconds = try Fact.clockMove.value(db), let after = try Fact.clockMoveAfter.value(db),
            let behind = try Fact.clockMoveBehind.value(db)
        else { return nil }
        (self.seconds, self.after, self.behind) = (seconds, WallTime(seconds: after), behind)
    }

    func write(_ db: Database) throws {
        try Fact.clockMove.set(seconds, db)
        try Fact.clockMoveAfter.set(after.seconds, db)
        try Fact.clockMoveBehind.set(behind, db)
    }

    static func remove(_ db: Database) throws {
        for fact in [Fact.clockMove, .clockMoveAfter, .clockMoveBehind] { try fact.remove(db) }
    }

    /// One back is believed once it is begun: the next of the same size is another one.
    func isResumed(by step: ClockWatch.Step) -> Bool {
        seconds > 0
            && ClockWatch.Step(from: WallTime(seconds: 0), to: WallTime(seconds: seconds)).isLike(step)
    }

    var inverse: ClockMove {
        var inverse = self
        inverse.after = after.advanced(by: seconds)
        inverse.seconds = 0 &- seconds
        return inverse
    }

    /// Moves the recipients behind number `first` up to `last`, and writes down where that leads to.
    func run(from first: Int64, to last: Int64, standing: Int64, _ db: Database) throws -> Int {
        try db.cachedStatement(sql: Self.move).run(
            [
                first.databaseValue, last.databaseValue, after.seconds.databaseValue, seconds.databaseValue,
            ])
        let count = db.changesCount
        try Fact.clockMoveBehind.set(standing, db)
        return count
    }

    /// The number of the last recipient of a slice; no row where fewer are left.
    static let lastOfSlice = "SELECT number FROM recipient WHERE number > ?1 ORDER BY number LIMIT 1 OFFSET ?2 - 1"
    /// The number of the first recipient of a slice that ends with one; no row where fewer are left.
    static let firstOfSlice = """
        SELECT number FROM recipient WHERE number <= ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2 - 1
        """
    private static let move = """
        UPDATE recipient SET
            next_attempt = CASE WHEN next_attempt > ?3 THEN next_attempt + ?4 ELSE next_attempt END,
            deadline = CASE WHEN deadline > ?3 THEN deadline + ?4 ELSE deadline END
        WHERE number > ?1 AND number <= ?2 AND state = 0 AND (next_attempt > ?3 OR deadline > ?3)
        """
}
