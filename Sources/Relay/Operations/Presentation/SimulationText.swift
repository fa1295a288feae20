/// `relayctl simulate` for people.
public enum SimulationText {
    /// Domains that get a line.
    static let lines = 50

    public static func render(_ sum: SimulationSum, file: String, style: TextStyle) -> String {
        let looked = sum.unchanged + sum.destinations.count
        let scope = "\(Humane.tally(looked, "domain")) of the last \(Humane.tally(sum.days, "day")) and of the queue"
        var text = ""
        if looked == 0 {
            text +=
                style.wrapped(
                    "No mail was delivered in the last \(Humane.tally(sum.days, "day")), and none waits: there is nothing to "
                        + "compare. Name more days with --days.") + "\n"
        } else if sum.moves.isEmpty {
            text += style.wrapped("\(file) changes nothing for \(scope).") + "\n"
        } else {
            for move in sum.moves { text += style.paint(sentence(move, days: sum.days), colour(move.change)) + "\n" }
            text += "\(Humane.tally(sum.unchanged, "domain")) unchanged, of \(scope).\n\n"
            text += table(sum, style)
        }
        if sum.unread > 0 {
            text +=
                "\n"
                + style.wrapped(
                    "\(Humane.tally(sum.unread, "recipient")) in the queue, behind very many others of the same route, "
                        + "\(sum.unread == 1 ? "was" : "were") not looked at.") + "\n"
        }
        if !sum.notSimulated.isEmpty {
            text +=
                "\n"
                + style.wrapped("Changed as well, and not simulated: \(sum.notSimulated.joined(separator: ", "))")
                + "\n"
        }
        return text
    }

    /// `12 domains go from opportunistic to refused, 340 messages a day`
    static func sentence(_ move: SimulationSum.Move, days: Int) -> String {
        let isOne = move.domains == 1
        var text = Humane.tally(move.domains, "domain")
        // What is demanded changes, and what comes of it does not.
        text +=
            move.from == move.to
            ? " \(isOne ? "stays" : "stay") \(move.from), with other demands"
            : " \(isOne ? "goes" : "go") from \(move.from) to \(move.to)"
        text += ", \(perDay(move.messages, days: days))"
        if move.queued > 0 { text += ", \(Humane.tally(move.queued, "recipient")) in the queue" }
        return text
    }

    static func perDay(_ messages: Int64, days: Int) -> String {
        let days = Int64(max(1, days))
        if messages == 0 { return "no messages in that time" }
        if messages < days { return "\(Humane.tally(Int(clamping: messages), "message")) in \(days) days" }
        return "\(Humane.tally(Int(clamping: (messages + days / 2) / days), "message")) a day"
    }

    private static func table(_ sum: SimulationSum, _ style: TextStyle) -> String {
        var table = TextTable(["DOMAIN", "NOW", "THEN", "MESSAGES", "QUEUED", "WHY"], numbers: [3, 4])
        let worstFirst = sum.destinations.sorted { ($0.change.place, -$0.messages) < ($1.change.place, -$1.messages) }
        for one in worstFirst.prefix(lines) {
            let why = one.then.detail ?? one.why ?? ""
            table.add(
                [
                    one.domain, one.now.word, one.then.word, Humane.number(Int(clamping: one.messages)),
                    Humane.number(one.queued), why,
                ], colours: [2: colour(one.change)])
        }
        let more = worstFirst.count - lines
        return table.render(style) + (more > 0 ? style.paint("and \(more) more: see --json", .dim) + "\n" : "")
    }

    private static func colour(_ change: SimulatedChange) -> TextStyle.Colour {
        switch change {
        case .refused, .returned: .red
        case .weaker: .yellow
        case .freed, .stricter: .green
        case .other, .unchanged: .dim
        }
    }
}

extension SimulatedChange {
    /// What hurts comes first.
    var place: Int {
        switch self {
        case .refused: 0
        case .returned: 1
        case .weaker: 2
        case .stricter: 3
        case .freed: 4
        case .other: 5
        case .unchanged: 6
        }
    }
}
