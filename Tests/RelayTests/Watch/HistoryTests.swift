import Mail
import Store
import Synchronization
import Testing

@testable import Relay

@Suite("What the daemon learns, foresees and wakes")
struct HistoryTests {
    static let start = WallTime(seconds: 1_800_000_000)
    private let store = WatchMemory()
    private let alarms = HeardAlarms()
    private let log = EventLog()

    private func history() -> History {
        History(
            store: store, alarms: alarms, log: log.logger, clock: { Self.start }, alarmsAreWritten: { true })
    }

    private func sighting(_ evidence: PeerEvidence, after seconds: Int64 = 0) throws -> HostSighting {
        let host = try DomainName("mx.example")
        return HostSighting(
            time: Self.start.advanced(by: seconds), domain: try DomainName("d.example"), host: .name(host),
            address: .v4(0xC000_0201), port: 25, contact: .greeted,
            requirement: TLSRequirement(level: .opportunistic, by: nil, serverName: host, reason: Explanation("test")),
            evidence: evidence)
    }

    private let offered = PeerEvidence.handshakeFailed(HandshakeFailure(.negotiation, text: ""))

    @Test("what is seen again is neither read nor written again")
    func once() async throws {
        let history = history()
        for seconds in 0..<5 { await history.learn(from: [try sighting(offered, after: Int64(seconds))], []) }
        #expect(store.state.withLock { $0.writes } == 1)
        #expect(store.state.withLock { $0.reads } == 1)
    }

    @Test("what a daemon before this one knew is known")
    func restart() async throws {
        await history().learn(from: [try sighting(offered)], [])
        let gone = try sighting(.startTLSNotOffered, after: 60)
        await history().learn(from: [gone, gone], [])
        #expect(alarms.heard == ["raise starttls-gone mx.example"])
        let change = store.state.withLock { $0.changes.first }
        #expect(change?.old == "offered" && change?.new == "missing")
    }

    @Test("a store that fails has it written the next time")
    func failing() async throws {
        let history = history()
        store.state.withLock { $0.fails = true }
        await history.learn(from: [try sighting(offered)], [])
        store.state.withLock { $0.fails = false }
        await history.learn(from: [try sighting(offered)], [])
        #expect(store.state.withLock { $0.facts["mx.example"]?.count } == 1)
        #expect(log.events == ["store-failed"])
    }

    @Test("alarms whose time is over end, and old changes are forgotten")
    func house() async {
        store.state.withLock {
            $0.standing = [
                OperatorAlarm(
                    kind: .tlsaGone, subject: "old", words: "",
                    raisedAt: Self.start.advanced(by: -FactRules.takenAsNormal)),
                OperatorAlarm(kind: .tlsaGone, subject: "new", words: "", raisedAt: Self.start),
            ]
        }
        await history().keepHouse()
        #expect(alarms.heard == ["clear tlsa-gone old"])
        #expect(store.state.withLock { $0.forgottenBefore } == Self.start.advanced(by: -History.kept))
    }

    @Test("a domain is shown with its hosts")
    func view() async throws {
        let domain = try DomainName("d.example")
        let reading = HistoryReading(store: store, port: 25)
        #expect(try await reading.view(of: domain, before: nil, limit: 5) == nil)
        try await store.learn(
            [
                KnownFact(name: "mx.example", kind: .tlsa, value: "secure: none", since: Self.start),
                KnownFact(name: "d.example", kind: .mx, value: "secure: 10 mx.example", since: Self.start),
            ], [])
        let view = try await reading.view(of: domain, before: nil, limit: 5)
        #expect(view?.known.map(\.name) == ["d.example", "mx.example"])
    }

    private func sum(_ name: String, _ cause: Reason.Cause, in seconds: Int64) -> ExpirySum {
        let time = Self.start.advanced(by: seconds)
        return ExpirySum(
            destination: name, cause: cause.rawValue, detail: nil, messages: 37, recipients: 40, first: time,
            last: time,
            received: Self.start.advanced(by: -100))
    }

    private func expiries(leftOut: Int64 = 0) -> Forecast {
        Forecast(
            store: store, alarms: alarms, log: log.logger, clock: { Self.start },
            leftOut: { name, from, to in
                name == "late.example" && from == Self.start.advanced(by: -100) && to == Self.start ? leftOut : 0
            })
    }

    @Test("time that does not count against mail is not foretold as if it did")
    func leftOut() async throws {
        store.state.withLock {
            $0.expiring = [sum("late.example", .daneMismatch, in: 10), sum("d.example", .daneMismatch, in: 99)]
        }
        #expect(try await expiries().view(within: 100).destinations.count == 2)
        let later = try await expiries(leftOut: 89).view(within: 100).destinations
        #expect(later.first { $0.destination == "late.example" }?.first == Self.start.seconds + 99)
        #expect(try await expiries(leftOut: 90).view(within: 100).destinations.map(\.destination) == ["d.example"])
    }

    @Test(
        "mail of a suspended destination is not given up before the suspension ends, and the forecast says so",
        arguments: [
            (nil, false, 10, "until it is resumed"), (50, true, 60, "It is suspended until Fri 08:00 UTC"),
            (95, false, 105, "neither tried nor returned before Fri 08:01 UTC (in 95s)"),
        ] as [(Int64?, Bool, Int64, String)])
    func suspended(span: Int64?, isReturned: Bool, first: Int64, words: String) async throws {
        var forecast = expiries()
        forecast.suspension = { name, time in
            name != "d.example"
                ? nil
                : Suspension(
                    destination: name, since: Self.start.advanced(by: -50),
                    until: span.map { Self.start.advanced(by: $0) }, reason: "their wish")
        }
        store.state.withLock { $0.expiring = [sum("d.example", .timedOut, in: 10)] }
        let view = try await forecast.view(within: 100)
        let rows = isReturned ? view.destinations : view.suspended ?? []
        #expect(view.destinations.isEmpty == !isReturned && (view.suspended == nil) == isReturned)
        #expect(rows.map { $0.first - Self.start.seconds } == [first])
        #expect(rows.first?.waiting?.reason == "their wish")
        let text = ForecastText.render(view, now: Self.start, style: TextStyle(width: 1000, isColoured: false))
        #expect(text.contains(words) && text.contains("relayctl destinations resume d.example"), "\(text)")
        #expect(!text.contains("relayctl queue retry"), "\(text)")
        await forecast.look(ahead: 100)
        #expect(alarms.heard.contains("raise mail-will-expire d.example") == isReturned)
    }

    @Test("an alarm before mail is returned, once, and its end")
    func forecast() async throws {
        let forecast = expiries()
        store.state.withLock {
            $0.expiring = [sum("late.example", .daneMismatch, in: 100), sum("d.example", .daneMismatch, in: 99)]
        }
        await forecast.look(ahead: 100)
        await forecast.look(ahead: 100)
        // Raised as long as it is so: with the words of now.
        #expect(alarms.heard == Array(repeating: "raise mail-will-expire d.example", count: 2))
        store.state.withLock { $0.expiring = [] }
        await forecast.look(ahead: 100)
        #expect(alarms.heard.last == "clear mail-will-expire d.example")
    }

    @Test("policy first, in words an operator understands")
    func words() {
        let rows = [sum("d.example", .connectFailed, in: 0), sum("d.example", .daneMismatch, in: 60)].map(
            ForecastRow.init)
        #expect(
            ForecastText.words("d.example", rows)
                == "74 messages to d.example will be returned from Fri 08:00 UTC on: dane-mismatch and 1 other cause")
    }

    @Test(
        "an exception is advised that can help: without TLS no certificate is enough",
        arguments: [
            (Reason.Cause.daneMismatch, "--allow encrypted"), (.certificateInvalid, "--allow encrypted"),
            (.startTLSMissing, "--allow opportunistic"), (.tlsHandshakeFailed, "--allow opportunistic"),
            (.connectFailed, nil), (.remoteReply, nil), (nil, nil),
        ] as [(Reason.Cause?, String?)])
    func advice(_ cause: Reason.Cause?, _ allowed: String?) {
        let text = ForecastText.advice("d.example", cause).joined(separator: "\n")
        #expect(text.contains("relayctl exception add") == (allowed != nil))
        if let allowed { #expect(text.contains(allowed)) }
    }

    @Test("half of a lifetime at most", arguments: [(Int64(432_000), Int64(86_400)), (100, 50), (1, 1)])
    func horizon(_ lifetime: Int64, _ seconds: Int64) {
        #expect(Forecast.horizon(lifetime: lifetime) == seconds)
    }

    private func round(
        _ repairs: Repairs, finding: RepairFinding, waiting: Int = 0, exceptions: [DomainName] = [],
        alarms: HeardAlarms = HeardAlarms()
    ) -> RepairRound {
        RepairRound(
            repairs: repairs, log: log.logger, clock: { Self.start.advanced(by: 30) }, look: { _ in finding },
            wake: { _ in waiting }, exceptionDomains: { exceptions }, lookWithoutException: { _ in finding },
            onTrueVerdict: { domain, reason in
                if reason == nil { alarms.clear(.exceptionUnneeded, of: domain.text, because: "") }
            })
    }

    @Test(
        "mail is woken where the cause is gone, and the log says so where there was any",
        arguments: [(true, 3), (true, 0), (false, 3)])
    func repair(_ isMended: Bool, _ count: Int) async throws {
        let repairs = Repairs()
        let waiting = [PolicyWait(destination: "d.example", cause: Reason.Cause.daneMismatch.rawValue)]
        repairs.adopt(waiting, isComplete: true, asked: Self.start, at: Self.start)
        let round = round(
            repairs, finding: isMended ? .mended : .stays(Reason(.daneMismatch, "no match")), waiting: count)
        await withDiscardingTaskGroup { round.begin(in: &$0) }
        #expect(log.events == (isMended && count > 0 ? ["repaired"] : []))
        #expect(repairs.count == (isMended ? 0 : 1))
    }

    @Test("the true verdict of a domain with an exception is told")
    func exception() async throws {
        let heard = HeardAlarms()
        let round = round(Repairs(), finding: .mended, exceptions: [try DomainName("d.example")], alarms: heard)
        await withDiscardingTaskGroup { round.begin(in: &$0) }
        await withDiscardingTaskGroup { round.begin(in: &$0) }
        #expect(heard.heard == ["clear exception-unneeded d.example"])
    }
}
