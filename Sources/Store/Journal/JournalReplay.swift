import GRDB
import Mail

/// What is left in the journal when nobody writes to it: at the start behind a crash, and at the end.
enum JournalReplay {
    struct Result {
        /// The last generation there was: the next has the number behind it.
        let generation: UInt64
        /// How records are written from now on.
        let frame: JournalFrame
        /// With what starts found that were broken off.
        let findings: JournalFindings
        /// The numbers of messages may be those of others in a life that the database knows nothing of.
        let hasLaterLives: Bool
    }

    /// Brings into the tables what the file holds and they do not. Nobody else writes to them.
    ///
    /// Where the database is older than the journal (a backup that was put back), or new (the queue was lost), the journal still has what
    /// came in last: it is brought in too. What became of that mail since only the lost database knew, so that some of it may go out twice.
    ///
    /// Behind it nothing in the file counts any more: this life of the store has a mark of its own.
    /// - Parameters:
    ///   - now: bounds what messages say of when they came in.
    ///   - passesOver: leaves out records that make no sense, and counts them.
    /// - Throws: ``UnreadRecord``
    static func run(
        _ file: JournalFile?, _ db: Database, _ options: SQLiteOptions, now: WallTime, passesOver: Bool
    ) throws -> Result {
        let found = try file.map { try JournalReading($0, db, options) }
        if let found {
            var numbers = try Numbers(db, options)
            var leftovers = try JournalLeftovers(found, db, now: now, passesOver: passesOver)
            while let (generation, findings) = try leftovers.next(db) {
                try apply(generation, db, &numbers, findings)
                // So that they need no more room at once than one of them.
                try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
        }
        let generation = max(try JournalRows.Progress.read(db).generation, found?.records.newest ?? 0)
        let frame = JournalFrame(salt: .random(in: 1...(.max)))
        try db.inTransaction(.immediate) {
            try JournalFindings(gaps: found?.unreadable ?? 0).add(db)
            try JournalRows.Progress(generation: generation, next: 0).write(db)
            // A name that stayed here would keep a later message of that number out of the tables.
            try db.execute(sql: "DELETE FROM journal_ahead")
            // What the file is from now on, whoever prepares it says.
            try Fact.journalBytes.remove(db)
            try Fact.journalSalt.set(Int64(bitPattern: frame.salt), db)
            return .commit
        }
        return Result(
            generation: generation, frame: frame, findings: try JournalFindings.read(db),
            hasLaterLives: found?.hasLaterLives ?? false)
    }

    static func apply(_ generations: [JournalGeneration], _ db: Database, _ numbers: inout Numbers) throws {
        for generation in generations { try apply(generation, db, &numbers, JournalFindings()) }
    }

    private static func apply(
        _ generation: JournalGeneration, _ db: Database, _ numbers: inout Numbers, _ findings: JournalFindings
    ) throws {
        do {
            try apply(generation, db, &numbers, findings, withReports: true)
        } catch let error as StoreError where error != .full {
            // What is kept for reports is broken: mail goes before it.
            try apply(generation, db, &numbers, findings, withReports: false)
        }
    }

    private static func apply(
        _ generation: JournalGeneration, _ db: Database, _ numbers: inout Numbers, _ findings: JournalFindings,
        withReports: Bool
    ) throws {
        var isWhole = false
        while !isWhole {
            do {
                try db.inTransaction(.immediate) {
                    isWhole = try JournalRows.apply(generation, db, &numbers, withReports: withReports)
                    if isWhole { try findings.add(db) }
                    if withReports { try numbers.deliveries.write(db) }
                    return .commit
                }
            } catch {
                numbers.counter.forget()
                numbers.deliveries.forget()
                throw error
            }
        }
    }
}
