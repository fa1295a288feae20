import Mail
import Store
import Testing

@testable import Relay

@Suite("What mail waits for, by the store and the operator's orders", .timeLimit(.minutes(10)))
struct WaitingTests {
    @Test("trace and explain say of held, suspended and quarantined mail what queue show says")
    func sameSource() async throws {
        try await QueueOrdersTests.serve { service in
            let queued = try await service.store.enqueue(CrashTests.messages(3))
            let domain = try #require(DestinationName("example.net"))
            _ = try await service.suspend(domain, seconds: 3600, reason: "their wish")
            _ = try await service.store.change(
                .hold(reason: "a look at it"), queued[0].recipients, at: Service.clock())
            try await service.store.quarantine(queued[1].message.id, because: "it is missing")
            let expected = [("held", "a look at it"), ("quarantined", "it is missing"), ("suspended", "their wish")]
            for (message, (state, reason)) in zip(queued.map(\.message), expected) {
                let waiting = try #require(try await service.show(message.id)?.recipients.first?.waiting)
                #expect(waiting.state == state && waiting.reason == reason)
                #expect((waiting.until != nil) == (state == "suspended"))
                let traced = try await service.trace(key: message.id.text, limit: 1)
                #expect(traced.matches.first?.recipients.first?.waiting == waiting)
                let explained = try await service.explain(key: message.id.text, limit: 1)
                #expect(explained.page.matches.first?.message.recipients.first?.waiting == waiting)
            }
        }
    }

    @Test("A retry says what is suspended, held and quarantined, and that it is not tried")
    func retry() async throws {
        try await QueueOrdersTests.serve { service in
            let queued = try await service.store.enqueue(CrashTests.messages(4))
            let domain = try #require(DestinationName("example.net"))
            let suspension = try await service.suspend(domain, seconds: 3600, reason: "their wish")
            _ = try await service.store.change(
                .hold(reason: "a look at it"), queued[0].recipients, at: Service.clock())
            try await service.store.quarantine(queued[1].message.id, because: "it is missing")
            for isDryRun in [true, false] {
                let page = try await service.order(
                    .retry, QueueSelectors(all: true), dryRun: isDryRun, reason: nil, cursor: nil)
                #expect(page.skippedHeld == 1 && page.skippedQuarantined == 1)
                #expect(
                    page.suspended == [
                        SuspendedCount(destination: "example.net", recipients: 2, until: suspension.until)
                    ])
            }
            let held = try await service.order(
                .hold, QueueSelectors(all: true), dryRun: true, reason: nil, cursor: nil)
            #expect(held.suspended == nil, "what is held needs no destination that takes it")
        }
    }
}
