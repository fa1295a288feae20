import GRDB
import Mail
import Synchronization

/// The rows of one message, as they are bound to the statements of ``MessageRows``.
struct MessageInsertion: Sendable {
    let number: Int64
    private(set) var message: [DatabaseValue]
    /// Empty where it lies in a file.
    let content: [UInt8]
    let recipients: [[DatabaseValue]]

    init(number: Int64, message: [DatabaseValue], content: [UInt8], recipients: [[DatabaseValue]]) {
        self.number = number
        self.message = message
        self.content = content
        self.recipients = recipients
    }

    /// Places in ``message`` and in a recipient's row.
    private enum Place {
        static let id = 1
        static let kind = 2
        static let spooled = 22
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
        guard case .int64(let first)? = recipients.first?.first?.storage else { return 0..<0 }
        return first..<(first &+ Int64(recipients.count))
    }

    private func text(_ place: Int) -> String? {
        guard message.indices.contains(place), case .string(let text) = message[place].storage else { return nil }
        return text
    }

    private func integer(_ place: Int) -> Int64? {
        guard message.indices.contains(place), case .int64(let number) = message[place].storage else { return nil }
        return number
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

    func nextMessage() -> Int64 { message.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// The first of so many that follow each other.
    func nextRecipients(_ count: Int) -> Int64 { recipient.wrappingAdd(Int64(count), ordering: .relaxed).oldValue }
}
