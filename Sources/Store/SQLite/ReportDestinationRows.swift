import GRDB
import Mail

/// Where the reports under way go: rows of `report_destination`, and what becomes of mails on their way there.
enum ReportDestinationRows {
    /// - Parameter key: day, domain and position
    static func insert(
        _ destination: ReportDestination, _ key: [DatabaseValue], at time: WallTime, _ db: Database
    ) throws {
        try db.cachedStatement(sql: insert).run(
            key + [destination.uri.databaseValue] + columns(destination, at: time) + [
                (destination.message?.text).databaseValue
            ])
    }

    /// Columns `state, attempts, last_attempt, next_attempt, words`. What is due has a time, or nobody would come to it.
    private static func columns(_ destination: ReportDestination, at now: WallTime) -> [DatabaseValue] {
        let next = destination.state == .due ? destination.nextAttempt ?? now : destination.nextAttempt
        return [
            destination.state.rawValue.databaseValue, destination.attempts.databaseValue,
            (destination.lastAttempt?.seconds).databaseValue, (next?.seconds).databaseValue,
            ReportRows.words(destination.words),
        ]
    }

    static func note(
        _ destination: ReportDestination, of domain: DomainName, _ day: ReportDay, at now: WallTime, _ db: Database
    ) throws {
        let key = ReportRows.key(domain, day)
        try db.cachedStatement(sql: note).run(key + [destination.uri.databaseValue] + columns(destination, at: now))
        if db.changesCount == 0 { throw ReportRows.unknown(domain, day, "is not under way there") }
        try ReportRows.goOn(key, words: ReportRows.words(destination.words), at: now, db)
        if destination.state == .accepted {
            try db.cachedStatement(sql: ReportSuppressionRows.remove).run(
                [domain.text.databaseValue, destination.uri.databaseValue])
        }
    }

    static func destinations(of key: [DatabaseValue], _ db: Database) throws -> [ReportDestination] {
        try db.cachedStatement(sql: select).soundRows(key, limit: ReportLimits.destinations) { columns in
            let uri = try columns.text()
            guard let state = ReportDestination.State(rawValue: try columns.text()) else {
                throw DamagedRow(what: "no state of a destination")
            }
            return ReportDestination(
                uri: uri, state: state, attempts: try columns.int(), lastAttempt: try columns.optionalTime(),
                nextAttempt: try columns.optionalTime(), message: try columns.optionalText().flatMap { QueueID($0) },
                words: try columns.optionalText())
        }
    }

    private static let insert = """
        INSERT INTO report_destination (day, domain, position, uri, state, attempts, last_attempt, next_attempt, words,
            message)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let note = """
        UPDATE report_destination SET state = ?4, attempts = ?5, last_attempt = ?6, next_attempt = ?7, words = ?8
        WHERE day = ?1 AND domain = ?2 AND uri = ?3
            AND EXISTS (SELECT 1 FROM report WHERE day = ?1 AND domain = ?2 AND state = 1)
        """
    private static let select = """
        SELECT uri, state, attempts, last_attempt, next_attempt, message, words FROM report_destination
        WHERE day = ? AND domain = ? ORDER BY position
        """
    /// Destinations with something left to do, those that have the report, and when the next is due.
    static let work = """
        SELECT count(*) FILTER (WHERE state IN ('due', 'queued')), count(*) FILTER (WHERE state = 'accepted'),
            min(next_attempt) FILTER (WHERE state = 'due')
        FROM report_destination WHERE day = ? AND domain = ?
        """
    static let remove = "DELETE FROM report_destination WHERE day = ? AND domain = ?"
}

extension ReportDestinationRows {
    /// Writes what became of a mail to the destination it belongs to, where it still waits for it. An address that
    /// refuses it for good, in words that nobody on the way can have said, is left alone for a while.
    static func settle(_ message: String, _ outcomes: [RecipientOutcome], _ db: Database) throws {
        for outcome in outcomes {
            guard let found = try waiting(for: message, db) else { return }
            let words = ReportRows.words(outcome.outcome.words)
            let state: DatabaseValue =
                switch outcome.outcome {
                case .delivered: ReportDestination.State.accepted.rawValue.databaseValue
                case .bounced: ReportDestination.State.failed.rawValue.databaseValue
                case .deferred: .null
                }
            try db.cachedStatement(sql: updateMail).run(
                found.place + [
                    state, (outcome.isAttempt ? 1 : 0).databaseValue, outcome.time.seconds.databaseValue, words,
                ])
            try ReportRows.goOn(Array(found.place.prefix(2)), words: words, at: outcome.time, db)
            let address = [found.place[1], found.uri.databaseValue]
            switch outcome.outcome {
            case .delivered: try db.cachedStatement(sql: ReportSuppressionRows.remove).run(address)
            case .bounced(_, let reply?) where reply.isPermanentFailure && outcome.wasSecured:
                try ReportSuppressionRows.refuse(address, words, at: outcome.time, db)
            case .bounced, .deferred: break
            }
        }
    }

    /// The mail is out of delivery, and nobody will come to it. Without a time of its own this takes the last one known.
    static func giveUp(_ message: QueueID, because reason: String, _ db: Database) throws {
        guard let found = try waiting(for: message.text, db) else { return }
        let state = ReportDestination.State.failed.rawValue.databaseValue
        let words = ReportRows.words(reason)
        try db.cachedStatement(sql: updateMail).run(
            found.place + [state, 0.databaseValue, (found.lastTime?.seconds).databaseValue, words])
        try ReportRows.goOn(
            Array(found.place.prefix(2)), words: words, at: found.lastTime ?? WallTime(seconds: 0), db)
    }

    private struct Waiting {
        /// Day, domain and position.
        let place: [DatabaseValue]
        let uri: String
        let lastTime: WallTime?
    }

    private static func waiting(for message: String, _ db: Database) throws -> Waiting? {
        try db.cachedStatement(sql: byMessage).first([message.databaseValue]) {
            Waiting(
                place: [try $0.value(), try $0.value(), try $0.value()], uri: try $0.text(),
                lastTime: try $0.optionalTime())
        }
    }

    private static let byMessage = """
        SELECT d.day, d.domain, d.position, d.uri, coalesce(d.last_attempt, r.begun_at)
        FROM report_destination d INDEXED BY report_message LEFT JOIN report r ON r.day = d.day AND r.domain = d.domain
        WHERE d.message = ? AND d.state = 'queued'
        """
    private static let updateMail = """
        UPDATE report_destination SET state = coalesce(?4, state), attempts = attempts + ?5, last_attempt = ?6, words = ?7
        WHERE day = ?1 AND domain = ?2 AND position = ?3
        """
}

extension Outcome {
    /// The sentence of the reason, which has the reply where there was one, or the reply.
    fileprivate var words: String {
        switch self {
        case .delivered(let reply): reply.words
        case .deferred(let reason, let reply), .bounced(let reason, let reply):
            reason.detail.isEmpty ? reply?.words ?? reason.cause.rawValue : reason.detail
        }
    }
}

extension Reply {
    fileprivate var words: String {
        let words = [String(code)] + (enhanced.map { [$0.description] } ?? []) + lines.filter { !$0.isEmpty }
        return words.joined(separator: " ")
    }
}
