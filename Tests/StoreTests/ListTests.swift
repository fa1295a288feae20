import Mail
import Testing

@testable import Store

@Suite struct ListTests {
    @Test("Listing goes through 10,000 messages by cursor, each once, and filters")
    func listing() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for batch in 0..<20 {
            _ = try await store.enqueue(
                try (0..<500).map {
                    try Fixture.message(
                        to: $0 % 100 == 0 ? ["rare.net", "a.net"] : ["a.net"], size: 10,
                        at: Fixture.start.advanced(by: Int64(batch)))
                })
        }
        var numbers: [MessageNumber] = []
        while true {
            let page = try await store.list(QueueFilter(), after: numbers.last, limit: 5000)
            #expect(page.count <= QueueLimits.page)
            if page.isEmpty { break }
            numbers += page.map(\.message.number)
        }
        #expect(numbers.count == 10_000)
        #expect(numbers == numbers.sorted() && Set(numbers).count == 10_000)
        #expect(try await store.counts().messages == 10_000)
        #expect(try await store.counts().dueRecipients == 10_100)

        let rare = try await store.list(QueueFilter(destination: "rare.net"), after: nil, limit: 1000)
        #expect(rare.count == 100)
        #expect(rare.allSatisfy { $0.recipients == 2 && $0.openRecipients == 2 && $0.nextAttempt != nil })
        let filters: [(QueueFilter, Int, String)] = [
            (QueueFilter(sender: .null), 0, "no null reverse-path"),
            (
                QueueFilter(sender: .mailbox(try Fixture.mailbox("sender", "example.com"))), 1000,
                "all, to the page limit"
            ),
            (
                QueueFilter(sender: .mailbox(try Fixture.mailbox("Sender", "example.com"))), 0,
                "case counts in local parts"
            ),
            (QueueFilter(recipient: try Fixture.mailbox("user0", "rare.net")), 100, "by recipient"),
            (QueueFilter(receivedBefore: Fixture.start.advanced(by: 1)), 500, "by age"),
            (QueueFilter(states: [.quarantined]), 0, "none in quarantine"),
            (QueueFilter(destination: "rare.net", receivedBefore: Fixture.start.advanced(by: 2)), 10, "both"),
        ]
        for (filter, count, why) in filters {
            #expect(try await store.list(filter, after: nil, limit: 1000).count == count, "\(why)")
        }
        #expect(try await store.show(Fixture.id()) == nil)
        await store.close()
    }

    /// Messages of every kind: some of one recipient, some of two, some half delivered, some held or in quarantine.
    private static func mixed(_ store: SQLiteStore) async throws -> [NewMessage] {
        var messages: [NewMessage] = []
        for number in 0..<60 {
            let domains = [["a.net"], ["a.net", "b.net"], ["b.net", "a.net", "a.net"]][number % 3]
            var message = try Fixture.message(to: domains, size: 10, at: Fixture.start.advanced(by: Int64(number / 10)))
            if number % 5 == 0 { message.reversePath = .null }
            if number % 5 == 1 { message.reversePath = .mailbox(try Fixture.mailbox("other", "example.org")) }
            if number % 7 == 0 { message.messageID = "<\(number)@x>" }
            if number % 4 == 0 { message.recipients[0].hold = "held" }
            if number % 9 == 0, message.recipients.count > 1 { message.recipients[1].destination = "[smart]:587" }
            messages.append(message)
        }
        let queued = try await store.enqueue(messages)
        for (number, message) in queued.enumerated() {
            if number % 6 == 2 { try await store.settle(message, [1]) }
            if number % 12 == 7 {
                let cause = number % 24 == 7 ? Reason.Cause.daneMismatch : .timedOut
                try await store.settle(message, [0], .deferred(Reason(cause, "x"), nil))
            }
            if number % 8 == 5 { try await store.quarantine(message.message.id, because: "x") }
        }
        return messages
    }

    private static func filters(_ messages: [NewMessage]) throws -> [QueueFilter] {
        let other = try Fixture.mailbox("other", "example.org")
        let mailbox = try Fixture.mailbox("user1", "a.net")
        return [
            QueueFilter(), QueueFilter(ids: [messages[3].id, messages[59].id, Fixture.id(), messages[4].id]),
            QueueFilter(ids: [messages[3].id], destination: "b.net"), QueueFilter(destination: "a.net"),
            QueueFilter(destination: "[smart]:587"), QueueFilter(destination: "c.net"),
            QueueFilter(destination: "a.net", recipient: mailbox, states: [.due]), QueueFilter(sender: .null),
            QueueFilter(sender: .mailbox(other)), QueueFilter(senderDomain: try DomainName("example.org")),
            QueueFilter(destination: "b.net", senderDomain: try DomainName("example.org")),
            QueueFilter(recipient: mailbox), QueueFilter(recipientDomain: try DomainName("b.net")),
            QueueFilter(sender: .null, recipientDomain: try DomainName("b.net")), QueueFilter(messageID: "<7@x>"),
            QueueFilter(receivedBefore: Fixture.start.advanced(by: 3)), QueueFilter(states: [.held]),
            QueueFilter(sender: .null, states: [.held]), QueueFilter(destination: "a.net", states: [.held]),
            QueueFilter(states: [.quarantined]), QueueFilter(states: [.quarantined, .held]), QueueFilter(states: []),
            QueueFilter(states: [.due]), QueueFilter(states: [.delivered]),
            QueueFilter(recipientDomain: try DomainName("b.net"), states: [.quarantined]),
            QueueFilter(destination: "a.net", states: [.due], causes: [.daneMismatch, .startTLSMissing]),
            QueueFilter(causes: [.daneMismatch, .timedOut]), QueueFilter(causes: [.startTLSMissing]),
            QueueFilter(causes: []),
        ]
    }

    /// What a filter means, said in another way.
    private static func matches(
        _ filter: QueueFilter, _ message: StoredMessage, _ recipient: StoredRecipient
    ) -> Bool {
        var domain: DomainName?
        if case .mailbox(let sender) = message.reversePath, case .name(let name) = sender.domain { domain = name }
        return (filter.ids.isEmpty || filter.ids.contains(message.id))
            && (filter.sender == nil || filter.sender == message.reversePath)
            && (filter.senderDomain == nil || filter.senderDomain == domain)
            && (filter.messageID == nil || filter.messageID == message.messageID)
            && (filter.receivedBefore.map { message.receivedAt < $0 } ?? true)
            && (filter.destination == nil || filter.destination == recipient.destination && !recipient.state.isFinal)
            && (filter.recipient == nil || filter.recipient == recipient.mailbox)
            && (filter.recipientDomain.map { .name($0) == recipient.mailbox.domain } ?? true)
            && (filter.states?.contains(recipient.state) ?? true)
            && (filter.causes.map { causes in
                if case .deferred(let reason, _)? = recipient.lastOutcome {
                    causes.contains(reason.cause)
                } else {
                    false
                }
            } ?? true)
    }

    @Test("Listing and selecting find what a filter means, each once, in order of arrival, in pages of any size")
    func oracle() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let messages = try await Self.mixed(store)
        var details: [QueueDetail] = []
        for message in messages {
            if let detail = try await store.show(message.id) { details.append(detail) }
        }
        for filter in try Self.filters(messages) {
            let expected = details.filter { detail in
                detail.recipients.contains { Self.matches(filter, detail.message, $0.recipient) }
            }.map(\.message.number)
            var listed: [MessageNumber] = []
            while true {
                let page = try await store.list(filter, after: listed.last, limit: 3)
                if page.isEmpty { break }
                listed += page.map(\.message.number)
            }
            #expect(listed == expected, "\(filter)")
            let open = details.flatMap { detail in
                detail.recipients.map(\.recipient).filter {
                    Self.matches(filter, detail.message, $0) && !$0.state.isFinal
                }
            }
            var selected: [SelectedRecipient] = []
            while true {
                let page = try await store.select(filter, after: selected.last?.number, limit: 4)
                if page.isEmpty { break }
                selected += page
            }
            #expect(selected.map(\.number) == open.map(\.number), "\(filter)")
            #expect(selected.map(\.mailbox) == open.map(\.mailbox) && selected.map(\.state) == open.map(\.state))
        }
        let first = try #require(try await store.select(QueueFilter(), after: nil, limit: 1).first)
        #expect(first.id == messages[0].id && first.sender == .null && first.size == 10)
        #expect(first.receivedAt == Fixture.start && first.destination == "a.net")
        await store.close()
    }

    @Test("Ids beyond a page are not looked at", arguments: [(999, 1), (1000, 0)])
    func manyIDs(before: Int, found: Int) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let message = try Fixture.message()
        _ = try await store.enqueue([message])
        let filter = QueueFilter(ids: (0..<before).map { _ in Fixture.id() } + [message.id])
        #expect(try await store.list(filter, after: nil, limit: 9).count == found)
        #expect(try await store.select(filter, after: nil, limit: 9).count == found)
        await store.close()
    }

    @Test(
        "A page comes from where its filter leaves least, and nothing is sorted", arguments: ListQueries.Source.allCases
    )
    func plans(source: ListQueries.Source) async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        let place =
            switch source {
            case .ids: "SEARCH m USING INDEX sqlite_autoindex_message_1 (id=?"
            case .destination: "SEARCH r USING INDEX recipient_destination (destination=? AND number>?)"
            case .held: "SEARCH r USING INDEX recipient_held (number>?)"
            case .quarantined: "m USING INDEX message_quarantined"
            case .messages, .recipients: "USING INTEGER PRIMARY KEY (rowid>?)"
            }
        for sql in [
            ListQueries.select(source), ListQueries.list(source, anyRecipient: true),
            ListQueries.list(source, anyRecipient: false),
        ] {
            let plan = try fixture.query("EXPLAIN QUERY PLAN " + sql, column: 3).joined(separator: "; ")
            #expect(plan.contains(place), "\(plan)")
            #expect(!plan.contains("SCAN r") && !plan.contains("SCAN m"), "\(plan)")
            // A few ids come in any order.
            #expect(source == .ids || !plan.contains("TEMP B-TREE"), "\(plan)")
        }
    }

    @Test("Destinations are summed up on an index, most first, with the age of their oldest")
    func summary() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        func message(_ destination: String, _ time: Int64, next: Int64 = 0) throws -> NewMessage {
            var message = try Fixture.message(to: [destination], at: Fixture.start.advanced(by: time))
            message.recipients[0].nextAttempt = Fixture.start.advanced(by: next)
            return message
        }
        let queued = try await store.enqueue([
            message("b.net", 0), message("a.net", 1), message("a.net", 2, next: 10), message("a.net", 3, next: 11),
            message("c.net", 4), message("c.net", 5), message("d.net", 6),
        ])
        _ = try await store.change(.hold(reason: "x"), queued[4].recipients, at: Fixture.start)
        try await store.quarantine(queued[6].message.id, because: "only quarantined: nothing waits")
        try await store.settle(queued[0])
        func row(_ name: String, _ due: Int, _ deferred: Int, _ held: Int, oldest: Int64) -> DestinationSummary {
            DestinationSummary(
                destination: name, due: due, deferred: deferred, held: held,
                oldest: Fixture.start.advanced(by: oldest))
        }
        let all = [row("a.net", 2, 1, 0, oldest: 1), row("c.net", 1, 0, 1, oldest: 4)]
        #expect(try await store.destinationsSummary(at: Fixture.start.advanced(by: 10), limit: 9) == all)
        #expect(try await store.destinationsSummary(at: Fixture.start.advanced(by: 10), limit: 1) == [all[0]])
        await store.close()
        let plan = try fixture.query("EXPLAIN QUERY PLAN " + ViewQueries.byDestination, column: 3).joined(
            separator: "; ")
        #expect(plan.contains("USING COVERING INDEX recipient_destination"), "\(plan)")
        #expect(!plan.contains("GROUP BY"), "\(plan)")
    }
}
