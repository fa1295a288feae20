import ArgumentParser
import Relay

/// The operator's tool: asks the daemon over its control socket, finds out by itself, and checks what is to be published.
struct Relayctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relayctl",
        abstract: "Says what relayd would do, does and holds, and checks what others would make of your domain.",
        discussion: """
            Exit codes: 0 done; 64 wrong usage; 69 the daemon does not answer or may not be asked; 70 unexpected failure; 78 \
            the configuration cannot be used. Most commands have their own besides: see their help (relayctl help policy). \
            Options may stand before or after \
            arguments.

            Example: relayctl policy example.org
            """,
        version: Version.text,
        subcommands: [
            PolicyCommand.self, ProbeCommand.self, STSCommand.self, DANECommand.self, TLSRPTCommand.self,
            DKIMCommand.self, UserCommand.self, QueueCommand.self, TraceCommand.self, ExplainCommand.self,
            BundleCommand.self, HistoryCommand.self, DestinationsCommand.self, ForecastCommand.self, TopCommand.self,
            ExceptionCommand.self, ObservedCommand.self, SimulateCommand.self, StatusCommand.self, AlarmsCommand.self,
            DoctorCommand.self, ReloadCommand.self, MetricsCommand.self,
            ComplianceCommand.self, LetterCommand.self, CanariesCommand.self,
        ])

    static func main() async {
        let status = await run(Array(CommandLine.arguments.dropFirst()))
        ExitStatus.leave(status)
    }

    /// Runs one command line: the one place where a failure becomes a message and an exit code.
    static func run(_ arguments: [String]) async -> ExitStatus {
        do {
            return try await outcome(of: arguments)
        } catch {
            Output.error("relayctl: \(error.message)")
            return error.status
        }
    }

    private static func outcome(of arguments: [String]) async throws(Failure) -> ExitStatus {
        do {
            var command = try parseAsRoot(arguments)
            if let group = command as? any CommandGroup {
                Output.error(helpMessage(for: type(of: group)))
                return .usage
            }
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return .success
        } catch let status as ExitStatus {
            return status
        } catch let failure as Failure {
            throw failure
        } catch {
            let code = exitCode(for: error)
            let complaint = code.isSuccess ? nil : CommandSpelling.complaint(about: arguments)
            let text = complaint ?? fullMessage(for: error)
            if code.isSuccess {
                try Output.value(text)
                return .success
            }
            Output.error(text)
            return code == .validationFailure ? .usage : .unexpected
        }
    }
}

/// A command that does nothing by itself: without one of its subcommands it is a usage error.
protocol CommandGroup: ParsableCommand {}

extension Relayctl: CommandGroup {}
extension STSCommand: CommandGroup {}
extension DANECommand: CommandGroup {}
extension TLSRPTCommand: CommandGroup {}
extension DKIMCommand: CommandGroup {}

/// What commands take that need neither daemon nor configuration.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON value and nothing else.")
    var json = false
}

/// Which daemon a command asks.
struct DaemonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's control socket (default: from the configuration).", valueName: "path"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "The configuration to find the socket by (default: \(Configuration.defaultPath)).", valueName: "file"))
    var config: String?

    /// The configuration that governs what is resolved here.
    func configuration() throws(Failure) -> ChosenConfiguration {
        try ChosenConfiguration(named: config)
    }

    /// The client for the daemon these options mean; `chosen` where the configuration has been read already.
    func client(by chosen: ChosenConfiguration? = nil) throws(Failure) -> DaemonClient {
        if let socket { return DaemonClient(socket: socket) }
        if let chosen { return DaemonClient(socket: chosen.value.control.socket) }
        return DaemonClient(socket: try configuration().value.control.socket)
    }
}

/// What all other commands take.
struct CommonOptions: ParsableArguments {
    @OptionGroup var daemon: DaemonOptions

    @Flag(help: "Print one JSON value and nothing else.")
    var json = false

    var socket: String? { daemon.socket }
    var config: String? { daemon.config }

    /// ``DaemonOptions/configuration()``
    func configuration() throws(Failure) -> ChosenConfiguration { try daemon.configuration() }

    /// ``DaemonOptions/client(by:)``
    func client(by chosen: ChosenConfiguration? = nil) throws(Failure) -> DaemonClient { try daemon.client(by: chosen) }
}

/// A configuration and its name, found in one go: what is decided by it and what is said of it cannot differ.
struct ChosenConfiguration: Sendable {
    let value: Configuration
    /// For a sentence: "by the configuration /etc/waxwing/relayd.toml".
    let words: String
    /// Where there is no file, and the defaults stand for it.
    private let missingPath: String?

    /// The one at the path `name`, else the one at `usualPath`; the defaults only where there is no file at `usualPath`. One
    /// that is wrong, or may not be read, decides nothing: another policy than the daemon's would be a wrong answer.
    init(named name: String?, usualPath: String = Configuration.defaultPath) throws(Failure) {
        let path = name ?? usualPath
        let found: Configuration?
        do throws(ConfigurationError) {
            found = try Configuration.loadIfPresent(path: path)
        } catch {
            throw Failure(.badConfiguration, "the configuration cannot be used:\n\(error)")
        }
        if let found {
            value = found
            words = "the configuration \(path)"
            missingPath = nil
        } else if name == nil {
            value = Configuration()
            words = "the defaults (there is no \(path))"
            missingPath = path
        } else {
            throw Failure(.usage, "there is no configuration \(path)")
        }
    }
    /// For what the defaults cannot tell: keys.
    /// - Parameter cure: what else to do, in the imperative.
    func requireFile(or cure: String) throws(Failure) {
        guard let missingPath else { return }
        throw Failure(
            .usage,
            "there is no configuration \(missingPath) to take keys from: \(cure), or another --config. "
                + "relayctl dkim keygen DOMAIN makes keys")
    }
}
