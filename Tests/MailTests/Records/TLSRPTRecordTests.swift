import Testing

@testable import Mail

@Suite struct TLSRPTRecordTests {
    private func read(_ records: String...) -> [String]? {
        TLSRPTRecord.read(records.map { Array($0.utf8) }).value?.rua.map(\.uri)
    }

    @Test(
        "RPTC-03 the record is read by the grammar; every rua counts, in order",
        arguments: [
            ("v=TLSRPTv1;rua=mailto:reports@example.com", ["mailto:reports@example.com"]),  // RFC 8460 §3.1.1
            ("v=TLSRPTv1; rua=mailto:a@x , https://y/z; foo=1", ["mailto:a@x", "https://y/z"]),
            ("v=TLSRPTv1; rua=https://y/z?a=b;", ["https://y/z?a=b"]),  // "=" belongs to URIs
            ("v=TLSRPTv1; rua=mailto:a@x \t", ["mailto:a@x"]),  // blanks at the end do no harm
            ("v=TLSRPTv1; rua=mailto:a@x; rua=mailto:b@x", ["mailto:a@x", "mailto:b@x"]),
            ("v=TLSRPTv1 ; rua=mailto:a@x", ["mailto:a@x"]),  // as the grammar has it
            ("v=TLSRPTv1; foo=bar; rua=mailto:a@x", ["mailto:a@x"]),
            ("v=TLSRPTv1; rua=mailto:%22a%2Cb%22@x", ["mailto:%22a%2Cb%22@x"]),  // RFC 8460 §3: the comma is encoded
            ("v=TLSRPTv1; rua=mailto:a@x%2Cb@x", []),  // two addresses in one URI: a record, and nobody to write to
            ("v=TLSRPTv1", nil), ("v=TLSRPTv1;", nil), ("v=TLSRPTv1; foo=bar", nil), ("v=TLSRPTv1; rua=", nil),
            ("v=TLSRPTv1; RUA=mailto:a@x", nil),  // names are case-sensitive
            ("v=TLSRPTv1; rua=mailto:a@x;;", nil), ("v=TLSRPTv1; rua=mailto:a@x; more=", nil),
            ("v=TLSRPTv1; rua=mailto:a@x; x=a b", nil), ("v=TLSRPTv1; rua=mailto:a@x other", nil),
            ("v=TLSRPTv1; rua=mailto:a@x?b=%4", nil), ("v=TLSRPTv1; rua=mailto:a@x?b=%", nil),  // half an escape
            ("v=TLSRPTv1; rua=,, ,", nil), ("v=tlsrptv1; rua=mailto:a@x", nil), ("v=TLSRPTv10; rua=mailto:a@x", nil),
        ] as [(String, [String]?)])
    func grammar(text: String, rua: [String]?) {
        #expect(read(text) == rua)
    }

    @Test(
        "RPTC-04 a URI that cannot be used is passed over, and the record counts",
        arguments: [
            ("postmaster@x,mailto:a@y", ["mailto:a@y"]),  // no scheme
            ("http://x/y,mailto:a@y", ["mailto:a@y"]),  // plain HTTP is no way
            ("ftp://x/y", []),  // an unknown scheme alone: a record, and nobody to write to
            ("mailto:nobody", []), ("mailto:", []), ("mailto:@x", []), ("mailto:a@x%00", []), ("mailto:a@x%0D%0Ab", []),
            ("mailto:a@b@c", []), ("mailto:a%2@x,mailto:b@x", ["mailto:b@x"]),  // a broken escape is no URI
            ("MailTo:a@x", ["MailTo:a@x"]),  // RFC 3986 §3.1: schemes in any case
            ("mailto:a%40b@x", []), ("mailto:a%2Bb@x?subject=hi", ["mailto:a%2Bb@x?subject=hi"]),
            ("mailto:a@x,,mailto:b@x,", ["mailto:a@x", "mailto:b@x"]),
            ("https://", []), ("https:///x", []), ("https:x", []), ("https://u:p@x/", []), ("https://x:0/", []),
            ("https://x:65536/", []), ("https://x:65535/", ["https://x:65535/"]), ("https://x:/", ["https://x:/"]),
            ("https://[2001:db8::1]:8443/r", ["https://[2001:db8::1]:8443/r"]), ("https://[::g]/", []),
            ("https://192.0.2.1/r", ["https://192.0.2.1/r"]), ("https://x#f", ["https://x#f"]),
            ("mailto:a!10m@x,mailto:b@x", ["mailto:b@x"]),  // "!" must be encoded
        ] as [(String, [String])])
    func unusable(list: String, rua: [String]) {
        #expect(read("v=TLSRPTv1; rua=\(list)") == rua)
    }

    @Test("RPTC-02 records of another kind are dropped, and exactly one must be left")
    func sets() {
        #expect(read("v=spf1 -all", "v=TLSRPTv1; rua=mailto:a@x") == ["mailto:a@x"])
        #expect(read("v=TLSRPTv1; rua=mailto:a@x", "v=TLSRPTv1; rua=mailto:b@x") == nil)
        #expect(read() == nil)
    }

    @Test("RPTC-01 the strings of the record are joined, and an address is decoded")
    func joined() {
        let answer = txtAnswer(.records([txtRecord("v=TLSRPTv1; rua=mailto:tls%2D", "rpt@example.com")]))
        let mailbox = Mailbox(localPart: "tls-rpt", domain: .name(domainName("example.com")))
        #expect(
            TLSRPTRecord.read(answer).value?.rua == [.mail(mailbox, uri: "mailto:tls%2Drpt@example.com")])
    }

    @Test("RPTC-05 SEC-14 a failed lookup is no record, and says so")
    func failed() {
        #expect(TLSRPTRecord.read(txtAnswer(.failed("SERVFAIL"), .failed)) == .failed(why: "SERVFAIL"))
        #expect(TLSRPTRecord.read(txtAnswer(.noData)) == .none(why: "no TXT record"))
    }

    @Test("Only so many destinations are kept, the first ones")
    func limit() {
        func record(_ count: Int) -> String {
            "v=TLSRPTv1; rua=" + (1...count).map { "mailto:r\($0)@x" }.joined(separator: ",")
        }
        #expect(read(record(TLSRPTRecord.destinationLimit))?.count == TLSRPTRecord.destinationLimit)
        #expect(read(record(TLSRPTRecord.destinationLimit + 1))?.count == TLSRPTRecord.destinationLimit)
        #expect(read(record(5000))?.last == "mailto:r\(TLSRPTRecord.destinationLimit)@x")
    }
}
