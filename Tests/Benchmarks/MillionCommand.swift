import ArgumentParser
import FoundationEssentials
import Glibc
import Mail
import Store

/// What a queue of a million messages costs: to fill, to restart, to list, to load from.
struct MillionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "million",
        abstract: "Fills a queue on disk and times what is asked of it. Needs 5 GB for a million messages of 2 KiB.")

    @Option(help: "Messages in the queue.")
    var messages = 1_000_000
    @Option(help: "Octets of a message.")
    var size = 2048
    @Option(help: "Messages in one commit.")
    var group = 256
    @Option(help: "Destinations; half of the mail is for the first.")
    var destinations = 10_000
    @Option(help: "Folder to make the queue in; it is removed at the end.")
    var folder = FileManager.default.temporaryDirectory.path

    func validate() throws {
        guard messages > 0, size > 0, group > 0, destinations > 1 else {
            throw ValidationError(
                "Messages, octets and the size of a group are positive, destinations are at least two.")
        }
    }

    func run() async throws {
        let path = "\(folder)/waxwing-bench-\(UInt64.random(in: 0...UInt64.max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let probe = max(1, min(messages, 20_000))
        do {
            let store = try SQLiteStore.open(directory: path, now: Self.start)
            try await report("enqueue at 0") { try await fill(store, from: 0, count: probe) }
            try await report("enqueue to \(messages)") { try await fill(store, from: probe, count: messages - probe) }
            try await report("enqueue at \(messages)") { try await fill(store, from: messages, count: probe) }
            try await ask(store)
            await timed("close") { await store.close() }
        }
        do {
            let store = try await timed("open after a close") { try SQLiteStore.open(directory: path, now: Self.start) }
            _ = try await store.enqueue([message(messages + probe)])
            // Dropped, not closed: what a crash leaves.
        }
        let store = try await timed("open after a crash") { try SQLiteStore.open(directory: path, now: Self.start) }
        try await timed("list: anything") { _ = try await store.list(QueueFilter(), after: nil, limit: 100) }
        await store.close()
    }

    private static let start = WallTime(seconds: 1_800_000_000)

    private func reopen(_ old: consuming SQLiteStore, _ path: String) async throws -> SQLiteStore {
        _ = try await old.enqueue([message(messages)])
        _ = consume old
        return try await timed("open after a crash") { try SQLiteStore.open(directory: path, now: Self.start) }
    }

    private func message(_ number: Int) throws -> NewMessage {
        var generator = SystemRandomNumberGenerator()
        let place = number.isMultiple(of: 2) ? 0 : 1 + (number / 2) % (destinations - 1)
        let mailbox = Mailbox(localPart: "user\(number)", domain: .name(try DomainName("d\(place).example")))
        let sender = Mailbox(localPart: "sender\(number % 100)", domain: .name(try DomainName("sender.example")))
        let received = Self.start.advanced(by: Int64(number / 1000))
        return NewMessage(
            id: QueueID(using: &generator), reversePath: .mailbox(sender), receivedAt: received,
            expiresAt: received.advanced(by: 432_000), digest: [UInt8](repeating: 1, count: 32),
            messageID: "<\(number)@sender.example>", content: Content(bytes: [UInt8](repeating: 0x61, count: size)),
            recipients: [
                NewRecipient(
                    mailbox, destination: mailbox.domain.description, nextAttempt: received,
                    expiresAt: received.advanced(by: 432_000), deadline: received.advanced(by: 14_400),
                    lane: SenderLane(value: 1 << 62 | Int64(number % 100)))
            ])
    }

    /// Messages a second.
    private func fill(_ store: SQLiteStore, from first: Int, count: Int) async throws -> String {
        let clock = ContinuousClock()
        let began = clock.now
        var next = first
        while next < first + count {
            let end = min(next + group, first + count)
            let range = next..<end
            _ = try await store.enqueue(try range.map { try message($0) })
            next = end
        }
        return "\(Int(Double(count) / (clock.now - began).seconds)) messages/s"
    }

    private func ask(_ store: SQLiteStore) async throws {
        let rare = "d\(destinations - 1).example"
        let later = Self.start.advanced(by: Int64(messages))
        for (name, filter) in [
            ("anything", QueueFilter()), ("the common destination", QueueFilter(destination: "d0.example")),
            ("a rare destination", QueueFilter(destination: rare)), ("what is held", QueueFilter(states: [.held])),
            (
                "a sender",
                QueueFilter(
                    sender: .mailbox(
                        Mailbox(localPart: "sender7", domain: .name(try DomainName("sender.example")))))
            ),
            ("a Message-ID that is not there", QueueFilter(messageID: "<none>")),
        ] {
            try await timed("list: \(name)") { _ = try await store.list(filter, after: nil, limit: 100) }
            try await timed("select: \(name)") { _ = try await store.select(filter, after: nil, limit: 1000) }
        }
        try await timed("counts") { _ = try await store.counts() }
        try await timed("destinations") { _ = try await store.destinationsSummary(at: later, limit: 100) }
        try await timed("due: first page") {
            _ = try await store.due(before: later, after: nil, excluding: DueExclusion(), limit: 500)
        }
        let names = (0..<destinations).map { "d\($0).example" }
        for (name, exclusion) in [
            ("all but one destination", DueExclusion(destinations: names.dropLast())),
            ("every destination", DueExclusion(destinations: names)),
            ("every lane", DueExclusion(senders: (0..<100).map { SenderLane(value: 1 << 62 | $0) })),
        ] {
            try await timed("due: left out is \(name)") {
                _ = try await store.due(before: later, after: nil, excluding: exclusion, limit: 500)
            }
        }
        try await timed("overdue: left out is every destination") {
            _ = try await store.overdue(at: later, after: nil, excluding: names, limit: 500)
        }
        try await timed("reroute: other routes, nothing to change") {
            _ = try await store.reroute(fingerprint: .random(in: .min ... .max)) { _, old in old }
        }
        let page = try await store.select(QueueFilter(destination: "d0.example"), after: nil, limit: 1000).map(\.number)
        try await timed("hold 1000") { _ = try await store.change(.hold(reason: "bench"), page, at: later) }
        try await timed("release 1000") { _ = try await store.change(.release, page, at: later) }
        try await timed("delete 1000") { _ = try await store.change(.delete, page, at: later) }
    }

    private func report(_ name: String, _ body: () async throws -> String) async throws {
        print("\(name): \(try await body()), resident \(Self.residentMegabytes) MB")
    }

    @discardableResult
    private func timed<Value>(_ name: String, _ body: () async throws -> Value) async rethrows -> Value {
        let clock = ContinuousClock()
        let began = clock.now
        let value = try await body()
        print(
            "\(name): \(ProcessorTime.text((clock.now - began).seconds * 1000)) ms, resident \(Self.residentMegabytes) MB"
        )
        return value
    }

    private static var residentMegabytes: Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE)) / 1_048_576
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
