import GRDB
import Mail

/// What an operator's orders write.
enum ChangeRows {
    /// What the transaction leaves to do once it is committed.
    struct Result {
        var changed = 0
        var ended: [QueueDetail] = []
        /// Content files nobody needs any more.
        var spoolFiles: [String] = []
    }

    static func run(
        _ change: QueueChange, _ recipients: [RecipientNumber], at time: WallTime, _ db: Database, withReports: Bool
    ) throws -> Result {
        let now = time.seconds.databaseValue
        switch change {
        case .retry: return try update(recipients, retry, [now], db)
        case .hold(let reason):
            return try update(recipients, hold, [now, reason.cut(to: QueueLimits.detailText).databaseValue], db)
        case .release: return try update(recipients, release, [now], db)
        case .delete: return try delete(recipients, db, withReports: withReports)
        }
    }

    private static func update(
        _ recipients: [RecipientNumber], _ sql: String, _ values: [DatabaseValue], _ db: Database
    ) throws -> Result {
        let statement = try db.cachedStatement(sql: sql)
        var result = Result()
        for number in recipients {
            try statement.run([number.value.databaseValue] + values)
            result.changed += db.changesCount
        }
        return result
    }

    private static func delete(_ recipients: [RecipientNumber], _ db: Database, withReports: Bool) throws -> Result {
        let (find, mark) = (try db.cachedStatement(sql: openRecipient), try db.cachedStatement(sql: delete))
        var result = Result()
        var changed: [MessageNumber: Int] = [:]
        for number in recipients {
            let number = [number.value.databaseValue]
            guard let message = try find.first(number, { MessageNumber(try $0.int64()) }) else { continue }
            try mark.run(number)
            changed[message, default: 0] += 1
            result.changed += 1
        }
        for (message, count) in changed.sorted(by: { $0.key < $1.key }) {
            guard let row = try SettleRows.state(of: message, db) else { continue }
            let open = row.open &- count
            if open > 0 {
                try db.cachedStatement(sql: SettleRows.updateOpen).run(
                    [open.databaseValue, message.value.databaseValue])
                continue
            }
            if let detail = try SettleRows.detail(of: row, db) { result.ended.append(detail) }
            try SettleRows.remove(message, row, withRecipients: true, db)
            if row.isSpooled { result.spoolFiles.append(row.id) }
            if withReports, row.kind == MessageKind.report.rawValue, let id = QueueID(row.id) {
                try ReportDamage.passedOver(db) {
                    try ReportDestinationRows.giveUp(id, because: "deleted from the queue by the operator", db)
                }
            }
        }
        return result
    }

    // An older time stays: who has waited longer is not put behind.
    private static let retry =
        "UPDATE recipient SET next_attempt = min(next_attempt, ?2) WHERE number = ?1 AND state = 0"
    private static let hold =
        "UPDATE recipient SET state = 1, held_at = ?2, hold_reason = ?3 WHERE number = ?1 AND state = 0"
    private static let release = """
        UPDATE recipient SET state = 0, next_attempt = ?2, expires_at = expires_at + max(0, ?2 - coalesce(held_at, ?2)),
            deadline = deadline + max(0, ?2 - coalesce(held_at, ?2)), held_at = NULL, hold_reason = NULL
        WHERE number = ?1 AND state = 1
        """
    private static let openRecipient = "SELECT message FROM recipient WHERE number = ? AND state <= 2"
    private static let delete = "UPDATE recipient SET state = 5 WHERE number = ?"
}
