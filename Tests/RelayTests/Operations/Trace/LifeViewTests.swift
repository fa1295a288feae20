import Mail
import Store
import Testing

@testable import Relay

@Suite("The life of a message, as it is told")
struct LifeViewTests {
    static let start = WallTime(seconds: 1_800_000_000)

    static func attempt(_ seconds: Int64, _ result: String, reply: String? = nil) -> Life.Attempt {
        Life.Attempt(
            time: start.advanced(by: seconds), host: "mx.example.net", address: "192.0.2.7", tlsLevel: "authenticated",
            verifiedBy: "dane", requiredBy: "dane", tls: "TLSv1.3", result: result, reply: reply, milliseconds: 312,
            times: "12/30/41/229")
    }

    static func life() throws -> Life {
        let id = try #require(QueueID("0123456789bcdfghjklm"))
        let notice = try #require(QueueID("bbbbbbbbbbbbbbbbbbbb"))
        let first = attempt(1, "deferred timed-out")
        return Life(
            id: id, messageID: "<a.1@app.example.org>", sender: "shop@example.org", receivedAt: start,
            endedAt: start.advanced(by: 301), size: 14_233,
            client: Life.Client(
                name: "app.example.org", address: "192.0.2.1", tls: "TLSv1.3 TLS_AES_256_GCM_SHA384", login: "shop"),
            recipients: [
                Life.Recipient(
                    address: "ann@example.net", destination: "example.net", outcome: .delivered,
                    reply: "250 2.0.0 taken", host: "mx.example.net",
                    attempts: [first, attempt(301, "delivered", reply: "250 2.0.0 taken")]),
                Life.Recipient(
                    address: "bob@example.net", destination: "example.net", outcome: .bounced, cause: "remote-reply",
                    detail: "the host refused it", reply: "550 5.1.1 who?", host: "mx.example.net", notify: "FAILURE",
                    attempts: [first, attempt(301, "bounced remote-reply", reply: "550 5.1.1 \u{1B}[2Jwho?")]),
            ], notices: [notice])
    }

    static func view() throws -> LifeView {
        let life = try life()
        let note = TraceNote(time: start.advanced(by: 60), id: life.id, words: "held: a look at it")
        return try #require(LifeView(TraceFinding(life: life, notes: [note])))
    }

    @Test("Events stand in order of time; an attempt for several recipients is one event")
    func events() throws {
        let view = try Self.view()
        #expect(view.events.map(\.event) == ["received", "attempt", "note", "attempt", "attempt", "notice", "ended"])
        #expect(view.events.map { $0.time - Self.start.seconds } == [0, 1, 60, 301, 301, 301, 301])
        #expect(view.events[1].recipients == ["ann@example.net", "bob@example.net"])
        #expect(view.events[4].recipients == ["bob@example.net"])
        #expect(view.events[6].words == "1 delivered, 1 bounced")
    }

    @Test(
        "A host is named only where the outcome came from it",
        arguments: [
            (.delivered, "remote-reply", "250 2.0.0 taken", true), (.bounced, "remote-reply", "550 5.1.1 who?", true),
            (.bounced, "no-such-domain", nil, false), (.bounced, "expired", nil, false),
            (.deleted, "timed-out", nil, false), (.deferred, "timed-out", nil, true),
        ] as [(Life.Outcome, String, String?, Bool)])
    func host(outcome: Life.Outcome, cause: String, reply: String?, isNamed: Bool) throws {
        var life = try Self.life()
        life.recipients = [
            Life.Recipient(
                address: "ann@example.net", destination: "example.net", outcome: outcome, cause: cause, detail: "why",
                reply: reply, host: "mx.example.net")
        ]
        let view = try #require(LifeView(TraceFinding(life: life, notes: [])))
        #expect((view.recipients[0].host != nil) == isNamed)
        let page = TracePage(matches: [view])
        let answer = ExplainAnswer(page: ExplainPage(matches: [ExplainedMessage(message: view)]))
        for text in [
            TraceText.render(page, limit: 20, style: Self.plain),
            ExplainText.render(answer, limit: 20, now: Self.start, style: Self.plain),
        ] { #expect(text.contains("mx.example.net") == isNamed, "\(text)") }
    }

    @Test("A note that the record holds as well is told once")
    func notes() throws {
        var life = try Self.life()
        life.notes = [Life.Note(time: Self.start, words: "released")]
        let note = TraceNote(time: Self.start, id: life.id, words: "released")
        let view = try #require(LifeView(TraceFinding(life: life, notes: [note, note])))
        #expect(view.events.filter { $0.event == "note" }.count == 1)
    }

    @Test(
        "Of one second stands first what is known to have come first: nothing that is held is tried, nothing ended is held",
        arguments: [
            ("delivered", ["held", "released"], ["held", "released", "attempt"]),
            ("delivered", ["retried"], ["retried", "attempt"]),
            ("deferred timed-out", ["held"], ["attempt", "held"]),
            ("deferred timed-out", ["released", "held"], ["released", "attempt", "held"]),
            ("deferred timed-out", ["retried"], ["attempt", "retried"]),
            ("deferred timed-out", ["held", "deleted"], ["attempt", "held", "deleted"]),
        ])
    func sameSecond(result: String, notes: [String], order: [String]) throws {
        var life = try Self.life()
        life.recipients = [
            Life.Recipient(
                address: "ann@example.net", destination: "example.net", outcome: .delivered,
                attempts: [Self.attempt(1, result)])
        ]
        let orders = ["bob@example.net", "ann@example.net"].flatMap { whom in
            notes.map {
                TraceNote(time: Self.start.advanced(by: 1), id: life.id, words: "\($0) by the operator (\(whom))")
            }
        }
        let view = try #require(LifeView(TraceFinding(life: life, notes: Array(orders.suffix(notes.count)))))
        #expect(
            view.events.dropFirst().prefix(order.count).map {
                $0.words.flatMap { $0.split(separator: " ").first.map(String.init) } ?? $0.event
            } == order)
        // Orders about somebody else say nothing of it.
        let other = try #require(LifeView(TraceFinding(life: life, notes: Array(orders.prefix(notes.count)))))
        #expect(other.events.dropFirst().first?.event == "attempt")
    }

    @Test(
        "What was deleted has the operator's reason, not that of an attempt before",
        arguments: [
            ("deleted by the operator: spam (see 1) (ann@example.net)", "spam (see 1)"),
            ("deleted by the operator (ann@example.net bob@example.net)", ""),
            ("deleted by the operator: spam (bob@example.net)", ""),
            ("deleted by the operator: for ann@example.net (ann@example.network)", ""),
            ("held by the operator (ann@example.net)", ""),
        ])
    func deleted(note: String, detail: String) throws {
        var life = try Self.life()
        life.recipients = [
            Life.Recipient(
                address: "ann@example.net", destination: "example.net", outcome: .deleted, cause: "timed-out",
                detail: "no greeting", host: "mx.example.net")
        ]
        let notes = [TraceNote(time: Self.start, id: life.id, words: note)]
        let view = try #require(LifeView(TraceFinding(life: life, notes: notes)))
        #expect(view.recipients[0].reason == ReasonView(cause: "deleted-by-operator", detail: detail))
        let text = TraceText.render(TracePage(matches: [view]), limit: 20, style: Self.plain)
        #expect(
            text.contains("ann@example.net: deleted (deleted-by-operator") && !text.contains("timed-out"), "\(text)")
    }

    @Test("Notes alone make a view of what is known; nothing makes none")
    func notesAlone() throws {
        let id = try #require(QueueID("0123456789bcdfghjklm"))
        let note = TraceNote(time: Self.start, id: id, words: "held")
        let view = try #require(LifeView(TraceFinding(life: nil, notes: [note])))
        #expect(view.state == "unknown" && view.id == id.text && view.events.map(\.words) == ["held"])
        #expect(LifeView(TraceFinding(life: nil, notes: [])) == nil)
        let text = TraceText.render(TracePage(matches: [view]), limit: 20, style: Self.plain)
        #expect(
            text == """
                0123456789bcdfghjklm  unknown

                  2027-01-15T08:00:00Z  note      held

                1 message

                """)
    }

    @Test("A view survives its way over the control socket, with keys in snake_case")
    func json() throws {
        let page = TracePage(matches: [try Self.view()], since: 5)
        let json = try #require(ControlJSON.encode(page))
        #expect(ControlJSON.decode(TracePage.self, from: json) == page)
        let text = String(decoding: json, as: UTF8.self)
        for key in ["\"message_id\":", "\"received_at\":", "\"required_by\":", "\"omitted_recipients\":0"] {
            #expect(text.contains(key), "\(key)")
        }
    }

    static let plain = TextStyle(width: 100, isColoured: false)

    @Test("The timeline; what a stranger wrote cannot steer the terminal")
    func timeline() throws {
        let text = TraceText.render(TracePage(matches: [try Self.view()]), limit: 1, style: Self.plain)
        #expect(
            text == """
                0123456789bcdfghjklm  1 delivered, 1 bounced
                  sender      shop@example.org
                  message-id  <a.1@app.example.org>
                  size        14.2 kB
                  recipient   ann@example.net: delivered by mx.example.net
                  recipient   bob@example.net: bounced at mx.example.net (remote-reply: the host refused it), notify
                              FAILURE

                  2027-01-15T08:00:00Z  received  from app.example.org [192.0.2.1], TLSv1.3 TLS_AES_256_GCM_SHA384,
                                                  login shop
                  2027-01-15T08:00:01Z  attempt   deferred timed-out at mx.example.net [192.0.2.7]; TLS required:
                                                  authenticated by dane; verified: dane (TLSv1.3); 312 ms
                                                  (12/30/41/229); for ann@example.net, bob@example.net
                  2027-01-15T08:01:00Z  note      held: a look at it
                  2027-01-15T08:05:01Z  attempt   delivered at mx.example.net [192.0.2.7]; TLS required:
                                                  authenticated by dane; verified: dane (TLSv1.3); 312 ms
                                                  (12/30/41/229); for ann@example.net
                                                  250 2.0.0 taken
                  2027-01-15T08:05:01Z  attempt   bounced remote-reply at mx.example.net [192.0.2.7]; TLS required:
                                                  authenticated by dane; verified: dane (TLSv1.3); 312 ms
                                                  (12/30/41/229); for bob@example.net
                                                  550 5.1.1 \\u{1b}[2Jwho?
                  2027-01-15T08:05:01Z  notice    bbbbbbbbbbbbbbbbbbbb
                  2027-01-15T08:05:01Z  ended     1 delivered, 1 bounced

                1 message, the newest; there may be more (--limit)

                """)
    }

    @Test("Many recipients are cut, and what is left out is said", arguments: [0, 1])
    func manyRecipients(excess: Int) throws {
        var view = try Self.view()
        view.recipients = (0..<TraceText.recipientsShown + excess).map {
            LifeRecipientView(address: "u\($0)@example.net", destination: "example.net", outcome: "delivered")
        }
        view.omittedRecipients = 2 * excess
        view.omittedAttempts = excess
        let text = TraceText.render(TracePage(matches: [view]), limit: 2, style: Self.plain)
        #expect(text.contains("and 1 recipient more (--json)") == (excess == 1))
        #expect(text.contains("and 2 recipients that had no room in the record") == (excess == 1))
        #expect(text.contains("1 attempt had no room in the record") == (excess == 1))
        #expect(text.contains("u\(TraceText.recipientsShown - 1)@") && !text.contains("u\(TraceText.recipientsShown)@"))
    }

    @Test("Nothing found says how far back the trace reaches")
    func nothing() {
        #expect(
            TraceText.nothing("a@b", since: 1_800_000_000)
                == "neither the queue nor the trace knows a@b. The trace reaches back to 2027-01-15T08:00:00Z.")
        #expect(TraceText.nothing("a@b", since: nil).hasSuffix("or it is off (trace.size)."))
    }

    @Test(
        "A query has a key that can be one, and a limit within its range",
        arguments: [
            ("a@b", 1, true), ("a@b", 100, true), ("a@b", 0, false), ("a@b", 101, false), ("", 1, false),
            ("a\nb", 1, false),
        ])
    func query(key: String, limit: Int, isGood: Bool) {
        #expect((TraceQuery(key: key, limit: limit) != nil) == isGood)
    }
}
