import Glibc
import Synchronization
import Testing

@testable import Mail
@testable import TLS

/// Our signatures, and what breaks them on the way.
@Suite struct DKIMSigningTests {
    static let message = """
        From: Joe <joe@example.org>\r\nTo: suzie@example.net\r\nSubject: dinner\r\n  tonight \r\nDate: today\r\n\
        Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n.Hi.\r\n..\r\nJoe  \r\n\r\n\r\n
        """

    static let forms = DKIMCanonicalization.Form.allCases.flatMap { header in
        DKIMCanonicalization.Form.allCases.map { DKIMCanonicalization(header: header, body: $0) }
    }

    private func signed(_ text: String, _ canonicalization: DKIMCanonicalization = .relaxed) throws -> (
        content: [UInt8], zone: [String: DKIMKeyLookup]
    ) {
        let keys = try TestKeys.shared()
        let rsa = try DKIMExchange.terms("r", .rsaSHA256, canonicalization)
        let ed25519 = try DKIMExchange.terms("e", .ed25519SHA256, canonicalization)
        let zone = DKIMExchange.zone(keys.rsa, rsa).merging(DKIMExchange.zone(keys.ed25519, ed25519)) { $1 }
        return (try DKIMExchange.signed(Array(text.utf8), [(keys.rsa, rsa), (keys.ed25519, ed25519)]), zone)
    }

    @Test("DKIM-04 DKIM-08 DKIM-13 DKIM-17 two signatures at the top, each of which stands", arguments: forms)
    func dual(_ canonicalization: DKIMCanonicalization) throws {
        let (content, zone) = try signed(Self.message, canonicalization)
        #expect(content.suffix(Self.message.utf8.count).elementsEqual(Self.message.utf8), "the message is untouched")
        #expect(
            HeaderSection(reading: content).fields.prefix(3).map(\.name) == [
                "DKIM-Signature", "DKIM-Signature", "From",
            ])
        let results = try DKIMExchange.verify(content, zone)
        #expect(results.map(\.verdict) == [.pass, .pass], "\(results.map(\.words))")
        #expect(results.map { $0.signature?.algorithm } == [.rsaSHA256, .ed25519SHA256])
        // Without one of them the other stands.
        for name in zone.keys {
            let half = try DKIMExchange.verify(content, zone.filter { $0.key != name })
            #expect(Set(half.map(\.verdict)) == [.pass, .permerror])
        }
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let from: String
        let to: String
        let verdict: DKIMResult.Verdict
        let why: String

        init(_ from: String, _ to: String, _ verdict: DKIMResult.Verdict, _ why: String) {
            self.from = from
            self.to = to
            self.verdict = verdict
            self.why = why
        }

        var testDescription: String { why }
    }

    @Test(
        "DKIM-16 what a hop may change, and what it may not",
        arguments: [
            Change("From: Joe", "From: Jim", .fail, "another author"),
            Change("From: Joe <", "From: <x@evil.example>\r\nFrom: Joe <", .fail, "a second From above"),
            Change("To: suzie", "From: x@evil.example\r\nTo: suzie", .fail, "a second From below"),
            Change("Date: today", "Subject: x\r\nDate: today", .fail, "a second Subject"),
            Change("Date: today", "Reply-To: x@evil.example\r\nDate: today", .fail, "a Reply-To where none was"),
            Change("Date: today", "Cc: x@evil.example\r\nDate: today", .fail, "a Cc where none was"),
            Change("To: suzie@example.net\r\n", "", .fail, "a field taken away"),
            Change("dinner\r\n  tonight \r\n", "dinner tonight\r\n", .pass, "a field unfolded"),
            Change("Subject:", "SUBJECT :", .pass, "the case of a name"),
            Change("From: Joe", "Received: from x\r\nFrom: Joe", .pass, "DKIM-15 a trace above"),
            Change("Date: today\r\n", "Date: today\r\nX-Spam: no\r\n", .pass, "an unknown field"),
            Change("Date: today\r\n", "", .fail, "the Date taken away"),
            Change(".Hi.\r\n", "Hi.\r\n", .fail, "DKIM-13 a dot taken away"),
            Change("Joe  \r\n\r\n\r\n", "Joe\r\n", .pass, "blanks and empty lines at the end"),
            Change("Joe  \r\n\r\n\r\n", "Joe\r\nx\r\n", .fail, "DKIM-21 text put behind"),
        ])
    func changed(_ change: Change) throws {
        let (content, zone) = try signed(Self.message)
        let text = String(decoding: content, as: UTF8.self)
        let parts = text.split(separator: change.from, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        let changed = parts[0] + change.to + parts[1]
        let results = try DKIMExchange.verify(Array(changed.utf8), zone)
        #expect(results.map(\.verdict) == [change.verdict, change.verdict], "\(results.map(\.words))")
    }

    @Test("any octet of a signature that is changed breaks it, or the field")
    func damaged() throws {
        let (content, zone) = try signed(Self.message)
        let end = content.count - Self.message.utf8.count
        for place in 0..<end {
            var damaged = content
            damaged[place] ^= 0x01
            let verdicts = try DKIMExchange.verify(damaged, zone).map(\.verdict)
            #expect(verdicts.count { $0 == .pass } <= 1, "at \(place)")
        }
    }

    @Test("DKIM-17 signatures that are there already stay, and still count")
    func existing() throws {
        let keys = try TestKeys.shared()
        let theirs = try DKIMExchange.terms("t", .ed25519SHA256, domain: "example.net")
        let ours = try DKIMExchange.terms("o", .rsaSHA256)
        let first = try DKIMExchange.signed(Array(Self.message.utf8), [(keys.ed25519, theirs)])
        let second = try DKIMExchange.signed(first, [(keys.rsa, ours)])
        #expect(second.suffix(first.count).elementsEqual(first))
        let zone = DKIMExchange.zone(keys.rsa, ours).merging(DKIMExchange.zone(keys.ed25519, theirs)) { $1 }
        let results = try DKIMExchange.verify(second, zone)
        #expect(results.map(\.verdict) == [.pass, .pass])
        #expect(results.map { $0.signature?.signingDomain.text } == ["example.org", "example.net"])
    }

    @Test(
        "messages of all sorts sign and verify",
        arguments: [
            "From: a@example.org\r\n",
            "From: a@example.org\r\n\r\n",
            "From: a@example.org\r\n\r\n\r\n",
            "From: a@example.org\r\n\r\n \r\n",
            "From: a@example.org\r\n\r\nno line end",
            "From: J\u{F6} <a@example.org>\r\nSubject: \u{1F426}\r\n\r\n\u{FC}\r\n",
            "From:\r\n a@example.org\r\nSubject:\r\n\t\r\n x\r\n\r\nbody\r\n",
            "from : a@example.org\r\n\r\nbody\r\n",
            "From: a@example.org\r\nSubject: " + String(repeating: "long ", count: 20_000) + "\r\n\r\nbody\r\n",
            "From: a@example.org\r\nTo: x\r\nTo: y\r\nTo: z\r\n\r\nbody\r\n",
        ])
    func sorts(_ text: String) throws {
        for canonicalization in Self.forms {
            let (content, zone) = try signed(text, canonicalization)
            let results = try DKIMExchange.verify(content, zone)
            #expect(results.map(\.verdict) == [.pass, .pass], "\(canonicalization): \(results.map(\.words))")
        }
    }

    @Test(
        "DKIM-11 the hashes of an empty body",
        arguments: [
            (DKIMCanonicalization.Form.simple, "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="),
            (.relaxed, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        ])
    func emptyBody(_ form: DKIMCanonicalization.Form, _ base64: String) throws {
        let hash = try DKIMExchange.bodyHash([], form)
        #expect(String(decoding: Base64.encoded(hash.digest), as: UTF8.self) == base64)
        #expect(hash.length == (form == .simple ? 2 : 0))
    }

    @Test("keys are freed on every way out")
    func leaks() async {
        await #expect(processExitsWith: .exitCode(0)) {
            do {
                for _ in 0..<3 {
                    let pem = try DKIMPrivateKey.generate(.ed25519)
                    let key = try DKIMPrivateKey(pem: pem)
                    let signature = try key.sign([1])
                    let record = DKIMKeyRecord(keyType: .ed25519, publicKey: key.publicKey)
                    guard DKIMPublicKey.check(record, signature, [1]) == .valid,
                        DKIMPublicKey.check(record, signature, [2]) == .invalid,
                        (try? DKIMPrivateKey(pem: [1, 2, 3])) == nil,
                        (try? DKIMPrivateKey(pem: DKIMKeyTests.ellipticKey())) == nil,
                        (try? DKIMPublicKey(.rsa, [0x30, 0])) == nil
                    else { exit(2) }
                }
                exit(LiveKeys.count.load(ordering: .relaxed) == 0 ? 0 : 1)
            } catch {
                exit(3)
            }
        }
    }
}
