import ArgumentParser
import Glibc
import Relay

/// What every order to the queue takes, and how it is carried out: found, shown, asked about, done.
struct OrderOptions: ParsableArguments {
    @OptionGroup var selection: SelectorOptions

    /// A condition of the list that an order has not: taken so that it can be said.
    @Option(name: .customLong("state"), help: .hidden)
    var states: [String] = []

    @Flag(help: "Everything in the queue.")
    var all = false

    @Flag(help: "Change nothing: show what would be touched.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    @Option(
        help: ArgumentHelp("Why: kept with the mail, and in a bounce told to its sender.", valueName: "text"))
    var reason: String?

    @OptionGroup var options: CommonOptions

    func validate() throws {
        _ = try Arguments.asUsage(selectors)
        _ = try Arguments.asUsage(words)
    }

    func selectors() throws(Failure) -> QueueSelectors {
        if !states.isEmpty {
            throw Failure(
                .usage,
                "an order takes no --state: say which mail is meant by --id, --destination, --sender, --recipient or "
                    + "--older-than, or --all for everything. What is in a state that the order is not for is left alone; "
                    + "relayctl queue list --state shows the ids for --id")
        }
        var selectors = try selection.selectors()
        selectors.all = all
        if selectors.isEmpty {
            throw Failure(
                .usage,
                "nothing says which mail is meant: give --id, --destination, --sender, --recipient or --older-than, or "
                    + "--all for everything. --dry-run shows what would be touched")
        }
        if all, !selectors.isUnconditional {
            throw Failure(
                .usage, "--all means everything, and the other conditions would narrow nothing: leave out one")
        }
        return selectors
    }

    private func words() throws(Failure) -> String? { try reason.map(Arguments.reason) }

    func run(_ verb: QueueVerb) async throws {
        let selectors = try selectors()
        let order = OrderWalk(
            client: try options.client(), verb: verb, selectors: selectors, reason: try words())
        if dryRun {
            let sum = try await order.walk(isDryRun: true)
            if options.json {
                try Output.json(of: sum.view)
            } else {
                try Output.value(
                    QueueOrderText.dryRun(sum, command: order.command(options), style: .standardOutput()))
            }
            return try finish(sum)
        }
        var total: Int?
        if !yes, order.wantsConsent {
            let sum = try await order.foundForQuestion()
            if sum.touched > 0 {
                try Consent.ask(sum)
                total = sum.matched
            }
        } else if selectors.all {
            total = try await order.client.status().view.store.recipients
        }
        let sum = try await order.walk(isDryRun: false, total: total)
        if options.json {
            try Output.json(of: sum.view)
        } else {
            try Output.value(QueueOrderText.done(sum, style: .standardOutput()))
        }
        try finish(sum)
    }

    private func finish(_ sum: QueueOrderSum) throws {
        if !sum.isComplete { throw ExitStatus.interrupted }
        if sum.matched == 0 { throw ExitStatus.nothing }
    }
}

/// The question before what cannot be taken back.
enum Consent {
    /// True where there is somebody to ask.
    static var isPossible: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Shows in short what an order is about; returns where it is wanted.
    static func ask(_ sum: QueueOrderSum) throws {
        // On standard error, as the result on standard output may go to a file.
        Output.prompt(QueueOrderText.preview(sum, style: .standardError()) + QueueOrderText.question(sum))
        guard readLine(strippingNewline: true).map(isYes) == true else {
            throw Failure(.nothing, "nothing was changed")
        }
    }

    /// `yes` and no other word.
    static func isYes(_ answer: String) -> Bool {
        answer.lowercased().filter { !" \t\r".contains($0) } == "yes"
    }
}
