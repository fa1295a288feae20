import Mail
import Testing

@testable import Store

@Suite struct DemandTests {
    @Test(
        "Q-01 INT-08 What the sender demanded is kept over a restart and shown wherever the message is",
        arguments: MessageDemand.allCases)
    func kept(_ demand: MessageDemand) async throws {
        let fixture = try Fixture()
        var message = try Fixture.message()
        message.demand = demand
        do {
            let store = try fixture.open()
            #expect(try await store.enqueue([message])[0].message.demand == demand)
        }
        let store = try fixture.open()
        let due = try await store.due(before: Fixture.start, after: nil, excluding: DueExclusion(), limit: 9)
        #expect(due.map(\.demand) == [demand])
        let overdue = try await store.overdue(at: message.expiresAt, after: nil, excluding: [], limit: 9)
        #expect(overdue.map(\.due.demand) == [demand])
        #expect(try await store.message(due[0].message)?.demand == demand)
        #expect(try await store.show(message.id)?.message.demand == demand)
        #expect(try await store.list(QueueFilter(), after: nil, limit: 9).map(\.message.demand) == [demand])
        await store.close()
    }

    @Test("A notice carries the demand it was made with")
    func notice() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message()])[0]
        var notice = try Fixture.message()
        notice.demand = .requireTLSNotice
        let settled = try await store.settle(
            queued, [0], .bounced(Reason(.localFailure, "no"), nil), notices: [notice])
        #expect(try await store.message(settled.notices[0].message.number)?.demand == .requireTLSNotice)
        await store.close()
    }

    @Test("A demand nobody knows reads as the strictest, not as none")
    func unknown() async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            _ = try await store.enqueue([Fixture.message()])
            await store.close()
        }
        try fixture.sql("UPDATE message SET demand = 99")
        let store = try fixture.open()
        let due = try await store.due(before: Fixture.start, after: nil, excluding: DueExclusion(), limit: 9)
        #expect(due.map(\.demand) == [.requireTLS])
        await store.close()
    }

    @Test("An attempt keeps what demanded its level")
    func requiredBy() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message()])[0]
        let attempts = [nil, "mta-sts", "requiretls"].map {
            AttemptRecord(
                time: Fixture.start, host: "mx.example.net", address: nil, tlsLevel: "authenticated",
                verifiedBy: "webpki", requiredBy: $0, result: "deferred certificate-invalid",
                reply: Reply(450, nil, "later"), milliseconds: 7)
        }
        try await store.settle(
            queued, [0], .deferred(Reason(.timedOut, "x"), nil), attempts: attempts)
        #expect(try await store.show(queued.message.id)?.recipients[0].attempts == attempts)
        await store.close()
    }
}
