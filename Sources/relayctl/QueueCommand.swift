import ArgumentParser
import Mail
import Relay

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "Lists and shows mail that waits.",
        discussion: "Exit codes: 0 something matched; 1 nothing did.",
        subcommands: [QueueListCommand.self, QueueShowCommand.self],
        defaultSubcommand: QueueListCommand.self)
}

struct QueueListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists messages, oldest first, with the state of each recipient.",
        discussion: "With --json: {\"messages\": […]}. Conditions given together must all hold.")

    @Option(help: ArgumentHelp("Only mail for this next-hop domain.", valueName: "domain"))
    var destination: String?

    @Option(help: ArgumentHelp("Only mail from this reverse-path; \"\" is the null one.", valueName: "address"))
    var sender: String?

    @Option(help: ArgumentHelp("Only mail for this recipient.", valueName: "address"))
    var recipient: String?

    @Option(help: ArgumentHelp("At most so many messages.", valueName: "count"))
    var limit = QueueQuery.defaultLimit

    @Flag(help: "All messages, however many.")
    var all = false

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1") }
        for text in [sender, recipient].compactMap(\.self) where text.utf8.count > QueueQuery.textLimit {
            throw ValidationError("an address has at most \(QueueQuery.textLimit) octets")
        }
        for text in [sender, recipient].compactMap(\.self)
        where !text.isEmpty && text != "<>" && (try? Mailbox(parsing: text.utf8)) == nil {
            throw ValidationError("\(text) is no mail address (local-part@domain, without angle brackets)")
        }
    }

    func run() async throws {
        var query = QueueQuery(sender: sender, recipient: recipient)
        if let destination { query.destination = try Arguments.domainName(destination) }
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
            let page = QueuePage(messages: messages, next: query.cursor)
            guard let json = ControlJSON.encode(page) else { throw Failure(.unexpected, "the list has no JSON") }
            try Output.json(json)
        } else {
            let isComplete = query.cursor == nil
            try Output.value(QueueText.list(messages, isComplete: isComplete, now: .system, style: .standardOutput()))
        }
        if messages.isEmpty { throw ExitStatus.nothing }
    }
}

struct QueueShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one message: each recipient, its attempts and the last reason.")

    @Argument(help: ArgumentHelp("The queue id, as in the log and in our final 250.", valueName: "id"))
    var id: String

    @OptionGroup var options: CommonOptions

    func run() async throws {
        guard let id = QueueID(id) else {
            throw Failure(
                .usage, "\"\(TextStyle.harmless(id))\" is no queue id: it has \(QueueID.length) letters and digits")
        }
        guard let reply = try await options.client().show(id) else {
            throw Failure(
                .nothing, "no message in the queue has the id \(id). It may have been delivered: see the log.")
        }
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(QueueText.message(reply.view, now: .system, style: .standardOutput()))
        }
    }
}
