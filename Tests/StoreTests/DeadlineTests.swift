import Mail
import Testing

@testable import Store

@Suite struct DeadlineTests {
    private static func at(_ seconds: Int64) -> WallTime { Fixture.start.advanced(by: seconds) }

    private static func message(_ destination: String, deadline: Int64, next: Int64 = 100_000) throws -> NewMessage {
        var message = try Fixture.message(to: [destination])
        message.recipients[0].nextAttempt = at(next)
        message.recipients[0].deadline = at(deadline)
        return message
    }

    @Test("What is overdue comes earliest first, in pages, without destinations that are left out")
    func pages() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let messages = try (0..<30).map {
            try Self.message(["a.net", "b.net", "c.net"][$0 % 3], deadline: Int64(60 - $0))
        }
        let queued = try await store.enqueue(messages)
        for excluded in [[], ["b.net"], ["a.net", "b.net", "c.net"]] {
            var found: [OverdueRecipient] = []
            while true {
                let page = try await store.overdue(
                    at: Self.at(50), after: found.last?.cursor, excluding: excluded, limit: 4)
                #expect(page.count <= 4)
                found += page
                if page.isEmpty { break }
            }
            let expected = zip(queued, messages).filter {
                $1.recipients[0].deadline <= Self.at(50) && !excluded.contains($1.recipients[0].destination)
            }
            #expect(found.map(\.due.number) == expected.reversed().map { $0.0.recipients[0] })
        }
        await store.close()
    }

    @Test("At its deadline a recipient is overdue, one second before it is not; held and final ones never are")
    func border() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([
            Self.message("a.net", deadline: 100), Self.message("a.net", deadline: 100),
            Self.message("a.net", deadline: 100),
        ])
        #expect(try await store.overdue(at: Self.at(99), after: nil, excluding: [], limit: 9).isEmpty)
        #expect(try await store.nextDeadline(after: Self.at(99)) == Self.at(100))
        _ = try await store.change(.hold(reason: "x"), queued[0].recipients, at: Self.at(1))
        try await store.settle(queued[1])
        let overdue = try await store.overdue(at: Self.at(100), after: nil, excluding: [], limit: 9)
        #expect(overdue.map(\.due.number) == queued[2].recipients && overdue[0].lastOutcome == nil)
        #expect(try await store.nextDeadline(after: Self.at(100)) == nil)
        await store.close()
    }

    @Test("A deferral moves the deadline, and the expiry where it says so; the last outcome comes along")
    func deferral() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Self.message("a.net", deadline: 10)])[0]
        for (expiry, kept) in [(nil, queued.message.expiresAt), (Self.at(77), Self.at(77)), (nil, Self.at(77))] {
            _ = try await store.settle(
                Settlement(
                    message: queued.message.number,
                    recipients: [
                        RecipientOutcome(
                            queued.recipients[0], SettleTests.deferral, time: Self.at(1), nextAttempt: Self.at(2),
                            deadline: Self.at(40), expiresAt: expiry)
                    ]))
            #expect(try await store.nextDeadline(after: Fixture.start) == Self.at(40))
            let overdue = try await store.overdue(at: Self.at(40), after: nil, excluding: [], limit: 9)
            #expect(overdue.map(\.lastOutcome) == [SettleTests.deferral])
            #expect(overdue.map(\.due.expiresAt) == [kept] && overdue.map(\.due.deadline) == [Self.at(40)])
        }
        await store.close()
    }

    @Test("Deadlines are postponed in steps; who is gone is passed over", arguments: [1000, 1001])
    func postpone(count: Int) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([
            Fixture.message(to: Array(repeating: "a.net", count: count)), Fixture.message(),
        ])
        try await store.settle(queued[1])
        let before = fixture.disk.walSyncs
        let numbers = queued[0].recipients.shuffled() + queued[1].recipients
        try await store.postponeDeadlines(numbers.map { ($0, Self.at(5)) })
        #expect(fixture.disk.walSyncs - before == (count + 999) / 1000)
        var overdue = 0
        var cursor: DeadlineCursor?
        repeat {
            let page = try await store.overdue(at: Self.at(5), after: cursor, excluding: [], limit: 1000)
            overdue += page.count
            cursor = page.last?.cursor
        } while cursor != nil
        #expect(overdue == count)
        try await store.postponeDeadlines([])
        await store.close()
    }
}
