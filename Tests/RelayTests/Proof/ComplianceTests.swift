import Mail
import Store
import Testing

@testable import Relay

@Suite("Compliance") struct ComplianceTests {
    static let cells: [(String, String, String)] = [
        ("example.org", "example.org", "as it is"), ("", "", "nothing"), ("a,b", "\"a,b\"", "a comma"),
        ("a\"b", "\"a\"\"b\"", "a quotation mark"), ("a\nb", "\"a\nb\"", "a line end"),
        ("a\r\nb", "\"a\r\nb\"", "CRLF"),
        ("=1+1", "'=1+1", "a formula"), ("+1", "'+1", "a formula"), ("-1", "'-1", "a formula"),
        ("@SUM(A1)", "'@SUM(A1)", "a formula"), ("\tx", "'\tx", "some programs skip blanks"),
        ("=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\"", "both"), ("a=b", "a=b", "none within"),
    ]

    @Test("a cell is one cell, and no formula", arguments: cells.indices)
    func csv(index: Int) {
        let (text, cell, why) = Self.cells[index]
        #expect(CSVText.row([text, "1"]) == "\(cell),1\r\n", "\(why)")
    }

    private static func row(_ name: String, dane: Int64 = 0, clear: Int64 = 0) -> ComplianceRow {
        ComplianceRow(
            name: name,
            [
                .dane: ComplianceCount(messages: dane, recipients: dane * 2),
                .clear: ComplianceCount(messages: clear, recipients: clear),
            ])
    }

    private static func sum(_ pages: [[ComplianceRow]]) -> ComplianceSum {
        var sum = ComplianceSum(since: "2026-11-01", until: "2026-11-22", by: .destination)
        for (index, rows) in pages.enumerated() {
            let next = index + 1 < pages.count ? rows.last?.name : nil
            #expect(
                sum.add(
                    CompliancePage(since: "", until: "", by: .destination, rows: rows, next: next)) == next)
        }
        sum.sort()
        return sum
    }

    @Test("pages are put together: totals, most messages first, then by name")
    func sums() {
        let sum = Self.sum([
            [Self.row("a.example", dane: 1), Self.row("b.example", clear: 5)],
            [Self.row("c.example", dane: 1, clear: 1), Self.row("d.example", dane: 2)],
        ])
        #expect(sum.rows.map(\.name) == ["b.example", "c.example", "d.example", "a.example"])
        #expect(sum.total.total == ComplianceCount(messages: 10, recipients: 14))
        #expect(sum.total.dane == ComplianceCount(messages: 4, recipients: 8))
        #expect(sum.total.clear.messages == 6 && sum.total.encrypted.messages == 0)
        #expect(sum.isComplete)
    }

    @Test("counts end at the end of their range")
    func overflow() {
        let most = ComplianceCount(messages: .max, recipients: .max)
        #expect(most + ComplianceCount(messages: 1, recipients: 1) == most)
    }

    @Test("a page that leads nowhere ends it, and the sum says that it lacks something")
    func endless() {
        var sum = ComplianceSum(since: "", until: "", by: .sender)
        #expect(sum.add(CompliancePage(since: "", until: "", by: .sender, rows: [], next: "x")) == nil)
        #expect(!sum.isComplete)
    }

    @Test("the table: totals first, shares cut off, no levels that nothing left by but clear")
    func table() {
        let sum = Self.sum([[Self.row("a.example", dane: 2, clear: 1), Self.row("b.example", dane: 9_997)]])
        let text = ComplianceText.table(sum, limit: 1, style: TextStyle(width: 100, isColoured: false))
        #expect(
            text == """
                What was delivered from 2026-11-01 to 2026-11-22 (UTC)

                       MESSAGES  SHARE  RECIPIENTS  SHARE  \("")
                dane      9,999  99.9%      19,998  99.9%  the host matched its DNSSEC-secure TLSA records
                clear         1  <0.1%           1  <0.1%  no TLS
                all      10,000             19,999         \("")

                DESTINATION  MESSAGES  RECIPIENTS  DANE  CLEAR
                b.example       9,997      19,994  100%      -
                2 destinations, 1 of them not shown (--limit, --csv)

                """)
    }

    @Test("CSV has exact counts of every name")
    func exact() {
        var sum = Self.sum([[Self.row("a.example", dane: 2, clear: 1)]])
        sum.by = .sender
        #expect(
            ComplianceText.csv(sum)
                == "sender,messages,recipients,dane_messages,dane_recipients,sts_messages,sts_recipients,"
                + "fingerprint_messages,fingerprint_recipients,dane_host_messages,dane_host_recipients,"
                + "encrypted_messages,encrypted_recipients,clear_messages,clear_recipients\r\n"
                + "a.example,3,5,2,4,0,0,0,0,0,0,0,0,1,1\r\n")
    }

    @Test("what the store summed is what is shown", arguments: DeliveredLevel.allCases)
    func fromStore(level: DeliveredLevel) {
        let row = ComplianceRow(
            DeliverySum(name: "n", levels: [level: DeliverySum.Count(messages: 3, recipients: 4)]))
        #expect(row[level] == ComplianceCount(messages: 3, recipients: 4) && row.total == row[level])
    }

    @Test("proofs as a table and as CSV")
    func proofs() {
        let proof = ProofView(
            time: 0, id: "0123456789bcdfghjklm", sender: "", destination: "d.example", recipients: 2,
            host: "mx.d.example", address: "192.0.2.1", tls: "TLSv1.3", verified: "dane")
        let page = ProofPage(since: "2026-11-01", until: "2026-11-01", proofs: [proof])
        #expect(
            ComplianceText.csv(page)
                == "time,queue_id,sender,destination,recipients,host,address,tls,verified\r\n"
                + "1970-01-01T00:00:00Z,0123456789bcdfghjklm,,d.example,2,mx.d.example,192.0.2.1,TLSv1.3,dane\r\n")
        let text = ComplianceText.proofs(page, style: TextStyle(width: 100, isColoured: false))
        #expect(text.contains("<>    d.example") && text.hasSuffix("1 proof\n"))
    }
}
