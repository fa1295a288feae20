import GRDB
import Mail

/// What the journal holds that the tables do not, generation by generation, as it belongs into them.
///
/// Most often a crash left it a moment ago. But the database may have been put back from a backup, or be new: then the journal went on
/// without it, and may hold mail of any age, of which only the lost database knew what became of it. What had no time left when the
/// newest of it came in is held: it has most likely left or been returned, and nobody wants old mail twice, nor a notice that it
/// expired. The operator decides. And a life of the store that the database knows nothing of may have given numbers to its mail that
/// other mail has here: then it gets new ones.
struct JournalLeftovers {
    private var generations: ArraySlice<(key: UInt64, value: [ArraySlice<UInt8>])>
    private let found: JournalReading
    private let passesOver: Bool
    /// Behind all numbers in the tables and in the file.
    private let numbers: NumberSource
    /// When the newest message of the file came in, as far as that is not still to come.
    private let newest: Int64
    /// Where the life that the database knows has written more than it has segments, behind what is in the tables: they are of a backup.
    private let isOlder: Bool
    private var isBehindOwn = false

    static let holdReason =
        "queue.db was lost or put back; the time of this mail was over by then, so that it has most likely left or been returned"
    /// Seconds that what a crash leaves is never apart, however long a generation waited for room in the tables. Ours.
    static let span: Int64 = 86_400

    /// - Parameters:
    ///   - now: bounds what messages say of when they came in.
    ///   - passesOver: leaves out records that make no sense, and counts them.
    /// - Throws: ``UnreadRecord``
    init(_ found: JournalReading, _ db: Database, now: WallTime, passesOver: Bool) throws {
        self.found = found
        self.passesOver = passesOver
        generations = found.records.generations.sorted { $0.key < $1.key }[...]
        let written = found.own.subtractingReportingOverflow(found.known).partialValue
        isOlder = written > UInt64(JournalFile.segments)
        var (message, recipient, newest): (Int64, Int64, Int64) = (0, 0, .min)
        // Not kept: all of them would be in memory at once.
        for (number, records) in generations {
            var unread = passesOver ? 0 : nil as Int?
            let generation = try JournalGeneration(number: number, records, unread: &unread)
            message = max(message, generation.numbers?.upperBound ?? 0)
            for insertion in generation.left(from: .min) {
                recipient = max(recipient, insertion.recipientNumbers.upperBound)
                newest = max(newest, insertion.receivedAt ?? .min)
            }
            // Settled mail came in as well.
            for settlement in generation.settled { newest = max(newest, settlement.time.seconds) }
        }
        numbers = NumberSource(try NumberSource(db), orBehind: message, recipient)
        self.newest = max(min(newest, now.seconds), .min + Self.span)
    }

    /// The next of them, and what is to be told of it; nil where there is none.
    mutating func next(_ db: Database) throws -> (generation: JournalGeneration, findings: JournalFindings)? {
        guard let (number, records) = generations.popFirst() else { return nil }
        var unread = passesOver ? 0 : nil as Int?
        var generation = try JournalGeneration(number: number, records, unread: &unread)
        var findings = JournalFindings(
            messages: generation.count, gaps: found.records.gaps(of: number), unread: unread ?? 0)
        let isOwn = number <= found.own
        // With those that a start which was broken off has brought in.
        if !isOwn || isOlder { findings.laterMessages = generation.count }
        if !isOwn { try leaveOwn(db) }
        let over = isOwn && !isOlder ? newest - Self.span : newest
        let ahead = isOwn ? try JournalRows.ahead(generation.numbers, db) : []
        try generation.replace { insertion in
            if ahead.contains(insertion.number) { return insertion }
            var insertion = insertion
            if insertion.hold(expiredBefore: over, because: Self.holdReason) {
                findings.held += 1
            }
            if isOwn { return insertion }
            return switch try MessageRows.owner(ofNumbersOf: insertion, db) {
            case .nobody: insertion
            case .itself: nil
            case .another: insertion.renumbered(from: numbers)
            }
        }
        return (generation, findings)
    }

    /// Commits that what the tables hold of the next generation is of a life that came to its end: those are other messages.
    private mutating func leaveOwn(_ db: Database) throws {
        if isBehindOwn { return }
        isBehindOwn = true
        try db.inTransaction(.immediate) {
            try db.execute(sql: "DELETE FROM journal_ahead")
            try JournalRows.Progress(generation: JournalRows.Progress.read(db).generation, next: 0).write(db)
            return .commit
        }
    }
}
