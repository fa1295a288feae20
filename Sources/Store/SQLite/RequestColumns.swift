import GRDB
import Mail

// What the sender asked by DSN (RFC 3461 §4). A value that cannot be read counts as not given: then he is told of failures
// and delays as anybody is, and the mail goes on.

extension RecipientRequest {
    /// `notify, original_recipient`
    var columns: [DatabaseValue] {
        [(notify?.rawValue).map(Int64.init).databaseValue, (originalRecipient?.text).databaseValue]
    }
}

extension Columns {
    mutating func request() throws -> RecipientRequest {
        let conditions: NotifyConditions?
        if case .int64(let number) = try value().storage {
            conditions = NotifyConditions(column: number)
        } else {
            conditions = nil
        }
        return RecipientRequest(
            notify: conditions, originalRecipient: try readableText().flatMap { OriginalRecipient(parsing: $0) })
    }

    mutating func returns() throws -> ReturnedContent? {
        try readableText().flatMap(ReturnedContent.init(rawValue:))
    }

    mutating func envelopeID() throws -> String? {
        try readableText().flatMap { text in
            text.utf8.count <= Envelope.envelopeIDLimit && XText.decoded(text.utf8) != nil ? text : nil
        }
    }

    /// Nil for anything but text.
    private mutating func readableText() throws -> String? {
        guard case .string(let text) = try value().storage else { return nil }
        return text
    }
}

extension NotifyConditions {
    /// Nil for a number with a bit nobody gave.
    fileprivate init?(column: Int64) {
        let known: NotifyConditions = [.success, .failure, .delay]
        guard let value = UInt8(exactly: column), value & ~known.rawValue == 0 else { return nil }
        self.init(rawValue: value)
    }
}
