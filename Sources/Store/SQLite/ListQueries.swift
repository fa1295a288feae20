import GRDB
import Mail

/// Listings and selections. Where a page begins and how it goes on is chosen by the condition that leaves least, so that
/// the first page comes at once however much is queued: by id, by the index of a destination, of what is held, of what is
/// quarantined. Without one of these it goes through the tables in order, and what is rare there takes a passage of
/// them all.
enum ListQueries {
    // ?1 cursor, ?2 received before, ?3 has a reverse-path, ?4 and ?5 the reverse-path, ?6 domain of the sender,
    // ?7 Message-ID, ?8 destination, ?9 and ?10 mailbox, ?11 domain of the recipient, ?12 bits of states,
    // ?13 ids, ?14 with attempts or without, ?15 causes, ?16 limit
    private static let ofMessage = """
        (?2 IS NULL OR m.received_at < ?2)
            AND (NOT ?3 OR (m.reverse_local IS ?4 AND m.reverse_domain IS ?5))
            AND (?6 IS NULL OR m.reverse_domain = ?6)
            AND (?7 IS NULL OR m.message_id = ?7)
        """
    private static func ofRecipient(_ name: String) -> String {
        """
        (?12 >> \(name).state) & 1
            AND (?14 IS NULL OR \(name).state <> 0 OR (\(name).attempts > 0) = ?14)
            AND (?8 IS NULL OR \(name).destination = ?8)
            AND (?9 IS NULL OR (\(name).local = ?9 AND \(name).domain = ?10))
            AND (?11 IS NULL OR \(name).domain = ?11)
            AND (?15 IS NULL OR \(name).cause IN (SELECT value FROM json_each(?15)))
        """
    }

    /// Where a page comes from.
    enum Source: CaseIterable {
        case ids, destination, held, quarantined, messages, recipients

        init(_ filter: QueueFilter) {
            let isOfRecipient = filter.recipient != nil || filter.recipientDomain != nil
            let isOfMessage =
                filter.sender != nil || filter.senderDomain != nil || filter.receivedBefore != nil
                || filter.messageID != nil
            if !filter.ids.isEmpty {
                self = .ids
            } else if filter.destination != nil {
                self = .destination
            } else if filter.states == [.held] {
                self = .held
            } else if filter.states == [.quarantined] {
                self = .quarantined
            } else if isOfMessage && !isOfRecipient {
                self = .messages
            } else {
                self = .recipients
            }
        }
    }

    static func list(_ filter: QueueFilter) -> String {
        let isAnyRecipient =
            filter.recipient == nil && filter.recipientDomain == nil && filter.states == nil
            && filter.isAttempted == nil && filter.causes == nil
        return list(Source(filter), anyRecipient: isAnyRecipient)
    }

    static func list(_ source: Source, anyRecipient: Bool) -> String {
        let columns = """
            SELECT \(MessageRows.columns), m.open, m.recipients,
                (SELECT min(next_attempt) FROM recipient
                    WHERE number BETWEEN m.first_recipient AND m.first_recipient + m.recipients - 1 AND +state = 0)
            """
        let matches = """
            EXISTS (SELECT 1 FROM recipient r
                WHERE r.number BETWEEN m.first_recipient AND m.first_recipient + m.recipients - 1
                    AND \(ofRecipient("r")))
            """
        switch source {
        case .ids:
            return """
                \(columns)
                FROM message m
                WHERE m.id IN (SELECT value FROM json_each(?13)) AND m.number > ?1 AND \(ofMessage) AND \(matches)
                ORDER BY m.number LIMIT ?16
                """
        case .quarantined:
            return """
                \(columns)
                FROM message m INDEXED BY message_quarantined
                WHERE m.quarantined IS NOT NULL AND m.number > ?1 AND \(ofMessage) AND \(matches)
                ORDER BY m.number LIMIT ?16
                """
        case .messages, .recipients:
            return """
                \(columns)
                FROM message m NOT INDEXED
                WHERE m.number > ?1 AND \(ofMessage)\(anyRecipient ? "" : " AND \(matches)")
                ORDER BY m.number LIMIT ?16
                """
        case .destination, .held:
            // A message stands where its first recipient that matches does: the others are passed over on the index.
            let (index, place) = place(source)
            return """
                \(columns)
                FROM recipient r INDEXED BY \(index) CROSS JOIN message m ON m.number = r.message
                WHERE \(place("r"))
                    AND r.number >= (SELECT first_recipient FROM message WHERE number > ?1 ORDER BY number LIMIT 1)
                    AND \(ofRecipient("r")) AND \(ofMessage)
                    AND NOT EXISTS (SELECT 1 FROM recipient e INDEXED BY \(index)
                        WHERE \(place("e")) AND e.number >= m.first_recipient AND e.number < r.number
                            AND \(ofRecipient("e")))
                ORDER BY r.number LIMIT ?16
                """
        }
    }

    /// The condition an index of recipients begins with.
    private static func place(_ source: Source) -> (index: String, condition: (String) -> String) {
        if source == .held { return ("recipient_held", { "\($0).state = 1" }) }
        return ("recipient_destination", { "\($0).destination = ?8 AND \($0).state <= 2" })
    }

    static func select(_ filter: QueueFilter) -> String { select(Source(filter)) }

    static func select(_ source: Source) -> String {
        let columns = """
            SELECT r.number, r.message, m.id, m.reverse_local, m.reverse_domain, r.local, r.domain, r.destination,
                r.state, m.received_at, m.size
            """
        // Numbers of recipients rise with those of messages: who comes behind the cursor is of its message or a later one.
        let byMessage = """
            CROSS JOIN recipient r
                ON r.number BETWEEN max(m.first_recipient, ?1 + 1) AND m.first_recipient + m.recipients - 1
            """
        let conditions = "\(ofMessage) AND \(ofRecipient("r")) AND r.state <= 2"
        switch source {
        case .ids:
            return """
                \(columns)
                FROM message m \(byMessage)
                WHERE m.id IN (SELECT value FROM json_each(?13)) AND \(conditions)
                ORDER BY r.number LIMIT ?16
                """
        case .quarantined, .messages:
            let (index, condition) =
                source == .messages
                ? ("NOT INDEXED", "") : ("INDEXED BY message_quarantined", "m.quarantined IS NOT NULL AND ")
            return """
                \(columns)
                FROM message m \(index) \(byMessage)
                WHERE \(condition)m.number >= (SELECT message FROM recipient WHERE number > ?1 ORDER BY number LIMIT 1)
                    AND \(conditions)
                ORDER BY m.number, r.number LIMIT ?16
                """
        case .recipients:
            return """
                \(columns)
                FROM recipient r NOT INDEXED CROSS JOIN message m ON m.number = r.message
                WHERE r.number > ?1 AND \(conditions)
                ORDER BY r.number LIMIT ?16
                """
        case .destination, .held:
            let (index, place) = place(source)
            return """
                \(columns)
                FROM recipient r INDEXED BY \(index) CROSS JOIN message m ON m.number = r.message
                WHERE \(place("r")) AND r.number > ?1 AND \(conditions)
                ORDER BY r.number LIMIT ?16
                """
        }
    }

    static func arguments(_ filter: QueueFilter, after cursor: Int64?, limit: Int) -> [DatabaseValue] {
        var sender: [DatabaseValue] = [false.databaseValue, .null, .null]
        switch filter.sender {
        case nil: break
        case .null: sender = [true.databaseValue, .null, .null]
        case .mailbox(let mailbox):
            sender = [true.databaseValue, mailbox.localPart.databaseValue, mailbox.domain.column]
        }
        let states = filter.states ?? Set(RecipientState.allCases)
        return [(cursor ?? 0).databaseValue, (filter.receivedBefore?.seconds).databaseValue] + sender + [
            (filter.senderDomain?.text).databaseValue, filter.messageID.databaseValue,
            filter.destination.databaseValue, (filter.recipient?.localPart).databaseValue,
            filter.recipient?.domain.column ?? .null, (filter.recipientDomain?.text).databaseValue,
            states.reduce(0) { $0 | 1 << $1.rawValue }.databaseValue,
            JSONText.array(filter.ids.prefix(QueueLimits.page).map(\.text)).databaseValue,
            filter.isAttempted.databaseValue,
            filter.causes.map { JSONText.array($0.map(\.rawValue).sorted()) }.databaseValue, QueueLimits.page(limit),
        ]
    }

    static func read(_ columns: inout Columns) throws -> SelectedRecipient {
        let number = RecipientNumber(try columns.int64())
        let message = MessageNumber(try columns.int64())
        guard let id = QueueID(try columns.text()) else { throw DamagedRow(what: "no queue id") }
        return SelectedRecipient(
            number: number, message: message, id: id, sender: try columns.reversePath(),
            mailbox: try columns.mailbox(), destination: try columns.text(),
            state: RecipientState(rawValue: try columns.int()) ?? .held, receivedAt: try columns.time(),
            size: try columns.int64())
    }
}
