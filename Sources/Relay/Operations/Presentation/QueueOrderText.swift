import Mail

/// `relayctl queue retry`, `hold`, `release`, `bounce` and `delete` for people.
public enum QueueOrderText {
    /// Destinations of a dry run that get a line.
    static let destinationLines = 20
    /// Recipients shown with a question.
    static let questionLines = 5

    /// What would be touched, and how to do it.
    /// - Parameter command: that does it.
    public static func dryRun(_ sum: QueueOrderSum, command: String, style: TextStyle) -> String {
        if sum.touched == 0 { return nothing(sum, style) }
        var text = examples(sum, QueueOrderPage.exampleLimit, style) + "\n"
        text += destinations(sum, style) + "\n"
        text += style.wrapped(sentence(sum) + stopped(sum)) + "\n" + suspended(sum, style)
        // Not wrapped: a command is pasted.
        return text + "Nothing was changed. To do it: \(TextStyle.harmless(command))\n"
    }

    /// What was done.
    public static func done(_ sum: QueueOrderSum, style: TextStyle) -> String {
        if sum.touched == 0 { return nothing(sum, style) }
        let text = style.wrapped(sentence(sum) + stopped(sum)) + "\n"
        return (sum.isComplete ? text : style.paint(text, .yellow)) + suspended(sum, style)
    }

    /// What is shown before somebody is asked.
    public static func preview(_ sum: QueueOrderSum, style: TextStyle) -> String {
        let more = sum.touched > questionLines && sum.examples.count > questionLines ? "…\n" : ""
        return examples(sum, questionLines, style) + more + style.wrapped(sentence(sum)) + "\n"
    }

    /// The question itself, to which `yes` is the one word that does it.
    public static func question(_ sum: QueueOrderSum) -> String {
        let loss =
            switch sum.verb {
            case .bounce: " Their senders are told."
            case .delete: " Nobody is told, and they cannot be had back."
            case .retry, .hold, .release: ""
            }
        return "This \(sum.verb.rawValue)s \(Humane.tally(sum.touched, "recipient")).\(loss) Type yes to do it: "
    }

    /// `12,400 of about 1,000,000 recipients…`
    public static func progress(_ sum: QueueOrderSum, of total: Int?) -> String {
        // An estimate that turned out too small is none.
        if let total, total >= sum.matched {
            return "\(Humane.number(sum.matched)) of about \(Humane.tally(total, "recipient"))…"
        }
        return "\(Humane.tally(sum.matched, "recipient")) so far…"
    }

    /// For a failure in the middle; nil where nothing was done before it.
    public static func before(_ sum: QueueOrderSum) -> String? {
        sum.touched == 0 || sum.isDryRun
            ? nil : "Before that \(Humane.tally(sum.touched, "recipient")) \(were(sum.touched)) \(sum.verb.done)"
    }

    private static func examples(_ sum: QueueOrderSum, _ limit: Int, _ style: TextStyle) -> String {
        var table = TextTable(["ID", "SENDER", "RECIPIENT", "DESTINATION", "STATE"])
        for example in sum.examples.prefix(limit) {
            table.add([
                example.id, example.sender.isEmpty ? "<>" : example.sender, example.recipient, example.destination,
                example.state,
            ])
        }
        return table.render(style)
    }

    private static func destinations(_ sum: QueueOrderSum, _ style: TextStyle) -> String {
        let shown = sum.byDestination.prefix(destinationLines)
        var table = TextTable(["RECIPIENTS", "DESTINATION"], numbers: [0])
        for count in shown { table.add([Humane.number(count.recipients), count.destination]) }
        let others = sum.touched &- shown.reduce(0) { $0 &+ $1.recipients }
        if others > 0 { table.add([Humane.number(others), "(others)"]) }
        return table.render(style)
    }

    private static func sentence(_ sum: QueueOrderSum) -> String {
        let verb = sum.isDryRun ? "would be \(sum.verb.done)" : "\(were(sum.touched)) \(sum.verb.done)"
        return "\(Humane.tally(sum.touched, "recipient")) \(verb)." + others(sum)
    }

    /// What matches and was left.
    private static func others(_ sum: QueueOrderSum) -> String {
        var text = ""
        if sum.skipped > 0 {
            text += " For \(Humane.number(sum.skipped)) there is nothing to do: \(skipped(sum))."
        }
        if sum.busy > 0 {
            text +=
                " \(Humane.number(sum.busy)) \(sum.busy == 1 ? "is" : "are") being delivered right now and "
                + (sum.isDryRun ? "would be left alone." : "\(were(sum.busy)) left alone: ask again in a moment.")
        }
        return text
    }

    /// Why those were passed over, and what lets them out.
    private static func skipped(_ sum: QueueOrderSum) -> String {
        let (damaged, held) = (sum.skippedQuarantined, sum.verb == .retry ? sum.skippedHeld : 0)
        let rest = sum.skipped &- damaged &- held
        var parts: [String] = []
        func count(_ number: Int) -> String { number == sum.skipped ? "" : "\(Humane.number(number)) " }
        if rest > 0 { parts.append(count(rest) + sum.verb.nothingToDo) }
        if held > 0 { parts.append(count(held) + "held: relayctl queue release lets them go") }
        if damaged > 0 {
            parts.append(
                count(damaged)
                    + "quarantined, for what is damaged is not sent: nothing lets it go, relayctl queue bounce "
                    + "returns it and relayctl queue delete drops it")
        }
        return parts.joined(separator: "; ")
    }

    private static func nothing(_ sum: QueueOrderSum, _ style: TextStyle) -> String {
        if sum.matched == 0, sum.isComplete {
            return "No mail in the queue matches. relayctl queue list shows what there is.\n"
        }
        return style.wrapped(
            "Nothing \(sum.isDryRun ? "would be" : "was") \(sum.verb.done)." + others(sum) + stopped(sum))
            + "\n" + suspended(sum, style)
    }

    /// What was made due or let go and is not tried all the same, with what ends that.
    private static func suspended(_ sum: QueueOrderSum, _ style: TextStyle) -> String {
        var text = ""
        for one in sum.suspended.prefix(destinationLines) {
            let until = one.until.map { "until \(WallTime(seconds: $0).rfc3339)" } ?? "until it is resumed"
            let whose =
                "\(Humane.tally(one.recipients, "recipient")) of these wait\(one.recipients == 1 ? "s" : "") for"
            text +=
                style.wrapped("\(whose) \(one.destination), which is suspended \(until): nothing is tried before.")
                + "\n"
                + "To end it: relayctl destinations resume \(TextStyle.harmless(ShellWord.quoted(one.destination)))\n"
        }
        let others = sum.suspended.count - destinationLines
        if others > 0 { text += "And \(others) more: relayctl destinations --suspended\n" }
        return text
    }

    private static func stopped(_ sum: QueueOrderSum) -> String {
        sum.isComplete ? "" : " Stopped before the end of the queue: the rest was not looked at."
    }

    private static func were(_ count: Int) -> String { count == 1 ? "was" : "were" }
}

extension QueueVerb {
    /// What it does cannot be taken back.
    public var isDestructive: Bool {
        switch self {
        case .bounce, .delete: true
        case .retry, .hold, .release: false
        }
    }

    /// Behind "was".
    var done: String {
        switch self {
        case .retry: "made due now"
        case .hold: "held"
        case .release: "released"
        case .bounce: "bounced"
        case .delete: "deleted"
        }
    }

    /// Why one that matches was passed over.
    var nothingToDo: String {
        switch self {
        case .retry: "due already"
        case .hold: "held already"
        case .release: "not held"
        case .bounce, .delete: "not in a state that allows it"
        }
    }
}
