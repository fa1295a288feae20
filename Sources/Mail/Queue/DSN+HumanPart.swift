extension DSN {
    /// For people (RFC 6522 §3): what happened, what the sender can do, and below that for each recipient the exact words.
    func humanPart(_ returned: Returned) -> NoticePart {
        var text = ContentLines(inUTF8: isInternationalized)
        text.addWrapped("This is the mail system at host \(reportingMTA).")
        text.add("")
        text.addWrapped(opening)
        if action == .failed {
            text.add("")
            text.addWrapped(returned.sentence)
        }
        for recipient in recipients {
            text.add("")
            add(recipient, to: &text)
        }
        if action != .relayed {
            text.add("")
            text.addWrapped("If you need help, forward this notice to <\(from)>.")
        }
        let charset = text.bytes.allSatisfy { $0 < 0x80 } ? "us-ascii" : "utf-8"
        return NoticePart(type: "text/plain; charset=\(charset)", description: "Notification", body: text.bytes)
    }

    private var opening: String {
        switch action {
        case .failed:
            "Your message of \(arrival.rfc5322) could not be delivered to one or more recipients. It is not tried again."
        case .delayed:
            "Your message of \(arrival.rfc5322) has not been delivered yet. There is nothing you need to do: it is tried "
                + "again and again, and you will be told if that comes to nothing."
        case .relayed:
            "Your message of \(arrival.rfc5322) was handed to the mail systems of the recipients below. They send no "
                + "notices of delivery: this is the last you hear of it, unless it fails there."
        }
    }

    private func add(_ recipient: Recipient, to text: inout ContentLines) {
        text.addWrapped("<\(recipient.mailbox)>")
        if let reason = recipient.reason { add(reason, of: recipient, to: &text) }
        guard let reply = recipient.reply else { return }
        let host = recipient.remoteHost.map { "The host \($0)" } ?? "The remote host"
        text.addWrapped("    \(host) said:")
        for line in Self.quoted(reply) { text.addWrapped("        \(line)") }
    }

    private func add(_ reason: Reason, of recipient: Recipient, to text: inout ContentLines) {
        let domain = "\(recipient.mailbox.domain)"
        let words = (recipient.expiredFrom ?? reason).cause.senderWords(domain: domain, reply: recipient.reply)
        if recipient.expiredFrom != nil {
            let expired = reason.cause.senderWords(domain: domain)
            text.addWrapped("    \(expired.happened) What stood in its way at the end:")
        }
        text.addWrapped("    \(words.happened)")
        switch action {
        case .failed: text.addWrapped("    What you can do: \(words.remedy)")
        case .delayed:
            if let until = recipient.willRetryUntil { text.addWrapped("    It is tried until \(until.rfc5322).") }
        case .relayed: break
        }
        text.add("")
        text.addWrapped(
            "    For administrators: \(recipient.status) \(reason.cause.rawValue): \(Self.cut(reason.detail))")
    }

    /// A reply as it came (RFC 3461 §9.2), without its line ends: the code on each line, and the enhanced code where there was
    /// one (RFC 2034 §4). Its text is cut at ``wordsLimit`` octets.
    static func quoted(_ reply: Reply) -> [String] {
        let enhanced = reply.enhanced.map { "\($0) " } ?? ""
        var texts: [String] = []
        var room = wordsLimit
        for line in reply.lines where room >= 0 {
            let isWhole = line.utf8.count <= room
            texts.append(enhanced + (isWhole ? line : String(decoding: line.utf8.prefix(room), as: UTF8.self) + " ..."))
            room = isWhole ? room - line.utf8.count : -1
        }
        return texts.enumerated().map { "\(reply.code)\($0.offset == texts.count - 1 ? " " : "-")\($0.element)" }
    }

    static func cut(_ words: String) -> String {
        guard words.utf8.count > wordsLimit else { return words }
        return String(decoding: words.utf8.prefix(wordsLimit), as: UTF8.self) + " ..."
    }
}
