import ArgumentParser
import FoundationEssentials
import Mail
import Store

/// What counting adds to a message that is enqueued and settled, in groups: none, one and two sessions for TLS-RPT, and how
/// it left, for compliance.
struct CountingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "counting",
        abstract:
            "Processor time of a message that is queued and settled with 0, 1 and 2 sessions, or its delivery, counted."
    )

    @Option(help: "Messages of each round.")
    var messages = 20_000
    @Option(help: "Messages in one commit.")
    var group = 64
    @Option(help: "Domains mail goes to in turn.")
    var domains = 100
    @Option(help: "Rounds; the least of each counts.")
    var rounds = 5

    func validate() throws {
        guard messages > 0, group > 0, domains > 0, rounds > 0 else {
            throw ValidationError("All are positive numbers.")
        }
    }

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "waxwing-bench-\(UInt64.random(in: 0...UInt64.max))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try SQLiteStore.open(directory: folder.path, now: Self.now)
        var least = [Double](repeating: .infinity, count: Counted.all.count)
        for _ in 0..<rounds {
            for (place, counted) in Counted.all.enumerated() {
                let used = try await round(store, counted)
                least[place] = min(least[place], used / Double(messages) * 1e6)
            }
        }
        await store.close()
        for (place, counted) in Counted.all.enumerated() {
            print(
                "\(counted.words): \(ProcessorTime.text(least[place])) us of processor a message",
                place == 0 ? "" : "(+\(ProcessorTime.text(least[place] - least[0])))")
        }
    }

    /// What is counted of each message of a round.
    private struct Counted {
        let words: String
        var sessions = 0
        var hasDelivery = false

        static let all = [
            Counted(words: "nothing"), Counted(words: "1 session", sessions: 1),
            Counted(words: "2 sessions", sessions: 2), Counted(words: "its delivery", hasDelivery: true),
        ]
    }

    private static let now = WallTime(seconds: 1_800_000_000)

    private func round(_ store: SQLiteStore, _ counted: Counted) async throws -> Double {
        let start = ProcessorTime.now
        var done = 0
        while done < messages {
            let size = min(group, messages - done)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for place in 0..<size {
                    let number = done + place
                    tasks.addTask { try await self.pass(store, number, counted) }
                }
                try await tasks.waitForAll()
            }
            done += size
        }
        return ProcessorTime.now - start
    }

    private func pass(_ store: SQLiteStore, _ number: Int, _ counted: Counted) async throws {
        var generator = SystemRandomNumberGenerator()
        let domain = try DomainName("d\(number % domains).example")
        let mailbox = Mailbox(localPart: "someone", domain: .name(domain))
        let message = NewMessage(
            id: QueueID(using: &generator), reversePath: .null, receivedAt: Self.now,
            expiresAt: Self.now.advanced(by: 3600), digest: [UInt8](repeating: 1, count: 32),
            content: Content(bytes: [UInt8](repeating: 0x61, count: 2048)),
            recipients: [
                NewRecipient(
                    mailbox, destination: domain.text, nextAttempt: Self.now,
                    expiresAt: Self.now.advanced(by: 3600), lane: SenderLane(value: 1 << 62))
            ])
        guard let queued = try await store.enqueue([message]).first, let recipient = queued.recipients.first else {
            return
        }
        let host = "mx.\(domain)"
        let inputs = [
            ReportedSession(
                domain: domain,
                policy: ReportedPolicy(
                    .tlsa, domain: try DomainName(host), strings: ["3 1 1 \(String(repeating: "ab", count: 32))"])),
            ReportedSession(
                domain: domain,
                policy: ReportedPolicy(
                    .sts, domain: domain,
                    strings: ["version: STSv1", "mode: enforce", "mx: \(host)", "max_age: 604800"], mxHosts: [host])),
        ]
        let outcome = RecipientOutcome(
            recipient, .delivered(Reply(250, nil, "ok")), host: host, time: Self.now, nextAttempt: Self.now,
            deadline: Self.now)
        _ = try await store.settle(
            Settlement(
                message: queued.message.number, recipients: [outcome], sessions: Array(inputs.prefix(counted.sessions)),
                day: ReportDay(of: Self.now),
                deliveries: counted.hasDelivery
                    ? [
                        DeliveryCount(
                            destination: domain.text, sender: "s\(number % 10).example", level: .dane, recipients: 1)
                    ] : []))
    }
}
