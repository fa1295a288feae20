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

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let name = try Arguments.domainName(domain)
        let json = try await options.client().policy(name)
        guard let document = try? JSONDecoder().decode(PolicyDocument.self, from: Data(json)) else {
            throw Failure(.unexpected, "the daemon's answer is no policy document. Is it of the same version?")
        }
        if options.json {
            Output.json(json)
        } else {
            Output.value(PolicyText.render(document, style: .standardOutput()))
        }
        throw ExitStatus(code: document.exitCode)
    }
}
