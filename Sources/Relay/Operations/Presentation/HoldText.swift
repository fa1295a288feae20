public import Mail

/// `relayctl queue holds` for people.
public enum HoldText {
    public static func list(_ holds: [HoldRuleView], now: WallTime, style: TextStyle) -> String {
        if holds.isEmpty {
            return
                "There is no hold rule. relayctl queue holds add makes one, and relayctl queue list --state held shows "
                + "what is held.\n"
        }
        var table = TextTable(["NUMBER", "SENDER", "RECIPIENT", "DESTINATION", "SINCE", "REASON"], numbers: [0])
        for rule in holds {
            table.add([
                "\(rule.number)", rule.sender ?? "any", rule.recipient ?? "any", rule.destination ?? "any",
                Humane.distance(to: WallTime(seconds: min(rule.since, now.seconds)), from: now), rule.reason,
            ])
        }
        return table.render(style)
    }

    public static func added(_ rule: HoldRuleView, style: TextStyle) -> String {
        style.wrapped(
            "Hold rule \(rule.number): new mail \(condition(rule)) is accepted and held, until "
                + "relayctl queue holds remove \(rule.number).") + "\n"
    }

    /// - Parameter released: what was asked to be released with it.
    public static func removed(_ rule: HoldRuleView, released: Bool, style: TextStyle) -> String {
        let rest =
            released ? "" : " What it held stays held: relayctl queue release lets it go, by the same conditions."
        return style.wrapped("Hold rule \(rule.number) is removed: new mail \(condition(rule)) goes its way.\(rest)")
            + "\n"
    }

    private static func condition(_ rule: HoldRuleView) -> String {
        [("from", rule.sender), ("to", rule.recipient), ("by way of", rule.destination)]
            .compactMap { word, value in value.map { "\(word) \($0)" } }.joined(separator: " ")
    }
}
