/// A delivery status notification about a message (RFC 3464), ready to be queued like any other mail: null reverse-path,
/// addressed to the sender of the original.
///
/// The maker of a notice checks first that one is due (``RecipientRequest/wants(_:)``), and never for a null reverse-path (DSN-02,
/// What it demands of transport security is ``MessageDemand/ofNotice``.
public struct DSN: Sendable {
    public enum Action: String, Sendable, CaseIterable {
        /// Given up.
        case failed
        /// Still trying.
        case delayed
        /// Handed to a host that sends no notices of success (RFC 3461 §5.2.2).
        case relayed
    }

    /// One group of the machine-readable part (RFC 3464 §2.3).
    public struct Recipient: Sendable {
        public var mailbox: Mailbox
        /// ORCPT; nil where none came (DSN-07).
        public var originalRecipient: OriginalRecipient?
        /// Nil for what was relayed.
        public var reason: Reason?
        /// What kept the recipient back, where it is given up because its time is over.
        public var expiredFrom: Reason?
        /// The remote's last word, verbatim, where there was one (RFC 3464 §2.3.6).
        public var reply: Reply?
        /// The MX host that the last attempt got to, whether it said anything or not (RFC 3464 §2.3.5, RFC 3461 §6.3); nil where
        /// none was involved (DSN-09).
        public var remoteHost: DomainName?
        public var status: EnhancedStatusCode
        /// Nil where the notice is made without an attempt (RFC 3464 §2.3.7).
        public var lastAttempt: WallTime?
        /// When trying ends; printed in delayed notices only (DSN-10).
        public var willRetryUntil: WallTime?

        public init(
            mailbox: Mailbox, originalRecipient: OriginalRecipient? = nil, reason: Reason?, expiredFrom: Reason? = nil,
            reply: Reply?, remoteHost: DomainName?, status: EnhancedStatusCode, lastAttempt: WallTime?,
            willRetryUntil: WallTime? = nil
        ) {
            self.mailbox = mailbox
            self.originalRecipient = originalRecipient
            self.reason = reason
            self.expiredFrom = expiredFrom
            self.reply = reply
            self.remoteHost = remoteHost
            self.status = status
            self.lastAttempt = lastAttempt
            self.willRetryUntil = willRetryUntil
        }
    }

    /// What of the original is at hand to be returned.
    public enum Original: Sendable {
        /// Its header section, as it came.
        case header([UInt8])
        /// All of its content, as it came.
        case whole([UInt8])
    }

    public var action: Action
    /// Ours (RFC 3464 §2.2.2), also the right side of Message-ID.
    public var reportingMTA: DomainName
    /// The human sender of the notice (DSN-17).
    public var from: Mailbox
    /// The reverse-path of the original.
    public var to: Mailbox
    public var originalID: QueueID
    /// ENVID in xtext; nil where none came (DSN-06).
    public var envelopeID: String?
    /// The original came with SMTPUTF8: the parts are those of RFC 6533 (DSN-14).
    public var isInternationalized: Bool
    public var arrival: WallTime
    /// EHLO name and address of the client, "mail.example ([192.0.2.9])" (RFC 3464 §2.2.4).
    public var receivedFrom: String?
    /// Never empty; all for whom this notice is due, and nobody else (DSN-15).
    public var recipients: [Recipient]
    public var original: Original
    /// The id of this notice in our queue.
    public var noticeID: QueueID
    public var date: WallTime

    /// Octets of one remote reply, and of one reason, that a notice carries: a server may answer with 32 KiB for each of a
    /// thousand recipients.
    public static let wordsLimit = 1024

    public init(
        action: Action, reportingMTA: DomainName, from: Mailbox, to: Mailbox, originalID: QueueID,
        envelopeID: String? = nil, isInternationalized: Bool = false, arrival: WallTime, receivedFrom: String?,
        recipients: [Recipient], original: Original, noticeID: QueueID, date: WallTime
    ) {
        self.action = action
        self.reportingMTA = reportingMTA
        self.from = from
        self.to = to
        self.originalID = originalID
        self.envelopeID = envelopeID
        self.isInternationalized = isInternationalized
        self.arrival = arrival
        self.receivedFrom = receivedFrom
        self.recipients = recipients
        self.original = original
        self.noticeID = noticeID
        self.date = date
    }

    /// The whole content: header section, human part, machine part, the original or its header; CRLF throughout, no bare CR or
    /// LF, no line over 998 octets (DSN-03, DSN-04, RFC 6522 §3).
    ///
    /// Seven bits wherever possible: what is not is quoted-printable, so that no host on the way back can refuse it (DSN-13,
    /// RFC 6533 §4.5). Only where the sender's own address holds UTF-8 the header section does: without SMTPUTF8 he cannot be
    /// reached at all.
    public func content() -> [UInt8] {
        // The id is 99 random bits, so that no line of an original can be mistaken for the border (RFC 2046 §5.1.1).
        let boundary = "=_\(noticeID)"
        let returned = returned
        var text = ContentLines(inUTF8: isInternationalized)
        text.add("Date: \(date.rfc5322)")
        text.add("From: Mail Delivery System <\(from)>")
        text.add("To: <\(to)>")
        text.add("Subject: \(subject)")
        text.add("Message-ID: <\(noticeID)@\(reportingMTA)>")
        for field in threadingFields { text.addFolded(field) }
        text.add("Auto-Submitted: auto-replied")
        text.add("MIME-Version: 1.0")
        text.add("Content-Type: multipart/report; report-type=delivery-status;")
        text.add("\tboundary=\"\(boundary)\"")
        text.add("")
        text.add("This is a message in MIME format.")
        text.add("")
        for part in [humanPart(returned), machinePart, returned.part] {
            text.add("--\(boundary)")
            part.write(to: &text)
        }
        text.add("--\(boundary)--")
        return text.bytes
    }

    private var subject: String {
        switch action {
        case .failed: "Undelivered mail returned to sender"
        case .delayed: "Delayed mail (still being retried)"
        case .relayed: "Mail handed on (no notice of its delivery will come)"
        }
    }
}

/// One part of a notice.
struct NoticePart {
    let type: String
    let description: String
    /// Lines that end in CRLF.
    let body: [UInt8]

    /// Fields and body, encoded where seven bits do not do, with the CRLF that belongs to the border behind it.
    func write(to text: inout ContentLines) {
        let isPlain = QuotedPrintable.isSevenBit(body)
        text.add("Content-Type: \(type)")
        text.add("Content-Description: \(description)")
        if !isPlain { text.add("Content-Transfer-Encoding: quoted-printable") }
        text.add("")
        text.bytes += isPlain ? body : QuotedPrintable.encoded(body)
        text.add("")
    }
}
