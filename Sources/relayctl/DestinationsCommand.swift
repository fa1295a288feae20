import ArgumentParser
import Relay

struct DestinationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destinations",
        abstract: "Where mail waits to go: lists destinations, suspends and resumes them.",
        discussion: """
            Example: relayctl destinations suspend example.org --for 2h \\
                --reason 'their maintenance'
            """,
        subcommands: [DestinationsListCommand.self, SuspendCommand.self, ResumeCommand.self],
        defaultSubcommand: DestinationsListCommand.self)
}

struct DestinationsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists destinations, those with most mail first.",
        discussion: """
            States: ready; waiting, for its turn or a limit; down, its hosts were found dead; suspended, by you.

            With --json: {"destinations": [{"name", "state", "due", …}]}.

            Exit codes: 0 there are some; 1 there is none.

            Example: relayctl destinations --suspended
            """)

    @Option(help: ArgumentHelp("At most so many, up to \(ControlLimits.destinations).", valueName: "count"))
    var limit = ControlLimits.usualDestinations

    @Flag(help: "Only those that are suspended, with mail or without.")
    var suspended = false

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if !(1...ControlLimits.destinations).contains(limit) {
            throw ValidationError("--limit must be 1 to \(ControlLimits.destinations)")
        }
    }

    func run() async throws {
        let reply = try await options.client().destinations(limit: limit, suspendedOnly: suspended)
        let destinations = reply.view.destinations
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(
                DestinationText.list(
                    destinations, suspendedOnly: suspended, isComplete: destinations.count < limit, now: .system,
                    style: .standardOutput()))
        }
        if destinations.isEmpty { throw ExitStatus.nothing }
    }
}

struct SuspendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspend",
        abstract: "Gives a destination no more attempts for a while.",
        discussion: """
            Mail for it is accepted and kept, and does not expire meanwhile. Suspended a second time, the new span holds.

            With --json: {"destination", "since", "until", "reason", "waiting"}.

            Example: relayctl destinations suspend example.org --for 2h \\
                --reason 'their maintenance'
            """)

    @Argument(help: ArgumentHelp("As relayctl destinations lists it.", valueName: "name"))
    var name: String

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long, as 90m, 2h, 3d. Without it: until it is resumed.", valueName: "span"))
    var span: String?

    @Option(help: ArgumentHelp("Why, for who lists destinations or the queue.", valueName: "text"))
    var reason: String?

    @OptionGroup var options: CommonOptions

    func validate() throws {
        _ = try Arguments.asUsage { () throws(Failure) in try Arguments.destination(name) }
        _ = try Arguments.asUsage(seconds)
        _ = try Arguments.asUsage { () throws(Failure) in try reason.map(Arguments.reason) }
    }

    private func seconds() throws(Failure) -> Int64? {
        guard let span else { return nil }
        return try Arguments.seconds(span, of: "--for", upTo: ControlLimits.suspension)
    }

    func run() async throws {
        let reply = try await options.client().suspend(
            Arguments.destination(name), seconds: seconds(), reason: reason.map(Arguments.reason))
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(DestinationText.suspended(reply.view, now: .system, style: .standardOutput()))
        }
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Ends the suspension of a destination.",
        discussion: """
            With --json: {"destination", "resumed"}.

            Exit codes: 0 it is resumed; 1 it was not suspended.

            Example: relayctl destinations resume example.org
            """)

    @Argument(help: ArgumentHelp("As relayctl destinations --suspended lists it.", valueName: "name"))
    var name: String

    @OptionGroup var options: CommonOptions

    func validate() throws {
        _ = try Arguments.asUsage { () throws(Failure) in try Arguments.destination(name) }
    }

    func run() async throws {
        let reply = try await options.client().resume(Arguments.destination(name))
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(DestinationText.resumed(reply.view, style: .standardOutput()))
        }
        if !reply.view.resumed { throw ExitStatus.nothing }
    }
}
