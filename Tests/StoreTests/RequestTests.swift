import Mail
import Testing

@testable import Store

/// What a client asks by DSN and SMTPUTF8, on disk.
@Suite struct RequestTests {
    static func request(_ notify: NotifyConditions?, _ original: String? = nil) throws -> RecipientRequest {
        RecipientRequest(
            notify: notify, originalRecipient: try original.map { try #require(OriginalRecipient(parsing: $0)) })
    }

    static let requests: [(NotifyConditions?, String?)] = [
        (nil, nil), ([], "rfc822;Dana+2Bx@Ivory.example"), ([.success, .failure, .delay], nil),
        (.delay, "utf-8;\\x{FC}@x"),
    ]

    static func message() throws -> NewMessage {
        var message = try Fixture.message(to: ["a.example", "b.example", "c.example", "d.example"])
        for (index, (notify, original)) in requests.enumerated() {
            message.recipients[index].request = try request(notify, original)
        }
        message.returns = .headers
        message.envelopeID = "Ab+2B"
        message.isInternationalized = true
        message.needsUTF8Header = true
        message.origin.login = "ann"
        message.origin.forwarded = "ADDR=192.0.2.7 NAME=c.example"
        return message
    }

    @Test("Q-01 CLI-26 What was asked is kept over a restart, octet by octet, and shown wherever the message is")
    func kept() async throws {
        let fixture = try Fixture()
        let message = try Self.message()
        let requests = message.recipients.map(\.request)
        func check(_ stored: StoredMessage?) throws {
            let stored = try #require(stored)
            #expect(stored.returns == .headers && stored.envelopeID == "Ab+2B")
            #expect(stored.isInternationalized && stored.needsUTF8Header)
            #expect(stored.origin == message.origin && stored.demand == message.demand)
        }
        do {
            let store = try fixture.open()
            try check(try await store.enqueue([message])[0].message)
        }
        let store = try fixture.open()
        let due = try await store.due(before: Fixture.start, after: nil, excluding: DueExclusion(), limit: 9)
        #expect(due.sorted { $0.number < $1.number }.map(\.request) == requests)
        let overdue = try await store.overdue(at: message.expiresAt, after: nil, excluding: [], limit: 9)
        #expect(overdue.map(\.due).sorted { $0.number < $1.number }.map(\.request) == requests)
        try check(try await store.message(due[0].message))
        let detail = try #require(try await store.show(message.id))
        try check(detail.message)
        #expect(detail.recipients.map(\.recipient.request) == requests)
        try check(try await store.list(QueueFilter(), after: nil, limit: 9).first?.message)
        await store.close()
    }

    @Test("NEVER is not the same as nothing asked")
    func never() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        _ = try await store.enqueue([Self.message()])
        await store.close()
        #expect(
            try fixture.query("SELECT ifnull(notify, 'NULL') FROM recipient ORDER BY number") == [
                "NULL", "0", "7", "4",
            ])
    }

    @Test(
        "What cannot be read counts as nothing asked, and the mail goes on",
        arguments: [
            ("recipient", "notify = 8", "a bit nobody gave"), ("recipient", "notify = -1", "below all numbers"),
            ("recipient", "notify = 256", "above all numbers"), ("recipient", "notify = 'x'", "a text"),
            ("recipient", "notify = x'00'", "a BLOB"), ("recipient", "notify = 1.5", "a fraction"),
            ("recipient", "original_recipient = 'no type'", "no ORCPT"),
            ("recipient", "original_recipient = 'rfc822;a' || char(13) || char(10) || 'b'", "a line end"),
            ("recipient", "original_recipient = x'72'", "a BLOB"), ("recipient", "original_recipient = ''", "empty"),
            ("message", "returns = 'BODY'", "no such word"), ("message", "returns = 7", "a number"),
            ("message", "envelope_id = 'a b'", "no xtext"), ("message", "envelope_id = x'61'", "a BLOB"),
            ("message", "envelope_id = hex(zeroblob(51))", "longer than it may be"),
        ])
    func damaged(table: String, change: String, reason: String) async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            _ = try await store.enqueue([Self.message()])
            await store.close()
        }
        try fixture.sql("UPDATE \(table) SET \(change)")
        let store = try fixture.open()
        let due = try await store.due(before: Fixture.start, after: nil, excluding: DueExclusion(), limit: 9)
        let first = try #require(due.first)
        let message = try #require(try await store.message(first.message))
        let column = change.split(separator: " ").first
        for row in due {
            if column == "notify" { #expect(row.request.notify == nil) }
            if column == "original_recipient" { #expect(row.request.originalRecipient == nil) }
        }
        if column == "returns" { #expect(message.returns == nil) }
        if column == "envelope_id" { #expect(message.envelopeID == nil) }
        await store.close()
    }
}
