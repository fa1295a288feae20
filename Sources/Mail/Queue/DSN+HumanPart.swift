extension DSN {
    /// For people (RFC 6522 §3).
    func humanPart(_ returned: Returned) -> NoticePart {
        var text = ContentLines(inUTF8: isInternationalized)
        text.addWrapped("This is the mail system at host \(reportingMTA).")
        text.add("")
        switch action {
        case .failed:
            text.addWrapped(
                "Your message could not be delivered to one or more recipients. \(returned.sentence)")
        case .delayed:
            text.addWrapped(
                "Your message has not been delivered yet. There is nothing you need to do: delivery is tried until "
                    + "\(willRetryUntil.rfc5322), and you will be told if that fails.")
        case .relayed:
            text.addWrapped(
                "Your message was handed to the mail systems of the recipients below. They send no notices of delivery: "
                    + "this is the last you hear of it, unless it fails there.")
        }
        for recipient in recipients {
            text.add("")
            switch recipient.reason {
            case let reason?: text.addWrapped("<\(recipient.mailbox)>: \(Self.cut(reason.detail))")
            case nil: text.addWrapped("<\(recipient.mailbox)>: handed on")
            }
            guard let reply = recipient.reply else { continue }
            let host = recipient.remoteHost.map { "host \($0)" } ?? "the remote host"
            text.addWrapped("    \(host) said: \(reply.code) \(Self.words(of: reply))")
        }
        let charset = text.bytes.allSatisfy { $0 < 0x80 } ? "us-ascii" : "utf-8"
        return NoticePart(type: "text/plain; charset=\(charset)", description: "Notification", body: text.bytes)
    }

    /// The lines of a reply as one, the enhanced code at their head where there was one.
    static func words(of reply: Reply) -> String {
        let text = reply.lines.joined(separator: " ")
        return cut(reply.enhanced.map { "\($0) \(text)" } ?? text)
    }

    static func cut(_ words: String) -> String {
        guard words.utf8.count > wordsLimit else { return words }
        return String(decoding: words.utf8.prefix(wordsLimit), as: UTF8.self) + " ..."
    }
}
