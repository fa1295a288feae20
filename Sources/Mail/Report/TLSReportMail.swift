/// The mail that carries a report (RFC 8460 §5.3): `multipart/report` of a summary for people and the compressed report.
public struct TLSReportMail: Sendable {
    public var report: TLSReport
    /// RFC5322.From; aligned with the domain that signs (RPTF-21).
    public var from: Mailbox
    /// The `rua` this copy goes to.
    public var to: Mailbox
    public var date: WallTime
    /// The id of this copy in our queue: left side of its Message-ID, and what its boundary is made of.
    public var id: QueueID

    public init(report: TLSReport, from: Mailbox, to: Mailbox, date: WallTime, id: QueueID) {
        self.report = report
        self.from = from
        self.to = to
        self.date = date
        self.id = id
    }

    /// The whole message: CRLF throughout, ASCII, no line above 998 octets and none above 78 that could be folded.
    /// - Parameter attachment: the report's JSON, compressed.
    public func content(attachment: [UInt8]) -> [UInt8] { [] }
}
