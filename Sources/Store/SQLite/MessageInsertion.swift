import GRDB
import Mail
import Synchronization

/// The rows of one message, as they are bound to the statements of ``MessageRows``.
struct MessageInsertion: Sendable {
    let number: Int64
    private(set) var message: [DatabaseValue]
    /// Empty where it lies in a file.
    let content: [UInt8]
    private(set) var recipients: [[DatabaseValue]]

    init(number: Int64, message: [DatabaseValue], content: [UInt8], recipients: [[DatabaseValue]]) {
        self.number = number
        self.message = message
        self.content = content
        self.recipients = recipients
    }

    /// Numbers never get so far: behind it those that follow each other would have no end.
    static let numberLimit: Int64 = 1 << 62

    /// False for what was read from a file and is none of ours: columns or numbers are not those that ``MessageRows`` gives.
    var isOurs: Bool {
        let numbers = recipientNumbers
        guard message.count == Place.count, message.integer(Place.number) == number,
            (1..<Self.numberLimit).contains(number),
            !numbers.isEmpty, (1..<Self.numberLimit).contains(numbers.lowerBound),
            message.integer(Place.firstRecipient) == numbers.lowerBound
        else { return false }
        return zip(numbers, recipients).allSatisfy { expected, row in
            row.count == RecipientPlace.count && row.integer(RecipientPlace.number) == expected
                && row.integer(RecipientPlace.message) == number
        }
    }

    /// Places in ``message``.
    private enum Place {
        static let number = 0
        static let id = 1
        static let kind = 2
        static let receivedAt = 6
        static let spooled = 22
        static let firstRecipient = 23
        static let count = 26
    }

    /// Places in a row of ``recipients``.
    private enum RecipientPlace {
        static let number = 0
        static let message = 1
        static let state = 5
        static let expiresAt = 7
        static let heldAt = 10
        static let holdReason = 11
        static let count = 14
    }

    var id: QueueID? {
        get { text(Place.id).flatMap { QueueID($0) } }
        set {
            guard let newValue, message.indices.contains(Place.id) else { return }
            message[Place.id] = newValue.text.databaseValue
        }
    }

    /// ``MessageKind``
    var kind: Int? { integer(Place.kind).flatMap { Int(exactly: $0) } }

    var isSpooled: Bool { integer(Place.spooled) != 0 }

    /// Those of the recipients follow each other.
    var recipientNumbers: Range<Int64> {
        guard case .int64(let first)? = recipients.first?.first?.storage, first < Self.numberLimit else { return 0..<0 }
        return first..<(first + Int64(recipients.count))
    }

    var receivedAt: Int64? { integer(Place.receivedAt) }

    /// With numbers of its own, where another message has those it came with.
    func renumbered(from source: NumberSource) -> MessageInsertion {
        let number = source.nextMessage()
        let first = source.nextRecipients(recipients.count)
        var columns = message
        columns.replace(Place.number, number)
        columns.replace(Place.firstRecipient, first)
        let rows = recipients.enumerated().map { offset, recipient in
            var row = recipient
            row.replace(RecipientPlace.number, first &+ Int64(offset))
            row.replace(RecipientPlace.message, number)
            return row
        }
        return MessageInsertion(number: number, message: columns, content: content, recipients: rows)
    }

    /// Holds the recipients that wait, and whose time was over before `time`, as if they had been held since they came: released, they
    /// have all of their time again.
    /// - Returns: true where there were such.
    mutating func hold(expiredBefore time: Int64, because reason: String) -> Bool {
        var holds = false
        for place in recipients.indices {
            let row = recipients[place]
            guard row.integer(RecipientPlace.state) == Int64(RecipientState.due.rawValue),
                let end = row.integer(RecipientPlace.expiresAt), end < time
            else { continue }
            recipients[place].replace(RecipientPlace.state, RecipientState.held.rawValue)
            recipients[place].replace(RecipientPlace.heldAt, receivedAt ?? time)
            recipients[place].replace(RecipientPlace.holdReason, reason)
            holds = true
        }
        return holds
    }

    private func text(_ place: Int) -> String? {
        guard message.indices.contains(place), case .string(let text) = message[place].storage else { return nil }
        return text
    }

    private func integer(_ place: Int) -> Int64? { message.integer(place) }
}

extension [DatabaseValue] {
    fileprivate func integer(_ place: Int) -> Int64? {
        guard indices.contains(place), case .int64(let number) = self[place].storage else { return nil }
        return number
    }

    fileprivate mutating func replace(_ place: Int, _ value: some DatabaseValueConvertible) {
        if indices.contains(place) { self[place] = value.databaseValue }
    }
}

/// The next numbers of messages and recipients. A number that was given out is never used again while the store is open, whatever
/// became of it, so that a late settlement cannot meet a stranger. The next opening begins behind those that are left: what
/// outlives it by a number must be dropped with its message (``CrashCounts``). Safe from any thread.
final class NumberSource: Sendable {
    private let message: Atomic<Int64>
    private let recipient: Atomic<Int64>

    init(message: Int64, recipient: Int64) {
        self.message = Atomic(message)
        self.recipient = Atomic(recipient)
    }

    /// Behind those in the tables.
    convenience init(_ db: Database) throws {
        self.init(
            message: (try Int64.fetchOne(db, sql: "SELECT max(number) FROM message") ?? 0) &+ 1,
            recipient: (try Int64.fetchOne(db, sql: "SELECT max(number) FROM recipient") ?? 0) &+ 1)
    }

    /// Where `other` is, or behind these numbers where that is further.
    convenience init(_ other: NumberSource, orBehind message: Int64, _ recipient: Int64) {
        self.init(
            message: max(other.message.load(ordering: .relaxed), message &+ 1),
            recipient: max(other.recipient.load(ordering: .relaxed), recipient &+ 1))
    }

    func nextMessage() -> Int64 { message.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// The first of so many that follow each other.
    func nextRecipients(_ count: Int) -> Int64 { recipient.wrappingAdd(Int64(count), ordering: .relaxed).oldValue }
}
