import Testing

@testable import Mail

@Suite("What a fetch for an MTA-STS policy gave")
struct STSFetchReadingTests {
    private static let text = Array("version: STSv1\n".utf8)

    private func read(_ answer: STSFetchAnswer) -> Result<[UInt8], STSFetchFault> {
        do throws(STSFetchFault) {
            return .success(try STSFetchReading.policyText(of: answer))
        } catch {
            return .failure(error)
        }
    }

    private func fault(_ answer: STSFetchAnswer) -> STSFetchFault? {
        if case .failure(let fault) = read(answer) { fault } else { nil }
    }

    @Test(
        "STS-10 text/plain is a policy, with parameters too",
        arguments: [
            ("text/plain", "as it should be"),
            ("Text/PLAIN", "media types have no case"),
            ("text/plain; charset=utf-8", "what servers say"),
            ("text/plain;charset=US-ASCII", "the other one, without a blank"),
            ("text/plain; charset=\"UTF-8\"", "quoted"),
            ("text/plain ; charset=utf-8 ; x=1", "unknown parameters are ignored"),
            ("text/plain; charset=iso-8859-1", "another character set is a parameter that is ignored (RFC 8461 §3.2)"),
            ("text/plain; charset=utf-8; charset=utf-16", "so are two of them"),
            ("text/plain; x=\"; text/html\"", "whatever a parameter holds"),
            ("text/plain;", "a lost semicolon"),
            ("text/plain; charset", "a parameter without a value"),
            ("\ttext/plain\t", "blanks around"),
        ])
    func accepted(contentType: String, why: String) {
        #expect(
            read(.answered(status: 200, contentType: contentType, body: Self.text)) == .success(Self.text), "\(why)")
    }

    @Test(
        "STS-10 any other media type is no policy",
        arguments: [
            ("text/html", "a page"),
            ("text/plain2", "longer"),
            ("text", "half"),
            ("", "nothing"),
            ("; charset=utf-8", "no type"),
            ("text/html, text/plain", "two fields"),
            ("text/plain, text/plain", "twice"),
            ("application/octet-stream; x=text/plain", "only in a parameter"),
            ("\"text/plain\"", "a quoted one"),
            ("text /plain", "a blank within"),
        ])
    func refused(contentType: String, why: String) {
        let fault = fault(.answered(status: 200, contentType: contentType, body: Self.text))
        #expect(fault?.type == .stsPolicyInvalid, "\(why)")
    }

    @Test("STS-10 no media type is no policy")
    func noType() {
        #expect(fault(.answered(status: 200, contentType: nil, body: Self.text))?.type == .stsPolicyInvalid)
    }

    @Test(
        "STS-11 only status 200 counts",
        arguments: [101, 201, 203, 204, 206, 300, 301, 302, 304, 307, 404, 500, 503, 0, -1])
    func status(status: Int) {
        let fault = fault(.answered(status: status, contentType: "text/plain", body: Self.text))
        #expect(fault?.type == .stsPolicyFetchError)
        #expect(fault?.words.contains("\(status)") == true)
    }

    @Test("STS-12 RPTC-13 a refused certificate is told apart from other failures")
    func failures() {
        #expect(
            fault(.certificateRefused("it has expired")) == STSFetchFault(.stsWebPKIInvalid, "it has expired"))
        #expect(fault(.failed("refused")) == STSFetchFault(.stsPolicyFetchError, "refused"))
    }

    @Test("STS-14 a policy has 65536 octets at most", arguments: [(65_536, true), (65_537, false)])
    func size(octets: Int, isAccepted: Bool) {
        let answer = STSFetchAnswer.answered(
            status: 200, contentType: "text/plain", body: [UInt8](repeating: 0x61, count: octets))
        #expect(fault(answer)?.type == (isAccepted ? nil : .stsPolicyFetchError))
    }

    @Test("What is shown of a media type is one safe line of bounded length")
    func shown() {
        let evil = "text/html\r\n\u{1B}[2J" + String(repeating: "x", count: 5_000)
        let words = fault(.answered(status: 200, contentType: evil, body: []))?.words ?? ""
        #expect(words.utf8.count < 200)
        #expect(words.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
        #expect(words.contains("text/html"))
    }
}
