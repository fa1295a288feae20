import Mail
import Net
import Store
import Testing

@testable import Relay

struct AwaitedAnswersTests {
    private static let missing = Reply(451, EnhancedStatusCode(4, 4, 7), "late")

    private func withLoop<Value: Sendable>(
        _ body: @Sendable @escaping (Loop) async throws -> Value
    ) async throws -> Value {
        let loop = try Loop(name: "answers")
        try loop.start()
        defer { loop.shutdown() }
        return try await loop.run { try await body(loop) }
    }

    @Test("Each recipient gets its own answer, in the order of the envelope, whoever answers first")
    func order() async throws {
        let replies = try await withLoop { loop in
            let awaited = AwaitedAnswers(of: 3, on: loop)
            #expect(awaited.recipients.allSatisfy { $0.value < 0 }, "no number of the queue")
            #expect(Set(awaited.recipients).isDisjoint(with: AwaitedAnswers(of: 2, on: loop).recipients))
            awaited.answer(awaited.recipients[2], .delivered(Reply(250, nil, "third")))
            awaited.answer(awaited.recipients[0], .bounced(Reason(.remoteReply, "r"), Reply(550, nil, "first")))
            awaited.answer(awaited.recipients[0], .delivered(Reply(250, nil, "too late")))
            awaited.answer(awaited.recipients[1], .deferred(Reason(.daneMismatch, "no match"), nil), from: "mx.example")
            awaited.answer(RecipientNumber(5), .delivered(Reply(250, nil, "a stranger's")))
            return await awaited.wait(until: .after(.seconds(60)), missing: Self.missing)
        }
        #expect(replies.map(\.code) == [550, 451, 250])
        #expect(replies.map { $0.lines.first ?? "" } == ["first", "host mx.example: no match", "third"])
    }

    @Test("Who is not answered in time is told so, and nothing more is begun; an answer to all ends the wait")
    func late() async throws {
        let (replies, isAbandoned) = try await withLoop { loop in
            let awaited = AwaitedAnswers(of: 2, on: loop)
            awaited.answer(awaited.recipients[1], .delivered(Reply(250, nil, "ok")))
            #expect(!awaited.isAbandoned)
            let replies = await awaited.wait(until: .after(.milliseconds(20)), missing: Self.missing)
            return (replies, awaited.isAbandoned)
        }
        #expect(replies == [Self.missing, Reply(250, EnhancedStatusCode(2, 0, 0), "ok")])
        #expect(isAbandoned)
    }
}
