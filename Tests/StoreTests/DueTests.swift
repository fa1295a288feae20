import GRDB
import Mail
import Testing

@testable import Store

@Suite struct DueTests {
    @Test("What is due comes in order, in pages, without destinations that are left out")
    func pages() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        var messages: [NewMessage] = []
        for number in 0..<30 {
            let domain = ["a.net", "b.net", "c\"\\.net"][number % 3]
            var message = try Fixture.message()
            message.recipients = [
                NewRecipient(
                    try Fixture.mailbox("u\(number)", "example.org"), destination: domain,
                    nextAttempt: Fixture.start.advanced(by: Int64(29 - number) / 4))
            ]
            messages.append(message)
        }
        _ = try await store.enqueue(messages)
        let time = Fixture.start.advanced(by: 5)
        for excluded in [[], ["b.net"], ["c\"\\.net"], ["a.net", "b.net", "c\"\\.net"]] {
            let expected = messages.flatMap(\.recipients).filter {
                $0.nextAttempt <= time && !excluded.contains($0.destination)
            }.map(\.mailbox.localPart)
            var found: [DueRecipient] = []
            while true {
                let page = try await store.due(before: time, after: found.last?.cursor, excluding: excluded, limit: 4)
                #expect(page.count <= 4)
                found += page
                if page.isEmpty { break }
            }
            #expect(Set(found.map(\.mailbox.localPart)) == Set(expected))
            #expect(found.count == expected.count)
            #expect(zip(found, found.dropFirst()).allSatisfy { $0.nextAttempt <= $1.nextAttempt })
        }
        var one: [DueRecipient] = []
        while true {
            let page = try await store.due(at: "a.net", before: time, after: one.last?.cursor, limit: 3)
            one += page
            if page.isEmpty { break }
        }
        #expect(
            one.count == messages.flatMap(\.recipients).count { $0.destination == "a.net" && $0.nextAttempt <= time })
        #expect(one.allSatisfy { $0.destination == "a.net" })
        let times = messages.flatMap(\.recipients).map(\.nextAttempt)
        for after in [WallTime(seconds: .min), Fixture.start, time] {
            // What was due before is in the hands of the dispatcher, and must not hide what becomes due next.
            #expect(try await store.nextDue(after: after) == times.filter { $0 > after }.min())
        }
        await store.close()
    }

    @Test("Destinations are named once each, with their earliest time")
    func destinations() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for number in 0..<100 {
            _ = try await store.enqueue([
                Fixture.message(to: ["d\(number % 7).net"], at: Fixture.start.advanced(by: Int64(200 - number)))
            ])
        }
        let all = try await store.destinations(after: nil, limit: 100)
        #expect(all.map(\.name) == (0..<7).map { "d\($0).net" })
        #expect(all[2].nextAttempt == Fixture.start.advanced(by: 200 - 93))
        #expect(try await store.destinations(after: "d2.net", limit: 3).map(\.name) == ["d3.net", "d4.net", "d5.net"])
        #expect(try await store.destinations(after: "d6.net", limit: 3).isEmpty)
        #expect(try await store.countsByDestination(limit: 2).map(\.recipients) == [15, 15])
        await store.close()
    }

    @Test(
        "The dispatcher's queries run on an index and never sort",
        arguments: [
            ("everywhere", DueQueries.everywhere, "recipient_due"),
            ("one destination", DueQueries.oneDestination, "recipient_destination"),
            ("expired", DueQueries.expired, "recipient_due"), ("next", DueQueries.nextDue, "recipient_due"),
            ("destinations", DueQueries.destinations, "recipient_destination"),
        ])
    func plans(name: String, sql: String, index: String) async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        let plan = try fixture.query("EXPLAIN QUERY PLAN " + sql, column: 3).joined(separator: "; ")
        #expect(plan.contains("SEARCH r USING INDEX \(index)") || plan.contains("INDEX \(index)"), "\(plan)")
        #expect(!plan.contains("TEMP B-TREE"), "\(plan)")
        #expect(!plan.contains("SCAN recipient"), "\(plan)")
        #expect(!plan.contains("SCAN r ") && !plan.contains("SCAN m"), "\(plan)")
    }

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
            (QueueFilter(quarantinedOnly: true), 0, "none in quarantine"),
            (QueueFilter(destination: "rare.net", receivedBefore: Fixture.start.advanced(by: 2)), 10, "both"),
        ]
        for (filter, count, why) in filters {
            #expect(try await store.list(filter, after: nil, limit: 1000).count == count, "\(why)")
        }
        #expect(try await store.show(Fixture.id()) == nil)
        await store.close()
    }

    @Test(
        "Texts survive the list of destinations a query gets",
        arguments: [
            [], ["a"], ["a", "b"], ["\"", "\\", "\u{1}", "\u{1f}", "é", "]"],
        ])
    func json(texts: [String]) throws {
        let fixture = try Fixture()
        let database = try DatabaseQueue()
        let back = try database.read {
            try String.fetchAll($0, sql: "SELECT value FROM json_each(?)", arguments: [JSONText.array(texts)])
        }
        #expect(back == texts)
        withExtendedLifetime(fixture) {}
    }
}
