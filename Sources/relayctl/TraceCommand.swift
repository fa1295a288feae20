import ArgumentParser
import Mail
import Relay

/// A message's life, while it is in the queue and weeks after.
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Tells a message's life from connect to final reply, also weeks after it left.",
        discussion: """
            KEY is a queue id (as in the log and in our final 250), a Message-ID with or without its angle brackets, or the \
            address of a sender or recipient. The newest come first. How far back it reaches is set by [trace] in the \
            configuration.

            Exit codes: 0 something was found; 1 nothing was.

            Example: relayctl trace ann@example.net --limit 3
            """)

    @Argument(help: ArgumentHelp("A queue id, a Message-ID or a mail address.", valueName: "key"))
    var key: String

    @Option(
        help: ArgumentHelp("At most so many messages, 1 to \(TraceQuery.limitCeiling).", valueName: "count"))
    var limit = TraceQuery.defaultLimit

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if !(1...TraceQuery.limitCeiling).contains(limit) {
            throw ValidationError("--limit must be 1 to \(TraceQuery.limitCeiling)")
        }
        if TraceQuery(key: key, limit: limit) == nil {
            throw ValidationError(
                "\(TextStyle.harmless(key)) is no queue id, Message-ID or mail address, or longer than one may be")
        }
    }

    func run() async throws {
        let reply = try await options.client().trace(key, limit: limit)
        if options.json {
            try Output.json(reply.json)
            if reply.view.matches.isEmpty { throw ExitStatus.nothing }
        } else if reply.view.matches.isEmpty {
            throw Failure(.nothing, TraceText.nothing(key, since: reply.view.since))
        } else {
            try Output.value(TraceText.render(reply.view, limit: limit, style: .standardOutput()))
        }
    }
}

extension DaemonClient {
    func trace(_ key: String, limit: Int) async throws(Failure) -> ControlReply<TracePage> {
        do throws(ControlClientError) {
            return try await ControlClient(socket: socket).trace(key, limit: limit)
        } catch {
            throw failure(error)
        }
    }
}
