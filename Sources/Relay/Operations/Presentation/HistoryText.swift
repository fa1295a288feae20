import Mail

/// `relayctl history` for people.
public enum HistoryText {
    /// What is known now, with since when, and below it what changed, newest first. Times in UTC.
    public static func render(_ view: HistoryView, limit: Int, style: TextStyle) -> String {
        var text = ""
        if !view.known.isEmpty {
            var table = TextTable(["NAME", "WHAT", "SINCE", "NOW"])
            for fact in view.known {
                let kind = KnownFact.Kind(rawValue: fact.kind)
                table.add([
                    fact.name, kind.map(FactWords.title) ?? fact.kind, time(fact.since),
                    kind.map { FactWords.shown($0, fact.value) } ?? fact.value,
                ])
            }
            text += table.render(style) + "\n"
        }
        if view.changes.isEmpty {
            return text + style.paint("No change was seen since.", .dim) + "\n"
        }
        var table = TextTable(["CHANGED", "NAME", "WHAT", "HOW"])
        for change in view.changes {
            let kind = KnownFact.Kind(rawValue: change.kind)
            table.add([time(change.time), change.name, kind.map(FactWords.title) ?? change.kind, change.words])
        }
        text += table.render(style)
        if view.next != nil {
            text += style.paint("These are the newest \(limit); there may be more (--limit).", .dim) + "\n"
        }
        return text
    }

    /// One line for nothing found.
    public static func nothing(_ name: String) -> String {
        "nothing is known of \(LogLine.oneLine(name)): no mail has gone there since history is kept. "
            + "relayctl policy \(LogLine.oneLine(name)) looks now."
    }

    private static func time(_ seconds: Int64) -> String { WallTime(seconds: seconds).rfc3339 }
}
