import ArgumentParser
import Relay

struct HoldsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holds",
        abstract: "Rules that hold mail, also such as is still to come.",
        discussion: """
            Example: relayctl queue holds add --sender @example.org \\
                --reason 'looks like a break-in'
            """,
        subcommands: [HoldsListCommand.self, HoldsAddCommand.self, HoldsRemoveCommand.self],
        defaultSubcommand: HoldsListCommand.self)
}

struct HoldsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the hold rules.",
        discussion: """
            With --json: {"holds": [{"number", "sender", "recipient", "destination", "reason", "since"}]}.

            Exit codes: 0; 1 there is none.

            Example: relayctl queue holds list
            """)

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let reply = try await options.client().holds()
        if options.json {
            try Output.json(reply.json)
        } else {
            try Output.value(HoldText.list(reply.view.holds, now: .system, style: .standardOutput()))
        }
        if reply.view.holds.isEmpty { throw ExitStatus.nothing }
    }
}

struct HoldsAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Holds all mail that matches: what comes, and what is in the queue.",
        discussion: """
            Mail is accepted and kept; its lifetime stands still. Conditions given together must all hold.

            With --json: {"rule": {…}, "held": {…}}; held is absent with --new-only.

            Exit codes: 0 the rule is there; 130 stopped by Ctrl-C before all that is in the queue was held.

            Example: relayctl queue holds add --sender @example.org \\
                --reason 'looks like a break-in'
            """)

    @Option(
        help: ArgumentHelp(
            "Mail from this address, from all of @domain, or from '<>', the null reverse-path.", valueName: "address"))
    var sender: String?

    @Option(help: ArgumentHelp("Mail for this address, or for all of @domain.", valueName: "address"))
    var recipient: String?

    @Option(help: ArgumentHelp("Mail for this destination, as relayctl destinations lists it.", valueName: "name"))
    var destination: String?

    @Option(help: ArgumentHelp("Why, for who lists the rules or the queue.", valueName: "text"))
    var reason: String?

    @Flag(help: "Leave alone what is in the queue.")
    var newOnly = false

    @OptionGroup var options: CommonOptions

    func validate() throws {
        _ = try Arguments.asUsage(rule)
        _ = try Arguments.asUsage(words)
    }

    private func rule() throws(Failure) -> HoldOrder {
        var rule = HoldOrder()
        if let sender { rule.sender = try Arguments.address(sender, of: "--sender", isSender: true) }
        if let recipient { rule.recipient = try Arguments.address(recipient, of: "--recipient", isSender: false) }
        rule.destination = try destination.map(Arguments.destination)
        if rule.selectors.isUnconditional {
            throw Failure(
                .usage, "a rule needs --sender, --recipient or --destination: without, it would hold all mail")
        }
        return rule
    }

    private func words() throws(Failure) -> String? { try reason.map(Arguments.reason) }

    func run() async throws {
        let client = try options.client()
        let rule = try rule()
        let reason = try words()
        let added = try await client.addHold(rule, reason: reason).view
        var held: QueueOrderSum?
        if !newOnly {
            let walk = OrderWalk(client: client, verb: .hold, selectors: rule.selectors, reason: reason)
            do throws(Failure) {
                held = try await walk.walk(isDryRun: false)
            } catch {
                throw Failure(
                    error.status,
                    "hold rule \(added.number) is there, but not all in the queue is held: "
                        + error.message)
            }
        }
        if options.json {
            try Output.json(of: HoldAddition(rule: added, held: held?.view))
        } else {
            let style = TextStyle.standardOutput()
            let rest = held.map { $0.matched == 0 ? "" : QueueOrderText.done($0, style: style) } ?? ""
            try Output.value(HoldText.added(added, style: style) + rest)
        }
        if held?.isComplete == false { throw ExitStatus.interrupted }
    }

    private struct HoldAddition: Codable {
        let rule: HoldRuleView
        let held: QueueOrderSumView?
    }
}

struct HoldsRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Removes a hold rule.",
        discussion: """
            What it held stays held, unless with --release: then all held mail that matches its conditions is let go, also \
            such as was held by hand or by another rule.

            With --json: {"rule": {…}, "released": {…}}; released is absent without --release.

            Exit codes: 0 it is gone; 1 there is none of this number; 130 stopped by Ctrl-C before all was released.

            Example: relayctl queue holds remove 3 --release
            """)

    @Argument(help: ArgumentHelp("As relayctl queue holds lists it.", valueName: "number"))
    var number: Int64

    @Flag(help: "Let go what matches it and is held.")
    var release = false

    @OptionGroup var options: CommonOptions

    func validate() throws {
        if number < 1 { throw ValidationError("the number of a rule is at least 1") }
    }

    func run() async throws {
        let client = try options.client()
        let missing = Failure(.nothing, "there is no hold rule \(number). relayctl queue holds lists what there is.")
        guard let rule = try await client.holds().view.holds.first(where: { $0.number == number }) else {
            throw missing
        }
        // Read before the rule is gone: afterwards nobody knows its conditions.
        let selectors = try release ? Self.selectors(of: rule) : nil
        guard try await client.removeHold(number) != nil else { throw missing }
        var released: QueueOrderSum?
        if let selectors {
            let walk = OrderWalk(client: client, verb: .release, selectors: selectors, reason: nil)
            do throws(Failure) {
                released = try await walk.walk(isDryRun: false)
            } catch {
                throw Failure(
                    error.status,
                    "hold rule \(number) is removed, but not all it held is released: "
                        + "\(error.message) To do it: \(walk.command(options))")
            }
        }
        if options.json {
            try Output.json(of: HoldRemoval(rule: rule, released: released?.view))
        } else {
            let style = TextStyle.standardOutput()
            let rest = released.map { $0.matched == 0 ? "" : QueueOrderText.done($0, style: style) } ?? ""
            try Output.value(HoldText.removed(rule, released: released != nil, style: style) + rest)
        }
        if released?.isComplete == false { throw ExitStatus.interrupted }
    }

    static func selectors(of rule: HoldRuleView) throws(Failure) -> QueueSelectors {
        var selectors = QueueSelectors()
        selectors.sender = rule.sender.flatMap { AddressSelector($0, isSender: true) }
        selectors.recipient = rule.recipient.flatMap { AddressSelector($0, isSender: false) }
        selectors.destination = rule.destination.flatMap { DestinationName($0) }
        let count = [rule.sender, rule.recipient, rule.destination].count { $0 != nil }
        let read = [selectors.sender != nil, selectors.recipient != nil, selectors.destination != nil].count { $0 }
        // A condition that is lost would release more than was held.
        guard count == read, count > 0 else {
            throw Failure(.unexpected, "the conditions of hold rule \(rule.number) cannot be read: nothing was changed")
        }
        return selectors
    }

    private struct HoldRemoval: Codable {
        let rule: HoldRuleView
        let released: QueueOrderSumView?
    }
}
