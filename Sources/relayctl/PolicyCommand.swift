import ArgumentParser
import FoundationEssentials
import Mail
import Relay

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Says what a delivery to a domain would demand now, and why.",
        discussion: """
            Exit codes: 0 every host that may be used is authenticated; 1 some may be used unauthenticated; \
            2 nothing can be delivered now.
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
        let document = try await document(for: name)
        if options.json {
            guard let json = try? document.json() else {
                throw Failure(.unexpected, "the answer cannot be written as JSON")
            }
            Output.json([UInt8](json))
        } else {
            Output.value(PolicyText.render(document, style: .standardOutput()))
        }
        throw ExitStatus(code: document.exitCode)
    }

    /// By the daemon with its cache and configuration where one answers, else by ourselves, which we say.
    private func document(for name: DomainName) async throws -> PolicyDocument {
        if local { return try await resolved(name) }
        do throws(Failure) {
            let json = try await options.client().policy(name)
            guard let document = try? JSONDecoder().decode(PolicyDocument.self, from: Data(json)) else {
                throw Failure(.unexpected, "the daemon's answer is no policy document. Is it of the same version?")
            }
            return document
        } catch {
            guard error.status == .unavailable, !daemon else { throw error }
            Output.error("relayctl: no relayd answers; resolved here, by \(try options.configurationInWords())")
            return try await resolved(name)
        }
    }

    private func resolved(_ name: DomainName) async throws(Failure) -> PolicyDocument {
        let configuration = try options.configuration()
        do throws(ServiceError) {
            return try await LocalPolicy.document(
                for: name, configuration: configuration, workerArguments: ResolverCommand.arguments)
        } catch {
            throw Failure(.unexpected, error.description)
        }
    }
}
