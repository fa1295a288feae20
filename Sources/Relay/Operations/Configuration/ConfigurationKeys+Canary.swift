import Mail

/// The keys of `[[canary]]`.
enum CanaryKeys {
    typealias Key = ConfigurationKey<Configuration.WrittenCanary>

    static let name = "canary"
    static let title = "Mail sent on a schedule to see whether it gets through, or is kept back, as it should."

    /// Paragraphs.
    static let introduction = [
        """
        Each `[[canary]]` has a small message sent every so often, through the queue and signed like other mail. One that \
        must be delivered and is not, or must be refused and is delivered, raises an alarm; the next good run clears it. \
        `relayctl canaries` shows them all. No notice is sent for one, and it is counted neither for TLS-RPT nor in \
        `relayctl compliance`. See [compliance.md](compliance.md#canaries).
        """
    ]

    static let all: [Key] = [
        Key("canary", "name", \.name, .ifSet(.words), example: "\"bad-dane\"", "What alarms and logs call it."),
        Key(
            "canary", "sender", \.sender, .ifSet(.mailbox), example: "\"canary@example.org\"",
            "Who it is from, in envelope and header: an address of yours, in ASCII. Give its domain a DKIM key."),
        Key(
            "canary", "recipient", \.recipient, .ifSet(.mailbox), example: "\"canary@bad-dane.example.net\"",
            "Who it is for, in ASCII: a mailbox of yours at a good domain, or any at a deliberately bad one."),
        Key(
            "canary", "expect", \.expect, .ifSet(.choice(of: Canary.Expectation.allCases)),
            """
            "delivered": it must be within the time; "refused": transport security must keep it back for all that time. A \
            host that cannot be reached proves nothing either way.
            """),
        Key(
            "canary", "every", \.every, .duration(.seconds(5)...(.seconds(30 * 86_400)), example: "6h"),
            "From the end of one run to the next. The first begins within ten minutes of the start."),
        Key(
            "canary", "within", \.within, .duration(.seconds(5)...(.seconds(86_400)), example: "30m"),
            "How long it is tried, with the usual retries; then it is taken out of the queue."),
    ]

    static let list = TableList<Configuration.WrittenCanary>(
        keys: all, required: ["name", "sender", "recipient", "expect"], limit: Configuration.WrittenCanary.limit,
        header: "[[\(name)]]")

    /// As TOML.
    static let sample = """
        name = "good"
        sender = "canary@example.org"
        recipient = "canary@partner.example"
        expect = "delivered"

        [[canary]]
        name = "bad-dane"
        sender = "canary@example.org"
        recipient = "canary@bad-dane.example.net"
        expect = "refused"
        every = "1h"
        within = "15m"
        """
}

extension Configuration {
    func canaryContradictions() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        var names: Set<String> = []
        var ways: Set<[String]> = []
        for (index, canary) in writtenCanaries.enumerated() {
            let path = ConfigurationPlaces.path(CanaryKeys.name, index)
            if let name = canary.name, !names.insert(name).inserted {
                faults.append(fault("\(path).name", "\(TOMLText.quoted(name)) is another one's", "Choose another name"))
            }
            let way = [canary.sender, canary.recipient].compactMap { $0?.description.lowercased() }
            if !ways.insert(way).inserted {
                faults.append(
                    fault(path, "has the sender and recipient of another one", "Give it a sender of its own"))
            }
            for (key, mailbox) in [("sender", canary.sender), ("recipient", canary.recipient)]
            where mailbox?.isASCII == false {
                faults.append(fault("\(path).\(key)", "is not in ASCII", "Use an address in ASCII"))
            }
            if canary.within > canary.every {
                faults.append(
                    fault(
                        "\(path).within", "is longer than every",
                        "Choose at most \(DurationText.spell(canary.every))"))
            }
        }
        return faults
    }

    /// The sample's part on canaries.
    static func sampleCanaries() -> String {
        var text = "\n\n" + wrapped(CanaryKeys.title, prefix: "## ", width: 100) + "\n"
        for paragraph in CanaryKeys.introduction {
            text += "#\n" + wrapped(paragraph.replacing("`", with: ""), prefix: "# ", width: 100) + "\n"
        }
        text += "#\n"
        for key in CanaryKeys.all {
            let standard = key.defaultSpelling.isEmpty ? "" : "; default \(key.defaultSpelling)"
            let words = "\(key.name): \(key.explanation) (\(key.takes)\(standard))"
            text += wrapped(words, prefix: "# ", width: 100) + "\n"
        }
        text += "#\n#   [[\(CanaryKeys.name)]]\n"
        for line in CanaryKeys.sample.split(separator: "\n", omittingEmptySubsequences: false) {
            text += line.isEmpty ? "#\n" : "#   \(line)\n"
        }
        return text
    }

    /// The reference's part on canaries.
    static func referenceOfCanaries() -> String {
        var text = "\n## \(CanaryKeys.name)\n\n\(CanaryKeys.title)\n"
        for paragraph in CanaryKeys.introduction { text += "\n" + wrapped(paragraph, prefix: "", width: 120) + "\n" }
        text += "\n| key | default | takes | meaning |\n|---|---|---|---|\n"
        for key in CanaryKeys.all {
            let standard = key.defaultSpelling.isEmpty ? "" : "`\(key.defaultSpelling)`"
            text += row(["`\(key.name)`", standard, key.takes, key.explanation])
        }
        return text + "\n```toml\n[[\(CanaryKeys.name)]]\n\(CanaryKeys.sample)\n```\n"
    }
}
