public import Mail

/// `relayctl alarms` and `relayctl doctor` for people.
public enum AlarmText {
    public static func list(_ view: AlarmsView, now: WallTime, style: TextStyle) -> String {
        if view.alarms.isEmpty { return "No alarm stands. relayctl alarms history shows those that are over.\n" }
        var text = table(view.alarms, now, style)
        if !view.kept { text += style.paint("warning: ", .yellow) + "the newest are not on disk: see the log\n" }
        if view.unacknowledged > 0 {
            text += style.paint(
                "\(view.unacknowledged) of \(view.standing) standing not acknowledged: relayctl alarms ack NUMBER", .dim
            )
            text += "\n"
        }
        return text
    }

    public static func history(_ view: AlarmsView, now: WallTime, style: TextStyle) -> String {
        view.alarms.isEmpty ? "There was no alarm that is over.\n" : table(view.alarms, now, style)
    }

    public static func acknowledged(_ alarm: AlarmView, style: TextStyle) -> String {
        style.wrapped(
            "Alarm \(alarm.number) (\(title(alarm))) is acknowledged"
                + (alarm.acknowledgedAt.map { " since \(WallTime(seconds: $0).rfc3339)" } ?? "")
                + (alarm.acknowledgement.map { " [\($0)]" } ?? "") + ". It stands until its cause is gone, and "
                + "does not count any more.") + "\n"
    }

    private static func title(_ alarm: AlarmView) -> String {
        alarm.subject.isEmpty ? alarm.kind : "\(alarm.kind) \(alarm.subject)"
    }

    private static func table(_ alarms: [AlarmView], _ now: WallTime, _ style: TextStyle) -> String {
        var table = TextTable(["NUMBER", "KIND", "SUBJECT", "SINCE", "SEEN", "STATE", "WORDS"], numbers: [0])
        for alarm in alarms {
            let (state, colour) = state(alarm)
            table.add(
                [
                    alarm.number > 0 ? "\(alarm.number)" : "-", alarm.kind, alarm.subject.isEmpty ? "-" : alarm.subject,
                    distance(alarm.raisedAt, now), distance(alarm.seenAt, now), state, words(alarm),
                ], colours: [5: colour])
        }
        return table.render(style)
    }

    private static func state(_ alarm: AlarmView) -> (String, TextStyle.Colour) {
        if let cleared = alarm.clearedAt {
            return ("cleared after \(Humane.span(max(0, cleared &- alarm.raisedAt)))", .green)
        }
        return alarm.acknowledgedAt == nil ? ("standing", .red) : ("acknowledged", .yellow)
    }

    private static func words(_ alarm: AlarmView) -> String {
        var text = alarm.words
        if let clearing = alarm.clearing { text += "; cleared: \(clearing)" }
        if let words = alarm.acknowledgement { text += " [\(words)]" }
        return text
    }

    private static func distance(_ seconds: Int64, _ now: WallTime) -> String {
        Humane.distance(to: WallTime(seconds: min(seconds, now.seconds)), from: now)
    }
}

/// `relayctl doctor` for people.
public enum DoctorText {
    public static func render(_ view: DoctorView, style: TextStyle) -> String {
        let indent = 2 + (DoctorCheckView.State.allCases.map(\.rawValue.count).max() ?? 0)
        let width = 2 + (view.checks.map(\.name.count).max() ?? 0)
        var text = ""
        // What is to be done comes first.
        for state in [DoctorCheckView.State.fault, .warning, .unknown, .ok] {
            for check in view.checks where check.state == state { text += line(check, indent, width, style) }
        }
        return text + style.paint(sum(view), .bold) + "\n"
    }

    private static func line(_ check: DoctorCheckView, _ indent: Int, _ width: Int, _ style: TextStyle) -> String {
        let state = check.state.rawValue
        var text = style.paint(state, colour(check.state)) + blanks(indent - state.count)
        text += LogLine.oneLine(check.name) + blanks(width - check.name.count)
        text += style.wrapped(check.words, indent: indent + width) + "\n"
        if let cure = check.cure {
            text += blanks(indent + width) + style.wrapped("cure: \(cure)", indent: indent + width) + "\n"
        }
        return text
    }

    private static func blanks(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }

    private static func sum(_ view: DoctorView) -> String {
        let (faults, warnings) = (view.checks.count { $0.state == .fault }, view.checks.count { $0.state == .warning })
        if faults + warnings == 0 { return "All is well on this side." }
        return "\(Humane.count(faults, "fault")), \(Humane.count(warnings, "warning")) on this side."
    }

    private static func colour(_ state: DoctorCheckView.State) -> TextStyle.Colour {
        switch state {
        case .ok: .green
        case .unknown: .dim
        case .warning: .yellow
        case .fault: .red
        }
    }
}
