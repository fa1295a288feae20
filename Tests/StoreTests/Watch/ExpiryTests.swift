import GRDB
import Mail
import Testing

@testable import Store

@Suite struct ExpiryTests {
    private static func message(_ destination: String, expires: Int64, deadline: Int64? = nil) throws -> NewMessage {
        var message = try Fixture.message(to: [destination, destination], lifetime: expires)
        for index in message.recipients.indices {
            message.recipients[index].deadline = Watch.at(deadline ?? expires)
        }
        return message
    }

    @Test("What expires in time is summed up by destination and cause, soonest first; held and final mail is not")
    func sums() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([
            Self.message("a.example", expires: 500, deadline: 100), Self.message("a.example", expires: 300),
            Self.message("b.example", expires: 200), Self.message("b.example", expires: 999),
            Self.message("c.example", expires: 100), Self.message("d.example", expires: 100),
            Self.message("e.example", expires: 1000, deadline: 50),
        ])
        for index in 0...1 {
            _ = try await store.settle(
                Settlement(
                    message: queued[index].message.number,
                    recipients: queued[index].recipients.enumerated().map { place, number in
                        RecipientOutcome(
                            number,
                            .deferred(
                                Reason(place == 0 || index == 0 ? .daneMismatch : .timedOut, "why \(index)"), nil),
                            time: Watch.at(1), nextAttempt: Watch.at(9), deadline: queued[index].message.expiresAt)
                    }))
        }
        _ = try await store.change(.hold(reason: "x"), queued[4].recipients, at: Watch.at(1))
        try await store.settle(queued[5], [0, 1])
        let (dane, late) = (Reason.Cause.daneMismatch.rawValue, Reason.Cause.timedOut.rawValue)
        let expected = [
            ExpirySum(
                destination: "b.example", cause: nil, detail: nil, messages: 2, recipients: 4, first: Watch.at(200),
                last: Watch.at(999), received: Fixture.start),
            ExpirySum(
                destination: "a.example", cause: dane, detail: "why 1", messages: 2, recipients: 3,
                first: Watch.at(300), last: Watch.at(500), received: Fixture.start),
            ExpirySum(
                destination: "a.example", cause: late, detail: "why 1", messages: 1, recipients: 1,
                first: Watch.at(300), last: Watch.at(300), received: Fixture.start),
        ]
        #expect(try await store.expiring(before: Watch.at(1000), limit: 9) == expected)
        #expect(try await store.expiring(before: Watch.at(1000), limit: 1) == [expected[0]])
        #expect(try await store.expiring(before: Watch.at(1001), limit: 9).last?.destination == "e.example")
        #expect(try await store.expiring(before: Watch.at(200), limit: 9).isEmpty, "a second before the first")
        await store.close()
    }

    @Test("The index of deadlines leads to it, and rows behind the time are not touched")
    func plan() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let plan = try await store.viewReader.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(ExpiryQueries.expiring)", arguments: [0, 1]).map {
                row -> String in
                row["detail"] ?? ""
            }
        }
        #expect(plan.contains("SEARCH r USING INDEX recipient_deadline (deadline<?)"), "\(plan)")
        #expect(!plan.contains { $0.hasPrefix("SCAN r") })
        await store.close()
    }
}
