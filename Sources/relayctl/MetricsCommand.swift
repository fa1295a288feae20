import ArgumentParser
import Relay

struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Prints the daemon's figures as Prometheus scrapes them.",
        discussion: """
            What each means, and what to alert on, stands in docs/metrics.md. With --json: {"text": …}, one string.

            Example: relayctl metrics | grep waxwing_queue
            """)

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let text = try await options.client().metrics()
        if options.json {
            guard let json = ControlJSON.encode(["text": text]) else {
                throw Failure(.unexpected, "the daemon's answer has no JSON")
            }
            try Output.json(json)
        } else {
            try Output.value(text.last == "\n" ? String(text.dropLast()) : text)
        }
    }
}
