extension DSN {
    /// For programs: message/delivery-status (RFC 3464 §2.1), or its kind with UTF-8 (RFC 6533 §4.1).
    var machinePart: NoticePart {
        var text = ContentLines(inUTF8: isInternationalized)
        if let envelopeID {
            text.addFolded("Original-Envelope-Id: \(XText.printable(envelopeID) ?? envelopeID)")
        }
        text.add("Reporting-MTA: dns; \(reportingMTA)")
        text.add("X-Waxwing-Queue-ID: \(originalID)")
        if let receivedFrom { text.addFolded("Received-From-MTA: dns; \(receivedFrom)") }
        text.add("Arrival-Date: \(arrival.rfc5322)")
        for recipient in recipients {
            text.add("")
            add(recipient, to: &text)
        }
        return NoticePart(
            type: isInternationalized ? "message/global-delivery-status" : "message/delivery-status",
            description: "Delivery report", body: text.bytes)
    }

    private func add(_ recipient: Recipient, to text: inout ContentLines) {
        if let original = recipient.originalRecipient {
            text.addFolded("Original-Recipient: \(original.fieldValue(inUTF8: isInternationalized))")
        }
        // RFC 6533 §4.1: the type is that of the address; one of ASCII alone stays rfc822.
        let type = recipient.mailbox.isASCII ? "rfc822" : "utf-8"
        text.addFolded("Final-Recipient: \(type); \(recipient.mailbox)")
        text.add("Action: \(action.rawValue)")
        text.add("Status: \(recipient.status)")
        if let host = recipient.remoteHost { text.add("Remote-MTA: dns; \(host)") }
        if let reply = recipient.reply {
            for (index, line) in Self.quoted(reply).enumerated() {
                text.addReplyLine((index == 0 ? "Diagnostic-Code: smtp; " : " ") + line)
            }
        }
        if let lastAttempt = recipient.lastAttempt { text.add("Last-Attempt-Date: \(lastAttempt.rfc5322)") }
        if action == .delayed, let until = recipient.willRetryUntil { text.add("Will-Retry-Until: \(until.rfc5322)") }
        // Ours by its name (RFC 3464 §2.4), beside Diagnostic-Code: that is the remote's reply or nothing (RFC 3461 §9.2), and a
        // code of ours next to Remote-MTA would pass for the remote's (RFC 3464 §2.3.6).
        if let reason = recipient.reason {
            text.addFolded("X-Waxwing-Reason: \(reason.cause.rawValue); \(Self.cut(reason.detail))")
        }
        if let obstacle = recipient.expiredFrom { text.add("X-Waxwing-Kept-Back-By: \(obstacle.cause.rawValue)") }
    }
}

extension ContentLines {
    /// A line of a reply as it came; folded at blanks where it is longer than a line may be.
    fileprivate mutating func addReplyLine(_ line: String) {
        if line.utf8.count <= Self.limit { add(line) } else { addFolded(line) }
    }
}
