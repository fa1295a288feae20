import ArgumentParser
import Mail
import Relay

struct ExceptionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exception",
        abstract: "Lets mail to a domain go although its policy fails, for a time.",
        discussion: """
            An exception lowers what DANE, MTA-STS, [tls] and rules demand of one domain's hosts. It ends by itself. What a \
            sender demands with REQUIRETLS it does not lower.

            Example: relayctl exception add example.org --allow encrypted --for 7d \\
                --reason 'their TLSA is stale' --until-fixed
            """,
        subcommands: [ExceptionListCommand.self, ExceptionAddCommand.self, ExceptionRemoveCommand.self],
        defaultSubcommand: ExceptionListCommand.self)
}

struct ExceptionListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the exceptions, and whether they are needed still.",
        discussion: """
            STATE is "not needed" where every host met in the last day would have met the true policy when it was met last, \
            and "not known yet" where none was met. \
            CONNECTIONS are those over which mail went under the exception since relayd started.

            With --json: {"exceptions": [{"domain", "allow", "since", "until", "reason", "until_fixed", "state", \
            "unneeded_since", "connections"}]}.

            Exit codes: 0; 1 there is none.

            Example: relayctl exception list
            """)

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let reply = try await options.client().exceptions()
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(ExceptionText.list(reply.view.exceptions, now: .system, style: .standardOutput()))
        }
        if reply.view.exceptions.isEmpty { throw ExitStatus.nothing }
    }
}

struct ExceptionAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Adds an exception for one domain, in place of the one it has.",
        discussion: """
            The domain is that of the recipients, or the name of the next hop their mail is routed to; subdomains are not \
            included. The true policy is evaluated all the while: when it is met again, that is said, and with --until-fixed \
            the exception ends. Mail that was put off there is tried at once.

            With --json: {"exception": {…}, "replaced": {…}, "waiting"}; replaced is absent where there was none, waiting \
            counts recipients that are kept back there and tried now.

            Exit codes: 0 the exception holds.

            Example: relayctl exception add example.org --allow encrypted --for 7d \\
                --reason 'their TLSA is stale'
            """)

    @Argument(help: ArgumentHelp("In ASCII or as U-labels.", valueName: "domain"))
    var domain: String

    @Option(
        help: ArgumentHelp(
            "encrypted: TLS with any certificate, never in the clear. opportunistic: TLS where it is offered.",
            valueName: "encrypted|opportunistic"))
    var allow: String

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "For how long: 2h or 7d, at most \(ControlLimits.exception / 86_400)d.", valueName: "span"))
    var span: String

    @Option(help: ArgumentHelp("Why: shown in each decision that uses it.", valueName: "text"))
    var reason: String

    @Flag(help: "End it as soon as the true policy is met again.")
    var untilFixed = false

    @OptionGroup var options: CommonOptions

    func validate() throws {
        _ = try Arguments.asUsage(order)
    }

    private func order() throws(Failure) -> ExceptionOrder {
        guard let allowed = PolicyException.Allowed(rawValue: allow) else {
            throw Failure(.usage, "--allow takes encrypted or opportunistic")
        }
        return ExceptionOrder(
            domain: try Arguments.domainName(domain), allow: allowed,
            seconds: try Arguments.seconds(span, of: "--for", upTo: ControlLimits.exception),
            reason: try Arguments.reason(reason), isUntilFixed: untilFixed)
    }

    func run() async throws {
        let reply = try await options.client().addException(try order())
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(ExceptionText.added(reply.view, now: .system, style: .standardOutput()))
        }
    }
}

struct ExceptionRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Removes the exception of a domain: its policy holds again.",
        discussion: """
            With --json: the exception that was removed.

            Exit codes: 0 it is gone; 1 there was none.

            Example: relayctl exception remove example.org
            """)

    @Argument(help: ArgumentHelp("In ASCII or as U-labels.", valueName: "domain"))
    var domain: String

    @OptionGroup var options: CommonOptions

    func validate() throws {
        _ = try Arguments.asUsage { () throws(Failure) in try Arguments.domainName(domain) }
    }

    func run() async throws {
        let name = try Arguments.domainName(domain)
        guard let reply = try await options.client().removeException(of: name) else {
            throw Failure(.nothing, "there is no exception for \(name). relayctl exception list shows what there is.")
        }
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(ExceptionText.removed(reply.view, style: .standardOutput()))
        }
    }
}
