public import Mail

/// What will be returned, for people.
public enum ForecastText {
    /// "37 messages to example.org will be returned from Thu 14:02 UTC on: dane-mismatch"
    static func words(_ destination: String, _ rows: [ForecastRow]) -> String {
        let ordered = rows.sorted(by: ForecastRow.isSooner)
        let count = rows.reduce(0) { $0 + $1.messages }
        let first = rows.map(\.first).min() ?? 0
        // What was not tried waits behind what was.
        let causes = ordered.compactMap(\.cause)
        var why = causes.first ?? "not tried yet"
        if causes.count > 1 { why += " and \(Humane.count(causes.count - 1, "other cause"))" }
        return
            "\(Humane.tally(count, "message")) to \(LogLine.oneLine(destination)) will be returned from \(time(first)) on: "
            + LogLine.oneLine(why)
    }

    public static func render(_ view: ForecastView, now: WallTime, style: TextStyle) -> String {
        let reach = Humane.span(view.seconds)
        guard !view.destinations.isEmpty else { return "Nothing that waits will be returned within \(reach).\n" }
        var table = TextTable(
            ["DESTINATION", "CAUSE", "MESSAGES", "RECIPIENTS", "FIRST", "LAST"], numbers: [2, 3])
        // Mail for a destination that rests is put off without a try.
        let tried = Set(view.destinations.filter { $0.cause != nil }.map(\.destination))
        for row in view.destinations {
            let untried = tried.contains(row.destination) ? "not tried, waits behind these" : "not tried yet"
            table.add(
                [
                    row.destination, row.cause ?? untried, Humane.number(row.messages),
                    Humane.number(row.recipients), "\(time(row.first)) (\(distance(row.first, now)))", time(row.last),
                ], colours: row.isPolicy ? [1: .red] : [:])
        }
        var text = table.render(style)
        if !view.isComplete { text += style.paint("There are more: these are returned first.", .dim) + "\n" }
        var told: Set<String> = []
        for row in view.destinations where told.insert(row.destination).inserted {
            text += "\n" + style.paint(LogLine.oneLine(row.destination), .bold) + "\n"
            if let detail = row.detail { text += "  " + style.wrapped(detail, indent: 2) + "\n" }
            for line in advice(row) { text += "  " + style.wrapped(line, indent: 2) + "\n" }
        }
        return text
    }

    /// What to do next, each a sentence with a command.
    static func advice(_ row: ForecastRow) -> [String] {
        advice(row.destination, row.cause.flatMap(Reason.Cause.init(rawValue:)))
    }

    /// - Parameter cause: what keeps the mail back; nil where it was not tried.
    static func advice(_ destination: String, _ cause: Reason.Cause?) -> [String] {
        let name = ShellWord.quoted(destination)
        guard let domain = NextHop.domain(of: destination)?.text else {
            return ["To try again now: relayctl queue retry --destination \(name)"]
        }
        guard let cause, cause.isTLSPolicy else {
            return [
                "To see what it shows: relayctl probe \(domain)",
                "To try again now: relayctl queue retry --destination \(name)",
            ]
        }
        // Where there is no TLS, or none that works, any certificate is not enough.
        let hasTLS = cause != .startTLSMissing && cause != .tlsHandshakeFailed
        let meanwhile =
            hasTLS
            ? "To let mail go meanwhile, encrypted and without the proof"
            : "There is no TLS to be had. To let mail go meanwhile, in the clear"
        return [
            "Mail is tried as soon as the cause is gone.",
            "\(meanwhile): relayctl exception add \(domain) --allow \(hasTLS ? "encrypted" : "opportunistic") --for 2d "
                + "--until-fixed --reason TEXT",
            "To tell its postmaster what is broken: relayctl letter \(domain)",
            "To see what it shows: relayctl probe \(domain)",
        ]
    }

    /// "Thu 14:02 UTC"
    static func time(_ seconds: Int64) -> String {
        let text = WallTime(seconds: seconds).rfc5322
        // `Sat, 01 Aug 2026 12:00:00 +0000`
        let words = text.split(separator: " ")
        guard words.count == 6 else { return text }
        return "\(words[0].prefix(3)) \(words[4].prefix(5)) UTC"
    }

    private static func distance(_ seconds: Int64, _ now: WallTime) -> String {
        Humane.distance(to: WallTime(seconds: seconds), from: now)
    }
}
