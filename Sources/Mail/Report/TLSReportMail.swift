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

    /// Octets of base64 in a line (RFC 2045 §6.8).
    static let base64Width = 76

    public init(report: TLSReport, from: Mailbox, to: Mailbox, date: WallTime, id: QueueID) {
        self.report = report
        self.from = from
        self.to = to
        self.date = date
        self.id = id
    }

    /// The whole message: CRLF throughout, ASCII, no line above 998 octets and none above 78 that could be folded; the file
    /// name and long addresses cannot.
    /// - Parameter attachment: the report's JSON, compressed.
    public func content(attachment: [UInt8]) -> [UInt8] {
        // The id is 99 random bits, so that no line of the summary can be mistaken for the border (RFC 2046 §5.1.1).
        let boundary = "=_\(id)"
        var text = ContentLines()
        text.add("From: \(from.headerForm)")
        text.add("To: \(to.headerForm)")
        for line in subjectLines { text.add(line) }
        text.add("Date: \(date.rfc5322)")
        text.add("Message-ID: <\(id)@\(report.submitter)>")
        text.add("MIME-Version: 1.0")
        // RFC 3834 §5.2: nobody is to answer it.
        text.add("Auto-Submitted: auto-generated")
        text.add("TLS-Report-Domain: \(report.domain)")
        text.add("TLS-Report-Submitter: \(report.submitter)")
        // RFC 8460 §3: it must arrive where TLS is what is broken, at other relays as well (RFC 8689 §3, RPTF-20).
        text.add("TLS-Required: No")
        text.add("Content-Type: multipart/report; report-type=\"tlsrpt\";")
        text.add("\tboundary=\"\(boundary)\"")
        text.add("")
        text.add("This is a message in MIME format.")
        text.add("")
        text.add("--\(boundary)")
        text.add("Content-Type: text/plain; charset=\"us-ascii\"")
        text.add("Content-Transfer-Encoding: 7bit")
        text.add("")
        ReportSummary(report).write(to: &text)
        text.add("")
        text.add("--\(boundary)")
        text.add("Content-Type: application/tlsrpt+gzip")
        text.add("Content-Transfer-Encoding: base64")
        text.add("Content-Disposition: attachment;")
        text.add("\tfilename=\"\(report.fileName)\"")
        text.add("")
        let encoded = Base64.encoded(attachment)
        for start in stride(from: 0, to: encoded.count, by: Self.base64Width) {
            text.bytes += encoded[start..<min(start + Self.base64Width, encoded.count)]
            text.bytes += [ASCII.carriageReturn, ASCII.lineFeed]
        }
        text.add("--\(boundary)--")
        return text.bytes
    }

    /// Folded by one blank, so that unfolding gives back ``TLSReport/subject`` (RFC 5322 §2.2.3).
    private var subjectLines: [String] {
        var lines = ["Subject:"]
        for word in report.subject.split(separator: " ") {
            let line = lines[lines.endIndex - 1]
            if line.utf8.count + 1 + word.utf8.count > ContentLines.width {
                lines.append(" \(word)")
            } else {
                lines[lines.endIndex - 1] = "\(line) \(word)"
            }
        }
        return lines
    }
}

extension Mailbox {
    /// As an address of a header field (RFC 5322 §3.4.1). A local-part that a reader of paths would not have taken is put in
    /// quotation marks, so that it stays one address whatever it holds.
    var headerForm: String {
        if (try? Mailbox(parsing: description.utf8)) == self { return description }
        let quoted = localPart.utf8.flatMap { octet -> [UInt8] in
            switch octet {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): [UInt8(ascii: "\\"), octet]
            case 0x20...0x7E: [octet]
            default: [UInt8(ascii: "?")]
            }
        }
        return "\"\(String(decoding: quoted, as: UTF8.self))\"@\(domain)"
    }
}
