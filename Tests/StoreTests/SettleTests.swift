import Mail
import Testing

@testable import Store

@Suite struct SettleTests {
    static let failure = Outcome.bounced(
        Reason(.remoteReply, "mx.example.net said no"), Reply(550, EnhancedStatusCode(5, 1, 1), "no such user"))
    static let deferral = Outcome.deferred(Reason(.connectFailed, "mx.example.net: connection refused"), nil)

    @Test("Q-07 Recipients finish independently; the last one takes message, content and history along")
    func oneByOne() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(to: ["a.net", "b.net", "c.net"])])[0]
        let attempt = AttemptRecord(time: Fixture.start, host: "mx", address: nil, result: "deferred", milliseconds: 5)
        #expect(try await store.settle(queued, [0]).openRecipients == 2)
        #expect(try await store.settle(queued, [1], Self.deferral, attempts: [attempt]).openRecipients == 2)
        let states = try await store.show(queued.message.id)?.recipients.map(\.recipient.state)
        #expect(states == [.delivered, .due, .due])
        #expect(try await store.settle(queued, [1, 2], Self.failure).openRecipients == 0)
        #expect(try await store.message(queued.message.number) == nil)
        await store.close()
        for table in ["message", "content", "recipient", "attempt"] {
            #expect(try fixture.query("SELECT count(*) FROM \(table)") == ["0"], "\(table)")
        }
    }

    @Test("Q-07 What is final stays final: no second settling, no second delivery after a crash")
    func finalIsFinal() async throws {
        let fixture = try Fixture()
        let queued: QueuedMessage
        do {
            let store = try fixture.open()
            queued = try await store.enqueue([Fixture.message(to: ["a.net", "b.net"])])[0]
            try await store.settle(queued, [0])
            await #expect(throws: StoreError.self) { try await store.settle(queued, [0]) }
            // One that is known and one that is final: neither is touched.
            await #expect(throws: StoreError.self) { try await store.settle(queued, [1, 0]) }
            await #expect(throws: StoreError.self) { try await store.settle(queued, [1, 1]) }
        }
        let store = try fixture.open()
        let due = try await store.due(before: Fixture.start, after: nil, excluding: DueExclusion(), limit: 10)
        #expect(due.map(\.number) == [queued.recipients[1]])
        await store.close()
    }

    @Test("Settling names message and recipient: a wrong pair is unknown")
    func wrongPair() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(), Fixture.message()])
        let crossed = Settlement(
            message: queued[0].message.number,
            recipients: [
                RecipientOutcome(
                    queued[1].recipients[0], .delivered(Reply(250, nil, "")), time: Fixture.start,
                    nextAttempt: Fixture.start, deadline: Fixture.start)
            ])
        await #expect(throws: StoreError.unknown("recipient \(queued[1].recipients[0].value)")) {
            try await store.settle(crossed)
        }
        #expect(try await store.counts().dueRecipients == 2)
        await store.close()
    }

    @Test("Numbers are never used twice, so that a late settlement meets nobody")
    func numbers() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let first = try await store.enqueue([Fixture.message()])[0]
        try await store.settle(first)
        let second = try await store.enqueue([Fixture.message()])[0]
        #expect(second.message.number > first.message.number)
        #expect(second.recipients[0] > first.recipients[0])
        await #expect(throws: StoreError.unknown("message \(first.message.number.value)")) {
            try await store.settle(first)
        }
        await store.close()
    }

    @Test("A bounce and the settling that causes it are one transaction")
    func bounceIsAtomic() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let (queued, other) = (try Fixture.message(), try Fixture.message())
        let stored = try await store.enqueue([queued, other])
        var notice = try Fixture.message()
        notice.kind = .dsn
        notice.reversePath = .null
        // The notice cannot be queued: its id is taken. Then nothing is settled either.
        var taken = notice
        taken.id = other.id
        await #expect(throws: StoreError.duplicate(taken.id)) {
            try await store.settle(stored[0], [0], Self.failure, notices: [notice, taken])
        }
        #expect(try await store.ids() == [queued.id, other.id])
        #expect(try await store.show(queued.id)?.recipients[0].recipient.state == .due)

        let settled = try await store.settle(stored[0], [0], Self.failure, notices: [notice])
        #expect(settled.openRecipients == 0)
        #expect(settled.notices[0].message.kind == .dsn)
        #expect(try await store.ids() == [other.id, notice.id])
        #expect(try await store.message(settled.notices[0].message.number)?.reversePath == .null)
        await store.close()
    }

    @Test("Q-01 A deferral keeps outcome, count, times and flags over a restart")
    func deferral() async throws {
        let fixture = try Fixture()
        let queued: QueuedMessage
        let reply = Reply(451, EnhancedStatusCode(4, 7, 25), lines: ["first\nline", "back\\slash\\n", ""])
        do {
            let store = try fixture.open()
            queued = try await store.enqueue([Fixture.message()])[0]
            _ = try await store.settle(
                Settlement(
                    message: queued.message.number,
                    recipients: [
                        RecipientOutcome(
                            queued.recipients[0], .deferred(Reason(.daneMismatch, "no record matched"), reply),
                            host: "mx.example.net", time: Fixture.start.advanced(by: 9),
                            nextAttempt: Fixture.start.advanced(by: 300),
                            deadline: Fixture.start.advanced(by: 5000), delayedNoticeSent: true,
                            policyFailureSince: Fixture.start.advanced(by: 7))
                    ]))
            // A later attempt without a notice does not forget the notice; one without a policy failure ends the row.
            _ = try await store.settle(
                Reports.settlement(queued, .deferred(Reason(.timedOut, "x"), reply), day: nil))
        }
        let store = try fixture.open()
        let recipient = try #require(try await store.show(queued.message.id)?.recipients.first?.recipient)
        #expect(recipient.attempts == 2)
        #expect(recipient.nextAttempt == Fixture.start.advanced(by: 600))
        #expect(recipient.lastAttempt == Fixture.start)
        #expect(recipient.lastOutcome == .deferred(Reason(.timedOut, "x"), reply))
        #expect(recipient.lastHost == nil, "no host gave the last outcome")
        #expect(recipient.delayedNoticeSent)
        #expect(recipient.policyFailureSince == nil)
        await store.close()
    }

    @Test("A next attempt behind the expiry stays where it is; the deadline shows the expiry")
    func behindExpiry() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(lifetime: 1000)])[0]
        try await store.settle(queued, [0], Self.deferral, next: Fixture.start.advanced(by: 5000))
        #expect(try await store.nextDue(after: Fixture.start) == Fixture.start.advanced(by: 5000))
        #expect(try await store.nextDeadline(after: Fixture.start) == Fixture.start.advanced(by: 1000))
        await store.close()
    }

    @Test("Attempt history: at the limit all are kept, one past it the oldest goes", arguments: [20, 21])
    func history(count: Int) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message()])[0]
        for number in 1...count {
            let attempt = AttemptRecord(
                time: Fixture.start.advanced(by: Int64(number)), host: "mx\(number).example.net",
                address: .v6(high: 0x2001_0db8_0000_0000, low: 1), tlsLevel: "authenticated", verifiedBy: "dane",
                result: "deferred remote-reply", reply: Reply(451, nil, "later"), milliseconds: 12)
            try await store.settle(queued, [0], Self.deferral, attempts: [attempt])
        }
        let attempts = try #require(try await store.show(queued.message.id)?.recipients.first?.attempts)
        #expect(attempts.count == QueueLimits.attemptHistory)
        #expect(attempts.last?.host == "mx\(count).example.net")
        #expect(attempts.first?.host == "mx\(count - 19).example.net")
        #expect(attempts.last?.address == .v6(high: 0x2001_0db8_0000_0000, low: 1))
        #expect(attempts.last?.reply == Reply(451, nil, "later"))
        await store.close()
    }

    @Test("Texts of a stranger are cut at their limit, at a whole character", arguments: [1024, 1025, 5000])
    func longTexts(length: Int) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message()])[0]
        let detail = String(repeating: "a", count: length - 2) + "é"
        let line = String(repeating: "b", count: 4095) + "é"
        try await store.settle(
            queued, [0], .deferred(Reason(.remoteReply, detail), Reply(451, nil, lines: [line, "c"])))
        guard
            case .deferred(let reason, let reply) = try await store.show(queued.message.id)?.recipients.first?.recipient
                .lastOutcome
        else {
            Issue.record("no deferral")
            return
        }
        #expect(reason.detail.utf8.count == (length == 1025 ? 1023 : 1024))
        #expect(reply?.lines == [String(repeating: "b", count: 4095)])
        await store.close()
    }

    @Test("Envelope values come back as they went in")
    func roundTrip() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        var message = try Fixture.message()
        message.kind = .dsn
        message.reversePath = .null
        message.body = .eightBitMIME
        message.hasEightBit = true
        message.origin = MessageOrigin(
            clientName: "x'); DROP TABLE message;--", clientAddress: .v4(0xC000_0201), tls: "TLSv1.3")
        message.recipients = [
            NewRecipient(
                Mailbox(localPart: "\"quoted '; part\"", domain: .literal(.v6(high: 1, low: 2))),
                destination: "[IPv6:0:0:0:1::2]",
                nextAttempt: Fixture.start, expiresAt: message.expiresAt, lane: Fixture.lane),
            NewRecipient(
                Mailbox(localPart: "Case.Kept", domain: .literal(.v4(1))), destination: "[0.0.0.1]",
                nextAttempt: Fixture.start, expiresAt: message.expiresAt, lane: Fixture.lane),
        ]
        let queued = try await store.enqueue([message])[0]
        let stored = try #require(try await store.message(queued.message.number))
        #expect(stored == queued.message)
        #expect(stored.reversePath == .null)
        #expect(stored.origin == message.origin)
        #expect(stored.digest == message.digest)
        #expect(stored.hasEightBit)
        #expect(stored.body == .eightBitMIME)
        let recipients = try await store.show(message.id)?.recipients.map(\.recipient.mailbox)
        #expect(recipients == message.recipients.map(\.mailbox))
        await store.close()
    }

    @Test("Quarantine takes a message out of delivery, is listed and counted, and survives settling and a restart")
    func quarantine() async throws {
        let fixture = try Fixture()
        let id = Fixture.id()
        do {
            let store = try fixture.open()
            let queued = try await store.enqueue([Fixture.message(id, to: ["a.net", "b.net"])])[0]
            try await store.quarantine(id, because: "digest differs")
            try await store.quarantine(id, because: "another reason")
            try await store.settle(queued, [0], Self.deferral)
            await #expect(throws: StoreError.self) { try await store.quarantine(Fixture.id(), because: "x") }
        }
        let store = try fixture.open()
        #expect(try await store.nextDue(after: WallTime(seconds: .min)) == nil)
        #expect(
            try await store.counts()
                == QueueCounts(messages: 1, quarantinedMessages: 1, dueRecipients: 0, heldRecipients: 0))
        let listed = try await store.list(QueueFilter(states: [.quarantined]), after: nil, limit: 10)
        #expect(listed.map(\.message.quarantined) == ["digest differs"])
        await store.close()
    }
}
