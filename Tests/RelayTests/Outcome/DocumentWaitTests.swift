import Dispatch
import Mail
import Net
import Testing

@testable import Relay
@testable import Store

/// A settlement and the documents its attempts name.
@Suite("Settling beside a trace that hangs", .timeLimit(.minutes(1)))
struct DocumentWaitTests {
    static let start = PolicyWorld.start
    private let folder: PolicyFolder
    private let store: SQLiteStore
    private let log = EventLog()

    init() throws {
        folder = try PolicyFolder()
        store = try folder.open()
    }

    private func job() async throws -> Job {
        var generator = SystemRandomNumberGenerator()
        let new = NewMessage(
            id: QueueID(using: &generator), reversePath: .mailbox(try Mailbox(parsing: "ann@s.example".utf8)),
            receivedAt: Self.start, expiresAt: Self.start.advanced(by: 432_000),
            digest: [UInt8](repeating: 0, count: 32), content: Content(bytes: Array("x\r\n".utf8)),
            recipients: try ["a@b.example", "c@b.example"].map {
                NewRecipient(
                    try Mailbox(parsing: $0.utf8), destination: "b.example", nextAttempt: Self.start,
                    expiresAt: Self.start.advanced(by: 432_000), lane: SenderLane(value: 1 << 62))
            })
        let queued = try await store.enqueue([new])[0]
        return try #require(Job.fresh(queued, of: new.recipients, terms: .usual, content: nil).first)
    }

    @Test("what was delivered is settled, whatever keeps the documents of the other recipient from the disk")
    func hanging() async throws {
        let world = try RecordWorld()
        let gate = DispatchSemaphore(value: 0)
        defer { gate.signal() }
        let (held, trace) = (Latch<Bool>(), world.trace)
        let hanging = Task {
            try? await trace.writer.perform { _ in
                held.open(true)
                gate.wait()
            }
        }
        _ = await held.wait()
        #expect(trace.document(TraceDocument(.decision, key: "k", bytes: [1], usedAt: Self.start)))
        #expect(trace.hasDocumentsWaiting)
        let hostname = try DomainName("relay.example")
        let recorder = OutcomeRecorder(
            store: store, terms: .usual,
            bouncer: Bouncer(
                hostname: hostname, from: .postmaster(at: hostname), store: store, terms: .usual, log: log.logger),
            trace: trace, counters: Counters(), log: log.logger, clock: { Self.start }, stopping: Flag(),
            unsettled: Unsettled())
        let job = try await job()
        let outcomes: [Outcome] = [
            .delivered(Reply(250, nil, "taken")), .deferred(Reason(.connectFailed, "x"), nil),
        ]
        let result = AttemptResult(
            recipients: outcomes.map { AttemptResult.Settled(outcome: $0, trace: AttemptResult.Trace()) }, attempts: [])
        let loop = try Loop(name: "recorder")
        try loop.start()
        defer { loop.shutdown() }
        let recorded = await loop.task { await recorder.record(job, result) }.value
        #expect(recorded.isWritten && recorded.nextAttempts.count == 1)
        #expect(trace.hasDocumentsWaiting, "nothing has let go of it")
        gate.signal()
        await hanging.value
        #expect(try await trace.documents(["k"]).count == 1)
    }
}
