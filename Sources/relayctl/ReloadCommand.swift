import ArgumentParser
import Relay

struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Has relayd read its configuration anew, without dropping a connection or a message.",
        discussion: """
            A file with a fault changes nothing: relayd goes on as before, and the faults are printed on standard error.

            With --json: {"applied", "changed": [key], "restart_needed": [key], "faults": [{"file", "line", "column", "key", \
            "problem", "cure"}]}.

            Exit codes: 0 it is applied; 78 nothing was applied, because the file is bad.

            Example: relayctl reload
            """)

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let reply = try await options.client().reload()
        if options.json { try Output.json(reply.json) }
        guard reply.view.applied else {
            if options.json { throw ExitStatus.badConfiguration }
            throw Failure(.badConfiguration, ReloadText.refused(reply.view))
        }
        if !options.json { try Output.value(ReloadText.applied(reply.view, style: .standardOutput())) }
    }
}
