public import Mail

/// `relayctl tlsrpt status`, `preview` and `send` for people.
public enum ReportText {
    public static func status(_ view: ReportStatusView, now: WallTime, style: TextStyle) -> String {
        var text = ""
        if view.enabled {
            text += style.field("reports", "on, for \(view.organization ?? "") (\(view.submitter ?? ""))", width: 9)
        } else {
            text += style.field("reports", "off: \(view.missing.joined(separator: "; "))", width: 9)
        }
        for problem in view.problems {
            text +=
                style.paint("warning: ", .yellow)
                + style.wrapped(TextStyle.harmless("no report can be sent now: \(problem)"), indent: 9) + "\n"
        }
        let from = WallTime(seconds: view.sendFrom)
        text += style.field(
            "today",
            view.enabled
                ? "\(view.day) (UTC); its reports go out \(Humane.distance(to: from, from: now)), within "
                    + Humane.span(max(0, view.sendUntil - view.sendFrom))
                : "\(view.day) (UTC) is counted all the same", width: 9)
        if view.droppedSessions > 0 {
            text +=
                style.paint("warning: ", .yellow)
                + style.wrapped(
                    "\(view.droppedSessions) sessions of today are not counted: too many domains.", indent: 9) + "\n"
        }
        if let taken = view.observationsTaken {
            let dropped = view.observationsDropped ?? 0
            text += style.field(
                "others",
                "\(Humane.count(taken, "datagram")) of another MTA counted"
                    + (dropped == 0 ? "" : ", \(dropped) could not be read and were dropped"), width: 9)
        }
        text += "\n"
        if view.domains.isEmpty { return text + "Nothing is counted today, and no report was due yesterday.\n" }
        var table = TextTable(["DOMAIN", "SESSIONS", "FAILED", "LAST REPORT", "STATE", "WORDS"])
        for domain in view.domains {
            table.add([
                domain.domain, "\(domain.sessions)", domain.failures == 0 ? "-" : "\(domain.failures)",
                domain.last?.day ?? "-", domain.last.map { state($0, now) } ?? "-", domain.last.map(words) ?? "",
            ])
        }
        text += table.render(style)
        if view.next != nil { text += "and there are more (--limit, --all)\n" }
        guard !view.suppressed.isEmpty else { return text }
        text += "\nAddresses that get no reports for a while:\n"
        var suppressed = TextTable(["ADDRESS", "UNTIL", "WHY"])
        for one in view.suppressed {
            suppressed.add([one.uri, Humane.distance(to: WallTime(seconds: one.until), from: now), one.words])
        }
        return text + suppressed.render(style) + "relayctl tlsrpt send --domain NAME tries them again.\n"
    }

    private static func state(_ report: ReportView, _ now: WallTime) -> String {
        if let outcome = report.outcome { return outcome }
        guard let due = report.dueAt else { return report.state }
        return "\(report.state), \(Humane.distance(to: WallTime(seconds: due), from: now))"
    }

    /// What is most worth saying of a report: of the addresses that do not have it, else of the whole.
    private static func words(_ report: ReportView) -> String {
        let open = report.destinations.filter { $0.state != "accepted" }
        guard let first = open.first else { return report.outcome == "accepted" ? "" : report.words ?? "" }
        let more = open.count > 1 ? " (and \(open.count - 1) more)" : ""
        return "\(first.uri): \(first.words ?? first.state)\(more)"
    }

    public static func preview(_ page: ReportPreviewPage, style: TextStyle) -> String {
        if page.reports.isEmpty { return "Nothing is counted.\n" }
        var text = ""
        for (number, preview) in page.reports.enumerated() {
            if number > 0 { text += "\n" }
            text += style.paint("\(TextStyle.harmless(preview.domain)), \(preview.day)", .bold) + "\n"
            text += style.wrapped(destination(of: preview)) + "\n\n"
            text += preview.summary.split(separator: "\n", omittingEmptySubsequences: false)
                .map { TextStyle.harmless(String($0)) }.joined(separator: "\n")
            if !text.hasSuffix("\n") { text += "\n" }
        }
        return text + (page.next == nil ? "" : "\nand there are more (--limit, --all, --domain)\n")
    }

    private static func destination(of preview: ReportPreview) -> String {
        let words =
            preview.destinationError
            ?? (preview.destinations.isEmpty ? "nowhere" : preview.destinations.joined(separator: ", "))
        return TextStyle.harmless("Destination: \(words)")
    }

    public static func sent(_ view: ReportSendView, style: TextStyle) -> String {
        if let error = view.error { return style.paint(style.wrapped("Nothing is sent: \(error)."), .red) + "\n" }
        let more = view.count > view.domains.count ? ", and \(view.count - view.domains.count) more" : ""
        return style.wrapped(
            "\(Humane.count(view.count, "report")) for \(view.day) on the way: "
                + "\(view.domains.joined(separator: ", "))\(more)."
        ) + "\nrelayctl tlsrpt status tells how it ends.\n"
    }
}
