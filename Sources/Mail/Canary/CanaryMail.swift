/// The message of a canary: small, and plain about what it is.
public struct CanaryMail: Sendable {
    public var canary: Canary
    public var hostname: DomainName
    public var date: WallTime
    public var id: QueueID

    public init(_ canary: Canary, hostname: DomainName, date: WallTime, id: QueueID) {
        self.canary = canary
        self.hostname = hostname
        self.date = date
        self.id = id
    }

    /// `<id@hostname>` without its brackets.
    public var messageID: String { "\(id)@\(hostname)" }

    /// The whole message: CRLF throughout, in ASCII: the addresses of a canary are.
    public func content() -> [UInt8] {
        var text = ContentLines()
        text.add("From: \(canary.sender.headerForm)")
        text.add("To: \(canary.recipient.headerForm)")
        text.add("Subject: Test message (canary)")
        text.add("Date: \(date.rfc5322)")
        text.add("Message-ID: <\(messageID)>")
        text.add("MIME-Version: 1.0")
        // RFC 3834 §5.2: nobody is to answer it.
        text.add("Auto-Submitted: auto-generated")
        text.add("Content-Type: text/plain; charset=\"us-ascii\"")
        text.add("Content-Transfer-Encoding: 7bit")
        text.add("")
        text.addWrapped(
            "This message was sent by the mail relay \(hostname) to see whether mail gets through, or is kept back, as it "
                + "should. It needs no answer, and may be deleted.")
        return text.bytes
    }
}
