import ArgumentParser
import Relay

/// Words of a command line that name no command: what they were probably meant to be. The parser takes such a word for an argument
/// too many, of another command as like as not.
enum CommandSpelling {
    /// What to say in place of the parser's complaint; nil where every word before the first option names a command, or
    /// stands behind one that takes arguments.
    static func complaint(about arguments: [String], in root: any ParsableCommand.Type = Relayctl.self) -> String? {
        var command = root
        var path = [name(of: root)]
        for word in arguments {
            let known = command.configuration.subcommands
            if known.isEmpty || word.hasPrefix("-") { return nil }
            if let next = known.first(where: { name(of: $0) == word }) {
                command = next
                path.append(word)
                continue
            }
            if word == "help" { return nil }
            let here = path.joined(separator: " ")
            let near = Spelling.allNearest(to: word, of: known.map(name(of:)))
            let advice =
                near.isEmpty
                ? "\(here) --help lists those that there are."
                : "Did you mean " + near.map { "\(here) \($0)" }.joined(separator: ", or ") + "?"
            return "Error: \(here) has no command '\(word)'. \(advice)"
        }
        return nil
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? "\(command)"
    }
}
