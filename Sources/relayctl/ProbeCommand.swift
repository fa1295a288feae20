import ArgumentParser
import Glibc
import Mail
import Relay

struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Connects to a domain's mail servers, and says what each shows and whether it would do.",
        discussion: """
            Decides here, by the configuration, as `policy --local` does; then connects from this machine to every address of \
            every host, says EHLO and STARTTLS, and shows protocol, certificate, the TLSA record that matches, and the \
            verdict. No mail is begun. Hosts that the policy skips are looked at too, for information.

            Exit codes, by what was shown: 0 every host that took a connection proved who it is, and the others would have \
            to; 1 not so; 2 nothing could be delivered.

            Example: relayctl probe example.org --host mx1.example.org
            """)

    @Argument(help: ArgumentHelp("The recipients' domain, in ASCII or as U-labels.", valueName: "domain"))
    var domain: String

    @Option(help: ArgumentHelp("Only this host of it.", valueName: "name"))
    var host: String?

    @Option(help: ArgumentHelp("Connect to this port (default: delivery.port, which is 25).", valueName: "number"))
    var port: UInt16?

    @Option(help: ArgumentHelp("For each step: connecting, each reply, the handshake.", valueName: "seconds"))
    var timeout = 30

    @OptionGroup var options: CommonOptions

    static let timeoutRange = 1...600

    func validate() throws {
        if options.socket != nil {
            throw ValidationError("--socket has no use here: probe asks no daemon. --config names the configuration")
        }
        if port == 0 { throw ValidationError("--port must be from 1 to 65535") }
        if !Self.timeoutRange.contains(timeout) {
            throw ValidationError(
                "--timeout must be from \(Self.timeoutRange.lowerBound) to \(Self.timeoutRange.upperBound) seconds")
        }
    }

    func run() async throws {
        // A host that has gone is an error to be read, not a signal to die of.
        signal(SIGPIPE, SIG_IGN)
        let name = try Arguments.domainName(domain)
        let only = try host.map { text throws(Failure) in try Arguments.domainName(text) }
        let chosen = try options.configuration()
        Output.error("relayctl: resolved and connected here, by \(chosen.words)")
        Progress.show("looking up \(name)")
        let policy = try await LocalPolicy.find(name, port: port, by: chosen)
        let known = policy.decision.hosts.map(\.host.host)
        if let only, !known.isEmpty, !known.contains(where: { $0.name == only }) {
            Progress.clear()
            throw Failure(
                .usage, "\(only) is no host of \(name): it has \(known.map(\.description).joined(separator: ", "))")
        }
        let probe = Probe(policy, configuration: chosen.value, step: .seconds(timeout)) { done, all in
            Progress.show("\(done) of \(all) addresses")
        }
        let document: PolicyDocument
        do throws(ServiceError) {
            document = try await probe.run(only: only)
        } catch {
            Progress.clear()
            throw Failure(.unexpected, error.description)
        }
        Progress.clear()
        throw try Output.policy(document, asJSON: options.json)
    }
}

/// One line on a terminal that says how far we are, and leaves no trace.
enum Progress {
    static func show(_ text: String) {
        write("\r\u{1B}[K\(text)…")
    }

    static func clear() {
        write("\r\u{1B}[K")
    }

    private static func write(_ text: String) {
        guard isatty(STDERR_FILENO) == 1 else { return }
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
