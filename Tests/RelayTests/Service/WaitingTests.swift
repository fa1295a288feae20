import Mail
import Net
import Store
import Testing

@testable import Relay

@Suite("What mail waits for, by the store and the operator's orders", .timeLimit(.minutes(10)))
struct WaitingTests {
    @Test("trace and explain say of held, suspended and quarantined mail what queue show says")
    func sameSource() async throws {
        let world = try ServiceWorld()
        let service = Service(try await world.parts("silent"))
        let loop = service.loops.next()
        let queued = try await service.store.enqueue(CrashTests.messages(3))
        let domain = try #require(DestinationName("example.net"))
        _ = try await service.suspend(domain, seconds: 3600, reason: "their wish")
        _ = try await service.store.change(
            .hold(reason: "a look at it"), queued[0].recipients.map(\.number), at: Service.clock())
        try await service.store.quarantine(queued[1].message.id, because: "it is missing")
        let expected = [("held", "a look at it"), ("quarantined", "it is missing"), ("suspended", "their wish")]
        for (message, (state, reason)) in zip(queued.map(\.message), expected) {
            let shown = try await loop.task { try await service.show(message.id) }.value
            let waiting = try #require(shown?.recipients.first?.waiting)
            #expect(waiting.state == state && waiting.reason == reason)
            #expect((waiting.until != nil) == (state == "suspended"))
            let traced = try await loop.task { try await service.trace(key: message.id.text, limit: 1) }.value
            #expect(traced.matches.first?.recipients.first?.waiting == waiting)
            let explained = try await loop.task { try await service.explain(key: message.id.text, limit: 1) }.value
            #expect(explained.page.matches.first?.message.recipients.first?.waiting == waiting)
        }
        await world.end(service)
    }
}
