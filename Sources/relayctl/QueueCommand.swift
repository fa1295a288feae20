import ArgumentParser
import Mail
import Relay

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Lists and shows mail that waits, and orders what becomes of it.",
        discussion: """
            Exit codes: 0 something matched; 1 nothing did.

            Example: relayctl queue hold --sender @example.org --dry-run
            """,
        subcommands: [
            QueueListCommand.self, QueueShowCommand.self, QueueRetryCommand.self, QueueHoldCommand.self,
            QueueReleaseCommand.self, QueueBounceCommand.self, QueueDeleteCommand.self, HoldsCommand.self,
        ],
        defaultSubcommand: QueueListCommand.self)
}

struct QueueListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists messages, oldest first, with the state of each recipient.",
        discussion: """
            With --json: {"messages": […], "next": …}. Conditions given together must all hold.

            Exit codes: 0 something matched; 1 nothing did.

            Examples:
              relayctl queue list --destination example.org --state deferred
              relayctl queue list --sender '<>' --older-than 2h
            """)

    @OptionGroup var selection: SelectorOptions

    @Option(
        name: .customLong("state"),
        help: ArgumentHelp(
            "Only mail in this state: queued, deferred, held or quarantined; may be given again.", valueName: "state"),
        transform: Self.state)
    var states: [QueueState] = []

    @Option(help: ArgumentHelp("At most so many messages.", valueName: "count"))
    var limit = QueueQuery.defaultLimit

    @Flag(help: "All messages, however many.")
    var all = false

    @OptionGroup var options: CommonOptions

    private static func state(_ text: String) throws -> QueueState {
        guard let state = QueueState(rawValue: text) else {
            throw ValidationError("a state is queued, deferred, held or quarantined")
        }
        return state
    }

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1") }
        let selectors = try Arguments.asUsage(selection.selectors)
        if selectors.ids.count > QueueSelectors.idLimit {
            throw ValidationError("at most \(QueueSelectors.idLimit) ids in a list")
        }
    }

    func run() async throws {
        var query = QueueQuery(try selection.selectors(), states: Set(states))
        let client = try options.client()
        var messages: [MessageView] = []
        repeat {
            let wanted = all ? QueueQuery.limitCeiling : limit - messages.count
            query.limit = min(wanted, QueueQuery.limitCeiling)
            let page = try await client.queue(query).view
            messages += page.messages
            query.cursor = page.next
        } while query.cursor != nil && (all || messages.count < limit)
        if options.json {
            try Output.json(of: QueuePage(messages: messages, next: query.cursor))
        } else {
            let isNarrowed = !query.selectors.isUnconditional || !query.states.isEmpty
            try Output.value(
                QueueText.list(
                    messages, isComplete: query.cursor == nil, isNarrowed: isNarrowed, now: .system,
                    style: .standardOutput()))
        }
        if messages.isEmpty { throw ExitStatus.nothing }
    }
}

struct QueueShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows one message: each recipient, its attempts and the last reason.",
        discussion: """
            Exit codes: 0 it is in the queue; 1 it is not.

            Example: relayctl queue show 0123456789bcdfghjklm
            """)

    @Argument(help: ArgumentHelp("The queue id, as in the log and in our final 250.", valueName: "id"))
    var id: String

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let id = try Arguments.queueID(id)
        guard let reply = try await options.client().show(id) else {
            throw Failure(
                .nothing,
                "no message in the queue has the id \(id). It may have been delivered: relayctl trace \(id) tells.")
        }
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(QueueText.message(reply.view, now: .system, style: .standardOutput()))
        }
    }
}
