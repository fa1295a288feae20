import ArgumentParser
import Mail
import Relay

struct TLSRPTStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows, for each domain, what was counted today and what became of the last report.",
        discussion: """
            With --json: {"enabled": …, "domains": […], "suppressed": […], "next": …}; times are seconds since the epoch.

            Exit codes: 0 reports are sent; 1 reporting is off.

            Example: relayctl tlsrpt status --domain example.org
            """)

    @Option(help: ArgumentHelp("This domain alone.", valueName: "name"))
    var domain: String?

    @Option(help: ArgumentHelp("At most so many domains.", valueName: "count"))
    var limit = ReportQuery.limitCeiling

    @Flag(help: "All domains, however many.")
    var all = false

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        let client = try options.client()
        var query = ReportQuery(domain: try domain.map(Arguments.domainName))
        query.limit = min(all ? ReportQuery.limitCeiling : limit, ReportQuery.limitCeiling)
        var view = try await client.reports(query).view
        while let next = view.next.flatMap({ try? DomainName($0) }), all || view.domains.count < limit {
            query.after = next
            query.limit = min(all ? ReportQuery.limitCeiling : limit - view.domains.count, ReportQuery.limitCeiling)
            let page = try await client.reports(query).view
            view.domains += page.domains
            view.next = page.next
        }
        if options.json {
            guard let json = ControlJSON.encode(view) else { throw Failure(.unexpected, "the answer has no JSON") }
            try Output.json(json)
        } else {
            try Output.value(ReportText.status(view, now: .system, style: .standardOutput()))
        }
        if !view.enabled { throw ExitStatus.nothing }
    }
}

struct TLSRPTPreviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Shows the reports of a day as they would be sent now.",
        discussion: """
            With --json: {"reports": [{"domain", "day", "file_name", "subject", "report", "summary"}], "next": …}, where \
            report is the JSON of RFC 8460 as a text.

            Exit codes: 0 there are some; 1 nothing is counted.

            Example: relayctl tlsrpt preview --domain example.org
            """)

    @Option(help: ArgumentHelp("The UTC day, as 2026-11-21. Without it: today.", valueName: "day"))
    var day: String?

    @Option(help: ArgumentHelp("This domain alone.", valueName: "name"))
    var domain: String?

    @Option(help: ArgumentHelp("At most so many reports.", valueName: "count"))
    var limit = 20

    @Flag(help: "The JSON that is sent, instead of the summary for people.")
    var report = false

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1") }
        // Here, and not where it runs: a wrong one is then told with the usage of this command.
        _ = try day.map(Arguments.day)
    }

    func run() async throws {
        let query = ReportQuery(
            day: try day.map(Arguments.day), domain: try domain.map(Arguments.domainName),
            limit: min(limit, ReportQuery.limitCeiling))
        let reply = try await options.client().reportPreview(query)
        if options.json {
            try Output.json(reply.json)
        } else if report {
            for preview in reply.view.reports { try Output.value(TextStyle.harmless(preview.report) + "\n") }
        } else {
            try Output.value(ReportText.preview(reply.view, style: .standardOutput()))
        }
        if reply.view.reports.isEmpty { throw ExitStatus.nothing }
    }
}

struct TLSRPTSendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Sends reports of a day that is over now, instead of some time after midnight.",
        discussion: """
            With --domain also a report that was sent already, with the same id, so that its receiver knows it for a copy; \
            addresses that were left alone since they refused one are tried again.

            Exit codes: 0 some are on the way; 1 nothing is sent.

            Example: relayctl tlsrpt send --day 2026-11-20 --domain example.org
            """)

    @Option(help: ArgumentHelp("The UTC day, as 2026-11-21. Without it: yesterday.", valueName: "day"))
    var day: String?

    @Option(help: ArgumentHelp("This domain alone.", valueName: "name"))
    var domain: String?

    @OptionGroup var options: CommonOptions

    func validate() throws {
        _ = try day.map(Arguments.day)
    }

    func run() async throws {
        let query = ReportQuery(day: try day.map(Arguments.day), domain: try domain.map(Arguments.domainName))
        let reply = try await options.client().sendReports(query)
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(ReportText.sent(reply.view, style: .standardOutput()))
        }
        if reply.view.error != nil { throw ExitStatus.nothing }
    }
}

extension Arguments {
    /// Reads `--day`.
    static func day(_ text: String) throws -> ReportDay { try day(text, now: .system) }

    /// A day that has begun: nothing is counted for another.
    static func day(_ text: String, now: WallTime) throws -> ReportDay {
        guard let day = ReportDay(text: text) else {
            throw ValidationError("--day \"\(TextStyle.harmless(text))\" is no day: write it as 2026-11-21")
        }
        let today = ReportDay(of: now)
        guard day <= today else {
            throw ValidationError(
                "--day \(day) has not begun: today is \(today) (UTC), and nothing is counted after it")
        }
        return day
    }
}
