import ArgumentParser
import Relay

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Has the daemon check its own side now: resolver, port 25, clock, certificates, keys, disk.",
        discussion: """
            Each check is ok, unknown, a warning or a fault, with what to do. Nobody is connected to: what is said of port 25, \
            STARTTLS and the clock comes from the latest deliveries. With --json: {"checks": [{"name", "state", "words", \
            "cure"}]}.

            Exit codes: 0 all is well; 1 there are warnings; 2 there are faults; 69 the daemon does not answer.

            Example: relayctl doctor
            """)

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let reply = try await options.client().doctor()
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(DoctorText.render(reply.view, style: .standardOutput()))
        }
        switch reply.view.worst {
        case .ok, .unknown: break
        case .warning: throw ExitStatus.nothing
        case .fault: throw ExitStatus.faults
        }
    }
}
