import Testing

@testable import Mail

/// DKIM-Signature fields, read (RFC 6376 §3.5, §6.1.1).
@Suite struct SignatureTests {
    static let hash = String(repeating: "A", count: 43) + "="

    /// A signature with all that is required; `edit` sets tags, or takes them away with nil.
    static func field(_ edit: [String: String?] = [:]) -> String {
        var tags = [
            ("v", "1"), ("a", "rsa-sha256"), ("d", "example.org"), ("s", "sel"), ("h", "from:to"), ("bh", hash),
            ("b", "AAAA"),
        ]
        for (name, value) in edit.sorted(by: { $0.key < $1.key }) {
            tags.removeAll { $0.0 == name }
            if let value { tags.append((name, value)) }
        }
        return tags.map { "\($0.0)=\($0.1)" }.joined(separator: "; ")
    }

    static func read(_ text: String) throws(DKIMFault) -> DKIMSignature {
        try DKIMSignature(parsing: text.utf8)
    }

    @Test("DKIM-06 a field with all tags")
    func whole() throws {
        let text = """
             v=1; a=ed25519-sha256; c=relaxed/simple; d=Example.ORG;\r\n\ts = k1.mail ; h=From : To:\r\n subject:from ;\
             i=joe=20x@news.example.org; l=12; q=dns/txt:other; t=100; x=200; z=From:a|To:b; unknown=1;\
             bh=AAAAAAAAAAAAAAAAAAAAAA\r\n AAAAAAAAAAAAAAAAAAAAA=; b=AQI\r\n D;
            """
        let signature = try Self.read(text)
        #expect(signature.algorithm == .ed25519SHA256)
        #expect(signature.canonicalization == DKIMCanonicalization(header: .relaxed, body: .simple))
        #expect(signature.signingDomain.text == "example.org" && signature.selector.text == "k1.mail")
        #expect(signature.keyName.text == "k1.mail._domainkey.example.org")
        #expect(signature.names == ["from", "to", "subject", "from"])
        #expect(signature.identity?.domain.text == "news.example.org")
        #expect(signature.identity.map { String(decoding: $0.localPart, as: UTF8.self) } == "joe x")
        #expect(signature.bodyLength == 12)
        #expect(signature.time?.seconds == 100 && signature.expiry?.seconds == 200)
        #expect(signature.bodyHash == [UInt8](repeating: 0, count: 32) && signature.signature == [1, 2, 3])
    }

    @Test("DKIM-06 what is left out has its default")
    func defaults() throws {
        let signature = try Self.read(Self.field())
        #expect(signature.canonicalization == .simple, "DKIM-12")
        #expect(signature.identity == nil && signature.bodyLength == nil)
        #expect(signature.time == nil && signature.expiry == nil)
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let text: String
        let kind: DKIMFault.Kind
        let words: String

        init(_ edit: [String: String?], _ kind: DKIMFault.Kind, _ words: String) {
            self.init(text: SignatureTests.field(edit), kind, words)
        }

        init(text: String, _ kind: DKIMFault.Kind, _ words: String) {
            self.text = text
            self.kind = kind
            self.words = words
        }

        var testDescription: String { words }
    }

    @Test(
        "DKIM-06 fields that are refused, and why",
        arguments: [
            Bad(["v": nil], .unacceptable, "the tag v= is missing"),
            Bad(["a": nil], .unacceptable, "the tag a= is missing"),
            Bad(["b": nil], .unacceptable, "the tag b= is missing"),
            Bad(["bh": nil], .unacceptable, "the tag bh= is missing"),
            Bad(["d": nil], .unacceptable, "the tag d= is missing"),
            Bad(["h": nil], .unacceptable, "the tag h= is missing"),
            Bad(["s": nil], .unacceptable, "the tag s= is missing"),
            Bad(["b": ""], .unacceptable, "the tag b= is empty"),
            Bad(["h": ""], .unacceptable, "the tag h= is empty"),
            Bad(["v": "2"], .unacceptable, "the version v=2 is unknown"),
            Bad(["v": "1.0"], .unacceptable, "the version v=1.0 is unknown"),
            Bad(["a": "rsa-sha1"], .historicAlgorithm, "rsa-sha1 is no longer accepted (RFC 8301)"),
            Bad(["a": "rsa-sha512"], .unacceptable, "the algorithm a=rsa-sha512 is unknown"),
            Bad(["a": "RSA-SHA256"], .unacceptable, "the algorithm a=RSA-SHA256 is unknown"),
            Bad(["c": "nofws"], .unacceptable, "the canonicalization c=nofws is unknown"),
            Bad(["c": "relaxed/bogus"], .unacceptable, "the canonicalization c=relaxed/bogus is unknown"),
            Bad(["c": ""], .unacceptable, "the canonicalization c= is unknown"),
            Bad(["bh": "AAAA"], .syntax, "the body hash bh= has 3 octets, not 32"),
            Bad(["b": "AA"], .syntax, "the value of b= is no base64"),
            Bad(["b": "A?AA"], .syntax, "the value of b= is no base64"),
            Bad(["d": "org"], .syntax, "d=org is no domain name"),
            Bad(["d": "a_b.example"], .syntax, "d=a_b.example is no domain name"),
            Bad(["d": "a..example"], .syntax, "d=a..example is no domain name"),
            Bad(["d": "example.org."], .syntax, "d=example.org. is no domain name"),
            Bad(["d": "f\u{F6}\u{F6}.example"], .syntax, "d=f\u{F6}\u{F6}.example is no domain name"),
            Bad(["s": "a b"], .syntax, "s=a b is no domain name"),
            Bad(
                ["s": String(repeating: "x", count: 64)], .syntax,
                "s=\(String(repeating: "x", count: 60))… is no domain name"),
            Bad(["h": "to:subject"], .unacceptable, "h= does not cover the From field"),
            Bad(["h": "from::to"], .syntax, "\"\" in h= is no name of a field"),
            Bad(["h": "from:a b"], .syntax, "\"a b\" in h= is no name of a field"),
            Bad(
                ["i": "@other.example"], .unacceptable,
                "the domain of i=, other.example, is not example.org or below it"),
            Bad(
                ["i": "@notexample.org"], .unacceptable,
                "the domain of i=, notexample.org, is not example.org or below it"),
            Bad(["i": "joe"], .syntax, "i=joe is no identity: \"@domain\" is due"),
            Bad(["i": "a=4x@example.org"], .syntax, "i=a=4x@example.org is no quoted-printable"),
            Bad(["l": "-1"], .syntax, "l=-1 is no number"),
            Bad(["l": ""], .syntax, "l= is no number"),
            Bad(
                ["l": String(repeating: "0", count: 77)], .syntax,
                "l=\(String(repeating: "0", count: 60))… is no number"),
            Bad(["t": "now"], .syntax, "t=now is no time"),
            Bad(["t": "1234567890123"], .syntax, "t=1234567890123 is no time"),
            Bad(["t": "10", "x": "9"], .unacceptable, "it expires (x=) before it was made (t=)"),
            Bad(["t": "10", "x": "10"], .unacceptable, "it expires (x=) before it was made (t=)"),
            Bad(["q": "dns/foo"], .unacceptable, "no method of q=dns/foo is known"),
            Bad(text: "", .syntax, "there is no tag"),
            Bad(text: "v=1; ; a=x", .syntax, "a tag is empty"),
            Bad(text: ";", .syntax, "a tag is empty"),
            Bad(text: field() + "; d=example.org", .syntax, "the tag d= is there twice"),
            Bad(text: field() + "; x", .syntax, "\"x\" is no tag"),
            Bad(text: field() + "; 1x=y", .syntax, "\"1x\" is no name of a tag"),
            Bad(text: field() + "; y=a\u{0}b", .syntax, "the tag y= holds control characters"),
            Bad(text: field() + "; y=a\rb", .syntax, "the tag y= holds control characters"),
            Bad(text: field() + "; y=a\r\nb", .syntax, "the tag y= holds control characters"),
        ])
    func refused(_ bad: Bad) {
        #expect(throws: DKIMFault(bad.kind, bad.words)) { try Self.read(bad.text) }
    }

    @Test(
        "fields that are read",
        arguments: [
            (field(["D": "x"]), "names of tags have a case"),
            (field() + ";", "the last semicolon"),
            (field() + "; \r\n ", "and blanks behind it"),
            (field(["d": "xn--f-1gaa.example"]), "DKIM-19 A-labels"),
            (field(["s": "a_b"]), "an underscore in a selector"),
            (field(["i": "@EXAMPLE.org"]), "DKIM-18 the same domain in another case"),
            (field(["i": "@a.b.example.org"]), "DKIM-18 a domain below"),
            (field(["l": String(repeating: "9", count: 76)]), "the longest number"),
            (field(["t": "999999999999"]), "the latest time"),
            (field(["b": "A A\r\n A A"]), "folds in base64"),
        ])
    func read(_ text: String, _ why: String) throws {
        #expect(throws: Never.self, "\(why)") { try Self.read(text) }
    }

    @Test("a number of octets that no body has is the greatest")
    func greatest() throws {
        #expect(try Self.read(Self.field(["l": String(repeating: "9", count: 76)])).bodyLength == .max)
    }

    @Test("the longest name of a key, and one that is longer")
    func keyName() throws {
        // 253 in all: sel._domainkey. takes 15.
        let label = String(repeating: "x", count: 59)
        let longest = [label, label, label, label].joined(separator: ".")
        #expect(longest.utf8.count == 239)
        #expect(try Self.read(Self.field(["d": String(longest.dropFirst())])).keyName.text.utf8.count == 253)
        #expect(throws: DKIMFault(.unacceptable, "s= and d= make too long a name together")) {
            try Self.read(Self.field(["d": longest]))
        }
    }

    @Test("the longest name of a tag, and one that is longer", arguments: [0, 1])
    func tagName(_ surplus: Int) {
        let name = String(repeating: "x", count: DKIMTagList.nameLimit + surplus)
        if surplus == 0 {
            #expect(throws: Never.self) { try Self.read(Self.field([name: "y"])) }
        } else {
            #expect(throws: DKIMFault(.syntax, "\"\(name.prefix(60))…\" is no name of a tag")) {
                try Self.read(Self.field([name: "y"]))
            }
        }
    }
}
