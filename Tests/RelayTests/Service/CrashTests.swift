import Glibc
import Mail
import Net
import Testing

@testable import Relay
@testable import Store

@Suite("The start behind a crash", .timeLimit(.minutes(10)))
struct CrashTests {
    static func messages(_ count: Int) throws -> [NewMessage] {
        let domain = try DomainName("example.net")
        let (now, end) = (Service.clock(), Service.clock().advanced(by: 432_000))
        return (0..<count).map { number in
            var generator = SystemRandomNumberGenerator()
            return NewMessage(
                id: QueueID(using: &generator), reversePath: .null, receivedAt: now, expiresAt: end,
                digest: [UInt8](0..<32), content: Content(bytes: [0x61]),
                recipients: [
                    NewRecipient(
                        Mailbox(localPart: "user\(number)", domain: .name(domain)), destination: domain.text,
                        nextAttempt: now, expiresAt: end, lane: SenderLane(value: 1 << 62))
                ])
        }
    }

    /// Uses up the stack of the thread.
    @inline(never)
    static func sink(_ depth: Int) -> Int {
        if depth == .max { return 0 }
        return sink(depth + 1) &+ depth
    }

    /// The daemon's life from its start to a fall on the thread that delivers `count` messages.
    static func fall(_ folder: String, with messages: [MessageNumber]) async throws {
        let store = try SQLiteStore.open(directory: folder, now: Service.clock())
        let flight = try #require(store.inFlight)
        try #require(flight.watchCrashes() == nil)
        let loop = try Loop(name: "falls")
        try loop.start()
        await loop.task {
            for message in messages { _ = flight.enter(message) }
            _ = sink(0)
        }.value
        await store.close()
    }

    @Test(
        "A delivery that uses up the stack of its loop is noted; the suspects rest one after another, and are held in the end"
    )
    func threeTimes() async throws {
        let world = try ServiceWorld()
        let queued: [QueuedMessage]
        do {
            let store = try SQLiteStore.open(directory: world.folder.path, now: Service.clock())
            queued = try await store.enqueue(Self.messages(3))
            await store.close()
        }
        let numbers = queued.map(\.message.number.value)
        for crashes in 1...3 {
            await #expect(processExitsWith: .signal(SIGSEGV)) {
                [folder = world.folder.path as String, numbers = numbers as [Int64]] in
                try await CrashTests.fall(folder, with: numbers.map(MessageNumber.init))
            }
            await #expect(processExitsWith: .success) {
                [folder = world.folder.path as String, crashes = crashes as Int] in
                try await CrashTests.start(folder, behind: crashes)
            }
        }
    }

    /// A start behind that many crashes with three suspects.
    static func start(_ folder: String, behind crashes: Int) async throws {
        var world = try ServiceWorld()
        world.configuration.store.directory = folder
        let service = Service(try await world.parts("silent"))
        #expect(!world.log.events.contains("in-flight-missing"))
        let before = Service.clock()
        await service.holdBackSuspects()
        service.store.inFlight?.stopWatching()
        var recipients: [StoredRecipient] = []
        for entry in try await service.store.list(QueueFilter(), after: nil, limit: 10) {
            recipients += try await service.store.show(entry.message.id)?.recipients.map(\.recipient) ?? []
        }
        #expect(recipients.count == 3)
        #expect(world.log.events.filter { $0 == "crashed" || $0 == "crash-suspect" }.count == 4)
        if crashes == 3 {
            #expect(recipients.allSatisfy { $0.state == .held })
            #expect(service.ground.alarms.standing.filter { $0.kind == .crashSuspect }.count == 3)
        } else {
            // The first rest is over soon, and this machine may be slow.
            if crashes == 2 { try await Self.expectRests(of: recipients, in: service) }
            let expected: [Int64] = crashes == 1 ? [30, 40, 50] : [300, 600, 900]
            let rests = recipients.map { $0.nextAttempt.seconds - before.seconds }
            // The clock may go on between two looks at it.
            #expect(zip(rests, expected).allSatisfy { ($1...($1 + 60)).contains($0) }, "\(rests)")
            #expect(zip(rests, rests.dropFirst()).allSatisfy { $1 - $0 == expected[1] - expected[0] }, "\(rests)")
        }
        await world.end(service)
    }

    /// The operator sees that they rest, until when, and how many.
    static func expectRests(of recipients: [StoredRecipient], in service: Service) async throws {
        let id = try #require(try await service.store.list(QueueFilter(), after: nil, limit: 1).first).message.id
        let loop = service.loops.next()
        let shown = await loop.task { try? await service.show(id) }.value
        let waiting = try #require(shown?.recipients.first?.waiting)
        #expect(waiting.state == "resting" && waiting.until == recipients.first?.nextAttempt.seconds)
        #expect(waiting.reason == "relayd fell twice while this was being delivered")
        let traced = await loop.task { try? await service.trace(key: id.text, limit: 1) }.value
        #expect(traced?.matches.first?.recipients.first?.waiting == waiting)
        let status = await loop.task { await service.status() }.value
        #expect(status.store.resting == recipients.count)
    }

    @Test("A start without the file says so, and goes on")
    func missing() async throws {
        await #expect(processExitsWith: .success) {
            let world = try ServiceWorld()
            await (try SQLiteStore.open(directory: world.folder.path, now: Service.clock())).close()
            unlink("\(world.folder.path)/\(InFlight.fileName)")
            try #require(mkdir("\(world.folder.path)/\(InFlight.fileName)", 0o700) == 0)
            let service = Service(try await world.parts("silent"))
            #expect(world.log.events.contains("in-flight-missing"))
            await service.holdBackSuspects()
            await world.end(service)
        }
    }
}
