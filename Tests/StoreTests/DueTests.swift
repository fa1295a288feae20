import GRDB
import Mail
import Testing

@testable import Store

@Suite struct DueTests {
    private static let names = ["a.net", "b.net", "c\"\\.net"]
    private static let high = SenderLane(value: 7)
    private static let normal = Fixture.lane
    private static let optional = SenderLane(value: 1 << 62 | 1 << 61 | 9)
    private static let lanes = [high, normal, optional, SenderLane(value: .max)]

    private static func queue() throws -> [NewMessage] {
        try (0..<60).map { number in
            var message = try Fixture.message()
            message.recipients = [
                NewRecipient(
                    try Fixture.mailbox("u\(number)", "example.org"), destination: names[number % 3],
                    nextAttempt: Fixture.start.advanced(by: Int64(59 - number) / 8), expiresAt: message.expiresAt,
                    lane: lanes[number / 3 % 4])
            ]
            return message
        }
    }

    static let exclusions: [(DueExclusion, String)] = [
        (DueExclusion(), "nothing"), (DueExclusion(destinations: ["b.net"]), "a destination"),
        (DueExclusion(destinations: ["c\"\\.net"]), "a name to escape"), (DueExclusion(destinations: names), "all"),
        (DueExclusion(ordinary: ["a.net", "b.net"]), "what may not go past policy"),
        (DueExclusion(lanes: [LanePlace(destination: "c\"\\.net", lane: normal)]), "a lane at one destination"),
        (DueExclusion(senders: [high, SenderLane(value: .max)]), "lanes everywhere"),
        (
            DueExclusion(
                destinations: ["a.net"], ordinary: ["b.net"],
                lanes: [
                    LanePlace(destination: "b.net", lane: optional), LanePlace(destination: "c\"\\.net", lane: high),
                ], senders: [normal]), "everything at once"
        ),
    ]

    private static func excludes(_ exclusion: DueExclusion, _ destination: String, _ lane: SenderLane) -> Bool {
        exclusion.destinations.contains(destination) || exclusion.senders.contains(lane)
            || exclusion.ordinary.contains(destination) && !lane.isOptionalTLS
            || exclusion.lanes.contains(LanePlace(destination: destination, lane: lane))
    }

    @Test("Q-04 What is due comes in order, in pages, without what is left out", arguments: exclusions)
    func pages(exclusion: DueExclusion, name: String) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let messages = try Self.queue()
        _ = try await store.enqueue(messages)
        let time = Fixture.start.advanced(by: 5)
        let expected = messages.flatMap(\.recipients).filter {
            $0.nextAttempt <= time && !Self.excludes(exclusion, $0.destination, $0.lane)
        }
        var found: [DueRecipient] = []
        while true {
            let page = try await store.due(before: time, after: found.last?.cursor, excluding: exclusion, limit: 4)
            #expect(page.count <= 4)
            found += page
            if page.isEmpty { break }
        }
        #expect(Set(found.map(\.mailbox)) == Set(expected.map(\.mailbox)) && found.count == expected.count)
        // By second, then destination, then lane: high priority first.
        let order = found.map { ($0.nextAttempt.seconds, $0.destination, $0.lane.value) }
        #expect(zip(order, order.dropFirst()).allSatisfy { $0 <= $1 })
        let times = messages.flatMap(\.recipients).map(\.nextAttempt)
        for after in [WallTime(seconds: .min), Fixture.start, time] {
            // What was due before is in the hands of the dispatcher, and must not hide what becomes due next.
            #expect(try await store.nextDue(after: after) == times.filter { $0 > after }.min())
        }
        await store.close()
    }

    @Test("What a recipient has of its own comes back: expiry, deadline, lane")
    func own() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        var message = try Fixture.message(to: ["a.net", "b.net"])
        message.messageID = "<1@example.com>"
        message.recipients[0].expiresAt = Fixture.start.advanced(by: 50)
        message.recipients[0].deadline = Fixture.start.advanced(by: 40)
        message.recipients[0].lane = Self.optional
        let queued = try await store.enqueue([message])[0]
        let due = try await store.due()
        #expect(due.map(\.lane) == [Self.optional, Fixture.lane])
        #expect(due.map(\.expiresAt) == [Fixture.start.advanced(by: 50), message.expiresAt])
        #expect(due.map(\.deadline) == [Fixture.start.advanced(by: 40), message.expiresAt])
        let detail = try #require(try await store.show(message.id))
        #expect(detail.message == queued.message && detail.message.messageID == "<1@example.com>")
        #expect(detail.recipients.map(\.recipient.expiresAt) == due.map(\.expiresAt))
        await store.close()
    }

    @Test("Message-ID is kept to its limit, one octet past it is cut", arguments: [(255, 255), (256, 255)])
    func messageID(length: Int, kept: Int) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        var message = try Fixture.message()
        message.messageID = String(repeating: "m", count: length)
        let queued = try await store.enqueue([message])[0]
        #expect(queued.message.messageID?.utf8.count == kept)
        #expect(try await store.message(queued.message.number) == queued.message)
        await store.close()
    }

    @Test("The dispatcher's queries run on an index and never sort", arguments: exclusions)
    func plans(exclusion: DueExclusion, name: String) async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        for (sql, index) in [
            (
                DueQueries.due(exclusion),
                "INDEX recipient_due ((next_attempt,destination,lane)>(?,?,?) AND next_attempt<?)"
            ),
            (DueQueries.overdue, "INDEX recipient_deadline ((deadline,destination)>(?,?) AND deadline<?)"),
            (DueQueries.nextDue, "INDEX recipient_due (next_attempt>?)"),
            (DueQueries.nextDeadline, "INDEX recipient_deadline (deadline>?)"),
        ] {
            let plan = try fixture.query("EXPLAIN QUERY PLAN " + sql, column: 3).joined(separator: "; ")
            #expect(plan.contains(index), "\(plan)")
            #expect(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN r"), "\(plan)")
            #expect(!plan.contains("CORRELATED"), "a list is read once: \(plan)")
        }
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
