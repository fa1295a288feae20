import ArgumentParser
import Mail
import Relay

struct CanariesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "canaries",
        abstract: "Shows the canaries: what each expects, and what its last run came to.",
        discussion: """
            RESULT: good; bad, and an alarm stands; unknown, for the host was not reached, or something else than transport \
            security decided. What happened before the daemon was started is not known.

            With --json: {"canaries": [{"name", "expects", "result", "next", …}]}.

            Exit codes: 0 no last run was bad; 1 one was, or none is configured.

            Example: relayctl canaries
            """)

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let reply = try await options.client().canaries()
        let canaries = reply.view.canaries
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(CanaryText.list(reply.view, now: .system, style: .standardOutput()))
        }
        if canaries.isEmpty || canaries.contains(where: { $0.result == CanaryResult.Verdict.bad.rawValue }) {
            throw ExitStatus.nothing
        }
    }
}
