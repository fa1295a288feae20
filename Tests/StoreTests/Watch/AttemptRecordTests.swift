import Mail
import Testing

@testable import Store

@Suite struct AttemptRecordTests {
    private static func attempt(_ decision: String?, _ evidence: String?, _ times: String?) -> AttemptRecord {
        AttemptRecord(
            time: Fixture.start, host: "mx", address: nil, result: "deferred", milliseconds: 5, decision: decision,
            evidence: evidence, times: times)
    }

    @Test("An attempt names its decision, its evidence and its times, within their bounds, and survives a restart")
    func kept() async throws {
        let fixture = try Fixture()
        let (key, times) = (QueueLimits.documentKey, QueueLimits.phaseTimes)
        func text(_ count: Int) -> String { String(repeating: "k", count: count) }
        let message = try Fixture.message()
        do {
            let store = try fixture.open()
            let queued = try await store.enqueue([message])[0]
            try await store.settle(
                queued, [0], .deferred(Reason(.timedOut, "x"), nil),
                attempts: [
                    Self.attempt(nil, nil, nil), Self.attempt(text(key), text(key), text(times)),
                    Self.attempt(text(key + 1), text(key + 1), text(times + 1)), Self.attempt("", "'", "a\0b"),
                ])
        }
        let store = try fixture.open()
        let attempts = try await store.show(message.id)?.recipients.first?.attempts
        let whole = Self.attempt(text(key), text(key), text(times))
        #expect(attempts == [Self.attempt(nil, nil, nil), whole, whole, Self.attempt("", "'", "a")])
        await store.close()
    }
}
