import Foundation
import Mail
import TLS
import Testing

@testable import Relay

/// What `relayctl dkim` says, in JSON and for people, and which keys it signs by.
@Suite("relayctl dkim")
struct DKIMTextTests {
    private let plain = TextStyle(width: 80, isColoured: false)
    private static let pem = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
        -----END PRIVATE KEY-----

        """
    private static let own = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    private static let other = "v=DKIM1; k=ed25519; p=bGSNnX6I4u2JZ3/UULDRgKZucDSxmZ0oqIpoWYJICZI="
    private static let letter = Array("From: a@example.org\r\n\r\nHi.\r\n".utf8)

    private func json(_ document: some Encodable) -> String {
        String(decoding: ControlJSON.encode(document) ?? [], as: UTF8.self)
    }

    /// The key of RFC 8463 Appendix A.2.
    private func key() throws -> DKIMPrivateKey { try DKIMPrivateKey(pem: Array(Self.pem.utf8)) }

    private func place(_ selector: String = "s") throws -> (domain: DomainName, selector: DomainName) {
        (try DomainName("example.org"), try DomainName(selector))
    }

    private typealias Entry = (domain: String, selector: String, change: (inout Configuration.WrittenKey) -> Void)

    /// A configuration whose keys all lie in one file, for the caller to remove.
    private func configuration(_ keys: [Entry]) throws -> (value: Configuration, path: String) {
        let path = NSTemporaryDirectory() + "key-\(UUID().uuidString.prefix(8)).pem"
        #expect(
            FileManager.default.createFile(
                atPath: path, contents: Data(Self.pem.utf8), attributes: [.posixPermissions: 0o600]))
        var configuration = Configuration()
        configuration.dkim.keys = try keys.map { domain, selector, change in
            var key = Configuration.WrittenKey()
            key.domain = try DomainName(domain)
            key.selector = try DomainName(selector)
            key.file = path
            change(&key)
            return key
        }
        return (configuration, path)
    }

    @Test("verify: a table, remarks below it, and strangers' words on one line")
    func verify() {
        let results = [
            DKIMResult(.pass, "the signature is that of a.example", remarks: ["only 3 octets"], signature: nil),
            DKIMResult(.fail, "\u{1B}[2J\nx", signature: nil),
        ]
        let document = DKIMVerifyDocument(results, passedOver: 2)
        #expect(!document.isGood)
        #expect(
            document.text(plain) == """
                1 of 4 signatures passes

                domain  selector  algorithm  result  why
                -       -         -          pass    the signature is that of a.example
                -       -         -          fail    \\u{1b}[2J\\nx
                remark: on the first signature: only 3 octets
                remark: only 10 signatures are looked at, 2 were passed over

                """)
        #expect(
            json(DKIMVerifyDocument([results[0]], passedOver: 0))
                == #"{"passed_over":0,"signatures":[{"algorithm":null,"domain":null,"remarks":["only 3 octets"],"#
                + #""result":"pass","selector":null,"why":"the signature is that of a.example"}]}"#)
    }

    @Test(
        "verify is good where there are signatures and each passes",
        arguments: [
            ([], 0, false, "not signed\n"), ([.pass], 0, true, "1 of 1 signature passes\n"),
            ([.pass, .pass], 0, true, "2 of 2 signatures pass\n"), ([.pass], 1, false, "1 of 2 signatures passes\n"),
            ([.fail], 0, false, "0 of 1 signature passes\n"), ([.fail, .fail], 0, false, "0 of 2 signatures pass\n"),
            ([.pass, .neutral], 0, false, "1 of 2"), ([.temperror], 0, false, "0 of 1"),
            ([.permerror], 0, false, "0 of 1"),
        ] as [([DKIMResult.Verdict], Int, Bool, String)])
    func isGood(verdicts: [DKIMResult.Verdict], passedOver: Int, isGood: Bool, text: String) {
        let document = DKIMVerifyDocument(
            verdicts.map { DKIMResult($0, "x", signature: nil) }, passedOver: passedOver)
        #expect(document.isGood == isGood)
        #expect(document.text(plain).hasPrefix(text))
    }

    @Test("DKIM-05 RPTF-19 keygen: records, tables and steps, the lines to be copied unbroken, nothing of the secret")
    func keygen() throws {
        let document = DKIMKeygenDocument([
            DKIMKeyDocument(try key(), at: try place(), file: "/k/\"s\".pem", isForReports: true)
        ])
        let text = document.text(plain)
        #expect(text.contains("\ns._domainkey.example.org. IN TXT ( \"\(Self.own)\" )\n"))
        #expect(text.contains("\ns._domainkey.example.org\n\(Self.own)\n"))
        let table = """
            [[dkim.key]]
            domain = "example.org"
            selector = "s"
            file = "/k/\\"s\\".pem"
            use = "reports"

            """
        #expect(text.contains("\n\(table)\nWhat to do next\n1. Publish the records.\n"))
        let secret = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
        for output in [text, json(document)] {
            #expect(!output.contains("PRIVATE") && !output.contains("MC4CAQ") && !output.contains(secret))
        }
        #expect(json(document).contains(#""published":null,"record":"\#(Self.own)","selector":"s","use":"reports""#))
    }

    @Test(
        "a path in TOML",
        arguments: [
            ("/a b", #""/a b""#), ("/a\"\\b", #""/a\"\\b""#), ("/a\n\u{7F}", #""/a\U0000000A\U0000007F""#),
            ("/ä\u{202E}", #""/ä\U0000202E""#),
        ])
    func toml(path: String, expected: String) {
        #expect(DKIMKeyDocument.tomlString(path) == expected)
    }

    @Test(
        "DKIM-23 record says of each key whether DNS has it",
        arguments: [
            (.records([Array(own.utf8)]), true, "published\n"),
            (.records([Array(other.utf8)]), false, "wrong: the record holds another key\n"),
            (.records([Array(own.utf8), Array(own.utf8)]), false, "wrong: the record has 2 TXT records"),
            (.records([Array("v=DKIM1; k=ed25519; p=".utf8)]), false, "wrong: the record is revoked"),
            (.records([Array((own + "; s=tlsrpt").utf8)]), false, "wrong: the record is not for this use"),
            (.absent("no such name"), false, "wrong: the record is not published: no such name\n"),
            (.failed("SERVFAIL"), false, "not known: the record cannot be looked up: SERVFAIL\n"),
        ] as [(DKIMKeyLookup, Bool, String)])
    func record(lookup: DKIMKeyLookup, isGood: Bool, words: String) throws {
        let (configuration, path) = try self.configuration([
            ("example.org", "s", { $0.notBefore = WallTime(seconds: 0) })
        ])
        defer { try? FileManager.default.removeItem(atPath: path) }
        let inventory = try KeyInventory(loading: configuration)
        #expect(inventory.names.map(\.text) == ["s._domainkey.example.org"])
        let document = inventory.document { _ in lookup }
        #expect(document.isGood == isGood)
        let text = document.text(plain)
        #expect(text.hasPrefix("s._domainkey.example.org: Ed25519, /"))
        #expect(text.contains(", not before 1970-01-01T00:00:00Z\n\(words)"), "\(text)")
        #expect(text.contains("\n\(Self.own)\n"))
    }

    @Test("record of a file alone, and of a configuration without keys")
    func files() throws {
        let document = DKIMRecordDocument([DKIMKeyDocument(try key(), at: nil, file: "k.pem")])
        #expect(document.isGood)
        #expect(document.text(plain) == "a key: Ed25519, k.pem\n\"\(Self.own)\"\n\(Self.own)\n")
        #expect(
            json(document)
                == #"{"keys":[{"bits":256,"domain":null,"file":"k.pem","key_type":"ed25519","name":null,"#
                + #""not_before":null,"published":null,"record":"\#(Self.own)","selector":null,"use":"mail","#
                + #""why":null,"zone_file":["\"\#(Self.own)\""]}]}"#)
        #expect(!DKIMRecordDocument(asked: []).isGood)
        #expect(DKIMRecordDocument(asked: []).text(plain).hasPrefix("The configuration has no [[dkim.key]]."))
        let domain = try DomainName("example.org")
        let words = DKIMRecordDocument(asked: [], domain: domain).text(TextStyle(width: 200, isColoured: false))
        #expect(
            words
                == "The configuration has no [[dkim.key]] of example.org. Make one: relayctl dkim keygen example.org.\n"
        )
    }

    @Test("record: the wrong ones first, a last line with the cure, --domain and --wrong")
    func records() throws {
        let (configuration, path) = try self.configuration([
            ("example.org", "good", { _ in }), ("example.org", "unknown", { _ in }), ("example.org", "bad", { _ in }),
            ("example.com", "good", { _ in }),
        ])
        defer { try? FileManager.default.removeItem(atPath: path) }
        let wide = TextStyle(width: 400, isColoured: false)
        func document(_ domain: String?, isOfFaultsAlone: Bool = false) throws -> (names: [String], DKIMRecordDocument)
        {
            let inventory = try KeyInventory(loading: configuration, domain: domain.map { try DomainName($0) })
            let document = inventory.document(isOfFaultsAlone: isOfFaultsAlone) { name in
                switch name.labels.first {
                case "good": .records([Array(Self.own.utf8)])
                case "bad": .absent("no such name")
                default: .failed("SERVFAIL")
                }
            }
            return (document.keys.compactMap(\.selector.value), document)
        }
        let all = try document(nil)
        #expect(all.names == ["bad", "unknown", "good", "good"])
        #expect(
            all.1.text(wide).hasSuffix(
                "\n\n1 of 4 is not published as it should be: publish the line above as it stands. What DNS had before may be "
                    + "seen until its TTL is over. 1 of 4 could not be looked up: see that DNS answers here, and ask again.\n"
            ))
        #expect(!all.1.isGood)
        let wrong = try document("example.org", isOfFaultsAlone: true)
        #expect(wrong.names == ["bad", "unknown"])
        #expect(wrong.1.text(wide).contains("\n1 of 3 is not published"), "all of the domain count")
        let good = try document("example.com", isOfFaultsAlone: true)
        #expect(good.names.isEmpty && good.1.isGood)
        #expect(good.1.text(wide) == "1 of 1 is published as it should be.\n")
        #expect(try !document("example.net").1.isGood)
    }

    private func selectors(
        _ from: String, _ configuration: Configuration, at time: Int64
    ) throws(OfflineSigningError) -> [String] {
        try OfflineSigning.keys(
            of: configuration, for: Array("From: \(from)\r\n\r\n".utf8), at: WallTime(seconds: time)
        ).map(\.selector.text)
    }

    @Test("sign chooses as the daemon does: the author's domain, the key whose time has come, none for reports alone")
    func choice() throws {
        let keys: [Entry] = [
            ("example.org", "old", { $0.subdomains = true }),
            ("example.org", "new", { $0.notBefore = WallTime(seconds: 1000) }),
            ("example.org", "reports", { $0.use = .reports }), ("example.com", "other", { _ in }),
        ]
        let (configuration, path) = try self.configuration(keys)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try selectors("a@example.org", configuration, at: 999) == ["old"])
        #expect(try selectors("a@example.org", configuration, at: 1000) == ["new"])
        #expect(try selectors("a@mail.example.org", configuration, at: 1000) == ["old"])
        #expect(try selectors("a@example.com", configuration, at: 0) == ["other"])
        for (from, words) in [
            ("a@example.net", "no key of the configuration is for mail of example.net"),
            ("a@mail.example.com", "no key of the configuration is for mail of mail.example.com"),
            ("a@example.org, b@example.com", "it cannot be signed: the addresses in From are of several domains"),
        ] {
            let error = #expect(throws: OfflineSigningError.self) { try selectors(from, configuration, at: 0) }
            guard case .unsigned(let why)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(why.hasPrefix(words))
        }
    }

    @Test("sign says when the first key begins, and that keys are for reports alone")
    func beginning() throws {
        let (configuration, path) = try self.configuration([
            ("example.org", "later", { $0.notBefore = WallTime(seconds: 2000) }),
            ("example.org", "soon", { $0.notBefore = WallTime(seconds: 1000) }),
            ("example.com", "reports", { $0.use = .reports }),
        ])
        defer { try? FileManager.default.removeItem(atPath: path) }
        for (from, words) in [
            (
                "a@example.org",
                "the key soon of example.org begins to sign at 1970-01-01T00:16:40Z (not_before), and no "
                    + "other is for mail of example.org"
            ),
            (
                "a@example.com",
                "the keys of example.com are for reports alone (use = \"reports\"), and none is for its mail"
            ),
        ] {
            #expect(throws: OfflineSigningError.unsigned(words)) { try selectors(from, configuration, at: 999) }
        }
        #expect(try selectors("a@example.org", configuration, at: 1000) == ["soon"])
    }

    @Test("what sign makes verifies, once for each key; the same domain does not sign twice by itself")
    func roundTrip() throws {
        let keys = try ["a", "b"].map { selector in
            OfflineSigning.Key(
                domain: try place().domain, selector: try DomainName(selector), privateKey: try key())
        }
        let time = WallTime(seconds: 1_700_000_000)
        let document = try OfflineSigning.sign(Self.letter, by: keys, at: time)
        #expect(document.signatures.map(\.selector) == ["a", "b"])
        #expect(document.signatures.allSatisfy { $0.algorithm == "ed25519-sha256" && $0.field.hasSuffix("\r\n") })
        let signed = document.fields + Self.letter
        let verification = OfflineVerification(of: signed, at: time)
        #expect(verification.keyNames.map(\.text) == ["a._domainkey.example.org", "b._domainkey.example.org"])
        #expect(verification.document { _ in .records([Array(Self.own.utf8)]) }.isGood)
        #expect(!verification.document { _ in .absent("no such name") }.isGood)
        let (configuration, path) = try self.configuration([("example.org", "s", { _ in })])
        defer { try? FileManager.default.removeItem(atPath: path) }
        let error = #expect(throws: OfflineSigningError.self) {
            try OfflineSigning.keys(of: configuration, for: signed, at: time)
        }
        #expect(error == .unsigned("it is signed by example.org already, and passes untouched"))
    }

    @Test("verify tells of l= and of a key under test")
    func remarks() throws {
        let testing = Self.own.replacingOccurrences(of: "k=", with: "t=y; k=")
        let key = OfflineSigning.Key(domain: try place().domain, selector: try place().selector, privateKey: try key())
        let document = try OfflineSigning.sign(Self.letter, by: [key], at: WallTime(seconds: 0))
        let verification = OfflineVerification(of: document.fields + Self.letter, at: WallTime(seconds: 0))
        let text = verification.document { _ in .records([Array(testing.utf8)]) }.text(plain)
        #expect(text.contains("remark: on the first signature: the key is under test (t=y)"))
        // l= counts as content, so this signature is wrong; the remark comes all the same.
        let limited = String(decoding: document.fields, as: UTF8.self).replacingOccurrences(
            of: "v=1;", with: "v=1; l=1;")
        let second = OfflineVerification(of: Array(limited.utf8) + Self.letter, at: WallTime(seconds: 0))
        let words = second.document { _ in .records([Array(Self.own.utf8)]) }
            .text(TextStyle(width: 160, isColoured: false))
        #expect(words.contains("only the first 1 octets of the body are signed (l=)"))
        #expect(words.hasPrefix("0 of 1 signature passes"))
    }
}
