import Mail
import Testing

@testable import Store

/// Rows of messages that somebody or something changed behind the store's back: one message is set apart for them, and no
/// other has to wait.
@Suite struct MessageDamageTests {
    static let changes = [
        "recipient SET domain = 7.5", "recipient SET domain = ''", "recipient SET local = x'00ff'",
        "recipient SET attempts = 'many'", "message SET reverse_domain = x'ff'", "message SET size = -1",
        "message SET size = 'large'", "message SET received_at = x'00'", "message SET id = 'none'",
    ]

    @Test("A row that cannot be read names its message, which is set apart; the others are read", arguments: changes)
    func damaged(_ change: String) async throws {
        let fixture = try Fixture()
        let (damaged, sound) = (Fixture.id(), Fixture.id())
        do {
            let store = try fixture.open()
            _ = try await store.enqueue([Fixture.message(damaged), Fixture.message(sound)])
            await store.close()
        }
        let ofDamaged = "(SELECT number FROM message WHERE id = '\(damaged)')"
        let key = change.hasPrefix("recipient") ? "message" : "number"
        try fixture.sql("UPDATE \(change) WHERE \(key) = \(ofDamaged)")
        let store = try fixture.open()
        let error = await #expect(throws: StoreError.self) { try await Self.read(store) }
        guard case .unreadable(let number, let why) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let isNameless = change.contains("id = ")
        #expect(try await store.quarantine(number, because: why) == (isNameless ? nil : damaged))
        #expect(try await Self.read(store) == [sound])
        #expect(try await store.counts().quarantinedMessages == 1)
        if !isNameless {
            let listed = try await store.list(QueueFilter(states: [.quarantined]), after: nil, limit: 9)
            #expect(listed.map(\.message.id) == [damaged])
            #expect(listed.first?.message.quarantined == why)
            #expect(try await store.show(damaged)?.recipients.map(\.recipient.state) == [.quarantined])
            // It can be got rid of.
            let selected = try await store.select(QueueFilter(ids: [damaged]), after: nil, limit: 9)
            #expect(
                try await store.change(.delete, selected.map(\.number), at: Fixture.start).changed == selected.count)
            #expect(try await store.ids() == [sound])
        }
        await store.close()
    }

    /// As the dispatcher does: who is due, and the message of each.
    private static func read(_ store: SQLiteStore) async throws -> [QueueID] {
        var ids: [QueueID] = []
        let due = try await store.due(before: Fixture.start, after: nil, excluding: DueExclusion(), limit: 10)
        for recipient in due {
            if let message = try await store.message(recipient.message) { ids.append(message.id) }
        }
        return ids
    }

    @Test("Content of another kind is damaged content")
    func content() async throws {
        let fixture = try Fixture()
        let id = Fixture.id()
        do {
            let store = try fixture.open()
            _ = try await store.enqueue([Fixture.message(id)])
            await store.close()
        }
        try fixture.sql("UPDATE content SET bytes = 'text'")
        let store = try fixture.open()
        let due = try await store.due(before: Fixture.start, after: nil, excluding: DueExclusion(), limit: 10)
        let number = try #require(due.first?.message)
        let message = try #require(try await store.message(number))
        await #expect { try await store.bytes(of: message) } throws: { error in
            if case StoreError.damaged = error { true } else { false }
        }
        await store.close()
    }

    @Test("A deadline of a message that makes no sense names it too")
    func overdue() async throws {
        let fixture = try Fixture()
        let id = Fixture.id()
        do {
            let store = try fixture.open()
            _ = try await store.enqueue([Fixture.message(id)])
            await store.close()
        }
        try fixture.sql("UPDATE recipient SET result = 7")
        let store = try fixture.open()
        let later = Fixture.start.advanced(by: 100 * 86_400)
        await #expect { try await store.overdue(at: later, after: nil, excluding: [], limit: 9) } throws: { error in
            if case StoreError.unreadable = error { true } else { false }
        }
        await store.close()
    }
}
