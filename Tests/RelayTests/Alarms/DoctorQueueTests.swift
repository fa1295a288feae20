import Mail
import Net
import Store
import Testing

@testable import Relay

@Suite("What the doctor says of the queue", .timeLimit(.minutes(10)))
struct DoctorQueueTests {
    @Test("due mail at a destination that is ready, and of which nothing is tried, is told with the command to try it")
    func stuck() async throws {
        try await QueueOrdersTests.serve { service in
            #expect(await service.checkQueue().state == .ok)
            // Just come: its turn may be the next.
            try await QueueOrdersTests.queue(1, in: service)
            #expect(await service.checkQueue().state == .ok)
            try await QueueOrdersTests.queue(2, at: "slow.example", age: 300, in: service)
            let check = await service.checkQueue()
            #expect(check.state == .warning)
            #expect(check.words.contains("2 recipients at slow.example have been due for"), "\(check.words)")
            #expect(check.cure?.contains("relayctl queue retry --destination slow.example ") == true)
        }
    }

    @Test("what is suspended or held waits for good reason")
    func heldBack() async throws {
        try await QueueOrdersTests.serve { service in
            try await QueueOrdersTests.queue(2, at: "slow.example", age: 300, in: service)
            _ = try await service.suspend(
                try #require(DestinationName("slow.example")), seconds: nil, reason: "their maintenance")
            #expect(await service.checkQueue().state == .ok)
            _ = try await service.resume(try #require(DestinationName("slow.example")))
            #expect(await service.checkQueue().state == .warning)
            _ = try await QueueOrdersTests.order(.hold, in: service)
            #expect(await service.checkQueue().state == .ok)
        }
    }

    @Test(
        "what was met on no port 25: no mail was sent, or it all goes to a smarthost on another",
        arguments: [
            (nil, "not known: no mail was sent lately"),
            ("[smart.example]:25", "not known: no mail was sent lately"),
            (
                "[smart.example]:587",
                "not known: nothing was sent to port 25 lately, for mail goes to [smart.example]:587 by rule \"*\""
            ),
        ] as [(String?, String)])
    func smarthost(nextHop: String?, words: String) throws {
        let rule = nextHop.map { "[[rule]]\ndestination = \"*\"\nnext_hop = \"\($0)\"" } ?? ""
        let configuration = try Configuration.parse(text: rule, file: "f")
        let routing = Routing(rules: PolicySettings(configuration).rules, port: configuration.delivery.port)
        #expect(Service.nothingSeen(routing) == words)
    }

    @Test("results that the store does not take are a fault, in doctor and in the status")
    func unsettled() async throws {
        try await QueueOrdersTests.serve { service in
            #expect(await service.checkStore().first { $0.name == "store-writing" }?.state == .ok)
            service.ground.unsettled.began()
            let check = await service.checkStore().first { $0.name == "store-writing" }
            #expect(check?.state == .fault && check?.words.contains("the results of 1 delivery") == true)
            #expect(await service.status().warnings.contains { $0.contains("the results of 1 delivery") })
            service.ground.unsettled.ended()
        }
    }
}
