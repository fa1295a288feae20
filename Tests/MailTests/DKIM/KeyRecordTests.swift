import Testing

@testable import Mail

/// Key records, read and written (RFC 6376 §3.6.1).
@Suite struct KeyRecordTests {
    static let ed25519 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

    static func read(_ text: String) throws(DKIMFault) -> DKIMKeyRecord {
        try DKIMKeyRecord(parsing: Array(text.utf8))
    }

    @Test("a record with all tags")
    func whole() throws {
        let record = try Self.read(
            "v=DKIM1; k=ed25519; h=sha1 : sha256; s=email:tlsrpt ;\tt=y:s:z; n=made=20by hand; x=y; p=\(Self.ed25519);")
        #expect(record.keyType == .ed25519 && record.publicKey.count == 32)
        #expect(record.hashes == ["sha1", "sha256"] && record.services == ["email", "tlsrpt"])
        #expect(record.isTesting && record.isStrict && !record.isRevoked)
        #expect(record.notes == "made byhand")
    }

    @Test("what is left out has its default")
    func defaults() throws {
        let record = try Self.read("p=MAA=")
        #expect(record.keyType == .rsa && record.publicKey == [0x30, 0])
        #expect(record.services.isEmpty && record.hashes.isEmpty && !record.isTesting && !record.isStrict)
        #expect(record.notes == nil && record.allowsSHA256 && record.isForMail && record.isForReports)
    }

    @Test(
        "records that are refused, and why",
        arguments: [
            ("", "there is no tag"),
            ("v=DKIM1", "the tag p= is missing"),
            ("v=DKIM2; p=", "the version v=DKIM2 is unknown"),
            ("v=DKIM1.0; p=", "the version v=DKIM1.0 is unknown"),
            ("v=dkim1; p=", "the version v=dkim1 is unknown"),
            ("p=; v=DKIM1", "v= is not the first tag"),
            ("v=spf1 -all", "the version v=spf1 -all is unknown"),
            ("v=DKIM1; k=dsa; p=MAA=", "the key type k=dsa is unknown"),
            ("v=DKIM1; p=M", "the value of p= is no base64"),
            ("v=DKIM1; p=AAAA", "the value of p= is no RSA key"),
            ("v=DKIM1; k=ed25519; p=AAAA", "an Ed25519 key has 32 octets, and p= has 3"),
            ("v=DKIM1; p=; p=", "the tag p= is there twice"),
            ("v=DKIM1; s=email::x; p=", "the list s= has an empty element"),
            ("v=DKIM1; h=\u{8C}; p=", "the list h= has an element that is no word"),
            ("v=DKIM1; p=MAA=;; ", "a tag is empty"),
            ("hello", "\"hello\" is no tag"),
        ])
    func refused(_ text: String, _ words: String) {
        do throws(DKIMFault) {
            _ = try Self.read(text)
            Issue.record("\(text) is read")
        } catch {
            #expect(error.words == words)
        }
    }

    @Test("a revoked key")
    func revoked() throws {
        for text in ["v=DKIM1; p=", "v=DKIM1; p= ;", "v=DKIM1; k=ed25519; p="] {
            let record = try Self.read(text)
            #expect(record.isRevoked && !record.matches(record.keyType, publicKey: []))
        }
    }

    @Test(
        "RPTF-19 who takes the key, by s=",
        arguments: [
            ("", true, true, false), ("s=*; ", true, true, false), ("s=email; ", true, false, false),
            ("s=tlsrpt; ", false, true, true), ("s=email:tlsrpt; ", true, true, false),
            ("s=other; ", false, false, false),
            ("s=other:*; ", true, true, false), ("s=; ", true, true, false),
        ])
    func services(_ tag: String, _ mail: Bool, _ reports: Bool, _ isHidden: Bool) throws {
        let record = try Self.read("v=DKIM1; \(tag)p=MAA=")
        #expect(record.isForMail == mail && record.isForReports == reports)
        #expect(record.isHiddenFromOrdinaryVerifiers == isHidden)
    }

    @Test("DKIM-23 the record of a private key, and of another")
    func matches() throws {
        let record = try Self.read("k=ed25519; p=\(Self.ed25519)")
        #expect(record.matches(.ed25519, publicKey: record.publicKey))
        #expect(!record.matches(.rsa, publicKey: record.publicKey))
        #expect(!record.matches(.ed25519, publicKey: record.publicKey.reversed()))
    }

    @Test("the text reads back as the record it is of")
    func text() throws {
        let records = [
            DKIMKeyRecord(keyType: .rsa, publicKey: [0x30] + [UInt8](repeating: 9, count: 549)),
            DKIMKeyRecord(keyType: .ed25519, publicKey: [UInt8](repeating: 1, count: 32), isStrict: true),
            DKIMKeyRecord(
                keyType: .rsa, publicKey: [0x30], isTesting: true, isStrict: true, services: ["email", "tlsrpt"],
                hashes: ["sha256"], notes: "key; of \"March\""),
            DKIMKeyRecord(keyType: .rsa, publicKey: []),
        ]
        for record in records {
            #expect(try Self.read(record.text) == record)
            #expect(record.strings.joined() == record.text)
            #expect(record.strings.allSatisfy { (1...255).contains($0.utf8.count) })
            #expect(record.strings.dropLast().allSatisfy { $0.utf8.count == 255 })
        }
        #expect(
            records[1].text
                == "v=DKIM1; k=ed25519; t=s; p=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=")
    }

    @Test("No character is cut in two between strings")
    func stringsBeyondASCII() {
        let record = DKIMKeyRecord(keyType: .ed25519, publicKey: [], services: [String(repeating: "ü", count: 200)])
        #expect(record.strings.joined() == record.text)
        #expect(record.strings.allSatisfy { (1...DKIMKeyRecord.stringLimit).contains($0.utf8.count) })
    }

    @Test("the record for a zone file")
    func zoneFile() throws {
        let name = try DomainName("sel._domainkey.example.org")
        let short = DKIMKeyRecord(keyType: .rsa, publicKey: [0x30, 0])
        #expect(
            short.zoneFileLines(name: name)
                == ["sel._domainkey.example.org. IN TXT ( \"v=DKIM1; k=rsa; p=MAA=\" )"])
        let long = DKIMKeyRecord(keyType: .rsa, publicKey: [0x30] + [UInt8](repeating: 0, count: 293))
        let lines = long.zoneFileLines(name: name)
        #expect(
            lines.count == 2 && lines[0].hasSuffix("\"") && lines[1].hasPrefix("    \"") && lines[1].hasSuffix("\" )"))
        #expect(
            lines.joined().split(separator: "\"").enumerated().filter { $0.offset == 1 || $0.offset == 3 }
                .map(\.element).joined() == long.text)
    }
}
