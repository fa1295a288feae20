import ArgumentParser
import Foundation
import Mail
import Net
import Relay
import Store

/// What the records of decisions cost: processor and octets in the trace for each message, from warm caches.
struct RecordsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "records", abstract: "What the record of each attempt costs: processor and octets a message.")

    @Option(help: "Messages of each round.")
    var messages = 100_000
    @Option(help: "Domains mail goes to in turn; at most 10000.")
    var domains = 1000
    @Option(help: "Rounds; the least of each counts.")
    var rounds = 3

    func validate() throws {
        guard messages > 0, rounds > 0, (1...DecisionMemory.limit).contains(domains) else {
            throw ValidationError("All are positive numbers, domains at most \(DecisionMemory.limit).")
        }
    }

    func run() async throws {
        let world = try World(domains: domains, rules: 10)
        var decisions: [PolicyDecision] = []
        for hop in world.hops { decisions.append(await world.finder.decision(for: hop, demand: .ordinary)) }
        let memory = DecisionMemory()
        let store = try Folder()
        let first = ProcessorTime.now
        for decision in decisions { _ = memory.key(of: decision, in: store.trace, at: Self.now) }
        try await store.trace.documentsWritten()
        print(
            "a new decision: \(ProcessorTime.text((ProcessorTime.now - first) / Double(domains) * 1e6)) us, written;",
            "\(await store.octets() / Int64(domains)) octets in the file")
        var least = Double.infinity
        for _ in 0..<rounds {
            let start = ProcessorTime.now
            for number in 0..<messages {
                _ = memory.key(of: decisions[number % domains], in: store.trace, at: Self.now)
            }
            least = min(least, (ProcessorTime.now - start) / Double(messages) * 1e6)
        }
        await store.trace.close()
        print("a decision that is known: \(ProcessorTime.text(least)) us of processor a message")
        var used = [Double](repeating: .infinity, count: 2)
        var octets = [Int64](repeating: 0, count: 2)
        for _ in 0..<rounds {
            for (place, isRecorded) in [false, true].enumerated() {
                let result = try await lives(isRecorded)
                used[place] = min(used[place], result.microseconds)
                octets[place] = result.octets
            }
        }
        print(
            "a life: \(octets[0]) octets without, \(octets[1]) with its record (+\(octets[1] - octets[0]));",
            "\(ProcessorTime.text(used[0])) us of processor without, \(ProcessorTime.text(used[1])) with",
            "(+\(ProcessorTime.text(max(0, used[1] - used[0]))))")
    }

    private static let now = WallTime(seconds: 1_800_000_000)

    /// Writes lives of one attempt each.
    private func lives(_ isRecorded: Bool) async throws -> (microseconds: Double, octets: Int64) {
        let store = try Folder()
        var generator = SystemRandomNumberGenerator()
        let start = ProcessorTime.now
        for number in 0..<messages {
            let attempt = Life.Attempt(
                time: Self.now, host: "mx1.customer-\(number % domains).example", address: "192.0.2.7",
                tlsLevel: "authenticated", verifiedBy: "dane", requiredBy: "dane", tls: "TLSv1.3", result: "delivered",
                reply: "250 2.0.0 taken", milliseconds: 312, times: "12/30/41/229",
                decision: isRecorded ? "mzxw6ytbmzxw6ytb" : nil, evidence: isRecorded ? "mzxw6ytbmzxw6ytc" : nil,
                phases: isRecorded ? "12/30/41r/13/28/55/12/121" : nil)
            store.trace.record(
                Life(
                    id: QueueID(using: &generator), messageID: "<\(number).1@app.example.org>",
                    sender: "shop@example.org", receivedAt: Self.now, endedAt: Self.now, size: 1234,
                    client: Life.Client(name: "app.example.org", address: "192.0.2.1", login: "app"),
                    recipients: [
                        Life.Recipient(
                            address: "ann.\(number)@customer-\(number % domains).example",
                            destination: "customer-\(number % domains).example", outcome: .delivered,
                            reply: "250 2.0.0 taken", host: "mx1.customer-\(number % domains).example",
                            attempts: [attempt])
                    ]))
            if number % 5000 == 4999 { await store.settle() }
        }
        await store.settle()
        let used = ProcessorTime.now - start
        let octets = await store.octets()
        await store.trace.close()
        return (used / Double(messages) * 1e6, octets / Int64(messages))
    }

    /// A trace in a folder of its own.
    private final class Folder {
        let trace: TraceStore
        private let url: URL

        init() throws {
            url = FileManager.default.temporaryDirectory.appendingPathComponent(
                "waxwing-bench-\(UInt64.random(in: 0...UInt64.max))")
            try FileManager.default.createDirectory(
                at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            trace = try TraceStore.open(
                directory: url.path, limits: TraceLimits(keep: 30 * 86_400, octets: 1 << 40), now: RecordsCommand.now)
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        /// Waits until all that was recorded is written.
        func settle() async { _ = try? await trace.find(.messageID("none"), limit: 1) }

        func octets() async -> Int64 {
            await settle()
            return await trace.state.octets
        }
    }
}
