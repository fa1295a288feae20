public import Mail

/// `relayctl queue` for people.
public enum QueueText {
    /// A row for each message, and for a deferred recipient the reason below it.
    /// - Parameter isNarrowed: true where conditions were given; without, no message means an empty queue.
    public static func list(
        _ messages: [MessageView], isComplete: Bool, isNarrowed: Bool = true, now: WallTime, style: TextStyle
    ) -> String {
        if messages.isEmpty {
            return isNarrowed ? "The queue holds no such mail.\n" : "The queue is empty.\n"
        }
        var table = TextTable(["ID", "AGE", "SIZE", "SENDER", "RECIPIENT", "STATE", "NEXT"])
        for message in messages {
            var head = [
                message.id, Humane.age(message.receivedAt, now), Humane.size(Int64(message.size)), sender(message),
            ]
            for recipient in message.recipients {
                table.add(
                    head + [recipient.address, state(recipient), next(recipient, now)],
                    colours: colour(recipient).map { [5: $0] } ?? [:])
                head = ["", "", "", ""]
            }
        }
        let recipients = messages.reduce(0) { $0 + $1.recipients.count }
        let more = isComplete ? "" : ", and there are more (--limit, --all)"
        let count = "\(Humane.count(messages.count, "message")), \(Humane.count(recipients, "recipient"))\(more)"
        return table.render(style) + style.paint(count, .dim) + "\n"
    }

    /// Everything about one message.
    public static func message(_ message: MessageView, now: WallTime, style: TextStyle) -> String {
        func distance(_ seconds: Int64) -> String { Humane.distance(to: WallTime(seconds: seconds), from: now) }
        var text = style.paint(LogLine.oneLine(message.id), .bold) + "\n"
        text += "  sender    \(LogLine.oneLine(sender(message)))\n"
        text += "  size      \(Humane.size(Int64(message.size)))\n"
        text += "  received  \(distance(message.receivedAt))\n"
        text += "  expires   \(distance(message.expiresAt))\n"
        for (title, value) in [
            ("login", message.login), ("from", message.forwarded), ("ret", message.returns),
            ("damage", message.quarantined), ("envid", message.envid),
            ("smtputf8", message.internationalized ? "yes" : nil),
        ] {
            guard let value else { continue }
            text +=
                "  \(title)" + String(repeating: " ", count: 10 - title.count) + style.wrapped(value, indent: 12) + "\n"
        }
        for recipient in message.recipients {
            text += "\n" + style.paint(LogLine.oneLine(recipient.address), .bold) + "\n"
            let attempts = Humane.count(recipient.attempts, "attempt")
            var rows = [("state", "\(recipient.state) after \(attempts)"), ("via", via(recipient.destination))]
            if let waiting = recipient.waiting { rows.append(("waits", WaitingText.words(waiting, now))) }
            if recipient.nextAttempt != nil { rows.append(("next", next(recipient, now))) }
            if let expiry = recipient.expiresAt, expiry != message.expiresAt {
                rows.append(("expires", distance(expiry)))
            }
            if let reason = recipient.reason { rows.append(("reason", "\(reason.cause): \(reason.detail)")) }
            if let host = recipient.host { rows.append(("host", host)) }
            if let reply = recipient.lastReply { rows.append(("reply", reply)) }
            if let notify = recipient.notify { rows.append(("notify", notify)) }
            if let original = recipient.originalRecipient { rows.append(("orcpt", original)) }
            for (title, value) in rows {
                text += "  \(title)" + String(repeating: " ", count: 10 - title.count)
                text += style.wrapped(value, indent: 12) + "\n"
            }
            text += history(recipient.history ?? [], now, style)
        }
        return text
    }

    /// A row for each try at a host, the latest last; nothing before the first.
    private static func history(_ tries: [TryView], _ now: WallTime, _ style: TextStyle) -> String {
        if tries.isEmpty { return "" }
        var table = TextTable(["WHEN", "HOST", "ADDRESS", "REQUIRED", "VERIFIED", "RESULT", "TOOK"])
        for one in tries {
            table.add([
                Humane.distance(to: WallTime(seconds: min(one.time, now.seconds)), from: now), one.host ?? "-",
                one.address ?? "-", one.required ?? "-", one.verified ?? "-", one.result, "\(one.milliseconds) ms",
            ])
        }
        return "\n" + table.render(style, indent: 2)
    }

    /// A next hop of the operator's is marked in the store as one; the title says it here.
    private static func via(_ destination: String) -> String {
        destination.hasPrefix("via:") ? String(destination.dropFirst(4)) : destination
    }

    /// Characters of a reason in a list.
    static let reasonLimit = 40

    private static func state(_ recipient: RecipientView) -> String {
        guard let waiting = recipient.waiting else {
            return recipient.state + (recipient.reason.map { ": \($0.cause)" } ?? "")
        }
        let place =
            switch waiting.state {
            case recipient.state: ""
            case "resting": ", resting"
            default: ", destination \(waiting.state)"
            }
        // A cause is a word, and what a host said to it would be cut off in its middle.
        let why = waiting.cause ?? waiting.reason ?? recipient.reason?.cause
        return recipient.state + place + (why.map { ": \(Humane.short($0, reasonLimit))" } ?? "")
    }

    private static func colour(_ recipient: RecipientView) -> TextStyle.Colour? {
        switch (recipient.state, recipient.waiting?.state) {
        case ("quarantined", _), ("bounced", _), (_, "down"): .red
        case ("held", _), (_, "held"), (_, "suspended"), (_, "resting"): .yellow
        default: nil
        }
    }

    private static func sender(_ message: MessageView) -> String { message.sender.isEmpty ? "<>" : message.sender }

    private static func next(_ recipient: RecipientView, _ now: WallTime) -> String {
        switch WaitingText.next(recipient.nextAttempt, recipient.waiting) {
        case .order(let words): words
        case .time(let time): Humane.distance(to: WallTime(seconds: max(time, now.seconds)), from: now)
        case nil: "-"
        }
    }
}
