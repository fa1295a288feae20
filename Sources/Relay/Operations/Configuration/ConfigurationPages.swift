extension Configuration {
    /// `conf/relayd.toml`: every key with its explanation, commented out at its default.
    public static func sampleFile() -> String {
        var text = """
            # Configuration of relayd, the Waxwing mail relay.
            #
            # Every key is here at its default, commented out: remove the # before a key to change it.
            # Spans of time are written "90s", "5m", "1h30m", "5d"; sizes "512 KiB", "35 MB", "1 GB".
            # `relayd --config FILE --check` says what is wrong with this file, by line and column.

            """
        for section in ConfigurationSection.all {
            text += "\n\n" + wrapped(section.title, prefix: "## ", width: 100) + "\n[\(section.name)]\n"
            for key in section.keys {
                text += "\n" + wrapped(key.explanation, prefix: "# ", width: 100) + "\n"
                text += wrapped("(\(key.takes))", prefix: "# ", width: 100) + "\n"
                text += key.parts.isEmpty ? "#\(key.name) = \(key.defaultSpelling)\n" : sampleTables(key)
            }
        }
        return text + sampleCanaries() + sampleRules()
    }

    /// Each key of a list of tables, and a right table; indented, so that it is told from keys at their defaults.
    private static func sampleTables(_ key: ConfigurationKey<Configuration>) -> String {
        var text = "#\n"
        for part in key.parts {
            let standard = part.hasDefault ? "; default \(part.defaultSpelling)" : ""
            let words = "\(part.name): \(part.explanation) (\(part.takes)\(standard))"
            text += wrapped(words, prefix: "# ", width: 100) + "\n"
        }
        text += "#\n#   [[\(key.path)]]\n"
        for line in key.sample.split(separator: "\n") { text += "#   \(line)\n" }
        return text
    }

    /// The examples stand indented behind their #, so that they are told from keys at their defaults.
    private static func sampleRules() -> String {
        var text = "\n\n" + wrapped(RuleKeys.title, prefix: "## ", width: 100) + "\n"
        for paragraph in RuleKeys.introduction {
            text += "#\n" + wrapped(paragraph.replacing("`", with: ""), prefix: "# ", width: 100) + "\n"
        }
        text += "#\n" + wrapped("Keys: \(RuleKeys.all.map(\.name).joined(separator: ", ")).", prefix: "# ", width: 100)
        text += "\n"
        for example in RuleExample.all {
            let explanation = example.explanation.replacing("`", with: "")
            text += "\n" + wrapped("\(example.title). \(explanation)", prefix: "# ", width: 100) + "\n#\n"
            for line in example.text.split(separator: "\n", omittingEmptySubsequences: false) {
                text += line.isEmpty ? "#\n" : "#   \(line)\n"
            }
        }
        return text
    }

    /// `docs/configuration.md`: the same as a reference.
    public static func referencePage() -> String {
        var text = """
            # Configuration

            `relayd` reads one file, `\(defaultPath)` unless `--config` names another. It is [TOML](https://toml.io);
            every key may be left out. Nothing is guessed: an unknown key, a wrong type or a value out of range stops the
            start, and `relayd --check` lists all such faults at once with line, column and cure.

            This page and [`conf/relayd.toml`](../conf/relayd.toml) are written by the program from the table it reads the
            file by (`relayd --print-config-reference`, `relayd --print-default-config`); a test keeps them current.

            How values are written:

            | kind | spelling |
            |---|---|
            | span of time | `"90s"`, `"5m"`, `"1h30m"`, `"5d"`: numbers with d, h, m, s or ms, the larger first |
            | size | `"512 B"`, `"256 KiB"`, `"35 MB"`, `"1 GB"`: kB, MB, GB, TB count in thousands, KiB, MiB, GiB, TiB in 1024s |
            | text, path, name, address | in double quotes; `""` where "or empty" is said means not set |
            | list | `["one", "two"]` |

            Sections:

            """
        text += "\n" + ConfigurationSection.all.map { "- [`[\($0.name)]`](#\($0.name)): \($0.title)\n" }.joined()
        text += "- [`[[\(CanaryKeys.name)]]`](#\(CanaryKeys.name)): \(CanaryKeys.title)\n"
        text += "- [`[[\(RuleReader.name)]]`](#\(RuleReader.name)): \(RuleKeys.title)\n"
        for section in ConfigurationSection.all {
            text +=
                "\n## \(section.name)\n\n\(section.title)\n\n| key | default | takes | meaning |\n|---|---|---|---|\n"
            for key in section.keys {
                text += row(["`\(key.name)`", "`\(key.defaultSpelling)`", key.takes, key.explanation])
            }
            for key in section.keys where !key.parts.isEmpty {
                text += "\nEach `[[\(key.path)]]`:\n\n| key | default | takes | meaning |\n|---|---|---|---|\n"
                for part in key.parts {
                    let standard = part.hasDefault ? "`\(part.defaultSpelling)`" : ""
                    text += row(["`\(part.name)`", standard, part.takes, part.explanation])
                }
                text += "\n```toml\n[[\(key.path)]]\n\(key.sample)\n```\n"
            }
        }
        return text + referenceOfCanaries() + referenceOfRules()
    }

    private static func referenceOfRules() -> String {
        var text = "\n## \(RuleReader.name)\n\n\(RuleKeys.title)\n"
        for paragraph in RuleKeys.introduction { text += "\n" + wrapped(paragraph, prefix: "", width: 120) + "\n" }
        text += "\n| key | takes | meaning |\n|---|---|---|\n"
        for key in RuleKeys.all { text += row(["`\(key.name)`", key.takes, key.explanation]) }
        text += "\nExamples:\n"
        for example in RuleExample.all {
            text += "\n### \(example.title)\n\n" + wrapped(example.explanation, prefix: "", width: 120)
            text += "\n\n```toml\n\(example.text)\n```\n"
        }
        return text
    }

    static func row(_ cells: [String]) -> String {
        "| \(cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")) |\n"
    }

    /// Breaks at blanks so that no line with its prefix is longer than `width`, where words allow.
    static func wrapped(_ text: String, prefix: String, width: Int) -> String {
        var lines: [String] = []
        var line = prefix
        for word in text.split(separator: " ") {
            if line.count > prefix.count, line.count + 1 + word.count > width {
                lines.append(line)
                line = prefix
            }
            line += line.count > prefix.count ? " \(word)" : String(word)
        }
        lines.append(line)
        return lines.joined(separator: "\n")
    }
}
