import GRDB
import Mail

/// What is left in the journal when nobody writes to it: at the start behind a crash, and at the end.
enum JournalReplay {
    struct Result {
        /// The last generation there was: the next has the number behind it.
        var generation: UInt64
        var messages = 0
        var gaps = 0
    }

    /// Brings into the tables what the file holds and they do not. Nobody else writes to them.
    /// - Throws: `DamagedRow` for a record that is sound and makes no sense: a newer program wrote it.
    static func run(_ file: JournalFile?, _ db: Database, _ options: SQLiteOptions) throws -> Result {
        let progress = try JournalRows.Progress.read(db)
        var result = Result(generation: progress.generation)
        guard let file else { return result }
        let found = try file.read(after: progress.generation)
        result.generation = max(result.generation, found.newest)
        result.gaps = found.gaps
        let generations = try found.generations.sorted { $0.key < $1.key }.map {
            try JournalGeneration(number: $0.key, $0.value)
        }
        var numbers = try Numbers(db, options)
        try apply(generations, db, &numbers)
        result.messages = generations.reduce(0) { $0 + $1.enqueued.count { $0 != nil } }
        // All is in the tables. A name that stayed here would keep a later message of that number out of them.
        try db.execute(sql: "DELETE FROM journal_ahead")
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
