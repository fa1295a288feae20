import ArgumentParser
import FoundationEssentials
import Mail
import Relay

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Says what a delivery to a domain would demand now, and why.",
        discussion: """
            Shows the MX records with their DNSSEC status, the MTA-STS record and policy, the TLSRPT record, and for each \
            host what it must show and which source demands it. Asks the daemon where one runs, with its cache and \
            configuration; else resolves here, and says so.

            Exit codes: 0 every host that may be used is authenticated; 1 some may be used unauthenticated; \
            2 nothing can be delivered now; 69 the daemon runs, and cannot be asked.

            Example: relayctl policy example.org
            """)

    @Argument(help: ArgumentHelp("The recipients' domain, in ASCII or as U-labels.", valueName: "domain"))
    var domain: String

    @Flag(help: "Resolve here, whether a daemon runs or not.")
    var local = false

    @Flag(help: "Ask the daemon and nobody else: exit 69 where it does not answer.")
    var daemon = false

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if local, daemon { throw ValidationError("--local and --daemon exclude each other") }
    }

    func run() async throws {
        let name = try Arguments.domainName(domain)
        throw try Output.policy(try await document(for: name), asJSON: options.json)
    }

    /// By the daemon with its cache and configuration, or by ourselves where none runs, which we say. One that runs and
    /// cannot be asked may decide otherwise than we would: then the operator has to choose.
    private func document(for name: DomainName) async throws -> PolicyDocument {
        // Where the socket is named the daemon needs nothing of ours.
        let chosen = local || options.socket == nil ? try options.configuration() : nil
        if local, let chosen {
            Output.error("relayctl: resolved here, by \(chosen.words)")
            return try await LocalPolicy.find(name, by: chosen).document
        }
        let client = try options.client(by: chosen)
        guard let json = try await client.policy(name) else {
            if daemon { throw client.failure(.noAnswer("nobody listens there")) }
            let chosen = try chosen ?? options.configuration()
            Output.error("relayctl: no relayd runs; resolved here, by \(chosen.words)")
            return try await LocalPolicy.find(name, by: chosen).document
        }
        guard let document = try? JSONDecoder().decode(PolicyDocument.self, from: Data(json)) else {
            throw Failure(.unexpected, "the daemon's answer is no policy document. Is it of the same version?")
        }
        return document
    }
}

extension LocalPolicy {
    /// By this configuration, on a port of one's choice.
    static func find(
        _ name: DomainName, port: UInt16? = nil, by chosen: ChosenConfiguration
    ) async throws(Failure) -> LocalPolicy {
        do throws(ServiceError) {
            return try await LocalPolicy.find(
                for: name, port: port, configuration: chosen.value, workerArguments: ResolverCommand.arguments)
        } catch {
            throw Failure(.unexpected, error.description)
        }
    }
}

extension Output {
    /// Writes the document; the result is how the command ends.
    static func policy(_ document: PolicyDocument, asJSON: Bool) throws(Failure) -> ExitStatus {
        if asJSON {
            guard let octets = try? document.json() else {
                throw Failure(.unexpected, "the answer cannot be written as JSON")
            }
            try json([UInt8](octets))
        } else {
            try value(PolicyText.render(document, now: .system, style: .standardOutput()))
        }
        return ExitStatus(code: document.exitCode)
    }
}
