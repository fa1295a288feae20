import ArgumentParser
import Relay

struct QueueRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Makes due now what waits for its next attempt.",
        discussion: """
            Mail that is held stays held, and a destination that is suspended stays suspended. What is being delivered right now is left alone, and counted.

            Exit codes: 0 something matched; 1 nothing did, or you did not want it; 130 stopped by Ctrl-C before the end.

            Example: relayctl queue retry --destination example.org
            """)

    @OptionGroup var order: OrderOptions

    func run() async throws { try await order.run(.retry) }
}

struct QueueHoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Keeps mail from delivery, and from expiry, until it is released.",
        discussion: """
            New mail is not held by it: see relayctl queue holds. With --all you are asked first. What is being delivered right now is left alone, and counted.

            Exit codes: 0 something matched; 1 nothing did, or you did not want it; 130 stopped by Ctrl-C before the end.

            Example: relayctl queue hold --sender @example.org \\
                --reason 'looks like a break-in'
            """)

    @OptionGroup var order: OrderOptions

    func run() async throws { try await order.run(.hold) }
}

struct QueueReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Lets go what is held; its lifetime goes on where it stood.",
        discussion: """
            What a hold rule holds is released too; the rule goes on holding new mail. What is being delivered right now is left alone, and counted.

            Exit codes: 0 something matched; 1 nothing did, or you did not want it; 130 stopped by Ctrl-C before the end.

            Example: relayctl queue release --id 0123456789bcdfghjklm
            """)

    @OptionGroup var order: OrderOptions

    func run() async throws { try await order.run(.release) }
}

struct QueueBounceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bounce",
        abstract: "Returns mail to its senders, with a notice that gives the reason.",
        discussion: """
            You are asked first, unless with --yes. What is being delivered right now is left alone, and counted.

            Exit codes: 0 something matched; 1 nothing did, or you did not want it; 130 stopped by Ctrl-C before the end.

            Example: relayctl queue bounce --recipient old@example.org \\
                --reason 'this mailbox is closed'
            """)

    @OptionGroup var order: OrderOptions

    func run() async throws { try await order.run(.bounce) }
}

struct QueueDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Drops mail without a notice to anybody.",
        discussion: """
            It cannot be had back. You are asked first, unless with --yes. What is being delivered right now is left alone, and counted.

            Exit codes: 0 something matched; 1 nothing did, or you did not want it; 130 stopped by Ctrl-C before the end.

            Example: relayctl queue delete --sender '<>' --older-than 3d --dry-run
            """)

    @OptionGroup var order: OrderOptions

    func run() async throws { try await order.run(.delete) }
}
