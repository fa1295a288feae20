import ArgumentParser
import Mail
import Relay

struct STSCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sts",
        abstract: "Checks MTA-STS policies and records; shows and renews those the daemon remembers.",
        subcommands: [
            STSLintCommand.self, STSRecordCommand.self, STSMatchCommand.self, STSCacheCommand.self,
            STSRefreshCommand.self,
        ])
}

struct STSLintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Checks the text of a policy before you publish it.",
        discussion: """
            Says the line and the cure of the first fault, and warns of what is valid but unwise.

            Exit codes: 0 valid, with or without warnings; 1 invalid.

            Example: curl -s https://mta-sts.example.org/.well-known/mta-sts.txt |
                relayctl sts lint
            """)

    @Argument(help: ArgumentHelp("The policy; - or nothing is standard input.", valueName: "file"))
    var file = "-"

    @OptionGroup var output: OutputOptions

    func run() throws {
        let text = try InputFile.read(file, limit: STSPolicy.textLimit + 1)
        throw try Output.check(STSLintDocument(STSLint(text)), asJSON: output.json)
    }
}

struct STSRecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Reads the TXT records at _mta-sts.DOMAIN as a sender does.",
        discussion: """
            Each argument is one TXT record, without quotation marks; several strings of one record are to be joined.

            Exit codes: 0 exactly one valid record; 1 not.

            Example: relayctl sts record "v=STSv1; id=20260801;"
            """)

    @Argument(help: ArgumentHelp("All TXT records at the name.", valueName: "txt"))
    var records: [String]

    @OptionGroup var output: OutputOptions

    func run() throws {
        Arguments.warnOfQuotes(records)
        throw try Output.check(STSRecordDocument(STSRecord.read(records.map { Array($0.utf8) })), asJSON: output.json)
    }
}

struct STSMatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "match",
        abstract: "Says whether a policy lists an MX host.",
        discussion: """
            Exit codes: 0 it does; 1 it does not, or the policy is invalid.

            Example: relayctl sts match mta-sts.txt mx1.example.org
            """)

    @Argument(help: ArgumentHelp("The policy; - is standard input.", valueName: "file"))
    var file: String

    @Argument(help: ArgumentHelp("The MX record's host, in ASCII or as U-labels.", valueName: "host"))
    var host: String

    @OptionGroup var output: OutputOptions

    func run() throws {
        let name = try Arguments.domainName(host)
        let text = try InputFile.read(file, limit: STSPolicy.textLimit + 1)
        throw try Output.check(STSMatchDocument(name, policy: text), asJSON: output.json)
    }
}

struct STSCacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Lists the MTA-STS policies that the daemon remembers, by domain.",
        discussion: """
            With --json: {"policies": […], "next": …}; times are seconds since the epoch.

            Exit codes: 0 there are some; 1 there are none.

            Example: relayctl sts cache --all
            """)

    @Option(help: ArgumentHelp("At most so many policies.", valueName: "count"))
    var limit = PolicyQuery.limitCeiling

    @Flag(help: "All policies, however many.")
    var all = false

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        let client = try options.client()
        var policies: [STSView] = []
        var query = PolicyQuery()
        repeat {
            query.limit = min(all ? PolicyQuery.limitCeiling : limit - policies.count, PolicyQuery.limitCeiling)
            let page = try await client.policies(query).view
            policies += page.policies
            // A cursor that is no name would begin again at the first page.
            query.after = page.next.flatMap { try? DomainName($0) }
        } while query.after != nil && (all || policies.count < limit)
        if options.json {
            let page = STSPage(policies: policies, next: query.after?.text)
            guard let json = ControlJSON.encode(page) else { throw Failure(.unexpected, "the list has no JSON") }
            try Output.json(json)
        } else {
            try Output.value(
                STSText.list(policies, isComplete: query.after == nil, now: .system, style: .standardOutput()))
        }
        if policies.isEmpty { throw ExitStatus.nothing }
    }
}

struct STSRefreshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Has the daemon look up a domain's record and fetch its policy now.",
        discussion: """
            What was fetched before stays in force where nothing better comes.

            Exit codes: 0 a policy was fetched; 1 none was.

            Example: relayctl sts refresh example.org
            """)

    @Argument(help: ArgumentHelp("The policy domain, in ASCII or as U-labels.", valueName: "domain"))
    var domain: String

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let name = try Arguments.domainName(domain)
        let reply = try await options.client().refreshPolicy(of: name)
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(STSText.refreshed(reply.view, now: .system, style: .standardOutput()))
        }
        if !reply.view.fetched { throw ExitStatus.nothing }
    }
}
