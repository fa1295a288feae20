import GRDB
public import Mail

extension SQLiteStore {
    public func quarantine(_ id: QueueID, because reason: String) async throws(StoreError) {
        await catchUp()
        try await perform(urgently: true) { db, _, withReports in
            try SettleRows.quarantine(id, because: reason, db, withReports: withReports)
        }
    }

    public func quarantine(_ number: MessageNumber, because reason: String) async throws(StoreError) -> QueueID? {
        await catchUp()
        return try await perform(urgently: true) { db, _, withReports in
            try SettleRows.quarantine(unreadable: number, because: reason, db, withReports: withReports)
        }
    }
}

extension SettleRows {
    /// Takes a message out of delivery.
    static func quarantine(_ id: QueueID, because reason: String, _ db: Database, withReports: Bool = true) throws {
        try db.cachedStatement(sql: quarantineMessage).run(
            [reason.cut(to: QueueLimits.detailText).databaseValue, id.text.databaseValue])
        if db.changesCount != 1 { throw StoreError.unknown("message \(id)") }
        try db.cachedStatement(sql: quarantineRecipients).run([id.text.databaseValue])
        if !withReports { return }
        try ReportDamage.passedOver(db) { try ReportDestinationRows.giveUp(id, because: reason, db) }
    }

    /// The same by its number, where its rows make no sense: by the one column its recipients are joined with, though that takes a
    /// passage through all of them.
    /// - Returns: the id; nil where it cannot be read.
    static func quarantine(
        unreadable number: MessageNumber, because reason: String, _ db: Database, withReports: Bool
    ) throws -> QueueID? {
        let number = number.value.databaseValue
        let reason = reason.cut(to: QueueLimits.detailText)
        let text = try db.cachedStatement(sql: "SELECT id FROM message WHERE number = ?").first([number]) {
            (try? $0.text()) ?? ""
        }
        guard let text else { throw StoreError.unknown("message number \(number)") }
        try db.cachedStatement(sql: "UPDATE message SET quarantined = coalesce(quarantined, ?) WHERE number = ?").run(
            [reason.databaseValue, number])
        try db.cachedStatement(sql: "UPDATE recipient SET state = 2 WHERE message = ? AND state <= 1").run([number])
        guard let id = QueueID(text) else { return nil }
        if withReports {
            try ReportDamage.passedOver(db) { try ReportDestinationRows.giveUp(id, because: reason, db) }
        }
        return id
    }

    private static let quarantineMessage = """
        UPDATE message SET quarantined = coalesce(quarantined, ?) WHERE id = ?
        """
    private static let quarantineRecipients = """
        UPDATE recipient SET state = 2
        WHERE number BETWEEN (SELECT first_recipient FROM message WHERE id = ?1)
            AND (SELECT first_recipient + recipients - 1 FROM message WHERE id = ?1) AND state <= 1
        """
}

/// Compares rows with the files they name.
enum SpoolCheck {
    /// Quarantines each message whose content file is not there or has the wrong length.
    /// - Returns: how many, and what the log shall say of the first.
    static func quarantineMissing(
        _ db: Database, _ spool: Spool
    ) throws -> (count: Int, first: [SQLiteStore.OpeningReport.Quarantined]) {
        let select = """
            SELECT id, size FROM message INDEXED BY message_spooled WHERE spooled = 1 AND quarantined IS NULL
            """
        let rows = try db.cachedStatement(sql: select).rows([], isLenient: true) {
            (id: try $0.text(), size: try $0.size())
        }
        var count = 0
        var first: [SQLiteStore.OpeningReport.Quarantined] = []
        for row in rows {
            let found = spool.size(of: row.id)
            guard found != row.size, let id = QueueID(row.id) else { continue }
            let why = words(row.id, found: found, expected: row.size)
            try db.inTransaction(.immediate) {
                try SettleRows.quarantine(id, because: why, db)
                return .commit
            }
            count += 1
            if first.count < SQLiteStore.OpeningReport.named {
                first.append(SQLiteStore.OpeningReport.Quarantined(id: id, why: why))
            }
        }
        return (count, first)
    }

    static func words(_ name: String, found: Int64?, expected: Int64) -> String {
        if let found { return "content file \(name) has \(found) of \(expected) octets" }
        return "content file \(name) is missing"
    }
}
