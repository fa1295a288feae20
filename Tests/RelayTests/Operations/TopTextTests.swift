import Mail
import Testing

@testable import Relay

@Suite("The live view")
struct TopTextTests {
    let plain = TextStyle(width: 100, isColoured: false)
    let now = WallTime(seconds: 1_000_000)

    static let snapshot = TopSnapshot(
        status: OneMessage.status,
        destinations: [
            DestinationView(name: "a.example", due: 1, active: 2, oldest: 999_000, ratePerMinute: 3, tls: "encrypted"),
            DestinationView(
                name: "b.example", due: 9, deferred: 4, oldest: 999_900, state: "down", until: 1_000_060,
                reason: "timeout\u{1B}[2J",
                ratePerMinute: 0),
            DestinationView(name: "c.example", ratePerMinute: 70),
        ])

    func frame(
        order: TopOrder = .due, columns: Int = 120, rows: Int = 24, rates: TopRates? = nil, notice: String? = nil,
        style: TextStyle? = nil
    ) -> [String] {
        TopText.frame(
            Self.snapshot, rates: rates, order: order, columns: columns, rows: rows, notice: notice, now: now,
            style: style ?? plain)
    }

    @Test("a frame: totals, destinations, keys")
    func whole() {
        #expect(
            frame() == [
                "relayd relay.example, up 1d2h   queue 1 message, 1 recipient   3 connections (1 in, 2 out)",
                "since start: accepted 12   delivered 11   deferred 4", "",
                "DESTINATION  STATE           DUE  ACTIVE  DEFERRED  OLDEST  RATE/MIN  TLS        LAST REASON",
                "b.example    down, 60s left    9       0         4  100s           0  -          timeout\\u{1b}[2J",
                "a.example    ready             1       2         0  16m            3  encrypted  ",
                "c.example    ready             0       0         0  -             70  -          ", "",
                "d due  o oldest  r rate  q quit",
            ])
    }

    @Test("a queue that is not known is not shown as empty")
    func silentStore() {
        var snapshot = Self.snapshot
        snapshot.status.store.messages = nil
        #expect(
            TopText.frame(
                snapshot, rates: nil, order: .due, columns: 120, rows: 24, notice: nil, now: now, style: plain)[0]
                == "relayd relay.example, up 1d2h   queue not known   3 connections (1 in, 2 out)")
    }

    @Test(
        "the orders",
        arguments: [
            (TopOrder.due, ["b", "a", "c"]), (.oldest, ["a", "b", "c"]), (.rate, ["c", "a", "b"]),
        ])
    func orders(order: TopOrder, names: [String]) {
        #expect(frame(order: order)[4...6].map { String($0.prefix(1)) } == names)
    }

    @Test(
        "it fits any window, however small", arguments: [(120, 24), (80, 9), (80, 8), (40, 5), (10, 2), (1, 1), (5, 0)])
    func size(columns: Int, rows: Int) {
        let lines = frame(columns: columns, rows: rows, notice: "no answer from relayd")
        #expect(lines.count <= rows)
        #expect(lines.allSatisfy { $0.count <= columns })
        if rows > 1 { #expect(lines.last?.hasPrefix("d") == true) }
    }

    @Test("colours are whole after a line is cut")
    func colours() {
        for line in frame(columns: 12, style: TextStyle(width: 60, isColoured: true)) where line.contains("\u{1B}") {
            #expect(line.hasSuffix("\u{1B}[0m"))
        }
        #expect(frame(style: TextStyle(width: 60, isColoured: true))[4].hasPrefix("\u{1B}[31mb.example"))
    }

    @Test("rates are between two looks at the same daemon")
    func rates() throws {
        let old = OneMessage.status
        var new = old
        new.intake.acceptedTotal += 5
        new.delivery.deliveredTotal += 3001
        let rates = try #require(TopRates(from: old, to: new, seconds: 2))
        #expect(rates.accepted == 2.5 && rates.delivered == 1500.5 && rates.deferred == 0)
        #expect(frame(rates: rates)[1] == "accepted 2.5/s   delivered 1,500.5/s   deferred 0.0/s")
        #expect(TopRates(from: old, to: new, seconds: 0) == nil)
        new.pid += 1
        #expect(TopRates(from: old, to: new, seconds: 2) == nil)
    }

    @Test("a snapshot has all of it, and an empty queue says so")
    func once() {
        let text = TopText.snapshot(Self.snapshot, order: .due, now: now, style: plain)
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == 8)
        let empty = TopSnapshot(status: OneMessage.status, destinations: [])
        #expect(
            TopText.snapshot(empty, order: .due, now: now, style: plain)
                .hasSuffix("\n\nThe queue is empty: no destination has mail.\n"))
    }
}
