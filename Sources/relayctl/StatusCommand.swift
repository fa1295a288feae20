import ArgumentParser
import Relay

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Says how the daemon is: queue, connections, resolver, warnings.")

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let reply = try await options.client().status()
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(StatusText.render(reply.view, style: .standardOutput()))
        }
    }
}
