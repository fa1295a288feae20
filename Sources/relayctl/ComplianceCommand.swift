import ArgumentParser
import Mail
import Relay

struct ComplianceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compliance",
        abstract: "Shows how much was delivered DANE-verified, STS-verified, encrypted and in clear.",
        discussion: """
            By destination, or by sender with --by sender: totals first, then a table, most messages first. Counts are \
            exact: they are written in the transaction that records the delivery. A message counts once for each \
            recipients' domain and level. Shares are cut off to tenths, so that 100% is all.

            With --csv the counts of every name as RFC 4180, for a spreadsheet. A cell that it would take for a formula has \
            an apostrophe before it. With --json: {"total": …, "rows": […]}.

            With --requiretls each message with REQUIRETLS and its proof: host, address, TLS version, how the host proved \
            itself.

            --since must be given: whatever is taken for granted would be wrong in somebody's report.

            Exit codes: 0 something was delivered; 1 nothing was.

            Example: relayctl compliance --since 2026-11-01 --by sender
            """)

    @Option(help: ArgumentHelp("The first UTC day, as 2026-11-21. It has no default.", valueName: "day"))
    var since: String

    @Option(help: ArgumentHelp("The last UTC day. Without it: today.", valueName: "day"))
    var until: String?

    @Option(help: ArgumentHelp("destination or sender.", valueName: "side"))
    var by = "destination"

    @Option(help: ArgumentHelp("Names in the table, or proofs; CSV and JSON have all names.", valueName: "count"))
    var limit = Self.usualLimit

    @Flag(help: "Print RFC 4180 instead of a table.")
    var csv = false

    @Flag(name: .customLong("requiretls"), help: "The messages with REQUIRETLS, each with its proof.")
    var requireTLS = false

    @OptionGroup var options: CommonOptions

    static let usualLimit = 50
    /// Proofs that are put together.
    static let limitCeiling = 1_000_000

    func validate() throws {
        _ = try Arguments.asUsage(days)
        if ComplianceQuery.Side(rawValue: by) == nil { throw ValidationError("--by must be destination or sender") }
        if !(1...Self.limitCeiling).contains(limit) {
            throw ValidationError("--limit must be 1 to \(Self.limitCeiling)")
        }
        if csv, options.json { throw ValidationError("--csv and --json cannot both be printed") }
    }

    private func days() throws(Failure) -> (since: ReportDay, until: ReportDay) {
        let first = try Arguments.day(since, of: "--since")
        let last =
            if let until { try Arguments.day(until, of: "--until") } else { ReportDay(of: .system) }
        guard first <= last else { throw Failure(.usage, "--since is behind --until") }
        return (first, last)
    }

    func run() async throws {
        let days = try days()
        let client = try options.client()
        if requireTLS { return try await proofs(days.since, days.until, client) }
        let side = ComplianceQuery.Side(rawValue: by) ?? .destination
        var query = ComplianceQuery(since: days.since, until: days.until, side: side)
        var sum = ComplianceSum(since: "\(days.since)", until: "\(days.until)", by: side)
        repeat {
            query.after = sum.add(try await client.compliance(query).view)
        } while query.after != nil
        sum.sort()
        if options.json {
            try Output.json(of: sum)
        } else if csv {
            try Output.value(ComplianceText.csv(sum))
        } else {
            try Output.value(ComplianceText.table(sum, limit: limit, style: .standardOutput()))
        }
        if sum.rows.isEmpty { throw ExitStatus.nothing }
    }

    private func proofs(_ since: ReportDay, _ until: ReportDay, _ client: DaemonClient) async throws {
        var page = ProofPage(since: "\(since)", until: "\(until)", proofs: [])
        // A file is to hold all of them.
        let wanted = csv ? Self.limitCeiling : limit
        repeat {
            let query = ProofQuery(
                since: since, until: until, before: page.next,
                limit: min(wanted - page.proofs.count, ComplianceQuery.limitCeiling))
            let next = try await client.proofs(query).view
            page.proofs += next.proofs
            page.next = next.proofs.isEmpty ? nil : next.next
        } while page.next != nil && page.proofs.count < wanted
        if options.json {
            try Output.json(of: page)
        } else if csv {
            try Output.value(ComplianceText.csv(page))
        } else {
            try Output.value(ComplianceText.proofs(page, style: .standardOutput()))
        }
        if page.proofs.isEmpty { throw ExitStatus.nothing }
    }
}

extension Arguments {
    /// A UTC day.
    static func day(_ text: String, of option: String) throws(Failure) -> ReportDay {
        guard let day = ReportDay(text: text) else {
            throw Failure(.usage, "\(option) \"\(TextStyle.harmless(text))\" is no day: write it as 2026-11-21")
        }
        return day
    }
}
