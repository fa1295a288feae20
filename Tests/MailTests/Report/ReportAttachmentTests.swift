import Testing

@testable import Mail

/// Reports in mails (RFC 8460 §5.3, RFC 2045, RFC 2046), as they should be and as others send them.
@Suite("Report in a mail")
struct ReportAttachmentTests {
    private static let json = #"{"report-id": "r=1"}"#

    /// A mail of a text and one part with `header` and `body`; `|` is the line end.
    private static func mail(_ header: String, _ body: String, top: String = "multipart/report; boundary=b") -> String {
        "From: a@b.example|Subject: x|Content-Type: \(top)||--b|Content-Type: text/plain||hello|--b|\(header)||\(body)|--b--|"
    }

    private static func octets(_ mail: String, _ lineEnd: String = "\r\n") -> [UInt8] {
        Array(mail.split(separator: "|", omittingEmptySubsequences: false).joined(separator: lineEnd).utf8)
    }

    private static let plain = mail("Content-Type: application/tlsrpt+json", json)
    private static let packed = "eyJyZXBvcnQtaWQiOiAicj0xIn0="

    static let good: [(String, String)] = [
        ("json", plain), ("no charset, in capitals", mail("CONTENT-TYPE:APPLICATION/TLSRPT+JSON", json)),
        ("a comment and a parameter", mail("Content-Type: application/tlsrpt+json (a \\) (b)); name=\"x\"", json)),
        ("without its subtype", mail("Content-Type: application/tlsrpt", json)),
        ("folded", mail("Content-Type:|\tapplication/tlsrpt+json;|  name=x", json)),
        ("base64", mail("Content-Type: application/tlsrpt+json|Content-Transfer-Encoding: Base64", packed)),
        (
            "base64 in short lines with dirt",
            mail(
                "Content-Type: application/tlsrpt+json|Content-Transfer-Encoding: base64",
                " eyJy!|ZXBvcnQt|aWQiOiAicj0x|In0")
        ),
        (
            "quoted-printable",
            mail(
                "Content-Type: application/tlsrpt+json|Content-Transfer-Encoding: quoted-printable",
                "{\"report-id\": =|\"r=3D1\"=7d=  |")
        ),
        ("an unknown encoding", mail("Content-Type: application/tlsrpt+json|Content-Transfer-Encoding: x-none", json)),
        (
            "as octets with a name",
            mail(
                "Content-Type: application/octet-stream|Content-Disposition: attachment; filename=\"a!b!1!2.json\"",
                json)
        ),
        ("as json with a name of gzip", mail("Content-Type: application/json; name=a.JSON.GZ", json)),
        (
            "a name in pieces",
            mail(
                "Content-Type: application/json|Content-Disposition: attachment; filename*0=\"a\"; filename*1=\".json\"",
                json)
        ),
        (
            "an encoded name",
            mail("Content-Type: application/json|Content-Disposition: attachment; filename*=utf-8''a.json", json)
        ),
        (
            "multipart/related",
            mail("Content-Type: application/tlsrpt+json", json, top: "multipart/related; boundary=\"b\"")
        ),
        (
            "a boundary with blanks",
            mail("Content-Type: application/tlsrpt+json", json, top: "multipart/mixed; boundary = \"b\" ")
        ),
        ("the mail itself", "Content-Type: application/tlsrpt+json|From: a@b.example||" + json),
        ("not closed", String(plain.dropLast(6))),
        ("a border with blanks", plain.replacing("|--b|", with: "|--b \t|")),
        ("nested", "Content-Type: multipart/mixed; boundary=out||--out|" + plain + "--out--|"),
        (
            "nested in a boundary that begins alike",
            "Content-Type: multipart/mixed; boundary=bb||--bb|" + plain + "--bb--|"
        ),
        (
            "forwarded",
            "Content-Type: multipart/mixed; boundary=out||--out|Content-Type: message/rfc822||" + plain + "--out--|"
        ),
        ("from an mbox", "From a@b.example Sat Nov 21 00:00:00 2026|" + plain),
        ("fields without a colon among the others", plain.replacing("Subject: x", with: "Subject")),
    ]

    @Test("RPTF-13 found and decoded, with lines that end in CRLF or in LF", arguments: good)
    func found(name: String, mail: String) throws {
        for lineEnd in ["\r\n", "\n"] {
            let found = try ReportAttachment.find(in: Self.octets(mail, lineEnd))
            #expect(found.count == 1)
            let text = String(decoding: found.first?.octets ?? [], as: UTF8.self)
            #expect(
                text == Self.json || text == Self.json + lineEnd || text == Self.json + "\r\n", "\(lineEnd == "\n")")
        }
    }

    @Test("RPTF-13 the mail we write is read again, packed octets and all")
    func ours() throws {
        let attachment = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let report = try SampleReport.make()
        let mail = TLSReportMail(
            report: report, from: SampleReport.contact, to: SampleReport.contact, date: WallTime(seconds: 0),
            id: try #require(QueueID("0123456789bcdfghjklm")))
        let found = try ReportAttachment.find(in: mail.content(attachment: attachment))
        #expect(
            found == [
                ReportAttachment(
                    octets: attachment, fileName: report.fileName, mediaType: "application/tlsrpt+gzip")
            ])
        #expect(try ReceivedReport(json: report.json()).faults.isEmpty)
    }

    static let none: [(String, String)] = [
        ("no part", "From: a@b.example||hello"), ("nothing at all", ""),
        ("json without a name", mail("Content-Type: application/json", json)),
        ("a name without content", mail("Content-Type: application/json; name=a.json", "hello")),
        ("another type", mail("Content-Type: image/png; name=a.json", json)),
        ("no boundary", mail("Content-Type: application/tlsrpt+json", json, top: "multipart/report")),
        ("another boundary", mail("Content-Type: application/tlsrpt+json", json, top: "multipart/report; boundary=c")),
        ("a report in the text of a mail", "From: a@b.example||" + json),
    ]

    @Test("no report", arguments: none)
    func notFound(name: String, mail: String) {
        #expect(throws: UnreadableReport("the mail has no report in it: no part is application/tlsrpt+gzip or +json")) {
            try ReportAttachment.find(in: Self.octets(mail))
        }
    }

    @Test("several in one mail; what only looks like one does not count beside them")
    func several() throws {
        let part = "--b|Content-Type: application/tlsrpt+json||" + Self.json + "|"
        let likely = "--b|Content-Type: application/json; name=a.json||" + Self.json + "|"
        let head = "Content-Type: multipart/mixed; boundary=b||"
        #expect(try ReportAttachment.find(in: Self.octets(head + part + likely + part + "--b--|")).count == 2)
        #expect(try ReportAttachment.find(in: Self.octets(head + likely + likely)).count == 2)
    }

    @Test("parts, and one past their limit")
    func parts() throws {
        let report = "--b|Content-Type: application/tlsrpt+json||" + Self.json + "|"
        let head = "Content-Type: multipart/mixed; boundary=b||"
        let fill = { (count: Int) in head + String(repeating: "--b||x|", count: count) + report + "--b--|" }
        // The mail itself is the first.
        #expect(try ReportAttachment.find(in: Self.octets(fill(ReportAttachment.partLimit - 2))).count == 1)
        #expect(throws: UnreadableReport("the mail has too many parts, and no report among the first")) {
            try ReportAttachment.find(in: Self.octets(fill(ReportAttachment.partLimit - 1)))
        }
    }

    @Test("depth, and one past its limit")
    func depth() throws {
        let nested = { (depth: Int) in
            (0..<depth).map { "Content-Type: multipart/mixed; boundary=n\($0)||--n\($0)|" }.joined()
                + "Content-Type: application/tlsrpt+json||" + Self.json
        }
        #expect(try ReportAttachment.find(in: Self.octets(nested(ReportAttachment.depthLimit))).count == 1)
        #expect(throws: UnreadableReport.self) {
            try ReportAttachment.find(in: Self.octets(nested(ReportAttachment.depthLimit + 1)))
        }
    }

    @Test("a header section, and one past its limit")
    func headerLimit() {
        let last = "Content-Type: a/b\r\n"
        let fill = { (count: Int) in Array(("X: " + String(repeating: "x", count: count - 5) + "\r\n").utf8) }
        let whole = MIMEEntity((fill(MIMEEntity.headerLimit - last.utf8.count) + Array(last.utf8))[...])
        #expect(whole.contentType.value == "a/b")
        let past = MIMEEntity((fill(MIMEEntity.headerLimit - last.utf8.count + 1) + Array(last.utf8))[...])
        #expect(past.contentType.value == "text/plain")
    }

    @Test(
        "fields with parameters",
        arguments: [
            ("a/b", "a/b", []), (" A/B ; C=d ", "a/b", ["c=d"]), ("a/b; c=\"d; \\\"e\\\"\"", "a/b", ["c=d; \"e\""]),
            ("a/b;c=d;e", "a/b", ["c=d"]), ("a/b;;c=d;", "a/b", ["c=d"]), ("a/b; c=\"d", "a/b", ["c=d"]),
            ("(x)a/(y(z)\\))b; c=(d)e", "a/b", ["c=e"]), ("a/b; =c; d=", "a/b", ["d="]), ("", "", []),
            (";a=b", "", ["a=b"]),
            ("a/b; c=d=e", "a/b", ["c=d=e"]), ("(", "", []), ("a/b; c=\"\\", "a/b", ["c=\\"]),
        ])
    func parameters(text: String, value: String, parameters: [String]) {
        let field = ParameterField(Array(text.utf8))
        #expect(field.value == value)
        #expect(field.parameters.map { "\($0.name)=\($0.value)" } == parameters)
    }

    @Test("parameters, and one past their limit")
    func parameterLimit() {
        let fill = { (count: Int) in "a/b" + (0..<count).map { "; p\($0)=x" }.joined() }
        let limit = ParameterField.parameterLimit
        #expect(ParameterField(Array(fill(limit).utf8)).parameter("p\(limit - 1)") == "x")
        #expect(ParameterField(Array(fill(limit + 1).utf8)).parameter("p\(limit)") == nil)
    }

    @Test(
        "base64, whole and damaged",
        arguments: [
            ("", ""), ("aGVsbG8=", "hello"), ("aGVsbG8", "hello"), ("aGVs\r\nbG8=\r\n", "hello"), ("aGVsbA==", "hell"),
            ("aGVsbA==aGVsbG8=", "hellhello"), ("=", ""), ("a", ""), ("a===", ""), ("aG", "h"), ("*aG!Vs", "hel"),
        ])
    func base64(text: String, expected: String) {
        #expect(TransferEncoding.base64(Array(text.utf8)[...]) == Array(expected.utf8))
    }

    @Test("base64 of ours comes back", arguments: 0..<40)
    func base64RoundTrip(count: Int) {
        let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ 3) }
        #expect(TransferEncoding.base64(Base64.encoded(octets)[...]) == octets)
    }

    @Test(
        "quoted-printable, whole and damaged",
        arguments: [
            ("", ""), ("a=3Db", "a=b\r\n"), ("a=3db=", "a=b"), ("a  \r\nb\t", "a\r\nb\r\n"), ("a= \r\nb", "ab\r\n"),
            ("a=\nb=\n", "ab"), ("=4", "=4\r\n"), ("=xy=", "=xy"), ("==3D=", "=="), ("a =20", "a  \r\n"),
        ])
    func quotedPrintable(text: String, expected: String) {
        #expect(String(decoding: TransferEncoding.quotedPrintable(Array(text.utf8)[...]), as: UTF8.self) == expected)
    }

    @Test(
        "what octets are shows in how they begin",
        arguments: [
            ("{", .json), (" \r\n\t[", .json), ("\u{FEFF}{", .json), ("From: a", .mail), ("From a Sat", .mail),
            ("X-y:", .mail),
            ("\r\nSubject: x", .mail), ("", nil), ("hello", nil), ("hello world: x", nil), ("<html>", nil),
            (": x", nil),
            ("PK\u{3}\u{4}", nil), ("\"a\"", nil),
        ] as [(String, ReportForm?)])
    func form(text: String, expected: ReportForm?) {
        #expect(ReportForm(Array(text.utf8)) == expected)
    }

    @Test("gzip is known by its magic")
    func gzip() {
        #expect(ReportForm([0x1F, 0x8B, 0x08]) == .gzip)
        #expect(ReportForm([0x1F]) == nil)
    }
}
