import ArgumentParser
import Mail
import Relay

struct LetterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "letter",
        abstract: "Writes to the postmaster of a domain whose own policies keep mail from it.",
        discussion: """
            The daemon decides anew, connects to the domain's mail servers as relayctl probe does, and says what it saw, \
            which policy demands what, how to see it, and what to publish. It names no sender and no recipient, and sends \
            nothing: read it, and send it yourself.

            With --json: {"domain", "to", "subject", "text", "faults": […], …}.

            Exit codes: 0 here is a letter; 1 there is nothing to complain about.

            Example: relayctl letter example.org
            """)

    @Argument(help: ArgumentHelp("A queue id, or a domain in ASCII or as U-labels.", valueName: "key"))
    var key: String

    @OptionGroup var options: CommonOptions

    func validate() throws { _ = try Arguments.asUsage(known) }

    private func known() throws(Failure) -> String {
        if QueueID(key) != nil { return key }
        return try Arguments.domainName(key).text
    }

    func run() async throws {
        let reply = try await options.client().letter(known())
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(LetterText.render(reply.view))
        }
    }
}
