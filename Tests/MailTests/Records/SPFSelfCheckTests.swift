import Testing

@testable import Mail

@Suite("SPF of the relay's own name")
struct SPFSelfCheckTests {
    static func check(_ result: Answer.Result, _ security: Security = .insecure) throws -> SPFSelfCheck {
        SPFSelfCheck(Answer(Question(try DomainName("relay.example"), .txt), result, security))
    }

    @Test(
        "CLI-03 one record that begins with v=spf1, else a warning",
        arguments: [
            (["v=spf1 a -all"], nil), (["v=spf1"], nil), (["V=SPF1 -all"], nil), (["other", "v=spf1 -all"], nil),
            (["other"], "no TXT record begins with v=spf1"), (["v=spf10 -all"], "no TXT record begins with v=spf1"),
            ([" v=spf1"], "no TXT record begins with v=spf1"),
            (["v=spf1 -all", "v=spf1 a -all"], "2 TXT records begin with v=spf1"),
        ] as [([String], String?)])
    func records(texts: [String], fault: String?) throws {
        let found = try Self.check(.records(texts.map { [UInt8($0.utf8.count)] + Array($0.utf8) }))
        #expect(found == (fault.map { .faulty($0) } ?? .published))
    }

    @Test("CLI-03 no name and no record are a warning; a failed lookup says nothing")
    func absent() throws {
        #expect(try Self.check(.noSuchName) == .faulty("no such name"))
        #expect(try Self.check(.noData) == .faulty("no TXT record"))
        #expect(try Self.check(.failed("SERVFAIL"), .failed) == .unknown("SERVFAIL"))
        #expect(try Self.check(.noData, .bogus) == .unknown("DNSSEC validation failed"))
    }
}
