import ArgumentParser
import Relay

struct ObservedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "observed",
        abstract: "Says what rules in mode observe would have done.",
        discussion: """
            Counts connections to hosts for which there is a [[rule]] with mode = "observe": how many it would have refused, \
            and how many would have gone. What would have been refused without the rule too is among the former.

            With --json: {"days", "observed": [{"rule", "destination", "would_refuse", "went_through", \
            "causes": [{"cause", "connections"}]}], "is_cut"}.

            Exit codes: 0; 1 nothing was observed.

            Example: relayctl observed --days 30
            """)

    @Option(
        help: ArgumentHelp(
            "Today and the days before, so many in all (UTC); at most \(ControlLimits.observedDays).",
            valueName: "number"))
    var days = ControlLimits.usualObservedDays

    @OptionGroup var options: CommonOptions

    func validate() throws {
        guard (1...ControlLimits.observedDays).contains(days) else {
            throw ValidationError("--days takes a number from 1 to \(ControlLimits.observedDays)")
        }
    }

    func run() async throws {
        let reply = try await options.client().observed(days: days)
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(ExceptionText.observed(reply.view, style: .standardOutput()))
        }
        if reply.view.observed.isEmpty { throw ExitStatus.nothing }
    }
}
