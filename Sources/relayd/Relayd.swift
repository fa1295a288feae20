import ArgumentParser
import Glibc
import Logging
import Relay

/// The daemon: reads its arguments and its configuration, and hands over to ``Relay/Service``.
struct Relayd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relayd",
        abstract: "Waxwing: an outbound mail relay that never gives up transport security silently.",
        discussion: """
            Runs in the foreground and logs to standard error; SIGTERM lets transactions under way end, SIGHUP has \
            the configuration and the files it names read again. \
            Exit codes: 0 stopped as asked; 64 wrong usage; 69 cannot start: a port, the resolver, a full disk; \
            78 the configuration cannot be used, or the store that it names.
            """,
        version: Version.text)

    @Option(help: ArgumentHelp("The configuration.", valueName: "file"))
    var config = Configuration.defaultPath

    @Flag(help: "Check the configuration and the files it names, say all faults, and end.")
    var check = false

    @Flag(help: "Print conf/relayd.toml: every key at its default.")
    var printDefaultConfig = false

    @Flag(help: "Print docs/configuration.md: the reference of all keys.")
    var printConfigReference = false

    /// How the daemon starts itself again: the resolver is a process of its own.
    @Flag(help: .private)
    var resolverWorker = false  // Program.main has seen it before anything was parsed.

    func run() async throws {
        // Writing to a connection or a log reader that has gone is an error to be read, not a signal to die of.
        signal(SIGPIPE, SIG_IGN)
        if printDefaultConfig { return print(Configuration.sampleFile(), terminator: "") }
        if printConfigReference { return print(Configuration.referencePage(), terminator: "") }
        let output = LogOutput()
        let configuration = try load(output)
        if check { return try await report(configuration, output) }
        let faults = configuration.check()
        // Where there is one, all of them are told, also those that take longer to find.
        if !faults.isEmpty { throw refuse(Service.faults(configuration, found: faults), configuration.log, output) }
        let log = Logger("relayd", configuration.log, output: output)
        do throws(ServiceError) {
            try await Service.run(configuration, from: config, log: log)
            output.flush()
        } catch {
            StartFailure(error).tell(configuration.log, on: output)
            output.flush()
            throw error.isConfiguration ? Self.badConfiguration : Self.cannotStart
        }
    }

    /// The configuration, sound in itself, or exit 78 with all its faults.
    private func load(_ output: LogOutput) throws -> Configuration {
        do throws(ConfigurationError) {
            return try Configuration.load(path: config)
        } catch {
            throw refuse(error.faults, error.log, output)
        }
    }

    /// Says what a start would find, and what it would warn of.
    private func report(_ configuration: Configuration, _ output: LogOutput) async throws {
        var faults = Service.faults(configuration)
        // Without its files it would fail for the same once more.
        if !faults.contains(where: { $0.key.hasPrefix("dns.") }), let fault = await Service.checkResolver(configuration)
        {
            faults.append(fault)
        }
        if !faults.isEmpty { throw refuse(faults, configuration.log, output) }
        print("configuration is good")
        for warning in configuration.warnings + Service.checkWarnings(configuration) {
            print("warning: \(warning)")
        }
    }

    /// Tells what is wrong; what the answer of `--check` is to a program or a person is a line of the log below a service manager.
    private func refuse(_ faults: [ConfigurationFault], _ log: Configuration.Log, _ output: LogOutput) -> ExitCode {
        if check, !output.isJournal {
            for fault in faults { Self.say("\(fault)") }
        } else {
            StartFailure(faults).tell(log, on: output)
            output.flush()
        }
        return Self.badConfiguration
    }

    /// EX_CONFIG of sysexits.h(3head).
    private static let badConfiguration = ExitCode(78)
    /// EX_UNAVAILABLE: an address is taken, the store is locked or damaged, the resolver does not come up.
    private static let cannotStart = ExitCode(69)

    private static func say(_ text: String) {
        let octets = Array("\(text)\n".utf8)
        _ = octets.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
