import GRDB
import Mail

/// Reading and writing of message rows.
enum MessageRows {
    /// Reads the ``columns`` every query of messages begins with.
    static func read(_ columns: inout Columns) throws -> StoredMessage {
        let number = try columns.int64()
        return try columns.of(number) { try read(&$0, MessageNumber(number)) }
    }

    private static func read(_ columns: inout Columns, _ number: MessageNumber) throws -> StoredMessage {
        guard let id = QueueID(try columns.text()) else { throw DamagedRow(what: "no queue id") }
        return StoredMessage(
            number: number, id: id, kind: MessageKind(rawValue: try columns.int()) ?? .mail,
            reversePath: try columns.reversePath(), body: BodyType(rawValue: try columns.text()) ?? .eightBitMIME,
            receivedAt: try columns.time(), expiresAt: try columns.time(), size: try columns.size(),
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

    /// Gives a message its numbers and makes the rows of it.
    /// - Throws: `.failed` for what does not belong here; nothing was changed.
    static func insertion(
        of new: NewMessage, _ numbers: NumberSource
    ) throws -> (insertion: MessageInsertion, queued: QueuedMessage) {
        guard !new.recipients.isEmpty else { throw StoreError.failed("a message without recipients") }
        var inline: [UInt8]?
        if case .inline(let bytes) = new.content.storage { inline = bytes }
        if let inline, inline.count > QueueLimits.inlineContent {
            throw StoreError.failed("content of \(inline.count) octets belongs into a file")
        }
        let message = numbers.nextMessage()
        let first = numbers.nextRecipients(new.recipients.count)
        let messageID = new.messageID?.cut(to: QueueLimits.messageID)
        let insertion = MessageInsertion(
            number: message, message: columns(of: new, message, first: first, messageID: messageID),
            content: inline ?? [],
            recipients: new.recipients.enumerated().map { offset, recipient in
                columns(of: recipient, first &+ Int64(offset), of: message, at: new.receivedAt)
            })
        let stored = StoredMessage(
            number: MessageNumber(message), id: new.id, kind: new.kind, reversePath: new.reversePath, body: new.body,
            receivedAt: new.receivedAt, expiresAt: new.expiresAt, size: new.content.size, digest: new.digest,
            hasEightBit: new.hasEightBit, origin: new.origin, demand: new.demand, returns: new.returns,
            envelopeID: new.envelopeID, messageID: messageID, isInternationalized: new.isInternationalized,
            needsUTF8Header: new.needsUTF8Header, isSpooled: inline == nil, quarantined: nil)
        let queued = QueuedMessage(
            message: stored, recipients: new.recipients.indices.map { RecipientNumber(first &+ Int64($0)) })
        return (insertion, queued)
    }

    private static func columns(
        of new: NewMessage, _ number: Int64, first: Int64, messageID: String?
    ) -> [DatabaseValue] {
        let sender: [DatabaseValue] =
            switch new.reversePath {
            case .null: [.null, .null]
            case .mailbox(let mailbox): [mailbox.localPart.databaseValue, mailbox.domain.column]
            }
        return [
            number.databaseValue, new.id.text.databaseValue, new.kind.rawValue.databaseValue,
            sender[0], sender[1], new.body.rawValue.databaseValue,
            new.receivedAt.seconds.databaseValue, new.expiresAt.seconds.databaseValue,
            new.content.size.databaseValue, new.digest.databaseValue, new.hasEightBit.databaseValue,
            new.origin.clientName.databaseValue, new.origin.clientAddress.map { $0.octets.databaseValue } ?? .null,
            new.origin.tls.databaseValue, new.origin.login.databaseValue, new.origin.forwarded.databaseValue,
            new.demand.rawValue.databaseValue, (new.returns?.rawValue).databaseValue,
            new.envelopeID.databaseValue, messageID.databaseValue, new.isInternationalized.databaseValue,
            new.needsUTF8Header.databaseValue, (new.content.bytes == nil).databaseValue,
            first.databaseValue, new.recipients.count.databaseValue, new.recipients.count.databaseValue,
        ]
    }

    private static func columns(
        of recipient: NewRecipient, _ number: Int64, of message: Int64, at receipt: WallTime
    ) -> [DatabaseValue] {
        [
            number.databaseValue, message.databaseValue,
            recipient.mailbox.localPart.databaseValue, recipient.mailbox.domain.column,
            recipient.destination.databaseValue,
            (recipient.hold == nil ? RecipientState.due : .held).rawValue.databaseValue,
            recipient.nextAttempt.seconds.databaseValue, recipient.expiresAt.seconds.databaseValue,
            recipient.deadline.seconds.databaseValue, recipient.lane.value.databaseValue,
            recipient.hold == nil ? .null : receipt.seconds.databaseValue,
            recipient.hold?.cut(to: QueueLimits.detailText).databaseValue ?? .null,
        ] + recipient.request.columns
    }

    /// Who has the numbers of a message that is to be inserted.
    enum Owner {
        case nobody
        /// The message itself, by this number or another: a replay that was broken off has brought it in.
        case itself
        case another
    }

    static func owner(ofNumbersOf insertion: MessageInsertion, _ db: Database) throws -> Owner {
        func holds(_ sql: String, _ value: DatabaseValue) throws -> Bool {
            try db.cachedStatement(sql: sql).first([value], { try $0.int64() }) != nil
        }
        if let id = insertion.id, try holds("SELECT 1 FROM message WHERE id = ?", id.text.databaseValue) {
            return .itself
        }
        if try holds("SELECT 1 FROM message WHERE number = ?", insertion.number.databaseValue) { return .another }
        let isTaken = try insertion.recipients.compactMap(\.first).contains {
            try holds("SELECT 1 FROM recipient WHERE number = ?", $0)
        }
        return isTaken ? .another : .nobody
    }

    /// Inserts message, content and recipients.
    /// - Throws: `StoreError.duplicate` before anything was changed.
    static func insert(_ new: NewMessage, _ db: Database, _ numbers: inout Numbers) throws -> QueuedMessage {
        let (insertion, queued) = try insertion(of: new, numbers.source)
        try insert(insertion, db)
        return queued
    }

    static func insert(_ insertion: MessageInsertion, _ db: Database) throws {
        do {
            try db.cachedStatement(sql: insertMessage).run(insertion.message)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            guard let id = insertion.id else { throw error }
            throw StoreError.duplicate(id)
        }
        if !insertion.isSpooled {
            try db.cachedStatement(sql: insertContent).run(
                [insertion.number.databaseValue, insertion.content.databaseValue])
        }
        let insert = try db.cachedStatement(sql: insertRecipient)
        for recipient in insertion.recipients { try insert.run(recipient) }
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

/// What the writer knows of the database besides what lies in it.
struct Numbers {
    let source: NumberSource
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
        source = try NumberSource(db)
    }
}
