import Testing

@testable import Mail

/// RDATA of one TXT record with these character-strings.
func txtRecord(_ strings: String...) -> [UInt8] {
    strings.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
}

/// An answer for a TXT question.
func txtAnswer(_ result: Answer.Result, _ security: Security = .insecure, alias: String? = nil) -> Answer {
    Answer(
        Question(domainName("_mta-sts.example.com"), .txt), result, security, canonicalName: alias.map(domainName),
        timeToLive: 60)
}

@Suite struct STSRecordTests {
    private func read(_ records: String...) -> RecordReading<STSRecord> {
        STSRecord.read(records.map { Array($0.utf8) })
    }

    @Test(
        "STS-03 the character-strings of a TXT record are joined without a separator",
        arguments: [
            ("01 61 02 6263", "abc"),
            ("00", ""),  // one empty string is a record
            ("00 01 61 00", "a"),
            ("", nil),  // RFC 1035 §3.3.14: at least one string
            ("01", nil), ("02 61", nil),  // shorter than its length octet says
            ("01 61 05 62", nil), ("00 ff", nil),
        ] as [(String, String?)])
    func joined(hexadecimal: String, expected: String?) {
        #expect(TXTRecord.joined(rdata: hexOctets(hexadecimal)).map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    @Test("STS-03 an id may be cut in two by the strings of the record, and a record may be as long as RDATA can be")
    func split() {
        #expect(STSRecordFacts(reading: txtAnswer(.records([txtRecord("v=STSv1; id=", "1")]))) == .found(id: "1"))
        let full = txtRecord(String(repeating: "a", count: 255))
        let long = Array(repeatElement(full, count: 256).joined())
        #expect(TXTRecord.joined(rdata: long)?.count == 65_280)
        #expect(TXTRecord.joined(rdata: Array(long.dropLast())) == nil)
    }

    @Test(
        "STS-05 one record is read by the grammar, and by nothing more",
        arguments: [
            ("v=STSv1; id=20160831085700Z;", "20160831085700Z"),  // RFC 8461 §3.1
            ("v=STSv1;id=1", "1"),  // neither blank nor last ";"
            ("v=STSv1; \t id=1 \t ;  ", "1"),  // blanks round ";", also the last
            ("v=STSv1; id=aZ09", "aZ09"),
            ("v=STSv1; a=b; id=1", "1"),  // any order
            ("v=STSv1; id=12345678901234567890123456789012", "12345678901234567890123456789012"),  // 32
            ("v=STSv1; id=123456789012345678901234567890123", nil),  // 33
            ("v=STSv1; id=1 ", nil),  // blanks only before a ";"
            ("v=STSv1; id=a-b;", nil), ("v=STSv1; id=a_b", nil),  // letters and digits
            ("v=STSv1; id= 1", nil), ("v=STSv1; id =1", nil),  // no blanks round "="
            ("v=STSv1; id=", nil), ("v=STSv1; id= ;", nil), ("v=STSv1; id", nil),
            ("v=STSv1; ID=1", nil),  // names are case-sensitive, so the id is missing
            ("v=STSv1", nil), ("v=STSv1;", nil), ("v=STSv1; ", nil), ("v=STSv1;;", nil),
            ("v=STSv1; id=1;;", nil), ("v=STSv1;; id=1", nil), ("v=STSv1; id=1; ;", nil),
            ("v=STSv1; id=1\r\n", nil), ("v=STSv1; id=1\0", nil),  // controls
        ] as [(String, String?)])
    func grammar(text: String, id: String?) {
        #expect(read(text).value?.id == id)
    }

    @Test(
        "STS-06 unknown fields are ignored where they are well formed, and of a repeated one the first counts",
        arguments: [
            ("v=STSv1; id=1; id=2; x=y", "1"),
            ("v=STSv1; id=1; id=a-b", "1"),  // as long as the grammar of fields holds
            ("v=STSv1; id=a-b; id=1", nil),  // the first counts, and it is bad
            ("v=STSv1; id=1; v=STSv9", "1"),
            ("v=STSv1; id=1; a.b_c-d=!:<>~", "1"),
            ("v=STSv1; id=1; x=a b", nil), ("v=STSv1; id=1; x=a=b", nil), ("v=STSv1; id=1; x=ü", nil),
            ("v=STSv1; id=1; x=", nil), ("v=STSv1; id=1; x", nil), ("v=STSv1; id=1; =x", nil),
            ("v=STSv1; id=1; -x=y", nil), ("v=STSv1; id=1; x/=y", nil),
            ("v=STSv1; id=1; a1234567890123456789012345678901=y", "1"),  // a name of 32
            ("v=STSv1; id=1; a12345678901234567890123456789012=y", nil),  // and of 33
        ] as [(String, String?)])
    func fields(text: String, id: String?) {
        #expect(read(text).value?.id == id)
    }

    @Test("STS-04 records that do not begin with v=STSv1; are dropped, and exactly one must be left")
    func sets() {
        #expect(read("v=spf1 -all", "v=STSv1; id=1", "google-site-verification=x").value?.id == "1")
        #expect(
            read("v=STSv1; id=1", "v=STSv1; id=2") == .none(why: "2 records begin with \"v=STSv1;\", and only one may"))
        #expect(read("v=STSv1; id=1", "v=STSv1; broken").value == nil, "a broken one counts in the set")
        #expect(read("v=STSv1; id=1", "v=STSv10; id=2").value?.id == "1", "another version does not")
        #expect(read("v=stsv1; id=1").value == nil, "case-sensitive")
        #expect(read(" v=STSv1; id=1").value == nil)
        #expect(read("id=1; v=STSv1").value == nil)
        #expect(read() == .none(why: "no record begins with \"v=STSv1;\""))
    }

    @Test("STS-04 a blank before the first ; drops the record (erratum 6285, D12)", arguments: [" ", "\t", "  "])
    func blankBeforeSemicolon(blank: String) {
        #expect(read("v=STSv1\(blank);id=1").value == nil)
        #expect(read("v=STSv1\(blank);id=1", "v=STSv1;id=2").value?.id == "2", "dropped, so it is no second one")
    }

    @Test("STS-07 an alias leads to the provider's record")
    func alias() {
        let answer = txtAnswer(.records([txtRecord("v=STSv1; id=p7")]), alias: "_mta-sts.provider.example")
        #expect(STSRecordFacts(reading: answer) == .found(id: "p7"))
    }

    @Test("SEC-14 a failed or bogus lookup proves nothing, with or without records")
    func failed() {
        let record = [txtRecord("v=STSv1; id=1")]
        #expect(STSRecordFacts(reading: txtAnswer(.failed("SERVFAIL"), .failed)) == .failed("SERVFAIL"))
        #expect(STSRecordFacts(reading: txtAnswer(.failed("expired"), .bogus)) == .failed("expired"))
        #expect(STSRecordFacts(reading: txtAnswer(.records(record), .bogus)) == .failed("DNSSEC validation failed"))
        #expect(STSRecordFacts(reading: txtAnswer(.noSuchName, .bogus)) == .failed("DNSSEC validation failed"))
        #expect(STSRecordFacts(reading: txtAnswer(.records([[9]]))) == .failed("the TXT records are malformed"))
        #expect(
            STSRecordFacts(reading: txtAnswer(.records([[9]] + record))) == .found(id: "1"), "void, and alone in it")
        #expect(STSRecordFacts(reading: txtAnswer(.records(record), .secure)) == .found(id: "1"))
    }

    @Test("NXDOMAIN, NODATA and sets that do not count are absence, with the reason")
    func absent() {
        #expect(STSRecordFacts(reading: txtAnswer(.noSuchName)) == .absent("no such name"))
        #expect(STSRecordFacts(reading: txtAnswer(.noData)) == .absent("no TXT record"))
        #expect(
            STSRecordFacts(reading: txtAnswer(.records([txtRecord("v=STSv1; id=a\n b")])))
                == .absent("the value of \"id\" holds something else than printable US-ASCII without blank and \"=\""))
    }

    @Test("STS-02 STS-09 the names asked belong to the policy domain itself, never to its parent, as A-labels")
    func names() {
        let domain = domainName("Mail.XN--bcher-kva.example.")
        #expect(domain.stsRecordName?.text == "_mta-sts.mail.xn--bcher-kva.example")
        #expect(domain.stsPolicyHost?.text == "mta-sts.mail.xn--bcher-kva.example")
        #expect(domain.tlsrptRecordName?.text == "_smtp._tls.mail.xn--bcher-kva.example")
    }

    @Test("A domain that is too long for a name in front of it has no record, and no crash")
    func longNames() {
        let label = String(repeating: "a", count: 63)
        func domain(_ length: Int) -> DomainName {
            domainName("\(label).\(label).\(label).\(String(repeating: "b", count: length - 192))")
        }
        #expect(domain(244).stsRecordName != nil && domain(245).stsRecordName == nil)
        #expect(domain(245).stsPolicyHost != nil && domain(246).stsPolicyHost == nil)
        #expect(domain(242).tlsrptRecordName != nil && domain(243).tlsrptRecordName == nil)
    }

    @Test("What a fault quotes of a stranger's record is one safe line, and short")
    func quotes() {
        let hostile = "v=STSv1; id=" + String(repeating: "\u{202E}x-", count: 500)
        guard case .none(let why) = read(hostile) else {
            Issue.record("a record was found")
            return
        }
        #expect(why.utf8.count < 200 && why.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "\u{202E}" })
    }
}
