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
        /// Of those, the ones that are held.
        var held = 0
        var gaps = 0
    }

    /// Brings into the tables what the file holds and they do not. Nobody else writes to them.
    ///
    /// Where the database is older than the journal (a backup that was put back), or new (the queue was lost), the journal still has what
    /// came in last: it is brought in too. What became of that mail since only the lost database knew, so that some of it may go out twice.
    ///
    /// Behind it nothing in the file counts any more: this life of the store has a mark of its own.
    /// - Parameter passesOver: leaves out records that make no sense, and counts them as gaps.
    /// - Throws: ``UnreadRecord``
    static func run(
        _ file: JournalFile?, _ db: Database, _ options: SQLiteOptions, passesOver: Bool
    ) throws -> Result {
        let progress = try JournalRows.Progress.read(db)
        var result = Result(generation: progress.generation, frame: JournalFrame(salt: .random(in: 1...(.max))))
        if let file {
            let (found, own) = try read(file, db, after: progress.generation, options)
            result.generation = max(result.generation, found.newest)
            result.gaps = found.gaps
            var unread = passesOver ? 0 : nil as Int?
            var numbers = try Numbers(db, options)
            let all = found.generations.sorted { $0.key < $1.key }
            for (number, records) in all where number <= own {
                let generation = try JournalGeneration(number: number, records, unread: &unread)
                try bringIn(generation, db, &numbers)
                result.messages += generation.count
            }
            result.gaps += unread ?? 0
            var later = try LaterJournal(all.filter { $0.key > own }, db, unread: unread)
            while let generation = try later.next(db) {
                try bringIn(generation, db, &numbers)
            }
            result.gaps += later.unread ?? 0
            result.laterMessages = later.messages
            result.messages += later.messages
            result.held = later.held
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

    private static func bringIn(_ generation: JournalGeneration, _ db: Database, _ numbers: inout Numbers) throws {
        try apply([generation], db, &numbers)
        // So that they need no more room at once than one of them.
        try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
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
