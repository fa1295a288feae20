import ArgumentParser
import Glibc
import Mail
import Relay

/// Why a message is where it is.
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Says why a message went where it went, or why it waits: also weeks after it left.",
        discussion: """
            KEY is a queue id (as in the log and in our final 250), a Message-ID with or without its angle brackets, or the address \
            of a sender or recipient. Attempt by \
            attempt: what DNS and MTA-STS said, what each host had to show by which RFC, what it showed, how long each step \
            took, and what the host answered. How far back it reaches is set by [trace] in the configuration.

            Exit codes: 0 something was found; 1 nothing was.

            Example: relayctl explain 0123456789bcdfghjklm
            """)

    @Argument(help: ArgumentHelp("A queue id, a Message-ID, or an address.", valueName: "key"))
    var key: String

    @Option(help: ArgumentHelp("Only this attempt, counted from 1.", valueName: "number"))
    var attempt: Int?

    @Option(help: ArgumentHelp("At most so many messages, 1 to \(ControlLimits.explained).", valueName: "count"))
    var limit = ControlLimits.usualExplained

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if !(1...ControlLimits.explained).contains(limit) {
            throw ValidationError("--limit must be 1 to \(ControlLimits.explained)")
        }
        if let attempt, attempt < 1 { throw ValidationError("--attempt counts from 1") }
        if TraceQuery(key: key) == nil {
            throw ValidationError(
                "\(TextStyle.harmless(key)) is no queue id, Message-ID or address, or longer than one may be")
        }
    }

    func run() async throws {
        let reply = try await options.client().explain(key, limit: limit)
        let isEmpty = reply.view.page.matches.isEmpty
        if options.json {
            try Output.json(reply.json)
            if isEmpty { throw ExitStatus.nothing }
        } else if isEmpty {
            throw Failure(.nothing, TraceText.nothing(key, since: reply.view.page.since))
        } else if let attempt,
            !reply.view.page.matches.contains(where: { $0.message.events.count { $0.attempt != nil } >= attempt })
        {
            throw Failure(.nothing, "there was no attempt \(attempt)")
        } else {
            try Output.value(
                ExplainText.render(
                    reply.view, attempt: attempt, limit: limit, now: WallTime(seconds: Int64(time(nil))),
                    style: .standardOutput()))
        }
    }
}

extension DaemonClient {
    func explain(_ key: String, limit: Int) async throws(Failure) -> ControlReply<ExplainAnswer> {
        try await ask { client throws(ControlClientError) in try await client.explain(key, limit: limit) }
    }

    func bundle(_ key: String) async throws(Failure) -> BundleAnswer {
        try await ask { client throws(ControlClientError) in try await client.bundle(key) }
    }
}
