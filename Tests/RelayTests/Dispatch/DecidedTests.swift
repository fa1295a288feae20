import Mail
import Store
import Synchronization
import Testing

@testable import Relay

/// When mail is tried again, its sender told, and given up.
@Suite("The clock's word on a recipient")
struct DecidedTests {
    static let start = PolicyWorld.start
    static let refused = Reason(.connectFailed, "refused")
    static let mismatch = Reason(.daneMismatch, "no")

    let folder: PolicyFolder
    let store: SQLiteStore

    init() throws {
        folder = try PolicyFolder()
        store = try folder.open()
    }

    func recorder(_ terms: QueueTerms, at time: WallTime) throws -> OutcomeRecorder {
        let hostname = try DomainName("relay.example")
        let log = EventLog()
        return OutcomeRecorder(
            store: store, terms: terms,
            bouncer: Bouncer(
                hostname: hostname, from: .postmaster(at: hostname), store: store, terms: terms, log: log.logger),
            trace: nil, counters: Counters(), log: log.logger, clock: { time }, stopping: Flag(),
            unsettled: Unsettled())
    }

    static func terms(_ rules: [QueueRule] = [], suspended: [Suspension] = []) -> QueueTerms {
        let orders = StandingOrders()
        orders.renew(suspensions: suspended, holds: [], at: start.advanced(by: 1), reading: orders.beginReading())
        return QueueTerms(
            schedule: Schedule(), rules: QueueRules(rules), routing: Routing(), orders: orders)
    }

    /// A message from a sender that is no notice.
    func job(lifetime: Int64 = 432_000, notify: NotifyConditions? = nil) throws -> Job {
        var generator = SystemRandomNumberGenerator()
        let expires = Self.start.advanced(by: lifetime)
        let new = NewMessage(
            id: QueueID(using: &generator), reversePath: .mailbox(try Mailbox(parsing: "a@s.example".utf8)),
            receivedAt: Self.start, expiresAt: expires, digest: [], content: Content(bytes: []),
            recipients: [
                NewRecipient(
                    try Mailbox(parsing: "u@b.example".utf8), destination: "b.example", nextAttempt: Self.start,
                    expiresAt: expires, lane: SenderLane(value: 1 << 62), request: RecipientRequest(notify: notify))
            ])
        let queued = QueuedMessage(unqueued: new, as: MessageNumber(-1), recipients: [RecipientNumber(-1)])
        return try #require(Job.fresh(queued, of: new.recipients, terms: .usual, content: nil).first)
    }

    func decide(
        _ reason: Reason, after seconds: Int64, _ terms: QueueTerms, _ job: Job
    ) throws -> Decided {
        let now = Self.start.advanced(by: seconds)
        let recipient = try #require(job.recipients.first)
        return try recorder(terms, at: now).decide(recipient, .deferred(reason, nil), in: job, at: now)
    }

    @Test("Q-03 D19 given up at its expiry, not a second before", arguments: [(431_999, false), (432_000, true)])
    func expiry(seconds: Int64, isOver: Bool) throws {
        let decided = try decide(Self.refused, after: seconds, Self.terms(), job())
        #expect(!decided.isDeferred == isOver)
        #expect((decided.expiredFrom == Self.refused) == isOver)
    }

    @Test("D19 the time its destination lay suspended counts neither against it nor towards a notice of delay")
    func suspended() throws {
        let day: Int64 = 86_400
        let suspension = Suspension(
            destination: "b.example", since: Self.start.advanced(by: 60), reason: "",
            endedAt: Self.start.advanced(by: 60 + day))
        let terms = Self.terms(suspended: [suspension])
        #expect(try decide(Self.refused, after: 432_000 + day - 1, terms, job()).isDeferred)
        #expect(try !decide(Self.refused, after: 432_000 + day, terms, job()).isDeferred)
        #expect(try !decide(Self.refused, after: day + 14_399, terms, job()).isDelayNoticeDue)
        #expect(try decide(Self.refused, after: day + 14_400, terms, job()).isDelayNoticeDue)
        let elsewhere = Self.terms(suspended: [
            Suspension(destination: "c.example", since: Self.start, reason: "", endedAt: nil)
        ])
        #expect(try !decide(Self.refused, after: 432_000, elsewhere, job()).isDeferred)
    }

    @Test("D19 the deadline is the notice of delay, and once that was sent, or is not wanted, the expiry")
    func deadline() throws {
        let first = try decide(Self.refused, after: 60, Self.terms(), job())
        #expect(first.deadline == Self.start.advanced(by: 14_400) && !first.isDelayNoticeDue)
        let told = try decide(Self.refused, after: 14_400, Self.terms(), job())
        #expect(told.isDelayNoticeDue && told.deadline == Self.start.advanced(by: 432_000))
        let never = try decide(Self.refused, after: 60, Self.terms(), job(notify: .failure))
        #expect(never.deadline == Self.start.advanced(by: 432_000))
    }

    @Test("Q-02 Q-03 a rule for a class of failure changes the wait, and may give up sooner but never later")
    func rules() throws {
        let rule = QueueRule(failure: .policy, retryMinimum: 60, retryMaximum: 60, lifetime: 3600)
        let terms = Self.terms([rule])
        let policy = try decide(Self.mismatch, after: 10, terms, job())
        #expect((60...72).contains(policy.nextAttempt.seconds - Self.start.seconds - 10))
        #expect(try !decide(Self.mismatch, after: 3600, terms, job()).isDeferred)
        let other = try decide(Self.refused, after: 3600, terms, job())
        #expect(other.isDeferred && other.nextAttempt.seconds - Self.start.seconds - 3600 >= 300)
        let longer = Self.terms([QueueRule(failure: .policy, lifetime: 864_000)])
        #expect(try !decide(Self.mismatch, after: 432_000, longer, job()).isDeferred)
    }

    @Test("a destination that is down: its mail stays due, is told of delay, and is given up in time")
    func reminded() throws {
        let job = try job()
        let recipient = try #require(job.recipients.first)
        func remind(_ seconds: Int64) throws -> Decided {
            let now = Self.start.advanced(by: seconds)
            return try recorder(Self.terms(), at: now).remind(recipient, of: Self.refused, in: job, at: now)
        }
        let early = try remind(100)
        #expect(early.isDeferred && early.nextAttempt == Self.start.advanced(by: 100) && !early.isDelayNoticeDue)
        #expect(try remind(14_400).isDelayNoticeDue)
        #expect(try remind(432_000).expiredFrom == Self.refused)
        #expect(try recorder(Self.terms(), at: Self.start.advanced(by: 432_000)).isOver(job, of: Self.refused))
        #expect(try !recorder(Self.terms(), at: Self.start.advanced(by: 431_999)).isOver(job, of: Self.refused))
    }
}
