public import Mail

/// `relayctl explain` for people: what became of a message and why, attempt by attempt.
public enum ExplainText {
    private static let column = 10

    /// - Parameters:
    ///   - attempt: the only attempt that is told, counted from 1; nil for all.
    ///   - limit: how many messages were asked for.
    public static func render(
        _ answer: ExplainAnswer, attempt: Int? = nil, limit: Int, now: WallTime, style: TextStyle
    ) -> String {
        let matches = answer.page.matches
        var parts: [String] = []
        if matches.count > 1 {
            let more = matches.count >= limit ? " There may be more (--limit)." : ""
            parts.append(
                style.wrapped("\(Humane.count(matches.count, "message")) match, the newest first.\(more)") + "\n")
        }
        parts += matches.map { message($0, answer.documents, attempt, now, style) }
        return parts.joined(separator: "\n")
    }

    private static func message(
        _ match: ExplainedMessage, _ documents: ExplainDocuments, _ only: Int?, _ now: WallTime, _ style: TextStyle
    ) -> String {
        let life = match.message
        var text = style.paint(LogLine.oneLine(life.id), .bold) + "  " + LogLine.oneLine(life.state) + "\n"
        text += style.wrapped(beginning(life)) + "\n"
        let attempts = life.events.compactMap { event in event.attempt.map { (event, $0) } }
        if let only, !attempts.indices.contains(only - 1) {
            text +=
                "\n" + style.wrapped("It has \(Humane.count(attempts.count, "attempt")), and no attempt \(only).")
                + "\n"
        }
        var seen: [String: Int] = [:]
        for (place, (event, attempt)) in attempts.enumerated() {
            // Told alone, an attempt cannot point to one that is not shown.
            let number = place + 1
            if let only, only != number { continue }
            text += "\n" + heading(number, event, attempt, of: life, style)
            text += body(attempt, at: WallTime(seconds: event.time), of: life, documents, number, &seen, style)
        }
        if life.omittedAttempts > 0 {
            text +=
                "\n" + style.wrapped("\(Humane.count(life.omittedAttempts, "attempt")) had no room in the record.")
                + "\n"
        }
        let others = life.events.filter { $0.event == "note" || $0.event == "notice" }
        if only == nil, !others.isEmpty { text += "\n" }
        for event in others where only == nil {
            text +=
                style.wrapped("\(WallTime(seconds: event.time).rfc3339): \(event.event) \(event.words ?? "").") + "\n"
        }
        return text + "\n" + end(match, now, style)
    }

    private static func beginning(_ life: LifeView) -> String {
        guard let received = life.receivedAt else {
            return "Only what was done to it is known: its record is gone, or was never made."
        }
        let client = life.client
        var who: String
        switch (client.name, client.address) {
        case (let name?, let address?): who = "Handed in by \(name) [\(address)]"
        case (let name?, nil): who = "Handed in by \(name)"
        case (nil, let address?): who = "Handed in by [\(address)]"
        case (nil, nil): who = "Made here (\(life.kind))"
        }
        if client.name != nil || client.address != nil { who += client.tls.map { " over \($0)" } ?? " in the clear" }
        if let login = client.login { who += ", logged in as \(login)" }
        if let listener = client.listener { who += ", at \(listener)" }
        if let forwarded = client.forwarded { who += ", on behalf of \(forwarded)" }
        let sender = life.sender.isEmpty ? "<>" : life.sender
        let size = life.size.map { "\(Humane.size($0)) " } ?? ""
        let shown = life.recipients.prefix(3).map(\.address).joined(separator: ", ")
        let more = life.recipients.count + life.omittedRecipients - min(3, life.recipients.count)
        let demand = life.demand.map { " It demands \($0) of transport security (RFC 8689)." } ?? ""
        let id = life.messageId.map { " Message-ID \($0)." } ?? ""
        return "\(who) on \(WallTime(seconds: received).rfc3339): \(size)from \(sender) to \(shown)"
            + (more > 0 ? " and \(more) more" : "") + ".\(id)\(demand)"
    }

    private static func heading(
        _ number: Int, _ event: LifeEventView, _ attempt: LifeAttemptView, of life: LifeView, _ style: TextStyle
    ) -> String {
        var words = "Attempt \(number), \(WallTime(seconds: event.time).rfc3339)"
        if let host = attempt.host { words += ", at \(host)" }
        if let address = attempt.address { words += " [\(address)]" }
        if life.recipients.count > 1 {
            words += ", for \(event.recipients.prefix(3).joined(separator: ", "))"
            if event.recipients.count > 3 { words += " and \(event.recipients.count - 3) more" }
        }
        return style.paint(style.wrapped("\(words): \(attempt.result)"), .bold) + "\n"
    }

    private static func body(
        _ attempt: LifeAttemptView, at time: WallTime, of life: LifeView, _ documents: ExplainDocuments,
        _ number: Int, _ seen: inout [String: Int], _ style: TextStyle
    ) -> String {
        var lines: [(String, String)] = []
        if let key = attempt.decision, let decision = documents.decisions[key] {
            let place = "\(key) \(attempt.host ?? "")"
            if let before = seen[place] {
                lines.append(("decided", "as in attempt \(before): nothing had changed"))
            } else {
                seen[place] = number
                lines += DecisionProse.lines(decision, host: attempt.host, at: time)
            }
        } else {
            lines.append(
                (
                    "decided",
                    attempt.decision == nil
                        ? "no record of the decision" : "the record of the decision (\(attempt.decision ?? "")) is gone"
                ))
            if let required = attempt.required {
                lines.append(("required", required + (attempt.requiredBy.map { " by \($0)" } ?? "")))
            }
        }
        if let key = attempt.evidence, let shown = documents.evidence[key] {
            let isResumed = attempt.phases.flatMap { PhaseTimes($0) }?.isResumed ?? false
            lines += EvidenceProse.lines(shown, at: time, isResumed: isResumed)
        } else if attempt.evidence != nil {
            lines.append(("shown", "the record of what the host showed is gone"))
        } else if attempt.address != nil {
            let isReached = !["connect-failed", "timed-out"].contains { attempt.result.hasSuffix($0) }
            lines.append(
                (
                    "shown",
                    attempt.tls
                        ?? (isReached ? "no record of what the host showed" : "nothing: no connection came to be")
                ))
        }
        lines.append(("verdict", verdict(attempt)))
        if let phases = attempt.phases.flatMap({ PhaseTimes($0) }) {
            lines.append(("times", times(phases)))
        } else if let times = attempt.times {
            lines.append(("times", "\(times) ms (lookup, connect, TLS, SMTP)"))
        }
        if let reply = attempt.reply { lines.append(("reply", reply)) }
        return lines.map { style.field($0.0, $0.1, width: column, indent: 2) }.joined()
    }

    private static func verdict(_ attempt: LifeAttemptView) -> String {
        if attempt.result.hasPrefix("skipped") { return "the host was not connected to: \(attempt.result)" }
        switch attempt.verified {
        case let verified?: return "\(attempt.result); the host proved who it is: \(verified)"
        case nil where attempt.address == nil: return attempt.result
        case nil: return "\(attempt.result); who the host is was not proved"
        }
    }

    /// Up to the last step that took time: what came behind it was not reached, or took none.
    static func times(_ phases: PhaseTimes) -> String {
        let names: [(Phase, String)] = [
            (.lookup, "lookup"), (.connect, "connect"), (.greeting, "greeting"), (.hello, "EHLO"),
            (.tls, phases.isResumed ? "TLS (resumed)" : "TLS"), (.envelope, "envelope"), (.content, "content"),
            (.finalReply, "final reply"),
        ]
        let last = names.lastIndex { phases[$0.0] > 0 } ?? 0
        return names[...last].map { "\($0.1) \(phases[$0.0]) ms" }.joined(separator: ", ")
    }

    private static func end(_ match: ExplainedMessage, _ now: WallTime, _ style: TextStyle) -> String {
        let life = match.message
        var text = ""
        var cures: Set<String> = []
        for recipient in life.recipients.prefix(TraceText.recipientsShown) {
            var words = TraceText.outcome(recipient, isProse: true)
            if !words.hasSuffix(".") { words += "." }
            if let waiting = match.waiting.first(where: { $0.address == recipient.address }) {
                words += future(waiting, recipient.waiting, now)
            }
            text += style.wrapped(words) + "\n"
            let cure = recipient.waiting.flatMap {
                WaitingText.cure($0, id: life.id, destination: recipient.destination)
            }
            if let cure, cures.insert(cure).inserted { text += "  " + style.wrapped(cure, indent: 2) + "\n" }
        }
        let more = max(0, life.recipients.count - TraceText.recipientsShown) + life.omittedRecipients
        if more > 0 { text += "And \(Humane.count(more, "recipient")) more.\n" }
        if let ended = life.endedAt { text += "It left the queue on \(WallTime(seconds: ended).rfc3339).\n" }
        return text + advice(match, style)
    }

    /// When it is tried next, and when it is given up.
    private static func future(
        _ times: ExplainedMessage.WaitingView, _ waiting: WaitingView?, _ now: WallTime
    ) -> String {
        var words = ""
        switch WaitingText.next(times.nextAttempt, waiting) {
        case .time(let next): words += " Next attempt \(moment(next, now))."
        case .order(let order): words += " Next attempt \(order)."
        case nil: break
        }
        if WaitingText.stopsLifetime(waiting) {
            words += " It does not expire meanwhile."
        } else if let expires = times.expiresAt {
            words += " Given up \(moment(expires, now))."
        }
        return words
    }

    /// Whose fault it is that something waits, and what can be done, once for each destination.
    private static func advice(_ match: ExplainedMessage, _ style: TextStyle) -> String {
        let waiting = Set(match.waiting.map(\.address))
        var told: Set<String> = []
        var text = ""
        for recipient in match.message.recipients.prefix(TraceText.recipientsShown)
        where waiting.contains(recipient.address) {
            // What to do about an attempt that failed helps nobody whose mail waits for something else.
            guard !WaitingText.isBeyondAttempts(recipient.waiting), let reason = recipient.reason,
                let cause = Reason.Cause(rawValue: reason.cause), cause != .suspended,
                told.insert(recipient.destination).inserted
            else { continue }
            text += "\n" + style.paint(LogLine.oneLine(recipient.destination), .bold) + "\n"
            let lines =
                [whose(Reason(cause, reason.detail))]
                + ForecastText.advice(recipient.destination, cause)
            for line in lines { text += "  " + style.wrapped(line, indent: 2) + "\n" }
        }
        return text
    }

    private static func whose(_ reason: Reason) -> String {
        if reason.withoutSuspicion != reason { return "It may be this side's fault: relayctl doctor says more." }
        return switch reason.cause.fault {
        case .theirs: "By all that is known here the fault is theirs; relayctl doctor checks this side."
        case .ours: "The fault is on this side; relayctl doctor may say more."
        case .nobodys: "Whose fault it is cannot be told from here; relayctl doctor checks this side."
        }
    }

    private static func moment(_ seconds: Int64, _ now: WallTime) -> String {
        let time = WallTime(seconds: seconds)
        return "\(time.rfc3339) (\(Humane.distance(to: time, from: now)))"
    }
}
