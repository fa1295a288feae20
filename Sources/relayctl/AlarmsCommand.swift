import ArgumentParser
import Mail
import Relay

struct AlarmsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alarms",
        abstract: "Alarms: what stands, what is over, and that you have seen it.",
        discussion: "Example: relayctl alarms ack 12 --words 'told the network people'",
        subcommands: [AlarmsListCommand.self, AlarmsAckCommand.self, AlarmsHistoryCommand.self],
        defaultSubcommand: AlarmsListCommand.self)
}

struct AlarmsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the alarms that stand.",
        discussion: """
            What each kind means and what to do is in docs/alarms.md. With --json: {"alarms": [{"number", "kind", "subject", \
            "words", "standing", "local", "raised_at", "seen_at", …}], "standing", "unacknowledged", "kept"}.

            Exit codes: 0 none stands, or all are acknowledged; 1 one stands that is not.

            Example: relayctl alarms --all
            """)

    @Flag(help: "Also those that are over, the newest behind those that stand.")
    var all = false

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let reply = try await options.client().alarms(AlarmQuery(standing: all ? nil : true))
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(AlarmText.list(reply.view, now: .system, style: .standardOutput()))
        }
        if reply.view.unacknowledged > 0 { throw ExitStatus.nothing }
    }
}

struct AlarmsAckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack",
        abstract: "Says that you have seen an alarm.",
        discussion: """
            It goes on standing until its cause is gone, and counts as acknowledged. With --json: the alarm.

            Exit codes: 0 it is acknowledged, on disk; 1 no alarm of this number stands.

            Example: relayctl alarms ack 12 --words 'told the network people'
            """)

    @Argument(help: ArgumentHelp("As relayctl alarms lists it.", valueName: "number"))
    var number: Int64

    @Option(help: ArgumentHelp("Who you are, or what is being done.", valueName: "text"))
    var words: String?

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if number < 1 { throw ValidationError("the number of an alarm is at least 1") }
        if let words, ControlReason.read(words) == nil {
            throw ValidationError("--words takes one line without control characters")
        }
    }

    func run() async throws {
        guard let reply = try await options.client().acknowledgeAlarm(number, words: words) else {
            throw Failure(.nothing, "no alarm \(number) stands. relayctl alarms lists those that do.")
        }
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(AlarmText.acknowledged(reply.view, style: .standardOutput()))
        }
    }
}

struct AlarmsHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Lists alarms that are over, newest first, with how long they stood.",
        discussion: """
            Exit codes: 0; 1 there is none.

            Example: relayctl alarms history --limit 20
            """)

    @Option(help: ArgumentHelp("At most so many, 1 to \(AlarmQuery.limitCeiling).", valueName: "count"))
    var limit = AlarmQuery.usualLimit

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if !(1...AlarmQuery.limitCeiling).contains(limit) {
            throw ValidationError("--limit must be 1 to \(AlarmQuery.limitCeiling)")
        }
    }

    func run() async throws {
        let reply = try await options.client().alarms(AlarmQuery(standing: false, limit: limit))
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(AlarmText.history(reply.view, now: .system, style: .standardOutput()))
        }
        if reply.view.alarms.isEmpty { throw ExitStatus.nothing }
    }
}
