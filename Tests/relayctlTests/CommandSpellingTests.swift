import ArgumentParser
import Testing

@testable import relayctl

@Suite("Commands that are misspelt")
struct CommandSpellingTests {
    @Test(
        "what they were meant to be",
        arguments: [
            (["stauts"], "Error: relayctl has no command 'stauts'. Did you mean relayctl status?"),
            (["stauts", "--json"], "Error: relayctl has no command 'stauts'. Did you mean relayctl status?"),
            (["Status"], "Error: relayctl has no command 'Status'. Did you mean relayctl status?"),
            (
                ["queue", "holdz"],
                "Error: relayctl queue has no command 'holdz'. Did you mean relayctl queue hold, or relayctl queue holds?"
            ),
            (
                ["queue", "holds", "ad", "--sender", "a@b.example"],
                "Error: relayctl queue holds has no command 'ad'. Did you mean relayctl queue holds add?"
            ),
            (["dkim", "kegen"], "Error: relayctl dkim has no command 'kegen'. Did you mean relayctl dkim keygen?"),
            (["nonsense"], "Error: relayctl has no command 'nonsense'. relayctl --help lists those that there are."),
            (["queue", "list", "holdz"], nil), (["policy", "stauts"], nil), (["--json", "stauts"], nil),
            (["help", "stauts"], nil), (["queue"], nil), ([], nil),
        ] as [([String], String?)])
    func complaint(arguments: [String], words: String?) {
        #expect(CommandSpelling.complaint(about: arguments) == words)
    }

    /// All commands below `root`, with itself.
    private static func all(_ root: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        [root] + root.configuration.subcommands.flatMap(all)
    }

    @Test("every command has a name, and an example that help does not wrap: it is to be copied")
    func examples() {
        for command in Self.all(Relayctl.self) {
            #expect(command.configuration.commandName != nil, "\(command)")
            let lines = command.configuration.discussion.split(separator: "\n")
            guard let first = lines.firstIndex(where: { $0.hasPrefix("Example: ") }) else { continue }
            for line in lines[first...] { #expect(line.count < 80, "\(command): \(line)") }
        }
    }
}
