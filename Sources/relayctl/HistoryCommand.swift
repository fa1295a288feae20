import ArgumentParser
import Mail
import Relay

/// What changed of a domain and its hosts.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Tells what is known of a domain and its hosts, since when, and what changed.",
        discussion: """
            MX set, TLSA sets, MTA-STS id and policy, STARTTLS, how hosts proved themselves, and who issued their \
            certificates, as deliveries saw it. The newest change comes first. Changes are kept for 400 days.

            Exit codes: 0 something is known; 1 nothing is.

            Example: relayctl history example.org --limit 20
            """)

    @Argument(help: ArgumentHelp("A domain, or an MX host.", valueName: "name"))
    var name: String

    @Option(
        help: ArgumentHelp("At most so many changes, 1 to \(ControlLimits.changes).", valueName: "count"))
    var limit = ControlLimits.usualChanges

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if !(1...ControlLimits.changes).contains(limit) {
            throw ValidationError("--limit must be 1 to \(ControlLimits.changes)")
        }
    }

    func run() async throws {
        let domain = try Arguments.domainName(name)
        let client = try options.client()
        let reply: ControlReply<HistoryView>
        do throws(Failure) {
            reply = try await client.history(of: domain, limit: limit)
        } catch {
            if options.json, error.status == .nothing {
                try Output.json(of: HistoryView(name: domain.text, known: [], changes: []))
            }
            throw error
        }
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(HistoryText.render(reply.view, limit: limit, style: .standardOutput()))
        }
    }
}

/// What will be returned.
struct ForecastCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast",
        abstract: "Names destinations whose mail will be returned soon, and why.",
        discussion: """
            What waits is given up when its time is over (retry.lifetime). Those kept back by TLS policy come first, each with \
            what can be done.

            Exit codes: 0 mail will be returned; 1 none will.

            Example: relayctl forecast --within 2d
            """)

    @Option(
        help: ArgumentHelp("How far to look ahead (default: 24h, half of the lifetime at most).", valueName: "span"))
    var within: String?

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if let within, !(SpanText.seconds(within).map { (1...ControlLimits.forecast).contains($0) } ?? false) {
            throw ValidationError("\(TextStyle.harmless(within)) is no span like 12h or 2d, up to a year")
        }
    }

    func run() async throws {
        let seconds = within.flatMap(SpanText.seconds)
        let reply = try await options.client().ask { client throws(ControlClientError) in
            try await client.forecast(within: seconds)
        }
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(ForecastText.render(reply.view, now: .system, style: .standardOutput()))
        }
        if reply.view.destinations.isEmpty { throw ExitStatus.nothing }
    }
}
