public import Mail

/// `relayctl destinations` for people.
public enum DestinationText {
    public static func list(
        _ destinations: [DestinationView], suspendedOnly: Bool, isComplete: Bool, now: WallTime, style: TextStyle
    ) -> String {
        if destinations.isEmpty {
            return suspendedOnly ? "No destination is suspended.\n" : "The queue is empty: no destination has mail.\n"
        }
        var table = TextTable(
            ["NAME", "STATE", "DUE", "DEFERRED", "HELD", "ACTIVE", "OLDEST", "TLS", "LAST REASON"],
            numbers: [2, 3, 4, 5])
        for one in destinations {
            table.add(
                [
                    one.name, state(one, now), Humane.number(one.due), Humane.number(one.deferred),
                    Humane.number(one.held), Humane.number(one.active), Humane.age(one.oldest, now), one.tls ?? "-",
                    reason(one, now),
                ], colours: colour(one).map { [1: $0] } ?? [:])
        }
        let more = isComplete ? "" : ", and there may be more (--limit)"
        let count = Humane.tally(destinations.count, "destination") + more
        return table.render(style) + style.paint(count, .dim) + "\n"
    }

    public static func suspended(_ view: SuspensionView, now: WallTime, style: TextStyle) -> String {
        let until = view.until.map { "for another \(Humane.span(max(0, $0 &- now.seconds)))" }
        let waiting =
            view.waiting == 0 ? "" : " \(Humane.tally(view.waiting, "recipient")) wait\(view.waiting == 1 ? "s" : "")."
        return style.wrapped(
            "\(view.destination) is suspended \(until ?? "until it is resumed"): \(view.reason).\(waiting) "
                + "Mail for it is accepted and kept, and does not expire meanwhile.") + "\n"
            + "To end it: relayctl destinations resume \(TextStyle.harmless(ShellWord.quoted(view.destination)))\n"
    }

    public static func resumed(_ view: ResumptionView, style: TextStyle) -> String {
        style.wrapped(
            view.resumed
                ? "\(view.destination) is resumed: what waits for it is tried from now on."
                : "\(view.destination) was not suspended. relayctl destinations --suspended shows what is.") + "\n"
    }

    /// With the time that is left where it ends by itself.
    static func state(_ view: DestinationView, _ now: WallTime) -> String {
        guard let until = view.until, until > now.seconds else { return view.state }
        return "\(view.state), \(Humane.span(until &- now.seconds)) left"
    }

    static func colour(_ view: DestinationView) -> TextStyle.Colour? {
        switch view.state {
        case "down": .red
        case "suspended": .yellow
        default: nil
        }
    }

    /// Of its state where that has one, else of the mail that was put off last.
    static func reason(_ view: DestinationView, _ now: WallTime) -> String {
        let words = view.reason ?? view.lastReason.map { $0.detail.isEmpty ? $0.cause : "\($0.cause): \($0.detail)" }
        guard let words else { return "" }
        return view.state == "suspended" ? "\(words) (since \(Humane.age(view.since, now)))" : words
    }
}
