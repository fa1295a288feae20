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
        guard !view.destinations.isEmpty else {
            return "Nothing that waits will be returned within \(reach).\n" + suspended(view, now, style)
        }
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
        return text + suspended(view, now, style)
    }

    /// Mail that is not given up because its destination is suspended, which does not mean that it goes.
    private static func suspended(_ view: ForecastView, _ now: WallTime, _ style: TextStyle) -> String {
        var text = ""
        for (name, rows) in Dictionary(grouping: view.suspended ?? [], by: \.destination).sorted(by: { $0.key < $1.key }
        ) {
            guard let waiting = rows.first?.waiting, let first = rows.map(\.first).min() else { continue }
            let count = rows.reduce(0) { $0 &+ $1.messages }
            let until = waiting.until.map { "before \(time($0)) (\(distance($0, now)))" } ?? "until it is resumed"
            text += "\n" + style.paint(LogLine.oneLine(name), .bold) + "\n"
            let words =
                "Its \(Humane.tally(count, "message")) \(count == 1 ? "is" : "are") neither tried nor returned \(until): "
                + "it is suspended" + (waiting.reason.map { " (\($0))" } ?? "") + "."
            let later =
                " Returned from \(time(first)) on \(waiting.until == nil ? "if it were resumed now" : "at the earliest")."
            text += "  " + style.wrapped(words + later, indent: 2) + "\n"
            text += "  " + style.wrapped(resume(name), indent: 2) + "\n"
        }
        return text
    }

    private static func resume(_ destination: String) -> String {
        "To have it tried: relayctl destinations resume \(ShellWord.quoted(destination))"
    }

    /// What to do next, each a sentence with a command.
    static func advice(_ row: ForecastRow) -> [String] {
        guard let waiting = row.waiting else {
            return advice(row.destination, row.cause.flatMap(Reason.Cause.init(rawValue:)))
        }
        // Whatever it was put off for, nothing is tried meanwhile.
        let until = waiting.until.map { "until \(time($0))" } ?? "until it is resumed"
        return ["It is suspended \(until): nothing is tried before.", resume(row.destination)]
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
