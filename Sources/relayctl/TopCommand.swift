import ArgumentParser
import Glibc
import Relay

struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Shows, live, where mail goes and where it waits.",
        discussion: """
            By destination: due, active, deferred, the oldest mail, deliveries a minute, TLS, the last reason. Keys: d orders \
            by what is due, o by age, r by rate; q or Ctrl-C ends. Without a terminal, or with --once or --json, it prints \
            what is there now.

            With --json: {"status": {…}, "destinations": […]}, as status and destinations have them.

            Example: relayctl top --interval 5s
            """)

    @Option(help: ArgumentHelp("How often it looks, as 2s, 1m.", valueName: "span"))
    var interval = "2s"

    @Option(
        help: ArgumentHelp("The order at first: due, oldest or rate.", valueName: "order"), transform: Self.order)
    var sort = TopOrder.due

    @Option(help: ArgumentHelp("Destinations that are asked for.", valueName: "count"))
    var limit = ControlLimits.usualDestinations

    @Flag(help: "Print once what is there now.")
    var once = false

    @OptionGroup var options: CommonOptions

    /// Seconds of `--interval`: an hour.
    static let intervalLimit: Int64 = 3600

    private static func order(_ text: String) throws -> TopOrder {
        guard let order = TopOrder(rawValue: text) else {
            throw ValidationError("the order is due, oldest or rate")
        }
        return order
    }

    func validate() throws {
        _ = try Arguments.asUsage(seconds)
        if !(1...ControlLimits.destinations).contains(limit) {
            throw ValidationError("--limit must be 1 to \(ControlLimits.destinations)")
        }
    }

    private func seconds() throws(Failure) -> Int64 {
        guard let seconds = SpanText.seconds(interval), seconds <= Self.intervalLimit else {
            throw Failure(.usage, "--interval \"\(TextStyle.harmless(interval))\" is no span of 1s to 1h")
        }
        return seconds
    }

    func run() async throws {
        let client = try options.client()
        // What cannot be shown at all ends here, with its reason, before the screen is taken.
        let first = try await client.top(limit)
        if options.json { return try Output.json(of: first) }
        guard !once, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            return try Output.value(
                TopText.snapshot(first, order: sort, now: .system, style: .standardOutput()))
        }
        try await TopSession(client: client, limit: limit, seconds: try seconds()).run(TopState(first, order: sort))
    }
}

extension DaemonClient {
    func top(_ limit: Int) async throws(Failure) -> TopSnapshot {
        let status = try await status().view
        return TopSnapshot(status: status, destinations: try await destinations(limit: limit).view.destinations)
    }
}

/// What is on the screen, and what keys and looks do to it.
struct TopState {
    private(set) var order: TopOrder
    private(set) var snapshot: TopSnapshot
    private(set) var rates: TopRates?
    /// Why the newest look came to nothing.
    private(set) var notice: String?
    private var seenAt: ContinuousClock.Instant?

    init(_ snapshot: TopSnapshot, order: TopOrder, at now: ContinuousClock.Instant = .now) {
        self.snapshot = snapshot
        self.order = order
        seenAt = now
    }

    /// False where the key ends it.
    mutating func press(_ key: UInt8) -> Bool {
        switch key {
        case UInt8(ascii: "d"): order = .due
        case UInt8(ascii: "o"): order = .oldest
        case UInt8(ascii: "r"): order = .rate
        // ^C and ^D, which come as keys here.
        case UInt8(ascii: "q"), 0x03, 0x04: return false
        default: break
        }
        return true
    }

    mutating func see(_ newer: TopSnapshot, at now: ContinuousClock.Instant) {
        if let seenAt {
            rates = TopRates(from: snapshot.status, to: newer.status, seconds: (now - seenAt) / .seconds(1))
        }
        snapshot = newer
        seenAt = now
        notice = nil
    }

    /// What was seen stays, and says that it is old.
    mutating func fail(_ failure: Failure) { notice = failure.message }
}
