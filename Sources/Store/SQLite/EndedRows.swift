import GRDB
import Mail

/// The end of a message: who still belongs to it, what was known of it, and its removal.
extension SettleRows {
    /// What settling and deleting ask of a message.
    struct MessageState {
        let id: String
        let isSpooled: Bool
        let first: Int64
        /// All recipients.
        let count: Int64
        /// Those that are not final.
        let open: Int
        let kind: Int

        /// The first and the last recipient.
        var range: [DatabaseValue] { [first.databaseValue, (first &+ count &- 1).databaseValue] }
    }

    static func state(of message: MessageNumber, _ db: Database) throws -> MessageState? {
        try db.cachedStatement(sql: messageState).first([message.value.databaseValue]) {
            MessageState(
                id: try $0.text(), isSpooled: try $0.bool(), first: try $0.int64(), count: try $0.int64(),
                open: try $0.int(), kind: try $0.int())
        }
    }

    /// All that is known; nil where a row cannot be read: that must not keep in the queue what is done with.
    static func detail(of row: MessageState, _ db: Database) throws -> QueueDetail? {
        do {
            return try ViewQueries.detail(row.id, db)
        } catch is DamagedRow {
            return nil
        }
    }

    /// Deletes a message with attempts and content. The content file is left to whoever commits.
    static func remove(
        _ message: MessageNumber, _ row: MessageState, withRecipients: Bool, _ db: Database
    ) throws {
        let number = message.value.databaseValue
        if withRecipients { try db.cachedStatement(sql: deleteRecipients).run(row.range) }
        try db.cachedStatement(sql: deleteAttempts).run(row.range)
        if !row.isSpooled { try db.cachedStatement(sql: deleteContent).run([number]) }
        try db.cachedStatement(sql: deleteMessage).run([number])
    }

    private static let messageState =
        "SELECT id, spooled, first_recipient, recipients, open, kind FROM message WHERE number = ?"
    private static let deleteRecipients = "DELETE FROM recipient WHERE number BETWEEN ? AND ?"
    private static let deleteAttempts = "DELETE FROM attempt WHERE recipient BETWEEN ? AND ?"
    private static let deleteContent = "DELETE FROM content WHERE message = ?"
    private static let deleteMessage = "DELETE FROM message WHERE number = ?"
    static let updateOpen = "UPDATE message SET open = ? WHERE number = ?"
}
