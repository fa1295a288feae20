import GRDB
import Mail

/// What a journal holds of lives of the store that the database knows nothing of: it is older, from a backup that was put back, or new.
///
/// Such a database may have other messages with the numbers of these: then these get new ones. And a segment that was not written for
/// long may hold mail of any age, of which the lost database knew what became of it. What had no time left when the newest of it came in
/// is held: it has most likely left or been returned, and nobody wants old mail twice, nor a notice that it expired. The operator decides.
struct LaterJournal {
    private var generations: ArraySlice<(key: UInt64, value: [ArraySlice<UInt8>])>
    /// Behind all numbers in the tables and in the file.
    private let numbers: NumberSource
    /// When the newest message of the file came in.
    private let newest: Int64
    /// Records that make no sense, where they are passed over.
    private(set) var unread: Int?
    /// Messages that are in the queue now.
    private(set) var messages = 0
    /// Of them, those that are held.
    private(set) var held = 0

    static let holdReason =
        "queue.db was lost or put back; the time of this mail was over by then, so that it has most likely left or been returned"

    /// - Parameter generations: in the order of their numbers, with the records of each.
    /// - Throws: ``UnreadRecord``
    init(_ generations: [(key: UInt64, value: [ArraySlice<UInt8>])], _ db: Database, unread: Int?) throws {
        self.generations = generations[...]
        self.unread = unread.map { _ in 0 }
        var (message, recipient, newest): (Int64, Int64, Int64) = (0, 0, .min)
        var passedOver = unread
        // Not kept: all of them would be in memory at once.
        for (number, records) in generations {
            let generation = try JournalGeneration(number: number, records, unread: &passedOver)
            message = max(message, generation.numbers?.upperBound ?? 0)
            for insertion in generation.left(from: .min) {
                recipient = max(recipient, insertion.recipientNumbers.upperBound)
                newest = max(newest, insertion.receivedAt ?? .min)
            }
            // Settled mail came in as well.
            for settlement in generation.settled { newest = max(newest, settlement.time.seconds) }
        }
        numbers = NumberSource(try NumberSource(db), orBehind: message, recipient)
        self.newest = newest
        if generations.isEmpty { return }
        // Both are of a life that came to its end: they name other messages.
        try db.inTransaction(.immediate) {
            try db.execute(sql: "DELETE FROM journal_ahead")
            try JournalRows.Progress(generation: JournalRows.Progress.read(db).generation, next: 0).write(db)
            return .commit
        }
    }

    /// The next of them, as it belongs into the tables; nil where there is none.
    mutating func next(_ db: Database) throws -> JournalGeneration? {
        guard let (number, records) = generations.popFirst() else { return nil }
        var generation = try JournalGeneration(number: number, records, unread: &unread)
        // With those that a start which was broken off has brought in, and told nobody of.
        messages += generation.count
        try generation.replace { insertion in
            var insertion = insertion
            let isOld = insertion.hold(expiredBefore: newest, because: Self.holdReason)
            if isOld { held += 1 }
            return switch try MessageRows.owner(ofNumbersOf: insertion, db) {
            case .nobody: insertion
            case .itself: nil
            case .another: insertion.renumbered(from: numbers)
            }
        }
        return generation
    }
}
