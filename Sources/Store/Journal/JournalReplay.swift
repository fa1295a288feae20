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
        var gaps = 0
    }

    /// Brings into the tables what the file holds and they do not. Nobody else writes to them.
    ///
    /// Behind it nothing in the file counts any more: this life of the store has a mark of its own.
    /// - Throws: `DamagedRow` for a record that is sound and makes no sense: a newer program wrote it.
    static func run(_ file: JournalFile?, _ db: Database, _ options: SQLiteOptions) throws -> Result {
        let progress = try JournalRows.Progress.read(db)
        var result = Result(generation: progress.generation, frame: JournalFrame(salt: .random(in: 1...(.max))))
        if let file, let salt = try Fact.journalSalt.value(db) {
            let found = try file.read(
                JournalFrame(salt: UInt64(bitPattern: salt)), after: progress.generation)
            result.generation = max(result.generation, found.newest)
            result.gaps = found.gaps
            var numbers = try Numbers(db, options)
            for (number, records) in found.generations.sorted(by: { $0.key < $1.key }) {
                let generation = try JournalGeneration(number: number, records)
                try apply([generation], db, &numbers)
                result.messages += generation.enqueued.count { $0 != nil }
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
