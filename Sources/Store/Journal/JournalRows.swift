import GRDB
import Mail

/// Brings what lies in the journal into the tables.
///
/// Generations are applied in their order, each in slices. How far that has come is told by two facts, which change in the
/// transaction of the slice: the last generation that is wholly applied, and up to which number messages of the next are dealt with.
/// Numbers, and not places: a record that the disk has damaged since must not shift those behind it.
/// `journal_ahead` names messages that were brought in before their turn, because something was to be recorded of them.
enum JournalRows {
    /// Messages and recipients of one slice: other operations wait no longer than for so many rows.
    static let slice = 500
    static let recipientsOfSlice = 2000

    /// How far the tables are.
    struct Progress: Hashable, Sendable {
        /// The last generation that is wholly in the tables.
        var generation: UInt64
        /// Messages of the next below this number are dealt with; numbers rise within a generation.
        var next: Int64

        static func read(_ db: Database) throws -> Progress {
            Progress(
                generation: UInt64(clamping: try Fact.journalGeneration.value(db) ?? 0),
                next: try Fact.journalNext.value(db) ?? 0)
        }

        func write(_ db: Database) throws {
            try Fact.journalGeneration.set(Int64(clamping: generation), db)
            try Fact.journalNext.set(next, db)
        }

        func includes(_ fresh: FreshMessage) -> Bool {
            fresh.generation <= generation || (fresh.generation == generation &+ 1 && fresh.insertion.number < next)
        }
    }

    /// Brings the next slice in.
    /// - Returns: false where more is left.
    static func apply(
        _ generation: JournalGeneration, _ db: Database, _ numbers: inout Numbers, withReports: Bool
    ) throws -> Bool {
        var progress = try Progress.read(db)
        if generation.number <= progress.generation { return true }
        if generation.number != progress.generation &+ 1 {
            // The one before was never written, or is lost: what there is counts.
            progress = Progress(generation: generation.number &- 1, next: 0)
        }
        var recipients = 0
        let left = generation.left(from: progress.next)
        let part = left.prefix(slice).prefix { insertion in
            defer { recipients += insertion.recipients.count }
            return recipients < recipientsOfSlice
        }
        if let first = part.first?.number, let last = part.last?.number, first <= last {
            let ahead = try ahead(first...last, db)
            for insertion in part where !ahead.contains(insertion.number) {
                try insert(insertion, db)
            }
            progress.next = last &+ 1
        }
        let isLast = part.count == left.count
        if isLast {
            if withReports { try count(generation, db, &numbers) }
            if let last = generation.numbers?.upperBound {
                try db.cachedStatement(sql: forgetAhead).run([last.databaseValue])
            }
            progress = Progress(generation: generation.number, next: 0)
        }
        try progress.write(db)
        return isLast
    }

    /// Before something is recorded of a message: its rows have to be there.
    static func bring(_ fresh: FreshMessage?, _ db: Database) throws {
        guard let fresh, try !Progress.read(db).includes(fresh) else { return }
        let number = fresh.insertion.number.databaseValue
        if try db.cachedStatement(sql: selectAhead).first([number, number], { try $0.int64() }) != nil { return }
        try insert(fresh.insertion, db)
        try db.cachedStatement(sql: insertAhead).run([number])
    }

    private static func insert(_ insertion: MessageInsertion, _ db: Database) throws {
        do {
            try MessageRows.insert(insertion, db)
        } catch StoreError.duplicate {
            // Ids are 99 random bits. Should one be drawn twice all the same, the message gets another: it was acknowledged.
            var generator = SystemRandomNumberGenerator()
            var other = insertion
            other.id = QueueID(using: &generator)
            try MessageRows.insert(other, db)
        }
    }

    private static func count(_ generation: JournalGeneration, _ db: Database, _ numbers: inout Numbers) throws {
        guard let range = generation.numbers else { return }
        // What settled a message that came ahead was refused by the disk, and is counted with what settled it then.
        let ahead = try ahead(range, db)
        for settlement in generation.settled where !ahead.contains(settlement.message) {
            if let day = settlement.day {
                for session in settlement.sessions {
                    try ReportDamage.passedOver(db) { try numbers.counter.count(session, day: day, db) }
                }
            }
            numbers.deliveries.count(settlement.deliveries, day: ReportDay(of: settlement.time))
        }
    }

    /// Which of these messages were brought in before their turn.
    static func ahead(_ numbers: ClosedRange<Int64>?, _ db: Database) throws -> Set<Int64> {
        guard let numbers else { return [] }
        return Set(
            try db.cachedStatement(sql: selectAhead).rows(
                [numbers.lowerBound.databaseValue, numbers.upperBound.databaseValue]) { try $0.int64() })
    }

    private static let selectAhead = "SELECT message FROM journal_ahead WHERE message BETWEEN ? AND ?"
    private static let insertAhead = "INSERT INTO journal_ahead (message) VALUES (?)"
    private static let forgetAhead = "DELETE FROM journal_ahead WHERE message <= ?"
}
