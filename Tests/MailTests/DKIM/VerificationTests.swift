import Testing

@testable import Mail

/// What becomes of signatures, with the cryptography given (RFC 6376 §6, RFC 8601 §2.7.1).
@Suite struct VerificationTests {
    static let now = WallTime(seconds: 1_700_000_000)
    static let key = "v=DKIM1; p=MAA="

    /// What was asked of the cryptography.
    final class Asked {
        var inputs: [String] = []
    }

    /// The results for a message with these values of DKIM-Signature fields.
    static func results(
        _ values: [String], header: String = "From: a@example.org\r\n",
        key: DKIMKeyLookup = .records([Array(key.utf8)]),
        body: DKIMBodyHash = DKIMBodyHash(digest: [UInt8](repeating: 0, count: 32), length: 100),
        says: DKIMSignatureCheck = .valid, asked: Asked = Asked()
    ) -> [DKIMResult] {
        let content = values.map { "DKIM-Signature: \($0)\r\n" }.joined() + header + "\r\nbody\r\n"
        let verification = DKIMVerification(of: Array(content.utf8), at: now)
        return verification.checks.map { check in
            verification.result(of: check, key: key, body: body) { _, _, input in
                asked.inputs.append(String(decoding: input, as: UTF8.self))
                return says
            }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var tags: [String: String?] = [:]
        var key = DKIMKeyLookup.records([Array(VerificationTests.key.utf8)])
        var body = DKIMBodyHash(digest: [UInt8](repeating: 0, count: 32), length: 100)
        var says = DKIMSignatureCheck.valid
        var header = "From: a@example.org\r\n"
        let verdict: DKIMResult.Verdict
        let words: String

        var testDescription: String { words }

        static func records(_ texts: String...) -> DKIMKeyLookup { .records(texts.map { Array($0.utf8) }) }
    }

    static let cases = [
        Case(verdict: .pass, words: "the signature is that of example.org"),
        Case(
            says: .invalid, verdict: .fail,
            words: "the header section or the signature itself is not the one that was signed"),
        Case(
            body: DKIMBodyHash(digest: [UInt8](repeating: 1, count: 32), length: 100), verdict: .fail,
            words: "the body is not the one that was signed"),
        Case(tags: ["a": "rsa-sha1"], verdict: .fail, words: "rsa-sha1 is no longer accepted (RFC 8301)"),
        Case(
            says: .weakKey(bits: 1023), verdict: .fail, words: "the key has 1023 bits, and 1024 are needed (RFC 8301)"),
        Case(
            tags: ["t": "1", "x": "1699999999"], verdict: .fail, words: "the signature expired at 2023-11-14T22:13:19Z"),
        Case(tags: ["x": "1700000000"], verdict: .pass, words: "the signature is that of example.org"),
        Case(tags: ["t": "1700000300"], verdict: .pass, words: "the signature is that of example.org"),
        Case(tags: ["t": "1700000301"], verdict: .fail, words: "the signature is of the future, 2023-11-14T22:18:21Z"),
        Case(tags: ["v": "2"], verdict: .permerror, words: "the version v=2 is unknown"),
        Case(tags: ["a": "x-y"], verdict: .permerror, words: "the algorithm a=x-y is unknown"),
        Case(tags: ["c": "nofws"], verdict: .permerror, words: "the canonicalization c=nofws is unknown"),
        Case(tags: ["h": "to"], verdict: .permerror, words: "h= does not cover the From field"),
        Case(tags: ["b": nil], verdict: .permerror, words: "the tag b= is missing"),
        Case(tags: ["b": "?"], verdict: .neutral, words: "the value of b= is no base64"),
        Case(header: "To: x\r\n", verdict: .permerror, words: "the message has no From field"),
        Case(
            key: .absent("no such name"), verdict: .permerror,
            words: "there is no key at sel._domainkey.example.org: no such name"),
        Case(
            key: .failed("timeout"), verdict: .temperror,
            words: "the key at sel._domainkey.example.org is not known: timeout"),
        Case(key: .records([]), verdict: .permerror, words: "there is no key at sel._domainkey.example.org"),
        Case(
            key: Case.records("hello"), verdict: .permerror,
            words: "the key at sel._domainkey.example.org is malformed: \"hello\" is no tag"),
        Case(key: Case.records("p="), verdict: .fail, words: "the key is revoked"),
        Case(key: Case.records("p=MAA=; s=tlsrpt"), verdict: .permerror, words: "the key is not for mail (s=)"),
        Case(key: Case.records("p=MAA=; h=sha1"), verdict: .permerror, words: "the key does not allow SHA-256 (h=)"),
        Case(
            key: Case.records("k=ed25519; p=\(KeyRecordTests.ed25519)"), verdict: .permerror,
            words: "the key is of type ed25519, and a=rsa-sha256"),
        Case(
            tags: ["i": "@sub.example.org"], key: Case.records("t=s; p=MAA="), verdict: .permerror,
            words: "the key is for example.org alone (t=s), and i= is of sub.example.org"),
        Case(
            tags: ["i": "@example.org"], key: Case.records("t=s; p=MAA="), verdict: .pass,
            words: "the signature is that of example.org"),
        Case(
            tags: ["i": "@sub.example.org"], verdict: .pass, words: "the signature is that of example.org"),
        Case(says: .unusableKey("x"), verdict: .permerror, words: "the key cannot be used: x"),
        Case(says: .failed("x"), verdict: .temperror, words: "the check itself failed: x"),
        Case(tags: ["l": "100"], verdict: .pass, words: "the signature is that of example.org"),
        Case(tags: ["l": "101"], verdict: .permerror, words: "l= is 101, and the body has only 100 octets"),
        Case(
            tags: ["l": String(repeating: "9", count: 76)], verdict: .permerror,
            words: "l= is 18446744073709551615, and the body has only 100 octets"),
        Case(
            key: Case.records("hello", "p=", "k=ed25519; p=", VerificationTests.key), verdict: .pass,
            words: "the signature is that of example.org"),
        Case(
            key: .records(Array(repeating: Array("p=".utf8), count: 5) + [Array(VerificationTests.key.utf8)]),
            verdict: .fail, words: "the key is revoked"),
        Case(
            key: .records(Array(repeating: Array("p=".utf8), count: 4) + [Array(VerificationTests.key.utf8)]),
            verdict: .pass, words: "the signature is that of example.org"),
    ]

    @Test("DKIM-18 DKIM-23 one signature", arguments: cases)
    func one(_ aCase: Case) {
        let results = Self.results(
            [SignatureTests.field(aCase.tags)], header: aCase.header, key: aCase.key, body: aCase.body, says: aCase.says
        )
        #expect(results.map(\.verdict) == [aCase.verdict])
        #expect(results.map(\.words) == [aCase.words])
    }

    @Test("DKIM-21 l= is honoured, and mentioned")
    func bodyLength() {
        let cut = Self.results([SignatureTests.field(["l": "40"])])
        #expect(
            cut.map(\.remarks) == [["only the first 40 octets of the body are signed (l=), the 60 behind them are not"]]
        )
        let whole = Self.results([SignatureTests.field(["l": "100"])])
        #expect(
            whole.map(\.remarks) == [["only the first 100 octets of the body are signed (l=), nothing follows them"]])
    }

    @Test("a key under test and a second From field are mentioned")
    func remarks() {
        let results = Self.results(
            [SignatureTests.field()], header: "From: a@example.org\r\nFrom: b@example.org\r\n",
            key: Case.records("t=y; p=MAA="))
        #expect(
            results.map(\.remarks) == [
                [
                    "the message has 2 From fields, and readers may show any of them",
                    "the key is under test (t=y), so a failure means nothing",
                ]
            ])
    }

    @Test("DKIM-04 DKIM-08 each signature stands alone, and covers itself but no other")
    func several() {
        let asked = Asked()
        let good = SignatureTests.field(["c": "relaxed/relaxed"])
        let other = SignatureTests.field(["s": "other", "h": "from:dkim-signature"])
        let results = Self.results(["garbage", good, other], asked: asked)
        #expect(results.map(\.verdict) == [.neutral, .pass, .pass])
        let hash = SignatureTests.hash
        #expect(
            asked.inputs == [
                "from:a@example.org\r\ndkim-signature:v=1; a=rsa-sha256; d=example.org; s=sel; h=from:to; bh=\(hash); b=; "
                    + "c=relaxed/relaxed",
                "From: a@example.org\r\nDKIM-Signature: \(other)\r\n"
                    + "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; bh=\(hash); b=; h=from:dkim-signature; s=other",
            ])
    }

    @Test("so many signatures are looked at, and no more", arguments: [0, 9, 10, 11, 50])
    func limit(_ count: Int) {
        let values = (0..<count).map { SignatureTests.field(["s": "s\($0)"]) }
        let content = values.map { "DKIM-Signature: \($0)\r\n" }.joined() + "From: a@example.org\r\n\r\n"
        let verification = DKIMVerification(of: Array(content.utf8), at: Self.now)
        #expect(verification.checks.count == min(count, DKIMVerification.signatureLimit))
        #expect(verification.passedOver == max(0, count - 10))
        #expect(
            verification.checks.compactMap { $0.signature?.selector.text }
                == (0..<min(count, 10)).map { "s\($0)" })
        #expect(verification.bodyOffset == content.utf8.count)
    }

    @Test("SEC-05 an answer of DNS as a lookup of a key: what failed is never absent")
    func answers() throws {
        let question = Question(try DomainName("s._domainkey.example.org"), .txt)
        let record: [UInt8] = [2, 0x70, 0x3D, 1, 0x78]
        #expect(DKIMKeyLookup(Answer(question, .records([record]), .insecure)) == .records([Array("p=x".utf8)]))
        #expect(DKIMKeyLookup(Answer(question, .noData, .secure)) == .absent("no TXT record"))
        #expect(DKIMKeyLookup(Answer(question, .noSuchName, .insecure)) == .absent("no such name"))
        #expect(DKIMKeyLookup(Answer(question, .failed("timeout"), .failed)) == .failed("timeout"))
        guard case .failed = DKIMKeyLookup(Answer(question, .records([record]), .bogus)) else {
            Issue.record("a bogus answer is used")
            return
        }
    }
}
