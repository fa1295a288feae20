import GRDB
import Mail
import Testing

@testable import Store

@Suite("A record whose checksum holds, and which no program of ours wrote")
struct JournalRecordTests {
    private func insertion() throws -> MessageInsertion {
        try MessageRows.insertion(
            of: Fixture.message(to: ["a.example", "b.example"]), NumberSource(message: 5, recipient: 7)
        ).insertion
    }

    private func read(_ insertion: MessageInsertion) throws -> MessageInsertion? {
        var bytes: [UInt8] = []
        JournalRecord.enqueued(insertion).write(to: &bytes)
        var reading = JournalBytes(bytes[...])
        guard case .enqueued(let found) = try JournalRecord(&reading) else { return nil }
        return found
    }

    @Test("One of ours is read as it was written")
    func ours() throws {
        let insertion = try insertion()
        let found = try #require(try read(insertion))
        #expect(found.number == 5 && found.recipientNumbers == 7..<9)
        #expect(found.message == insertion.message && found.recipients == insertion.recipients)
    }

    @Test("Columns that are missing or too many, and numbers that are none, are refused", arguments: 0..<8)
    func foreign(_ kind: Int) throws {
        let sound = try insertion()
        var (number, message, recipients) = (sound.number, sound.message, sound.recipients)
        switch kind {
        case 0: message.removeLast()
        case 1: message.append(.null)
        case 2: recipients[1].removeLast()
        case 3: recipients[0].append(.null)
        case 4: number = 6
        case 5: recipients[1][0] = 9.databaseValue
        case 6: recipients[0][0] = (Int64.max - 1).databaseValue
        default: recipients = []
        }
        let foreign = MessageInsertion(
            number: number, message: message, content: sound.content, recipients: recipients)
        #expect(throws: DamagedRow.self) { _ = try read(foreign) }
    }
}
