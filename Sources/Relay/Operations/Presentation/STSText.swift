public import Mail

/// `relayctl sts cache` and `relayctl sts refresh` for people.
public enum STSText {
    /// - Parameter isComplete: false where the list was cut at the limit.
    public static func list(_ policies: [STSView], isComplete: Bool, now: WallTime, style: TextStyle) -> String {
        if policies.isEmpty { return "No MTA-STS policy is remembered.\n" }
        var table = TextTable(["DOMAIN", "MODE", "ID", "FETCHED", "EXPIRES", "USED", "LAST ERROR"])
        for view in policies {
            table.add([
                view.domain, view.mode ?? "-", view.id ?? "-", distance(view.fetchedAt, now),
                distance(view.expiresAt, now),
                distance(view.usedAt, now), view.error ?? (view.recordMissingSince == nil ? "" : "TXT record missing"),
            ])
        }
        let more = isComplete ? "" : ", and there are more (--limit, --all)"
        let held = policies.count { $0.mode != nil }
        let failed = policies.count - held
        let others =
            failed == 0
            ? ""
            : "; \(Humane.count(failed, "domain")) (-) with none in force: see the last error"
        return table.render(style) + style.wrapped(Humane.count(held, "policy", "policies") + others + more) + "\n"
    }

    public static func refreshed(_ view: STSRefreshView, now: WallTime, style: TextStyle) -> String {
        let domain = LogLine.oneLine(view.domain)
        var text =
            view.fetched
            ? style.paint("\(domain): fetched", .green) + "\n"
            : style.paint(style.wrapped("\(domain): not fetched: \(view.error ?? "no reason is known")."), .red) + "\n"
        guard let policy = view.policy else {
            if !view.fetched { text += "No policy is in force for it.\n" }
            return text
        }
        if !view.fetched { text += "The policy fetched before stays in force.\n" }
        text += style.field("mode", policy.mode ?? "-", width: 9)
        text += style.field("id", policy.id ?? "-", width: 9)
        text += style.field("expires", distance(policy.expiresAt, now), width: 9)
        for name in policy.mx { text += style.field("mx", name, width: 9) }
        return text
    }

    private static func distance(_ seconds: Int64?, _ now: WallTime) -> String {
        seconds.map { Humane.distance(to: WallTime(seconds: $0), from: now) } ?? "-"
    }
}
