import GRDB
import Mail

/// The settling of recipients.
enum SettleRows {
    /// What the transaction leaves to do once it is committed.
    struct Result {
        var settled: Settled
        /// The content file nobody needs any more.
        var spoolFile: String?
    }

    /// - Throws: `StoreError.unknown`, with nothing changed where it is the first recipient that is not known;
    ///   `.damaged` as ``ReportDamage/passedOver(_:_:)``.
    static func settle(
        _ settlement: Settlement, _ db: Database, _ numbers: inout Numbers, withReports: Bool,
        proofLimit: Int = WatchLimits.proofs
    ) throws -> Result {
        let message = settlement.message.value.databaseValue
        guard let row = try state(of: settlement.message, db) else {
            throw StoreError.unknown("message \(settlement.message.value)")
        }
        let finished = settlement.recipients.reduce(0) { $0 + ($1.outcome.isFinal ? 1 : 0) }
        let open = row.open &- finished
        var ended: QueueDetail?
        if open == 0, row.count == Int64(finished), finished == settlement.recipients.count,
            try removeUntried(settlement.recipients, of: row, message, db)
        {
            // The common case: nothing is left and nothing was, so nothing is updated or read before it is deleted.
            try remove(settlement.message, row, withRecipients: false, db)
        } else {
            for recipient in settlement.recipients {
                try update(recipient, of: message, db)
                try note(recipient.attempts, of: recipient.recipient, db)
            }
            if open == 0 {
                ended = try detail(of: row, db)
                try remove(settlement.message, row, withRecipients: true, db)
            } else if finished > 0 {
                try db.cachedStatement(sql: updateOpen).run([open.databaseValue, message])
            }
        }
        let notices = try settlement.notices.map { try MessageRows.insert($0, db, &numbers) }
        if withReports {
            try report(settlement, row.id, row.kind, db, &numbers)
            try note(settlement, db, &numbers, proofLimit: proofLimit)
        }
        return Result(
            settled: Settled(openRecipients: open, notices: notices, ended: ended),
            spoolFile: open == 0 && row.isSpooled ? row.id : nil)
    }

    /// What TLS-RPT counts of the attempt, and what it means for a report where the message carries one.
    private static func report(
        _ settlement: Settlement, _ id: String, _ kind: Int, _ db: Database, _ numbers: inout Numbers
    ) throws {
        if kind == MessageKind.report.rawValue {
            try ReportDamage.passedOver(db) { try ReportDestinationRows.settle(id, settlement.recipients, db) }
        }
        guard let day = settlement.day else { return }
        for session in settlement.sessions {
            try ReportDamage.passedOver(db) { try numbers.counter.count(session, day: day, db) }
        }
    }

    /// Counts what was handed over and keeps its proofs. The last thing of a settling: what is counted here is written with
    /// the group, so that nothing behind it may fail alone.
    private static func note(
        _ settlement: Settlement, _ db: Database, _ numbers: inout Numbers, proofLimit: Int
    ) throws {
        for proof in settlement.proofs {
            try ReportDamage.passedOver(db) { try ProofRows.insert(proof, limit: proofLimit, db) }
        }
        guard !settlement.deliveries.isEmpty, let time = settlement.recipients.first?.time else { return }
        numbers.deliveries.count(settlement.deliveries, day: ReportDay(of: time))
    }

    /// Deletes the recipients of a message, all of them, if none had an attempt before.
    /// - Returns: false, with nothing deleted, if one had, or is not there.
    private static func removeUntried(
        _ recipients: [RecipientOutcome], of row: MessageState, _ message: DatabaseValue, _ db: Database
    ) throws -> Bool {
        if recipients.count > 1, try db.cachedStatement(sql: anyTried).first(row.range, { try $0.bool() }) ?? true {
            return false
        }
        let delete = try db.cachedStatement(sql: deleteUntried)
        for (place, recipient) in recipients.enumerated() {
            try delete.run([recipient.recipient.value.databaseValue, message])
            if db.changesCount == 1 { continue }
            if place == 0 { return false }
            throw unknown(recipient)
        }
        return true
    }

    private static func update(_ recipient: RecipientOutcome, of message: DatabaseValue, _ db: Database) throws {
        let state: DatabaseValue =
            switch recipient.outcome {
            case .delivered: RecipientState.delivered.rawValue.databaseValue
            case .bounced: RecipientState.bounced.rawValue.databaseValue
            // Held or quarantined meanwhile: it stays so.
            case .deferred: .null
            }
        try db.cachedStatement(sql: updateRecipient).run(
            [
                state, (recipient.isAttempt ? 1 : 0).databaseValue,
                recipient.nextAttempt.seconds.databaseValue, recipient.deadline.seconds.databaseValue,
                (recipient.expiresAt?.seconds).databaseValue,
                recipient.isAttempt || recipient.outcome.isFinal ? recipient.time.seconds.databaseValue : .null,
            ] + recipient.outcome.columns + [
                recipient.host.databaseValue, recipient.delayedNoticeSent.databaseValue,
                (recipient.policyFailureSince?.seconds).databaseValue,
                recipient.recipient.value.databaseValue, message,
            ])
        if db.changesCount != 1 { throw unknown(recipient) }
    }

    private static func note(_ attempts: [AttemptRecord], of recipient: RecipientNumber, _ db: Database) throws {
        if attempts.isEmpty { return }
        let number = recipient.value.databaseValue
        var sequence = try db.cachedStatement(sql: lastSequence).first([number]) { try $0.int64() } ?? 0
        let insert = try db.cachedStatement(sql: insertAttempt)
        for attempt in attempts.suffix(QueueLimits.attemptHistory) {
            sequence &+= 1
            try insert.run(
                [
                    number, sequence.databaseValue, attempt.time.seconds.databaseValue, attempt.host.databaseValue,
                    attempt.address.map { $0.octets.databaseValue } ?? .null, attempt.tlsLevel.databaseValue,
                    attempt.verifiedBy.databaseValue, attempt.requiredBy.databaseValue,
                    attempt.result.cut(to: QueueLimits.detailText).databaseValue,
                ] + ReplyText.columns(attempt.reply) + [
                    attempt.milliseconds.databaseValue,
                    attempt.decision?.cutForColumn(to: QueueLimits.documentKey).databaseValue ?? .null,
                    attempt.evidence?.cutForColumn(to: QueueLimits.documentKey).databaseValue ?? .null,
                    attempt.times?.cutForColumn(to: QueueLimits.phaseTimes).databaseValue ?? .null,
                ])
        }
        let kept = sequence &- Int64(QueueLimits.attemptHistory)
        if kept > 0 { try db.cachedStatement(sql: trimAttempts).run([number, kept.databaseValue]) }
    }

    private static func unknown(_ recipient: RecipientOutcome) -> StoreError {
        .unknown("recipient \(recipient.recipient.value)")
    }

    private static let updateRecipient = """
        UPDATE recipient SET state = coalesce(?, state), attempts = attempts + ?, next_attempt = ?, deadline = ?,
            expires_at = coalesce(?, expires_at), last_attempt = coalesce(?, last_attempt), result = ?, cause = ?,
            detail = ?, reply_code = ?, reply_enhanced = ?, reply_text = ?, host = ?,
            delayed_notice = max(delayed_notice, ?), policy_since = ?
        WHERE number = ? AND message = ? AND state <= 2
        """
    private static let anyTried = "SELECT max(attempts) FROM recipient WHERE number BETWEEN ? AND ?"
    private static let deleteUntried =
        "DELETE FROM recipient WHERE number = ? AND message = ? AND state <= 2 AND attempts = 0"
    private static let lastSequence = "SELECT coalesce(max(sequence), 0) FROM attempt WHERE recipient = ?"
    private static let insertAttempt = """
        INSERT INTO attempt (recipient, sequence, time, host, address, tls_level, verified_by, required_by, result,
            reply_code, reply_enhanced, reply_text, milliseconds, decision, evidence, times)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let trimAttempts = "DELETE FROM attempt WHERE recipient = ? AND sequence <= ?"
}
