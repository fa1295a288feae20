public import Mail

/// `relayctl exception` and `relayctl observed` for people.
public enum ExceptionText {
    public static func list(_ exceptions: [ExceptionView], now: WallTime, style: TextStyle) -> String {
        if exceptions.isEmpty { return "There is no exception: each policy holds as it is.\n" }
        var table = TextTable(
            ["DOMAIN", "ALLOWS", "SINCE", "ENDS", "STATE", "CONNECTIONS", "REASON"], numbers: [5])
        for exception in exceptions {
            let end =
                exception.until <= now.seconds
                ? "over" : Humane.distance(to: WallTime(seconds: exception.until), from: now)
            let state =
                exception.unneededSince.map { "not needed since \(Humane.age($0, now))" }
                ?? (exception.state == "unknown" ? "not known yet" : "needed")
            table.add(
                [
                    exception.domain, exception.allow, "\(Humane.age(exception.since, now)) ago",
                    end + (exception.untilFixed ? ", or when fixed" : ""), state,
                    Humane.number(exception.connections), exception.reason,
                ], colours: [4: exception.unneededSince == nil ? .yellow : .green])
        }
        var text = table.render(style)
        if let unneeded = exceptions.first(where: { $0.unneededSince != nil && !$0.untilFixed }) {
            text +=
                "\n"
                + style.wrapped(
                    "What is not needed should go: relayctl exception remove \(LogLine.oneLine(unneeded.domain))")
                + "\n"
        }
        return text
    }

    public static func added(_ addition: ExceptionAdditionView, now: WallTime, style: TextStyle) -> String {
        let exception = addition.exception
        let allowed =
            exception.allow == PolicyException.Allowed.encrypted.rawValue
            ? "mail goes there over TLS with any certificate, and never in the clear"
            : "mail goes there over TLS where it is offered, and in the clear where it is not"
        let until = WallTime(seconds: exception.until)
        let end =
            "until \(until.rfc3339) (\(Humane.distance(to: until, from: now)))"
            + (exception.untilFixed ? ", or until the policy is met again" : "")
        var text = style.wrapped("Exception for \(LogLine.oneLine(exception.domain)): \(allowed), \(end).") + "\n"
        if let replaced = addition.replaced {
            text +=
                style.wrapped(
                    "It takes the place of one that allowed \(replaced.allow) until "
                        + "\(WallTime(seconds: replaced.until).rfc3339).") + "\n"
        }
        let waiting =
            switch addition.waiting {
            case 0: "No mail is kept back there for a policy now."
            case ExceptionAdditionView.waitingLimit...:
                "\(Humane.number(ExceptionAdditionView.waitingLimit)) recipients and more are kept back there, and tried now."
            default: "\(Humane.tally(addition.waiting, "recipient")) kept back there, tried now."
            }
        return text
            + style.wrapped(
                waiting + " Mail with REQUIRETLS is not concerned. To end it sooner: "
                    + "relayctl exception remove \(LogLine.oneLine(exception.domain))") + "\n"
    }

    public static func removed(_ exception: ExceptionView, style: TextStyle) -> String {
        style.wrapped(
            "The exception for \(LogLine.oneLine(exception.domain)) is removed: its policy holds again for what is "
                + "delivered from now on.") + "\n"
    }

    public static func observed(_ view: ObservedView, style: TextStyle) -> String {
        let span = view.days == 1 ? "today" : "in the last \(view.days) days"
        if view.observed.isEmpty {
            return style.wrapped(
                "No host was met \(span) for which there is a rule in mode observe (mode = \"observe\" in a [[rule]]).")
                + "\n"
        }
        var table = TextTable(
            ["RULE", "DESTINATION", "WOULD REFUSE", "WOULD GO", "MAINLY FOR"], numbers: [2, 3])
        for row in view.observed {
            table.add(
                [
                    row.rule, row.destination, Humane.number(row.wouldRefuse), Humane.number(row.wentThrough),
                    row.causes.first?.cause ?? "-",
                ], colours: row.wouldRefuse > 0 ? [2: .yellow] : [:])
        }
        let cut = view.isCut ? "\nThere are more: ask for fewer --days.\n" : ""
        return "Connections \(span):\n" + table.render(style) + cut
    }
}
