import GRDB
import Mail

/// What is left in the journal when nobody writes to it: at the start behind a crash, and at the end.
enum JournalReplay {
    struct Result {
        /// The last generation there was: the next has the number behind it.
        var generation: UInt64
        /// How records are written from now on.
        var frame: JournalFrame
        var messages = 0
        /// Of them, those of a life of the store that this database knows nothing of.
        var laterMessages = 0
        /// Besides, those of such a life whose number another message has by now.
        var leftOut = 0
        var gaps = 0
    }

    /// Brings into the tables what the file holds and they do not. Nobody else writes to them.
    ///
    /// Where the database is older than the journal (a backup that was put back), or new (the queue was lost), the journal still has what
    /// came in last: it is brought in too. What became of that mail since only the lost database knew, so that some of it may go out twice.
    ///
    /// Behind it nothing in the file counts any more: this life of the store has a mark of its own.
    /// - Throws: `DamagedRow` for a record that is sound and makes no sense: a newer program wrote it.
    static func run(_ file: JournalFile?, _ db: Database, _ options: SQLiteOptions) throws -> Result {
        let progress = try JournalRows.Progress.read(db)
        var result = Result(generation: progress.generation, frame: JournalFrame(salt: .random(in: 1...(.max))))
        if let file {
            let (found, own) = try read(file, db, after: progress.generation, options)
            result.generation = max(result.generation, found.newest)
            result.gaps = found.gaps
            var numbers = try Numbers(db, options)
            for (number, records) in found.generations.sorted(by: { $0.key < $1.key }) {
                var generation = try JournalGeneration(number: number, records)
                if number > own {
                    try generation.forget { insertion in
                        let owner = try MessageRows.owner(ofNumbersOf: insertion, db)
                        if owner == .another { result.leftOut += 1 }
                        if owner == .itself { result.laterMessages += 1 }
                        return owner != .nobody
                    }
                    result.laterMessages += generation.count
                }
                try apply([generation], db, &numbers)
                result.messages += generation.count
                // So that they need no more room at once than one of them.
                try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
        }
        try db.inTransaction(.immediate) {
            try JournalRows.Progress(generation: result.generation, next: 0).write(db)
            // A name that stayed here would keep a later message of that number out of the tables.
            try db.execute(sql: "DELETE FROM journal_ahead")
            // What the file is from now on, whoever prepares it says.
            try Fact.journalBytes.remove(db)
            try Fact.journalSalt.set(Int64(bitPattern: result.frame.salt), db)
            return .commit
        }
        return result
    }

    /// - Returns: what the file holds behind `generation`, and the last generation in it of the life that the database knows.
    private static func read(
        _ file: JournalFile, _ db: Database, after generation: UInt64, _ options: SQLiteOptions
    ) throws -> (found: JournalFrame.Found, own: UInt64) {
        let bytes = try file.contents()
        let salt = try Fact.journalSalt.value(db).map { UInt64(bitPattern: $0) }
        var found = JournalFrame.Found()
        if let salt {
            found = JournalFrame(salt: salt).records(in: bytes, after: generation, segmentBytes: file.segmentBytes)
        }
        let own = max(generation, found.newest)
        // In a file that was cut short a segment would begin elsewhere: within a letter of a stranger.
        guard file.segmentBytes == options.journalSegmentBytes else { return (found, own) }
        for life in JournalFrame.lives(in: bytes, segmentBytes: file.segmentBytes)
        where life.salt != salt && life.newest > own {
            found.add(
                JournalFrame(salt: life.salt).records(in: bytes, after: own, segmentBytes: file.segmentBytes))
        }
        return (found, own)
    }

    static func apply(_ generations: [JournalGeneration], _ db: Database, _ numbers: inout Numbers) throws {
        for generation in generations {
            do {
                try apply(generation, db, &numbers, withReports: true)
            } catch let error as StoreError where error != .full {
                // What is kept for reports is broken: mail goes before it.
                try apply(generation, db, &numbers, withReports: false)
            }
        }
    }

    private static func apply(
        _ generation: JournalGeneration, _ db: Database, _ numbers: inout Numbers, withReports: Bool
    ) throws {
        var isWhole = false
        while !isWhole {
            do {
                try db.inTransaction(.immediate) {
                    isWhole = try JournalRows.apply(generation, db, &numbers, withReports: withReports)
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
