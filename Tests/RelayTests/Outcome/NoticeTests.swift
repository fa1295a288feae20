import Mail
import Net
import Store
import TLS
import Testing

@testable import Relay

/// Which notices outcomes cause, by what the sender asked for each recipient.
@Suite("Notices", .timeLimit(.minutes(10)))
struct NoticeTests {
    /// What the recipients of a message ask, and what became of each.
    struct Fate {
        var notify: NotifyConditions?
        var outcome: Outcome
        var handedOn = false
        var isReached = true
    }

    static let delivered = Outcome.delivered(Reply(250, EnhancedStatusCode(2, 1, 5), "taken"))
    static let bounced = Outcome.bounced(Reason(.remoteReply, "no such user"), Reply(550, nil, "who"))
    static let deferred = Outcome.deferred(Reason(.connectFailed, "refused"), nil)

    let folder: PolicyFolder
    let store: SQLiteStore
    let log = EventLog()

    init() throws {
        folder = try PolicyFolder()
        store = try folder.open()
    }

    /// The notices, and the message they are of. `u0`, `u1`, … are the recipients; each has an ORCPT.
    func notices(
        _ fates: [Fate], after seconds: Int64 = 60, from sender: String = "ann@sender.example",
        content: String = "Subject: x\r\n\r\nbody\r\n", inMemory: Bool = true,
        _ change: (inout NewMessage) -> Void = { _ in }
    ) async throws -> [(job: Job, text: String)] {
        var generator = SystemRandomNumberGenerator()
        let now = PolicyWorld.start.advanced(by: seconds)
        let domain = try DomainName("b.example")
        let bytes = Array(content.utf8)
        let recipients = fates.enumerated().map { index, fate in
            Envelope.Recipient(
                Mailbox(localPart: "u\(index)", domain: .name(domain)),
                RecipientRequest(
                    notify: fate.notify, originalRecipient: OriginalRecipient(parsing: "rfc822;o\(index)+2B@b.example"))
            )
        }
        var message = NewMessage(
            id: QueueID(using: &generator),
            reversePath: sender.isEmpty ? .null : .mailbox(try Mailbox(parsing: sender.utf8)),
            receivedAt: PolicyWorld.start, expiresAt: PolicyWorld.start.advanced(by: 432_000),
            digest: try SHA256Digest.digest(of: bytes), content: Content(bytes: bytes),
            recipients: recipients.map {
                NewRecipient(
                    $0.mailbox, destination: "b.example", nextAttempt: PolicyWorld.start,
                    expiresAt: PolicyWorld.start.advanced(by: 432_000),
                    lane: SenderLane(value: 1 << 62), request: $0.request)
            })
        change(&message)
        let queued = try await store.enqueue([message])[0]
        let job = try #require(
            Job.fresh(queued, of: message.recipients, terms: .usual, content: inMemory ? bytes : nil).first)
        let hostname = try DomainName("relay.example")
        let recorder = OutcomeRecorder(
            store: store, terms: .usual,
            bouncer: Bouncer(
                hostname: hostname, from: .postmaster(at: hostname), store: store, terms: .usual, log: log.logger),
            trace: nil, counters: Counters(), log: log.logger, clock: { now }, stopping: Flag(),
            unsettled: Unsettled())
        let host = MXHost.name(try DomainName("mx.b.example"))
        let recorded = await recorder.record(
            job,
            AttemptResult(
                recipients: fates.map {
                    AttemptResult.Settled(
                        outcome: $0.outcome,
                        trace: AttemptResult.Trace(
                            host: host, address: $0.isReached ? .v4(0xC000_0201) : nil, handedOnNotify: $0.handedOn))
                }, attempts: []))
        return recorded.notices.map { ($0, String(decoding: $0.content ?? [], as: UTF8.self)) }
    }

    /// "failed: u0 u2", for each notice.
    static func summary(_ notices: [(job: Job, text: String)]) -> [String] {
        notices.map { notice in
            let fields = notice.text.split(separator: "\r\n")
            let action = fields.first { $0.hasPrefix("Action: ") }?.dropFirst("Action: ".count) ?? "none"
            let final = "Final-Recipient: rfc822; "
            let names = fields.filter { $0.hasPrefix(final) }.map { $0.dropFirst(final.count).prefix { $0 != "@" } }
            return "\(action): \(names.joined(separator: " "))"
        }
    }

    static let table: [(notify: NotifyConditions?, outcome: Outcome, handedOn: Bool, notice: String?, reason: String)] =
        [
            (nil, bounced, false, "failed: u0", "nothing asked: told of failures"),
            ([], bounced, false, nil, "NEVER"), (.failure, bounced, false, "failed: u0", "FAILURE"),
            (.delay, bounced, false, nil, "DELAY alone is not FAILURE"),
            (.success, bounced, true, nil, "SUCCESS alone is not FAILURE"),
            (nil, deferred, false, "delayed: u0", "nothing asked: told of delays"), ([], deferred, false, nil, "NEVER"),
            (.delay, deferred, false, "delayed: u0", "DELAY"), (.failure, deferred, false, nil, "FAILURE is not DELAY"),
            (nil, delivered, false, nil, "nothing asked: nothing to tell"), ([], delivered, false, nil, "NEVER"),
            (.success, delivered, false, "relayed: u0", "SUCCESS, and the host knows no DSN"),
            (.success, delivered, true, nil, "SUCCESS, handed on"), (.failure, delivered, false, nil, "not asked"),
        ]

    @Test("DSN-11 DSN-01 NOTIFY decides", arguments: table.indices)
    func decides(index: Int) async throws {
        let row = Self.table[index]
        let notices = try await notices(
            [Fate(notify: row.notify, outcome: row.outcome, handedOn: row.handedOn)], after: 5 * 3600)
        #expect(Self.summary(notices) == (row.notice.map { [$0] } ?? []), "\(row.reason)")
    }

    @Test("DSN-11 expiry is a failure: NEVER and DELAY hear nothing of it", arguments: [true, false])
    func expiry(isAsked: Bool) async throws {
        let notices = try await notices(
            [Fate(notify: isAsked ? .failure : .delay, outcome: Self.deferred)], after: 432_000)
        #expect(Self.summary(notices) == (isAsked ? ["failed: u0"] : []))
    }

    @Test("DSN-15 each notice lists those for whom it is due, and nobody else")
    func onlyThoseDue() async throws {
        let notices = try await notices([
            Fate(notify: .failure, outcome: Self.bounced), Fate(notify: [], outcome: Self.bounced),
            Fate(notify: .success, outcome: Self.delivered), Fate(notify: nil, outcome: Self.bounced),
            Fate(notify: .success, outcome: Self.delivered, handedOn: true),
            Fate(notify: [.success, .failure], outcome: Self.delivered),
        ])
        #expect(Self.summary(notices) == ["failed: u0 u3", "relayed: u2 u5"])
        for (_, text) in notices { #expect(!text.contains("u1@") && !text.contains("u4@")) }
    }

    @Test("DSN-16 DSN-02 a notice goes from <> to the sender, without RET, ENVID or NOTIFY, whatever the original had")
    func envelope() async throws {
        let notices = try await notices([Fate(notify: .failure, outcome: Self.bounced)]) {
            $0.returns = .full
            $0.envelopeID = "QQ+2B"
        }
        let notice = try #require(notices.first?.job)
        #expect(notice.message.reversePath == .null && notice.message.kind == .dsn)
        #expect(notice.message.returns == nil && notice.message.envelopeID == nil)
        #expect(notice.recipients.map(\.mailbox.description) == ["ann@sender.example"])
        #expect(notice.recipients.allSatisfy { $0.request == .none })
        let stored = try #require(try await store.show(notice.message.id))
        #expect(stored.recipients.allSatisfy { $0.recipient.request == .none })
        let transaction = AttemptRun(job: notice).transaction
        #expect(transaction.returns == nil && transaction.envelopeID == nil && !transaction.needsUTF8Header)
    }

    @Test("DSN-11 DSN-02 Q-05 nothing ever answers <>, whatever NOTIFY says")
    func nullPath() async throws {
        let notices = try await notices(
            [
                Fate(notify: [.success, .failure], outcome: Self.bounced),
                Fate(notify: [.success, .failure], outcome: Self.delivered),
            ], from: "")
        #expect(notices.isEmpty)
        #expect(log.events.filter { $0 == "undeliverable-notice" }.count == 1)
    }

    @Test("DSN-09 a host that was not connected to stands in no notice", arguments: [true, false])
    func remote(isReached: Bool) async throws {
        let reason = Reason(.stsMXMismatch, "mx.b.example is not in the policy")
        let notices = try await notices(
            [Fate(outcome: .deferred(reason, nil), isReached: isReached)], after: 432_000)
        let text = try #require(notices.first?.text).replacing("\r\n    ", with: " ")
        #expect(text.contains("Remote-MTA: dns; mx.b.example\r\n") == isReached)
        #expect(!text.contains("Diagnostic-Code"))
        #expect(
            text.contains("X-Waxwing-Reason: expired; given up after 5 days: mx.b.example is not in the policy\r\n"))
        #expect(text.contains("X-Waxwing-Kept-Back-By: sts-mx-mismatch\r\n"))
        #expect(text.contains("Status: 4.4.7\r\n"))
    }

    @Test("DSN-18 UTF-8 in the header alone is 5.6.9", arguments: ["ann", "\u{E4}nn"])
    func utf8Header(sender: String) async throws {
        let domain = try DomainName("sender.example")
        let notices = try await notices([Fate(outcome: .bounced(Reason(.utf8Unsupported, "no SMTPUTF8"), nil))]) {
            $0.reversePath = .mailbox(Mailbox(localPart: sender, domain: .name(domain)))
            $0.isInternationalized = true
        }
        let text = try #require(notices.first?.text)
        #expect(text.contains("Status: \(sender == "ann" ? "5.6.9" : "5.6.7")\r\n"))
    }

    @Test("DSN-06 DSN-07 what came with the envelope stands in the notice", arguments: [true, false])
    func asked(hasID: Bool) async throws {
        let notices = try await notices([Fate(outcome: Self.bounced)]) { $0.envelopeID = hasID ? "A+2BB" : nil }
        let text = try #require(notices.first?.text)
        #expect(text.contains("Original-Envelope-Id: A+B\r\n") == hasID)
        #expect(text.contains("Original-Recipient: rfc822; o0+@b.example\r\nFinal-Recipient: rfc822; u0@b.example\r\n"))
    }

    @Test(
        "DSN-12 INT-14 RET: the whole, or the header alone", arguments: [true, false],
        [
            (nil, MessageDemand.ordinary, true), (.full, .ordinary, true), (.headers, .ordinary, false),
            (.full, .requireTLS, false),
        ] as [(ReturnedContent?, MessageDemand, Bool)])
    func returned(inMemory: Bool, test: (returns: ReturnedContent?, demand: MessageDemand, isWhole: Bool)) async throws
    {
        let notices = try await notices([Fate(outcome: Self.bounced)], inMemory: inMemory) {
            $0.returns = test.returns
            $0.demand = test.demand
        }
        let text = try #require(notices.first?.text)
        #expect(text.contains("\r\nbody\r\n") == test.isWhole)
        #expect(text.contains("Content-Type: message/rfc822\r\n") == test.isWhole)
        #expect(text.contains("\r\nSubject: x\r\n"))
    }

    @Test("DSN-12 content past the limit and notices without failure return the header alone")
    func headerOnly() async throws {
        let head = "Subject: x\r\n\r\n"
        for extra in [0, 1] {
            let body = String(repeating: "y", count: 62) + "\r\n"
            var content = head + String(repeating: body, count: (DSN.contentLimit - head.utf8.count) / 64)
            content += String(repeating: "z", count: DSN.contentLimit - content.utf8.count - 2 + extra) + "\r\n"
            let notices = try await notices([Fate(outcome: Self.bounced)], content: content, inMemory: false)
            #expect(notices.first?.text.contains("yyy") == (extra == 0))
        }
        let relayed = try await notices([Fate(notify: .success, outcome: Self.delivered)]) { $0.returns = .full }
        #expect(relayed.first?.text.contains("\r\nbody\r\n") == false)
        #expect(relayed.first?.text.contains("Remote-MTA: dns; mx.b.example\r\n") == true)
        #expect(relayed.first?.text.contains("Status: 2.1.5\r\n") == true)
    }

    @Test("DSN-13 the notice of an 8-bit message is of seven bits")
    func sevenBits() async throws {
        let notices = try await notices([Fate(outcome: Self.bounced)], content: "Subject: ü\r\n\r\nböse\r\n") {
            $0.hasEightBit = true
        }
        #expect(notices.first?.job.message.hasEightBit == false)
        #expect(notices.first?.job.content?.allSatisfy { $0 < 0x80 } == true)
    }

    @Test("DSN-14 the notice of SMTPUTF8 mail goes on as such, and needs SMTPUTF8 only for a sender with UTF-8")
    func internationalized() async throws {
        for sender in ["ann", "änn"] {
            let domain = try DomainName("sender.example")
            let notices = try await notices([Fate(outcome: Self.bounced)], content: "Subject: ü\r\n\r\nböse\r\n") {
                $0.reversePath = .mailbox(Mailbox(localPart: sender, domain: .name(domain)))
                $0.isInternationalized = true
                $0.needsUTF8Header = true
            }
            let notice = try #require(notices.first)
            #expect(notice.job.message.isInternationalized)
            #expect(notice.job.message.needsUTF8Header == (sender == "änn"))
            #expect(notice.job.message.hasEightBit == (sender == "änn"))
            #expect(notice.text.contains("Content-Type: message/global\r\n"))
        }
    }

    @Test("CLI-26 Q-01 what was asked goes from the disk into the transaction")
    func transaction() async throws {
        let asked = RecipientRequest(notify: [.success], originalRecipient: OriginalRecipient(parsing: "rfc822;o@x"))
        let domain = try DomainName("b.example")
        let recipient = Envelope.Recipient(Mailbox(localPart: "u", domain: .name(domain)), asked)
        var generator = SystemRandomNumberGenerator()
        let new = NewRecipient(
            recipient.mailbox, destination: "b.example", nextAttempt: PolicyWorld.start,
            expiresAt: PolicyWorld.start.advanced(by: 60), lane: SenderLane(value: 1 << 62), request: asked)
        let queued = try await store.enqueue([
            NewMessage(
                id: QueueID(using: &generator), reversePath: .null, receivedAt: PolicyWorld.start,
                expiresAt: PolicyWorld.start.advanced(by: 60), digest: [], returns: .headers, envelopeID: "Ab+2B",
                isInternationalized: true, needsUTF8Header: true, content: Content(bytes: []),
                recipients: [new])
        ])[0]
        let job = try #require(Job.fresh(queued, of: [new], terms: .usual, content: nil).first)
        let transaction = AttemptRun(job: job).transaction
        #expect(transaction.recipients == [recipient])
        #expect(transaction.returns == .headers && transaction.envelopeID == "Ab+2B" && transaction.needsUTF8Header)
    }
}
