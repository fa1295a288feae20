import Mail

/// `relayctl trace` for people.
public enum TraceText {
    /// Recipients listed of one message; the rest is counted.
    static let recipientsShown = 20

    /// The life of each match as a timeline. Times in UTC: an auditor reads them beside other people's logs.
    public static func render(_ page: TracePage, limit: Int, style: TextStyle) -> String {
        var text = page.matches.map { life($0, style) }.joined(separator: "\n")
        var count = Humane.count(page.matches.count, "message")
        if page.matches.count >= limit { count += ", the newest; there may be more (--limit)" }
        text += "\n" + style.paint(count, .dim) + "\n"
        return text
    }

    /// One line for nothing found.
    public static func nothing(_ key: String, since: Int64?) -> String {
        let reach =
            since.map { "The trace reaches back to \(WallTime(seconds: $0).rfc3339)." }
            ?? "The trace holds nothing: no message has ended since it was begun, or it is off (trace.size)."
        return "neither the queue nor the trace knows \(key). \(reach)"
    }

    private static func life(_ life: LifeView, _ style: TextStyle) -> String {
        var text = style.paint(LogLine.oneLine(life.id), .bold) + "  " + state(life, style) + "\n"
        var rows: [(String, String)] = []
        if life.state != "unknown" { rows.append(("sender", life.sender.isEmpty ? "<>" : life.sender)) }
        if life.kind != "mail" { rows.append(("kind", life.kind)) }
        if let id = life.messageId { rows.append(("message-id", id)) }
        if let size = life.size { rows.append(("size", Humane.size(size))) }
        if let demand = life.demand { rows.append(("demand", demand)) }
        var cures: Set<String> = []
        for recipient in life.recipients.prefix(recipientsShown) {
            rows.append(("recipient", words(recipient)))
            let cure = recipient.waiting.flatMap {
                WaitingText.cure($0, id: life.id, destination: recipient.destination)
            }
            if let cure, cures.insert(cure).inserted { rows.append(("", cure)) }
        }
        let more = max(0, life.recipients.count - recipientsShown)
        if more > 0 { rows.append(("", "and \(Humane.count(more, "recipient")) more (--json)")) }
        if life.omittedRecipients > 0 {
            rows.append(("", "and \(Humane.count(life.omittedRecipients, "recipient")) that had no room in the record"))
        }
        for (title, value) in rows { text += line(title, 12, value, style) }
        text += "\n"
        for event in life.events {
            let time = WallTime(seconds: event.time).rfc3339
            text += line("\(time)  \(LogLine.oneLine(event.event))", 32, words(event, life), style)
            if let reply = event.attempt?.reply { text += line("", 32, reply, style) }
        }
        if life.omittedAttempts > 0 {
            let count = Humane.count(life.omittedAttempts, "attempt")
            text += "  \(style.paint("\(count) had no room in the record", .dim))\n"
        }
        return text
    }

    /// Two blanks, the title, and the value from column `width` + 2 on.
    private static func line(_ title: String, _ width: Int, _ value: String, _ style: TextStyle) -> String {
        let gap = String(repeating: " ", count: max(1, width - title.count))
        return "  \(title)\(gap)\(style.wrapped(value, indent: width + 2))\n"
    }

    private static func state(_ life: LifeView, _ style: TextStyle) -> String {
        guard life.state == "ended" else { return style.paint(LogLine.oneLine(life.state), .yellow) }
        let outcomes = Set(life.recipients.map(\.outcome))
        let words = life.events.last { $0.event == "ended" }?.words ?? life.state
        return style.paint(LogLine.oneLine(words), outcomes == ["delivered"] ? .green : .red)
    }

    private static func words(_ recipient: LifeRecipientView) -> String {
        outcome(recipient) + (recipient.notify.map { ", notify \($0)" } ?? "")
    }

    /// What became of it, or what it waits for: the reason of the last attempt is called so where that is not it.
    /// - Parameter isProse: the reason stands behind a comma, not in parentheses.
    static func outcome(_ recipient: LifeRecipientView, isProse: Bool = false) -> String {
        var text = "\(recipient.address): \(recipient.outcome)"
        let reason = recipient.reason.map { $0.cause + ($0.detail.isEmpty ? "" : ": \($0.detail)") }
        // What is put off or returned, this relay puts off or returns.
        let host = recipient.host.map { (recipient.outcome == "delivered" ? " by " : " at ") + $0 }
        guard let waiting = recipient.waiting else {
            return text + (host ?? "") + (reason.map { isProse ? ", \($0)" : " (\($0))" } ?? "")
        }
        let words = WaitingText.sentence(waiting)
        text = words.hasPrefix(recipient.outcome) ? "\(recipient.address): \(words)" : "\(text), \(words)"
        // A suspension is told as the reason of mail that it put off without an attempt.
        guard host != nil || reason != nil, recipient.reason?.cause != Reason.Cause.suspended.rawValue else {
            return text
        }
        return text + "; the last attempt" + (host ?? "") + (reason.map { ": \($0)" } ?? "")
    }

    private static func words(_ event: LifeEventView, _ life: LifeView) -> String {
        if let attempt = event.attempt { return words(attempt, event.recipients, of: life) }
        if event.event == "received" { return client(life.client) }
        return event.words ?? ""
    }

    private static func client(_ client: LifeView.ClientView) -> String {
        var parts: [String] = []
        switch (client.name, client.address) {
        case (let name?, let address?): parts.append("from \(name) [\(address)]")
        case (let name?, nil): parts.append("from \(name)")
        case (nil, let address?): parts.append("from [\(address)]")
        // A notice or a report of our own.
        case (nil, nil): return "made here"
        }
        parts.append(client.tls ?? "cleartext")
        if let login = client.login { parts.append("login \(login)") }
        if let listener = client.listener { parts.append("at \(listener)") }
        if let forwarded = client.forwarded { parts.append("on behalf of \(forwarded)") }
        return parts.joined(separator: ", ")
    }

    private static func words(_ attempt: LifeAttemptView, _ recipients: [String], of life: LifeView) -> String {
        var text = attempt.result
        if let host = attempt.host { text += " at \(host)" }
        if let address = attempt.address { text += " [\(address)]" }
        var parts = [text]
        if let required = attempt.required {
            parts.append("TLS required: \(required)" + (attempt.requiredBy.map { " by \($0)" } ?? ""))
        }
        parts.append("verified: \(attempt.verified ?? "no")" + (attempt.tls.map { " (\($0))" } ?? ""))
        parts.append("\(attempt.milliseconds) ms" + (attempt.times.map { " (\($0))" } ?? ""))
        // Of a message with one recipient it is plain whose attempt it is.
        if life.recipients.count > 1 {
            let shown = recipients.prefix(3).joined(separator: ", ")
            parts.append("for \(shown)" + (recipients.count > 3 ? " and \(recipients.count - 3) more" : ""))
        }
        return parts.joined(separator: "; ")
    }
}
