import Testing

@testable import Mail

/// What identifies a report, and who stands behind it.
@Suite("TLS-RPT report identity")
struct ReportIDTests {
    private static let submitter = domainName("waxwing.example")

    @Test("RPTF-05 one id for each domain, day, submitter and salt, the same each time it is made")
    func unique() throws {
        let days = [SampleReport.day, SampleReport.day.next]
        let domains = ["example.org", "example.or", "20+example.org", "a.example.org"].compactMap {
            try? DomainName($0)
        }
        var seen: Set<ReportID> = []
        for day in days {
            for domain in domains {
                for salt in [0, 1, UInt64.max] {
                    let id = ReportID(domain: domain, day: day, submitter: Self.submitter, salt: salt)
                    #expect(id == ReportID(domain: domain, day: day, submitter: Self.submitter, salt: salt))
                    #expect(ReportID(id.description) == id, "what is stored reads back")
                    seen.insert(id)
                }
            }
        }
        #expect(domains.count == 3, "no domain has a + in it")
        #expect(seen.count == days.count * domains.count * 3)
    }

    @Test(
        "RPTF-15 only what can stand in a Subject is an id (RFC 5322 §3.6.4)",
        arguments: [
            ("735ff.e317+bf22029@example.net", true), ("a@b", true), (String(repeating: "a", count: 300) + "@b", true),
            (String(repeating: "a", count: 301) + "@b", false), ("", false), ("@", false), ("a", false), ("@b", false),
            ("a@", false), (".a@b", false), ("a..b@c", false), ("a.@c", false), ("a b@c", false),
            ("a\r\nX: y@c", false),
            ("a>@c", false), ("a@b@c", false), ("é@c", false), ("a@B", false), ("a@c.", false), ("a@c>", false),
            ("\u{0}@c", false), ("2026:11@c", false),
        ])
    func reading(text: String, isGood: Bool) {
        #expect((ReportID(text) != nil) == isGood)
        if let id = ReportID(text) { #expect(id.description == text) }
    }

    @Test("the longest domains still make an id")
    func longest() {
        let id = ReportID(
            domain: SampleReport.longest, day: SampleReport.day, submitter: SampleReport.longest, salt: .max)
        #expect(id.left.utf8.count == 281)
        #expect(ReportID(id.description) == id)
    }

    @Test("RPTF-11 sender, domain, begin, end and an id of letters and digits")
    func fileName() throws {
        #expect(
            try SampleReport.make().fileName
                == "waxwing.example!example.org!1795132800!1795219199!00000000000000ab.json.gz")
        for (text, expected) in [("a.b+c-d", "cd"), ("a.b", "ab"), ("+-", "0"), ("x+-", "x"), ("735ff.e317+bf", "bf")] {
            #expect(try #require(ReportID("\(text)@c")).alphanumeric == expected)
        }
    }

    @Test("RPTF-05 RPTF-15 RPTF-27 the Subject has the report's own domain, submitter and id")
    func subject() throws {
        let report = try SampleReport.make()
        #expect(
            report.subject == "Report Domain: example.org Submitter: waxwing.example Report-ID: <\(report.id)>")
        #expect(report.text.contains("\"report-id\":\"\(report.id)\""))
    }

    @Test(
        "RPTF-04 RPTF-14 a contact is a mailbox at a domain name",
        arguments: [
            ("tls@s.example", "s.example"), ("\"a b\"@s.example", "s.example"),
            ("tls@xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("tls@[192.0.2.1]", nil), ("tls@_dmarc.example", nil),
        ])
    func contact(text: String, submitter: String?) {
        let contact = (try? Mailbox(parsing: text.utf8)).flatMap(ReportContact.init)
        #expect(contact?.domain.text == submitter)
        if let contact { #expect(contact.description == text) }
    }

    @Test(
        "RPTF-04 no mailbox made by hand gets past it", arguments: ["", "a b", "a\r\nBcc: x", "Tls <tls", "é", "a@b"])
    func handmade(localPart: String) {
        #expect(ReportContact(Mailbox(localPart: localPart, domain: .name(Self.submitter))) == nil)
    }
}
