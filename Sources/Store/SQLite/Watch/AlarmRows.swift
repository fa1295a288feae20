import GRDB
import Mail

/// The rows of `alarm`. One that cannot be read, or is of a kind only a newer program knows, is passed over: it must not
/// hide the others.
enum AlarmRows {
    /// What is kept of an alarm: its texts within their bounds.
    static func bounded(_ alarm: OperatorAlarm) -> OperatorAlarm {
        var alarm = alarm
        alarm.subject = alarm.subject.cutForColumn(to: QueueLimits.detailText)
        alarm.words = alarm.words.cutForColumn(to: QueueLimits.detailText)
        alarm.clearing = alarm.clearing?.cutForColumn(to: QueueLimits.detailText)
        alarm.acknowledgement = alarm.acknowledgement?.cutForColumn(to: QueueLimits.detailText)
        return alarm
    }

    /// - Returns: the number of the alarm.
    /// - Throws: `StoreError.failed` where all that are kept stand.
    static func insert(_ alarm: OperatorAlarm, limit: Int, _ db: Database) throws -> Int64 {
        let count = try db.cachedStatement(sql: count).first([]) { try $0.int() } ?? 0
        if count >= limit {
            try db.cachedStatement(sql: forget).run([(count &- limit &+ 1).databaseValue])
            guard count &- db.changesCount < limit else {
                throw StoreError.failed("\(count) alarms are kept, none of them cleared, and no more can be")
            }
        }
        try db.cachedStatement(sql: insert).run(
            [
                alarm.kind.rawValue.databaseValue, alarm.subject.databaseValue,
            ] + changing(alarm))
        return db.lastInsertedRowID
    }

    static func update(_ alarm: OperatorAlarm, _ db: Database) throws -> Bool {
        try db.cachedStatement(sql: update).run(changing(alarm) + [alarm.number.databaseValue])
        return db.changesCount > 0
    }

    static func read(_ columns: inout Columns) throws -> OperatorAlarm {
        let number = try columns.int64()
        guard let kind = AlarmKind(rawValue: try columns.text()) else { throw DamagedRow(what: "no kind of alarm") }
        let subject = try columns.text()
        let raisedAt = try columns.time()
        return OperatorAlarm(
            number: number, kind: kind, subject: subject, words: try columns.text(), raisedAt: raisedAt,
            seenAt: try columns.time(), clearedAt: try columns.optionalTime(), clearing: try columns.optionalText(),
            acknowledgedAt: try columns.optionalTime(), acknowledgement: try columns.optionalText())
    }

    private static func changing(_ alarm: OperatorAlarm) -> [DatabaseValue] {
        [
            alarm.raisedAt.seconds.databaseValue, alarm.words.databaseValue, alarm.seenAt.seconds.databaseValue,
            (alarm.clearedAt?.seconds).databaseValue,
            alarm.clearing.databaseValue, (alarm.acknowledgedAt?.seconds).databaseValue,
            alarm.acknowledgement.databaseValue,
        ]
    }

    private static let columns = """
        number, kind, subject, raised_at, words, seen_at, cleared_at, clearing, acknowledged_at, acknowledgement
        """
    private static let count = "SELECT count(*) FROM alarm"
    private static let forget = """
        DELETE FROM alarm WHERE number IN (SELECT number FROM alarm WHERE cleared_at IS NOT NULL ORDER BY number LIMIT ?)
        """
    private static let insert = """
        INSERT INTO alarm (kind, subject, raised_at, words, seen_at, cleared_at, clearing, acknowledged_at,
            acknowledgement)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let update = """
        UPDATE alarm SET raised_at = ?, words = ?, seen_at = ?, cleared_at = ?, clearing = ?, acknowledged_at = ?, acknowledgement = ?
        WHERE number = ?
        """
    static let standing = """
        SELECT \(columns) FROM alarm INDEXED BY alarm_standing WHERE cleared_at IS NULL ORDER BY number
        """
    static let page = "SELECT \(columns) FROM alarm WHERE number < ? ORDER BY number DESC"
}
