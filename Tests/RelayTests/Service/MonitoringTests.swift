import DNS
import Foundation
import Glibc
import Logging
import Mail
import Net
import Store
import Synchronization
import Testing

@testable import Relay

@Suite("What monitoring sees of the service", .timeLimit(.minutes(10)))
struct MonitoringTests {
    @Test("readiness names what is in the way, health only asks the loops")
    func readiness() async throws {
        let world = try ServiceWorld()
        let service = Service(try await world.parts("silent"))
        let loop = service.loops.next()
        func obstacles() async -> [String] { await loop.task { await service.obstacles() }.value }
        await service.measureRoom()
        #expect(await obstacles() == ["the resolver's self-test has not ended yet"])
        service.validation.set(.doesNotValidate("bogus.example is answered"))
        #expect(await obstacles().first?.contains("self-test failed") == true)
        service.validation.set(.validates)
        #expect(await obstacles() == [])
        service.room.update(octets: 0, hasInodes: true)
        #expect(await obstacles().first?.contains("store.minimum_free") == true)
        service.room.update(octets: 1, hasInodes: true)
        service.ground.unsettled.began()
        #expect(await obstacles().first?.contains("store does not take") == true)
        service.ground.unsettled.ended()
        service.ground.intakeStopping.set()
        #expect(await obstacles() == ["relayd is stopping"])
        #expect(await loop.task { await service.isAlive() }.value)
        await world.end(service)
    }

    @Test("a port that is taken is told in log and status, and stops nothing")
    func portTaken() async throws {
        var world = try ServiceWorld()
        let holder = try Loop(name: "holder")
        try holder.start()
        defer { holder.shutdown() }
        let taken = try Listener(on: holder, address: SocketAddress.v4(address: 0x7F00_0001, port: 0))
        world.configuration.metrics.listen = taken.address
        let service = Service(try await world.parts("silent"))
        #expect(service.checkMonitoring() == nil, "not tried yet")
        service.startMonitoring(on: service.loops.next())
        #expect(world.log.events.contains("metrics-failed"))
        #expect(service.monitoringWarnings.count == 1)
        let check = try #require(service.checkMonitoring())
        #expect(check.name == "metrics" && check.state == .warning && check.words.contains("cannot be served"))
        #expect(check.cure?.contains("End what listens there") == true, "\(String(describing: check.cure))")
        #expect(await service.status().warnings.contains { $0.hasPrefix("metrics.listen cannot be served") })
        await service.endMonitoring()
        taken.close()
        await world.end(service)
    }

    @Test("a message is counted and logged, and no word of it is in the log, whatever the level")
    func contentStaysOut() async throws {
        var world = try ServiceWorld()
        let point = ListenPoint.address(SocketAddress.v4(address: 0x7F00_0001, port: 0))
        world.configuration.intake.listen = [point]
        world.configuration.metrics.listen = SocketAddress.v4(address: 0x7F00_0001, port: 0)
        world.configuration.log.level = .trace
        world.configuration.log.format = .json
        let path = NSTemporaryDirectory() + "/waxwing-log-\(UUID().uuidString)"
        defer { unlink(path) }
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        try #require(descriptor >= 0)
        let output = LogOutput(descriptor: descriptor)
        var parts = try await ServiceParts.make(
            world.configuration, program: ServiceWorld.worker, workerArguments: ["silent"],
            log: Logger("t", world.configuration.log, output: output))
        parts.diskPatience = ServiceWorld.diskPatience
        let service = Service(parts)
        await service.measureRoom()
        let stations = service.current.value
        let opened = try await service.intake.open(stations.settings.entrances, .none)
        await service.intake.adopt(
            service.ground.intakeParts(stations, service.current, service.dispatcher), stations.settings.entrances,
            opened)
        let port = try #require(opened.addresses.first?.port)

        let content = "Subject: Zinnober-Quittenmus\r\nFrom: a@example.org\r\n\r\nZitronengras\r\n"
        let talk =
            "EHLO client.example\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<b>\r\n"
            + "BDAT \(content.utf8.count) LAST\r\n\(content)NOOP Zimtstern\r\nQUIT\r\n"
        let answer = await MetricsServerTests.exchange(port, Array(talk.utf8))
        #expect(answer.contains("queued as"), "\(answer)")

        service.startMonitoring(on: service.loops.next())
        guard case .serving(let server, _) = service.monitoring.withLock({ $0 }) else {
            Issue.record("the port is not served")
            return
        }
        #expect(service.checkMonitoring()?.state == .ok)
        let scraped = await MetricsServerTests.exchange(
            try #require(server.address.port), Array("GET /metrics HTTP/1.1\r\n\r\n".utf8))
        let body = try #require(scraped.range(of: "\r\n\r\n")).upperBound
        let scrape = try ScrapeReading(String(scraped[body...]))
        #expect(scrape.value("waxwing_messages_accepted_total", ["listener": "\(point)"]) == "1")
        #expect(scrape.value("waxwing_accepted_bytes_total") == "\(content.utf8.count)")
        #expect(scrape.value("waxwing_intake_connections_total", ["listener": "\(point)"]) == "1")
        #expect(scrape.value("waxwing_refusals_total", ["class": "5yz", "reason": "address"]) == "1")
        #expect(scrape.value("waxwing_queue_messages") == "1")
        #expect((scrape.value("waxwing_store_commits_total").flatMap(Int.init) ?? 0) >= 1)
        #expect(scrape.value("waxwing_store_commits_failed_total") == "0")
        #expect(scrape.value("waxwing_resolver_self_test", ["result": "unknown"]) == "1")
        #expect((scrape.value("process_resident_memory_bytes").flatMap(Int.init) ?? 0) > 1_000_000)
        #expect((scrape.value("process_open_fds").flatMap(Int.init) ?? 0) > 5)
        // All that this world can know is there, but what the trace and suspensions will tell.
        let known = Set(scrape.types.keys)
        let missing = Set(try ScrapeReading.full().types.keys).subtracting(known).filter {
            !$0.hasPrefix("waxwing_trace") && !$0.contains("certificate") && !$0.contains("observations")
        }
        #expect(missing.isEmpty, "\(missing)")

        let loop = service.loops.next()
        await service.endMonitoring()
        await service.intake.stop(until: .after(.seconds(300)), on: loop)
        await loop.task { await service.dispatcher.drain(until: .after(.zero), on: loop) }.value
        await world.end(service)
        output.flush(within: 300)
        let log = try String(contentsOfFile: path, encoding: .utf8)
        #expect(log.contains("\"event\":\"accepted\""))
        for word in ["Zinnober", "Zitronengras", "Subject"] { #expect(!log.contains(word), "\(word)") }
        for line in log.split(separator: "\n") {
            #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil, "\(line)")
        }
        close(descriptor)
    }
}
