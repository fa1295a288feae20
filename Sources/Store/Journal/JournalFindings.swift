import GRDB

/// What was found in the journal and is to be told: facts, which grow in the transactions that bring it in. A start that is broken off
/// behind them leaves them to the next.
struct JournalFindings: Hashable, Sendable {
    /// Messages that were brought in.
    var messages = 0
    /// Of them, those of a life of the store that this database knows nothing of, or not that far.
    var laterMessages = 0
    /// Messages that are held since.
    var held = 0
    /// Places where a record was to be expected, and none was sound.
    var gaps = 0
    /// Sound records that make no sense to this program, and were left out.
    var unread = 0
    /// 1 where the operator has given up a journal that is lost.
    var givenUp = 0

    private static var facts: [(Fact, WritableKeyPath<JournalFindings, Int>)] {
        [
            (.foundMessages, \.messages), (.foundLater, \.laterMessages), (.foundHeld, \.held), (.foundGaps, \.gaps),
            (.foundUnread, \.unread), (.foundGivenUp, \.givenUp),
        ]
    }

    static func read(_ db: Database) throws -> JournalFindings {
        var findings = JournalFindings()
        for (fact, path) in facts { findings[keyPath: path] = Int(clamping: try fact.value(db) ?? 0) }
        return findings
    }

    /// Counts these to those that are to be told.
    func add(_ db: Database) throws {
        for (fact, path) in Self.facts where self[keyPath: path] != 0 {
            try fact.set(Int64(self[keyPath: path]) &+ (try fact.value(db) ?? 0), db)
        }
    }

    /// They are told, or about to be.
    static func remove(_ db: Database) throws {
        for (fact, _) in facts { try fact.remove(db) }
    }
}
