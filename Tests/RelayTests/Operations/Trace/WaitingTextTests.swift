import Mail
import Store
import Testing

@testable import Relay

@Suite("What mail waits for, wherever one message is told of")
struct WaitingTextTests {
    static let start = WallTime(seconds: 1_800_000_000)
    static let plain = TextStyle(width: 1000, isColoured: false)

    /// A recipient that was put off once, in the state and with what it waits for now.
    static func life(_ outcome: Life.Outcome, _ waiting: WaitingView) throws -> LifeView {
        let id = try #require(QueueID(OneMessage.id))
        let life = Life(
            id: id, sender: "a@example.org", receivedAt: start, endedAt: start, size: 1, client: Life.Client(),
            recipients: [
                Life.Recipient(
                    address: "ann@d.example", destination: "d.example", outcome: outcome, cause: "timed-out",
                    detail: "no greeting", host: "mx.d.example")
            ])
        var view = try #require(LifeView(TraceFinding(life: life, notes: [])))
        (view.state, view.endedAt, view.recipients[0].waiting) = ("in queue", nil, waiting)
        return view
    }

    @Test(
        "Trace and explain tell what it waits for, what lets it go, and the last attempt as such",
        arguments: [
            (
                .held, WaitingView(state: "held", since: 1_800_000_000, reason: "a look at it"), "held",
                "ann@d.example: held since 2027-01-15T08:00:00Z: a look at it",
                "To let it go: relayctl queue release --id \(OneMessage.id)"
            ),
            (
                .deferred, WaitingView(state: "suspended", since: 1_800_000_000, until: 1_800_003_600), "suspended",
                "deferred, its destination is suspended since 2027-01-15T08:00:00Z, until 2027-01-15T09:00:00Z",
                "To let it go: relayctl destinations resume d.example"
            ),
            (
                .quarantined, WaitingView(state: "quarantined", reason: "it is missing"), "quarantined",
                "quarantined, for it is damaged: it is missing", "relayctl queue bounce --id \(OneMessage.id)"
            ),
            (
                .deferred, WaitingView(state: "resting", until: 1_800_000_300, reason: "relayd fell once"), "resting",
                "deferred, resting after a crash of relayd, until 2027-01-15T08:05:00Z: relayd fell once",
                "relayctl queue retry --id \(OneMessage.id)"
            ),
        ] as [(Life.Outcome, WaitingView, String, String, String)])
    func told(outcome: Life.Outcome, waiting: WaitingView, state: String, words: String, cure: String) throws {
        let view = try Self.life(outcome, waiting)
        let attempt = ExplainedMessage.WaitingView(
            address: "ann@d.example", nextAttempt: outcome == .deferred ? 1_800_000_060 : nil,
            expiresAt: 1_800_432_000)
        let answer = ExplainAnswer(
            page: ExplainPage(matches: [ExplainedMessage(message: view, waiting: [attempt])]))
        let explained = ExplainText.render(answer, limit: 5, now: Self.start, style: Self.plain)
        let traced = TraceText.render(TracePage(matches: [view]), limit: 20, style: Self.plain)
        for text in [explained, traced] {
            for wanted in [words, cure, "; the last attempt at mx.d.example: timed-out: no greeting"] {
                #expect(text.contains(wanted), "\(wanted)\n\(text)")
            }
        }
        // What helps against the failure of an attempt does not help here.
        #expect(!explained.contains("relayctl doctor") && !explained.contains("relayctl probe"), "\(explained)")
        #expect(explained.contains("It does not expire meanwhile.") == (state != "resting"), "\(explained)")
        let json = try #require(ControlJSON.encode(answer))
        #expect(ExplainAnswer(json: json) == answer)
    }

    @Test(
        "The next attempt is not before what it waits for is over",
        arguments: [
            (5, nil, .time(5)), (5, WaitingView(state: "suspended", until: 9), .time(9)),
            (9, WaitingView(state: "down", until: 5), .time(9)),
            (5, WaitingView(state: "suspended"), .order("when resumed")),
            (nil, WaitingView(state: "held"), .order("when released")), (nil, WaitingView(state: "quarantined"), nil),
        ] as [(Int64?, WaitingView?, WaitingText.Next?)])
    func next(attempt: Int64?, waiting: WaitingView?, next: WaitingText.Next?) {
        #expect(WaitingText.next(attempt, waiting) == next)
    }
}
