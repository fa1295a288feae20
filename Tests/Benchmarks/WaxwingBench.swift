import ArgumentParser

/// Measures parts of the relay as they are built for release.
@main
struct WaxwingBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waxwing-bench", abstract: "Measures the relay and parts of it.",
        subcommands: [
            DecisionsCommand.self, SignaturesCommand.self, CountingCommand.self, MillionCommand.self,
            RecordsCommand.self, SinkCommand.self, SourceCommand.self,
        ])
}
