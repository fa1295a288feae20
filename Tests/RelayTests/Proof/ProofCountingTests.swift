import Mail
import Store
import Testing

@testable import Relay

/// What of an attempt is counted as handed over.
@Suite("Counting what left", .timeLimit(.minutes(10)))
struct ProofCountingTests {
    static let start = PolicyWorld.start
    let folder: PolicyFolder
    let store: SQLiteStore
    let log = EventLog()

    init() throws {
        folder = try PolicyFolder()
        store = try folder.open()
    }

    private func queue(
        _ recipients: [String], from sender: String = "ann@s.example", kind: MessageKind = .mail,
        demand: MessageDemand = .ordinary
    ) async throws -> Job {
        var generator = SystemRandomNumberGenerator()
        let new = NewMessage(
            id: QueueID(using: &generator), kind: kind,
            reversePath: sender.isEmpty ? .null : .mailbox(try Mailbox(parsing: sender.utf8)), receivedAt: Self.start,
            expiresAt: Self.start.advanced(by: 432_000), digest: [UInt8](repeating: 0, count: 32), demand: demand,
            content: Content(bytes: Array("x\r\n".utf8)),
            recipients: try recipients.map {
                NewRecipient(
                    try Mailbox(parsing: $0.utf8), destination: "b.example", nextAttempt: Self.start,
                    expiresAt: Self.start.advanced(by: 432_000), lane: SenderLane(value: 1 << 62))
            })
        let queued = try await store.enqueue([new])[0]
        var jobs = Job.fresh(queued, of: new.recipients, terms: .usual, content: nil)
        var job = try #require(jobs.first)
        // As a smarthost has them.
        for other in jobs.dropFirst() { job.recipients += other.recipients }
        jobs = []
        return job
    }

    private func recorder(canaries: CanaryWatch? = nil) throws -> OutcomeRecorder {
        let hostname = try DomainName("relay.example")
        return OutcomeRecorder(
            store: store, terms: .usual,
            bouncer: Bouncer(
                hostname: hostname, from: .postmaster(at: hostname), store: store, terms: .usual, log: log.logger),
            trace: nil, counters: Counters(), log: log.logger, clock: { Self.start }, stopping: Flag(),
            unsettled: Unsettled(), canaries: canaries)
    }

    private static let delivered = Outcome.delivered(Reply(250, nil, "taken"))

    private static func trace(_ verified: VerifiedLevel?, tls: String? = "TLSv1.3") -> AttemptResult.Trace {
        AttemptResult.Trace(address: .v4(0xC000_0201), tlsVersion: tls, verified: verified)
    }

    private static func result(_ fates: [(Outcome, AttemptResult.Trace)]) -> AttemptResult {
        AttemptResult(recipients: fates.map { AttemptResult.Settled(outcome: $0.0, trace: $0.1) }, attempts: [])
    }

    private func sums(_ side: DeliverySide) async throws -> [DeliverySum] {
        let day = ReportDay(of: Self.start)
        return try await store.deliveries(by: side, from: day, to: day, after: nil, limit: 100)
    }

    @Test("by recipients' domain, sender and level: one message, so many recipients; the deferred are not counted")
    func counts() async throws {
        let job = try await queue(["a@b.example", "c@b.example", "d@c.example", "e@b.example", "f@b.example"])
        let later = Outcome.deferred(Reason(.connectFailed, "x"), nil)
        _ = try await recorder().record(
            job,
            Self.result([
                // In the order of the job: those of one domain stand together.
                (Self.delivered, Self.trace(.dane)), (Self.delivered, Self.trace(.dane)),
                (Self.delivered, Self.trace(nil, tls: nil)), (later, Self.trace(nil)),
                (Self.delivered, Self.trace(.dane)),
            ]))
        let byDestination = try await sums(.destination)
        try #require(byDestination.map(\.name) == ["b.example", "c.example"])
        #expect(byDestination[0].levels[.dane] == DeliverySum.Count(messages: 1, recipients: 2))
        #expect(byDestination[0].levels[.clear] == DeliverySum.Count(messages: 1, recipients: 1))
        #expect(byDestination[1].levels == [.dane: DeliverySum.Count(messages: 1, recipients: 1)])
        #expect(try await sums(.sender).map(\.name) == ["s.example"])
        #expect(try await store.proofs(from: Self.start, to: Self.start, before: nil, limit: 10).isEmpty)
    }

    static let kinds: [(MessageKind, String, [String])] = [
        (.mail, "ann@s.example", ["s.example"]), (.dsn, "", [""]), (.report, "r@s.example", []),
        (.foreignReport, "r@s.example", []), (.canary, "c@s.example", []),
    ]

    @Test("notices count as from nobody; reports and canaries not at all", arguments: kinds.indices)
    func kind(index: Int) async throws {
        let (kind, sender, names) = Self.kinds[index]
        let job = try await queue(["a@b.example"], from: sender, kind: kind)
        _ = try await recorder().record(job, Self.result([(Self.delivered, Self.trace(.dane))]))
        #expect(try await sums(.sender).map(\.name) == names)
    }

    @Test("RLS mail with REQUIRETLS keeps its proof")
    func proof() async throws {
        let job = try await queue(["a@b.example", "c@b.example"], demand: .requireTLS)
        var trace = Self.trace(.webPKI)
        trace.host = .name(try DomainName("mx.b.example"))
        _ = try await recorder().record(job, Self.result([(Self.delivered, trace), (Self.delivered, trace)]))
        let proofs = try await store.proofs(from: Self.start, to: Self.start, before: nil, limit: 10)
        let proof = try #require(proofs.first)
        #expect(proofs.count == 1 && proof.recipients == 2 && proof.id == job.message.id)
        #expect(proof.sender == "ann@s.example" && proof.destination == "b.example")
        #expect(proof.host == "mx.b.example" && proof.address == "192.0.2.1")
        #expect(proof.tls == "TLSv1.3" && proof.verified == .webPKI)
    }

    @Test("mail that never lay in the queue is counted too")
    func unqueued() async throws {
        let count = DeliveryCount(destination: "b.example", sender: "s.example", level: .dane, recipients: 3)
        try await store.countDeliveries([count], [], at: Self.start)
        try await store.countDeliveries([], [], at: Self.start)
        #expect(
            try await sums(.destination) == [
                DeliverySum(name: "b.example", levels: [.dane: DeliverySum.Count(messages: 1, recipients: 3)])
            ])
    }

    // MARK: Canaries

    private static func canary(_ expectation: Canary.Expectation) throws -> Canary {
        Canary(
            name: "c", sender: try Mailbox(parsing: "c@s.example".utf8),
            recipient: try Mailbox(parsing: "a@b.example".utf8), expectation: expectation, every: 3600, within: 900)
    }

    @Test("a canary that was to be refused and is delivered raises its alarm, and the next good run clears it")
    func canary() async throws {
        let alarms = HeardAlarms()
        let watch = CanaryWatch(alarms: alarms, log: log.logger)
        watch.adopt([try Self.canary(.refused)], at: Self.start)
        let job = try await queue(["a@b.example"], from: "c@s.example", kind: .canary)
        watch.handle(.began(job.message.id), of: "c", at: Self.start)
        let first = try await recorder(canaries: watch).record(
            job, Self.result([(Self.delivered, Self.trace(nil, tls: nil))]))
        #expect(first.notices.isEmpty)
        #expect(alarms.heard == ["raise canary-delivered c"])
        let second = try await queue(["a@b.example"], from: "c@s.example", kind: .canary)
        watch.handle(.began(second.message.id), of: "c", at: Self.start)
        // Given up: what kept it back last decides.
        let mismatch = Outcome.bounced(Reason(.daneMismatch, "no"), nil)
        let recorded = try await recorder(canaries: watch).record(
            second, Self.result([(mismatch, Self.trace(nil))]))
        #expect(recorded.notices.isEmpty, "no bounce to anybody")
        #expect(alarms.heard.dropFirst() == ["clear canary-delivered c", "clear canary-refused c"])
        #expect(watch.all.first?.last?.verdict == .good)
        #expect(log.events.filter { $0 == "canary-result" }.count == 2)
    }

    @Test("a canary that is gone from the configuration leaves no alarm behind; one that is as it was goes on")
    func adopt() throws {
        let alarms = HeardAlarms()
        let watch = CanaryWatch(alarms: alarms, log: log.logger)
        let canary = try Self.canary(.refused)
        // The one was taken out while the daemon was down.
        alarms.raise(.canaryRefused, of: "gone", "w")
        alarms.raise(.canaryDelivered, of: "c", "w")
        watch.adopt([canary], at: Self.start)
        #expect(alarms.standing == ["canary-delivered c"])
        let run = watch.all
        watch.adopt([canary], at: Self.start.advanced(by: 5))
        #expect(watch.all == run && alarms.standing == ["canary-delivered c"])
        var renamed = canary
        renamed.name = "d"
        watch.adopt([renamed], at: Self.start)
        #expect(alarms.standing.isEmpty)
    }
}
