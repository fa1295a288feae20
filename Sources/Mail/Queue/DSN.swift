/// A delivery status notification about a message that could not be delivered (RFC 3464), ready to be queued like any
/// other mail: null reverse-path, addressed to the sender of the original.
///
/// The maker of a notice checks first that one is due: never for a null reverse-path (DSN-02, Q-05). What it demands of
/// transport security is ``MessageDemand/ofNotice``; it never returns more than the header, as RFC 8689 §5 wants (INT-14).
public struct DSN: Sendable {
    public enum Action: String, Sendable {
        /// Given up.
        case failed
        /// Still trying.
        case delayed
    }

    /// One group of the machine-readable part (RFC 3464 §2.3).
    public struct Recipient: Sendable {
        public var mailbox: Mailbox
        public var reason: Reason
        /// The remote's last word, verbatim, where there was one (RFC 3464 §2.3.6).
        public var reply: Reply?
        /// The MX host that said it (RFC 3464 §2.3.5).
        public var remoteHost: DomainName?
        public var status: EnhancedStatusCode
        public var lastAttempt: WallTime?

        public init(
            mailbox: Mailbox, reason: Reason, reply: Reply?, remoteHost: DomainName?, status: EnhancedStatusCode,
            lastAttempt: WallTime?
        ) {
            self.mailbox = mailbox
            self.reason = reason
            self.reply = reply
            self.remoteHost = remoteHost
            self.status = status
            self.lastAttempt = lastAttempt
        }
    }

    public var action: Action
    /// Ours (RFC 3464 §2.2.2), also the right side of Message-ID.
    public var reportingMTA: DomainName
    /// The human sender of the notice (DSN-17).
    public var from: Mailbox
    /// The reverse-path of the original.
    public var to: Mailbox
    public var originalID: QueueID
    public var arrival: WallTime
    /// When trying ends; printed in delayed notices only (DSN-10).
    public var willRetryUntil: WallTime
    /// EHLO name and address of the client, "mail.example ([192.0.2.9])" (RFC 3464 §2.2.4).
    public var receivedFrom: String?
    /// Never empty.
    public var recipients: [Recipient]
    /// The header section of the original, as it came; the body never travels back.
    public var originalHeader: [UInt8]
    /// The id of this notice in our queue.
    public var noticeID: QueueID
    public var date: WallTime

    /// Octets of the original's header section that a notice carries at most; the rest is cut at a line end.
    public static let headerLimit = 64 * 1024
    /// Octets of one remote reply, and of one reason, that a notice carries: a server may answer with 32 KiB for each of a
    /// thousand recipients.
    public static let wordsLimit = 1024

    public init(
        action: Action, reportingMTA: DomainName, from: Mailbox, to: Mailbox, originalID: QueueID, arrival: WallTime,
        willRetryUntil: WallTime, receivedFrom: String?, recipients: [Recipient], originalHeader: [UInt8],
        noticeID: QueueID, date: WallTime
    ) {
        self.action = action
        self.reportingMTA = reportingMTA
        self.from = from
        self.to = to
        self.originalID = originalID
        self.arrival = arrival
        self.willRetryUntil = willRetryUntil
        self.receivedFrom = receivedFrom
        self.recipients = recipients
        self.originalHeader = originalHeader
        self.noticeID = noticeID
        self.date = date
    }

    /// The whole content: header section, human part, machine part, header of the original; CRLF throughout, no bare CR
    /// or LF, no line over 998 octets, 7-bit unless the original's header was not (DSN-03, DSN-04, RFC 6522 §3).
    public func content() -> [UInt8] {
        // The id is 99 random bits, so that no line of an original can be mistaken for the border (RFC 2046 §5.1.1).
        let boundary = "=_\(noticeID)"
        let header = Self.carried(originalHeader)
        var text = ContentLines()
        text.add("Date: \(date.rfc5322)")
        text.add("From: Mail Delivery System <\(from)>")
        text.add("To: <\(to)>")
        text.add("Subject: \(subject)")
        text.add("Message-ID: <\(noticeID)@\(reportingMTA)>")
        text.add("Auto-Submitted: auto-replied")
        text.add("MIME-Version: 1.0")
        text.add("Content-Type: multipart/report; report-type=delivery-status;")
        text.add("\tboundary=\"\(boundary)\"")
        if header.contains(where: { $0 >= 0x80 }) { text.add("Content-Transfer-Encoding: 8bit") }
        text.add("")
        text.add("This is a message in MIME format.")
        text.add("")
        text.add("--\(boundary)")
        text.add("Content-Type: text/plain; charset=us-ascii")
        text.add("Content-Description: Notification")
        text.add("")
        addHumanPart(to: &text)
        text.add("")
        text.add("--\(boundary)")
        text.add("Content-Type: message/delivery-status")
        text.add("Content-Description: Delivery report")
        text.add("")
        addMachinePart(to: &text)
        text.add("--\(boundary)")
        text.add("Content-Type: text/rfc822-headers")
        text.add("Content-Description: Headers of the undelivered message")
        if header.contains(where: { $0 >= 0x80 }) { text.add("Content-Transfer-Encoding: 8bit") }
        text.add("")
        text.bytes += header
        text.add("")
        text.add("--\(boundary)--")
        return text.bytes
    }

    /// The status of one recipient (RFC 3464 §2.3.4): the remote's own code where it gave one, else that of our reason; class
    /// 4 for what is only delayed or has expired (DSN-08, Q-12).
    ///
    /// REQUIRETLS mail that TLS kept back until its time was over is the exception: its sender hears 5.7.10 (RFC 8689 §4.2.1,
    /// D10), or 5.7.30 where the last word was that the keyword is missing.
    /// - Parameters:
    ///   - expiredFrom: what kept the recipient back, where it is given up because its time is over.
    ///   - demand: of the original.
    public static func status(
        _ reason: Reason, _ reply: Reply?, _ action: Action, expiredFrom: Reason?, demand: MessageDemand
    ) -> EnhancedStatusCode {
        if let expiredFrom {
            if demand == .requireTLS {
                if expiredFrom.cause == .requireTLSUnsupported { return EnhancedStatusCode(5, 7, 30) }
                if expiredFrom.cause.isTLSPolicy || expiredFrom.cause == .requireTLSUnvalidated {
                    return EnhancedStatusCode(5, 7, 10)
                }
            }
            return reply?.enhanced.map { $0.withClass(4) } ?? EnhancedStatusCode(4, 4, 7)
        }
        let wanted: UInt8 = action == .failed ? 5 : 4
        if let reply { return (reply.enhanced ?? EnhancedStatusCode(wanted, 0, 0)).withClass(wanted) }
        return reason.cause.enhancedStatusCode.withClass(wanted)
    }

    private var subject: String {
        switch action {
        case .failed: "Undelivered mail returned to sender"
        case .delayed: "Delayed mail (still being retried)"
        }
    }

    private func addHumanPart(to text: inout ContentLines) {
        text.addWrapped("This is the mail system at host \(reportingMTA).")
        text.add("")
        switch action {
        case .failed:
            text.addWrapped("Your message could not be delivered to one or more recipients. Its header is below.")
        case .delayed:
            text.addWrapped(
                "Your message has not been delivered yet. There is nothing you need to do: delivery is tried until "
                    + "\(willRetryUntil.rfc5322), and you will be told if that fails.")
        }
        for recipient in recipients {
            text.add("")
            text.addWrapped("<\(recipient.mailbox)>: \(Self.cut(recipient.reason.detail))")
            guard let reply = recipient.reply else { continue }
            let host = recipient.remoteHost.map { "host \($0)" } ?? "the remote host"
            text.addWrapped("    \(host) said: \(reply.code) \(Self.words(of: reply))")
        }
    }

    private func addMachinePart(to text: inout ContentLines) {
        text.add("Reporting-MTA: dns; \(reportingMTA)")
        text.add("X-Waxwing-Queue-ID: \(originalID)")
        if let receivedFrom { text.addFolded("Received-From-MTA: dns; \(receivedFrom)") }
        text.add("Arrival-Date: \(arrival.rfc5322)")
        text.add("")
        for recipient in recipients {
            text.addFolded("Final-Recipient: rfc822; \(recipient.mailbox)")
            text.add("Action: \(action.rawValue)")
            text.add("Status: \(recipient.status)")
            if let reply = recipient.reply {
                if let host = recipient.remoteHost { text.add("Remote-MTA: dns; \(host)") }
                text.addFolded("Diagnostic-Code: smtp; \(reply.code) \(Self.words(of: reply))")
            }
            if let lastAttempt = recipient.lastAttempt { text.add("Last-Attempt-Date: \(lastAttempt.rfc5322)") }
            if action == .delayed { text.add("Will-Retry-Until: \(willRetryUntil.rfc5322)") }
            text.addFolded("X-Waxwing-Reason: \(recipient.reason.cause.rawValue); \(Self.cut(recipient.reason.detail))")
            text.add("")
        }
    }

    /// The lines of a reply as one, the enhanced code at their head where there was one.
    private static func words(of reply: Reply) -> String {
        let text = reply.lines.joined(separator: " ")
        return cut(reply.enhanced.map { "\($0) \(text)" } ?? text)
    }

    private static func cut(_ words: String) -> String {
        guard words.utf8.count > wordsLimit else { return words }
        return String(decoding: words.utf8.prefix(wordsLimit), as: UTF8.self) + " ..."
    }

    /// The original's header, cut at a line end where it is longer than ``headerLimit``, ending in CRLF.
    private static func carried(_ header: [UInt8]) -> [UInt8] {
        var kept = header[...]
        if kept.count > headerLimit {
            kept = kept.prefix(headerLimit)
            while let last = kept.last, last != UInt8(ascii: "\n") { kept.removeLast() }
        }
        if kept.isEmpty { return [] }
        return kept.suffix(2).elementsEqual([0x0D, 0x0A]) ? Array(kept) : Array(kept) + [0x0D, 0x0A]
    }
}

extension EnhancedStatusCode {
    /// The same subject and detail with another class.
    func withClass(_ other: UInt8) -> EnhancedStatusCode { EnhancedStatusCode(other, subject, detail) }
}
