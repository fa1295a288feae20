import GRDB
import Mail

/// Reading and writing of message rows.
enum MessageRows {
    /// Reads the ``columns`` every query of messages begins with.
    static func read(_ columns: inout Columns) throws -> StoredMessage {
        let number = MessageNumber(try columns.int64())
        guard let id = QueueID(try columns.text()) else { throw DamagedRow(what: "no queue id") }
        return StoredMessage(
            number: number, id: id, kind: MessageKind(rawValue: try columns.int()) ?? .mail,
            reversePath: try columns.reversePath(), body: BodyType(rawValue: try columns.text()) ?? .eightBitMIME,
            receivedAt: try columns.time(), expiresAt: try columns.time(), size: try columns.int64(),
            digest: try columns.bytes(), hasEightBit: try columns.bool(),
            origin: MessageOrigin(
                clientName: try columns.optionalText(), clientAddress: try columns.address(),
                tls: try columns.optionalText(), login: try columns.optionalText(),
                forwarded: try columns.optionalText()),
            demand: MessageDemand(column: try columns.int()), returns: try columns.returns(),
            envelopeID: try columns.envelopeID(), messageID: try columns.optionalText(),
            isInternationalized: try columns.bool(),
            needsUTF8Header: try columns.bool(), isSpooled: try columns.bool(),
            quarantined: try columns.optionalText())
    }

    /// Of a message as `m`.
    static let columns = """
        m.number, m.id, m.kind, m.reverse_local, m.reverse_domain, m.body, m.received_at, m.expires_at, m.size, m.digest,
            m.eight_bit, m.client_name, m.client_address, m.tls, m.login, m.forwarded, m.demand, m.returns, m.envelope_id,
            m.message_id, m.internationalized, m.needs_utf8_header, m.spooled, m.quarantined
        """

    static let byNumber = "SELECT \(columns) FROM message m WHERE m.number = ?"

    /// Inserts message, content and recipients.
    /// - Throws: `StoreError.duplicate` before anything was changed.
    static func insert(
        _ new: NewMessage, _ db: Database, _ numbers: inout Numbers
    ) throws -> QueuedMessage {
        guard !new.recipients.isEmpty else { throw StoreError.failed("a message without recipients") }
        var inline: [UInt8]?
        if case .inline(let bytes) = new.content.storage { inline = bytes }
        if let inline, inline.count > QueueLimits.inlineContent {
            throw StoreError.failed("content of \(inline.count) octets belongs into a file")
        }
        let message = MessageNumber(numbers.nextMessage)
        numbers.nextMessage &+= 1
        let first = numbers.nextRecipient
        numbers.nextRecipient &+= Int64(new.recipients.count)
        let sender: [DatabaseValue] =
            switch new.reversePath {
            case .null: [.null, .null]
            case .mailbox(let mailbox): [mailbox.localPart.databaseValue, mailbox.domain.column]
            }
        let messageID = new.messageID?.cut(to: QueueLimits.messageID)
        do {
            try db.cachedStatement(sql: insertMessage).run(
                [
                    message.value.databaseValue, new.id.text.databaseValue, new.kind.rawValue.databaseValue,
                    sender[0], sender[1], new.body.rawValue.databaseValue,
                    new.receivedAt.seconds.databaseValue, new.expiresAt.seconds.databaseValue,
                    new.content.size.databaseValue, new.digest.databaseValue, new.hasEightBit.databaseValue,
                    new.origin.clientName.databaseValue,
                    new.origin.clientAddress.map { $0.octets.databaseValue } ?? .null,
                    new.origin.tls.databaseValue, new.origin.login.databaseValue, new.origin.forwarded.databaseValue,
                    new.demand.rawValue.databaseValue, (new.returns?.rawValue).databaseValue,
                    new.envelopeID.databaseValue, messageID.databaseValue, new.isInternationalized.databaseValue,
                    new.needsUTF8Header.databaseValue, (inline == nil).databaseValue,
                    first.databaseValue, new.recipients.count.databaseValue, new.recipients.count.databaseValue,
                ])
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw StoreError.duplicate(new.id)
        }
        if let inline {
            try db.cachedStatement(sql: insertContent).run([message.value.databaseValue, inline.databaseValue])
        }
        let insert = try db.cachedStatement(sql: insertRecipient)
        for (offset, recipient) in new.recipients.enumerated() {
            try insert.run(
                [
                    (first &+ Int64(offset)).databaseValue, message.value.databaseValue,
                    recipient.mailbox.localPart.databaseValue, recipient.mailbox.domain.column,
                    recipient.destination.databaseValue,
                    (recipient.hold == nil ? RecipientState.due : .held).rawValue.databaseValue,
                    recipient.nextAttempt.seconds.databaseValue, recipient.expiresAt.seconds.databaseValue,
                    recipient.deadline.seconds.databaseValue, recipient.lane.value.databaseValue,
                    recipient.hold == nil ? .null : new.receivedAt.seconds.databaseValue,
                    recipient.hold?.cut(to: QueueLimits.detailText).databaseValue ?? .null,
                ] + recipient.request.columns)
        }
        let stored = StoredMessage(
            number: message, id: new.id, kind: new.kind, reversePath: new.reversePath, body: new.body,
            receivedAt: new.receivedAt, expiresAt: new.expiresAt, size: new.content.size, digest: new.digest,
            hasEightBit: new.hasEightBit, origin: new.origin, demand: new.demand, returns: new.returns,
            envelopeID: new.envelopeID, messageID: messageID, isInternationalized: new.isInternationalized,
            needsUTF8Header: new.needsUTF8Header, isSpooled: inline == nil, quarantined: nil)
        return QueuedMessage(
            message: stored,
            recipients: new.recipients.indices.map { RecipientNumber(first &+ Int64($0)) })
    }

    private static let insertMessage = """
        INSERT INTO message (number, id, kind, reverse_local, reverse_domain, body, received_at, expires_at, size, digest,
            eight_bit, client_name, client_address, tls, login, forwarded, demand, returns, envelope_id, message_id, internationalized,
            needs_utf8_header, spooled, first_recipient, recipients, open)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let insertContent = "INSERT INTO content (message, bytes) VALUES (?, ?)"
    private static let insertRecipient = """
        INSERT INTO recipient (number, message, local, domain, destination, attempts, state, next_attempt, expires_at,
            deadline, lane, held_at, hold_reason, notify, original_recipient)
        VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
}

/// The next numbers. They live in the writer: a number given out in a transaction that failed is never used again, nor
/// is that of a deleted row, so that a late settlement cannot meet a stranger.
struct Numbers {
    var nextMessage: Int64
    var nextRecipient: Int64
    /// What TLS-RPT counts. Unlike the numbers it says what lies in the database: a transaction that is taken back has
    /// to empty it.
    var counter: ReportCounter
    /// What the present transaction has delivered: written at its end, and emptied where it is taken back.
    var deliveries: DeliveryTally
    /// Rows of `known_fact`; nil until they are counted, and where a transaction was taken back.
    var facts: Int?

    init(_ db: Database, _ options: SQLiteOptions = SQLiteOptions()) throws {
        counter = ReportCounter(domainLimit: options.countedDomains, dayTextLimit: options.countedText)
        deliveries = DeliveryTally(nameLimit: options.watchBounds.namesOfDay)
        nextMessage = (try Int64.fetchOne(db, sql: "SELECT max(number) FROM message") ?? 0) &+ 1
        nextRecipient = (try Int64.fetchOne(db, sql: "SELECT max(number) FROM recipient") ?? 0) &+ 1
    }
}
