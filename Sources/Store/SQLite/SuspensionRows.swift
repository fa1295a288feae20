import GRDB
import Mail

/// The rows of `suspension`. One whose `until` has passed counts as ended then, whoever reads it.
enum SuspensionRows {
    static func suspend(_ suspension: Suspension, _ db: Database) throws {
        let now = suspension.since.seconds.databaseValue
        let reason = suspension.reason.cut(to: QueueLimits.detailText).databaseValue
        let until = (suspension.until?.seconds).databaseValue
        let destination = suspension.destination.databaseValue
        try db.cachedStatement(sql: endPast).run([now, destination])
        try db.cachedStatement(sql: replace).run([destination, until, reason])
        if db.changesCount > 0 { return }
        let oldest = suspension.since.advanced(by: -QueueLimits.suspensionDays * 86_400)
        try db.cachedStatement(sql: forget).run([oldest.seconds.databaseValue])
        let count = try db.cachedStatement(sql: count).first([]) { try $0.int() } ?? 0
        if count >= QueueLimits.suspensions {
            try db.cachedStatement(sql: forgetOldest).run([now])
            guard db.changesCount > 0 else {
                throw StoreError.failed("\(count) destinations are suspended, and no more can be: resume one first")
            }
        }
        try db.cachedStatement(sql: insert).run([destination, now, until, reason])
    }

    static func resume(_ destination: String, at time: WallTime, _ db: Database) throws -> Bool {
        let values = [time.seconds.databaseValue, destination.databaseValue]
        try db.cachedStatement(sql: endPast).run(values)
        try db.cachedStatement(sql: end).run(values)
        return db.changesCount > 0
    }

    static func read(_ columns: inout Columns) throws -> Suspension {
        Suspension(
            destination: try columns.text(), since: try columns.time(), until: try columns.optionalTime(),
            reason: try columns.text(), endedAt: try columns.optionalTime())
    }

    private static let endPast = """
        UPDATE suspension SET ended_at = until WHERE destination = ?2 AND ended_at IS NULL AND until <= ?1
        """
    private static let end = "UPDATE suspension SET ended_at = ?1 WHERE destination = ?2 AND ended_at IS NULL"
    private static let replace = """
        UPDATE suspension SET until = ?2, reason = ?3 WHERE destination = ?1 AND ended_at IS NULL
        """
    private static let insert = "INSERT INTO suspension (destination, since, until, reason) VALUES (?, ?, ?, ?)"
    private static let count = "SELECT count(*) FROM suspension"
    private static let forget = "DELETE FROM suspension WHERE coalesce(ended_at, until) < ?"
    private static let forgetOldest = """
        DELETE FROM suspension WHERE number = (SELECT number FROM suspension WHERE coalesce(ended_at, until) <= ?
            ORDER BY coalesce(ended_at, until) LIMIT 1)
        """
    static let select = """
        SELECT destination, since, until, reason, ended_at FROM suspension
        WHERE coalesce(ended_at, until, 9223372036854775807) > ? ORDER BY number
        """
}

/// The rows of `hold_rule`.
enum HoldRuleRows {
    /// - Returns: the number of the rule.
    static func insert(_ rule: HoldRule, _ db: Database) throws -> Int64 {
        let count = try db.cachedStatement(sql: count).first([]) { try $0.int() } ?? 0
        guard count < QueueLimits.holdRules else {
            throw StoreError.failed("\(count) hold rules are kept, and no more can be: remove one first")
        }
        let sender: [DatabaseValue] =
            switch rule.sender {
            case nil: [false.databaseValue, .null, .null]
            case .null: [true.databaseValue, .null, .null]
            case .mailbox(let mailbox):
                [true.databaseValue, mailbox.localPart.databaseValue, mailbox.domain.column]
            }
        try db.cachedStatement(sql: insert).run(
            sender + [
                (rule.senderDomain?.text).databaseValue, (rule.recipient?.localPart).databaseValue,
                rule.recipient?.domain.column ?? .null, (rule.recipientDomain?.text).databaseValue,
                rule.destination.databaseValue, rule.reason.databaseValue, rule.since.seconds.databaseValue,
            ])
        return db.lastInsertedRowID
    }

    static func read(_ columns: inout Columns) throws -> HoldRule {
        let number = try columns.int64()
        let hasSender = try columns.bool()
        let sender = try columns.reversePath()
        let senderDomain = try columns.optionalDomainName()
        let local = try columns.optionalText()
        let domain = try columns.value()
        return HoldRule(
            number: number, sender: hasSender ? sender : nil, senderDomain: senderDomain,
            recipient: try local.map { Mailbox(localPart: $0, domain: try MailDomain(column: domain)) },
            recipientDomain: try columns.optionalDomainName(), destination: try columns.optionalText(),
            reason: try columns.text(), since: try columns.time())
    }

    private static let count = "SELECT count(*) FROM hold_rule"
    private static let insert = """
        INSERT INTO hold_rule (has_reverse_path, reverse_local, reverse_domain, sender_domain, local, domain,
            recipient_domain, destination, reason, since)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    static let remove = "DELETE FROM hold_rule WHERE number = ?"
    static let select = """
        SELECT number, has_reverse_path, reverse_local, reverse_domain, sender_domain, local, domain, recipient_domain,
            destination, reason, since
        FROM hold_rule ORDER BY number
        """
}

extension Columns {
    fileprivate mutating func optionalDomainName() throws -> DomainName? {
        guard let text = try optionalText() else { return nil }
        guard let name = try? DomainName(text) else { throw DamagedRow(what: "no domain name") }
        return name
    }
}
