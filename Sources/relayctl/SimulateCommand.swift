import ArgumentParser
import Mail
import Relay

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract:
            "Tries another configuration without sending anything: what would become of the mail of the last days.",
        discussion: """
            relayd decides for each domain that mail was delivered to lately or waits for, by the configuration in force and \
            by the new one, with its own resolver and cache. Where the two differ it connects to the domain's hosts as a \
            delivery would, up to the verdict about TLS, and never says MAIL. Printed is what changes: from which protection \
            to which, or to nothing, for how many messages. What waits in the queue counts by the domain of its recipients, also where \
            a rule routes it: without the rule its mail goes there. Only the first \(SimulationQuery.routedLimit) recipients of each \
            route are looked at.

            Of the new configuration count [[rule]], [tls], [dane], sts.enabled where it is switched off, and what of \
            [delivery] chooses hosts and addresses; other keys that differ are listed, and not tried. Files that it names are \
            not read but for tls.ca_file and the certificates of rules.

            With --json: {"days", "moves": [{"change", "from", "to", "domains", "messages", "queued"}], "destinations": \
            [{"domain", "messages", "queued", "change", "now", "then", "why"}], "unchanged", "unread", "not_simulated"}. change is \
            refused, returned, freed, stricter, weaker or other.

            Exit codes: 0 no mail that is delivered now would be refused, and none that is put off now would be returned; 1 some \
            would; 78 the new configuration is bad.

            Example: relayctl simulate --config new.toml --days 14
            """)

    @Option(help: ArgumentHelp("The configuration to try.", valueName: "file"))
    var config: String

    @Option(
        help: ArgumentHelp("Look at what was delivered in so many days, today included.", valueName: "number"))
    var days = SimulationQuery.usualDays

    @Option(
        help: ArgumentHelp(
            "Ask the daemon on this socket (default: that of the configuration in force).", valueName: "path"))
    var socket: String?

    @Flag(help: "Print one JSON value and nothing else.")
    var json = false

    func validate() throws {
        if !(1...SimulationQuery.dayLimit).contains(days) {
            throw ValidationError("--days must be from 1 to \(SimulationQuery.dayLimit)")
        }
    }

    func run() async throws {
        let text = try read()
        let client = try connection()
        let progress = ProgressLine()
        defer { progress.clear() }
        var sum = SimulationSum(days: days)
        var after: String?
        repeat {
            let page = try await client.simulate(
                SimulationQuery(configuration: text, file: config, days: days, after: after))
            guard page.faults.isEmpty else {
                progress.clear()
                throw Failure(
                    .badConfiguration,
                    "\(config) cannot be used, and nothing was tried:\n"
                        + page.faults.map(\.description).joined(separator: "\n"))
            }
            sum.add(page)
            progress.show("\(Humane.tally(sum.unchanged + sum.destinations.count, "domain")) looked at…")
            // The same place again would have no end.
            after = page.next == after ? nil : page.next
        } while after != nil
        progress.clear()
        if json {
            try Output.json(of: sum)
        } else {
            try Output.value(SimulationText.render(sum, file: config, style: .standardOutput()))
        }
        if sum.refusesSome { throw ExitStatus.nothing }
    }

    private func read() throws(Failure) -> String {
        let octets = try InputFile.read(config, limit: SimulationQuery.octetLimit + 1)
        guard octets.count <= SimulationQuery.octetLimit else {
            throw Failure(.badConfiguration, "\(config) has more than \(SimulationQuery.octetLimit) octets")
        }
        guard !octets.isEmpty, let text = String(validating: octets, as: UTF8.self) else {
            throw Failure(.badConfiguration, "\(config) is empty, or not UTF-8")
        }
        return text
    }

    private func connection() throws(Failure) -> DaemonClient {
        if let socket { return DaemonClient(socket: socket) }
        return DaemonClient(socket: try ChosenConfiguration(named: nil).value.control.socket)
    }
}

extension DaemonClient {
    func simulate(_ query: SimulationQuery) async throws(Failure) -> SimulationPage {
        try await ask { client throws(ControlClientError) in try await client.simulate(query) }.view
    }
}
