import Testing

@testable import Mail

/// Which messages are signed, and by whose domain (DKIM-22).
@Suite struct SignableTests {
    struct From: Sendable, CustomTestStringConvertible {
        let value: String
        let domain: String?
        let why: String

        init(_ value: String, _ domain: String?, _ why: String) {
            self.value = value
            self.domain = domain
            self.why = why
        }

        var testDescription: String { "\(why): \(value)" }
    }

    static let froms = [
        From("joe@example.org", "example.org", "a bare address"),
        From(" <joe@example.org>", "example.org", "an address in brackets"),
        From("Joe Q. Public <joe@example.org>", "example.org", "a name with a dot"),
        From("\"Public, Joe <a@b.example>\" <joe@example.org>", "example.org", "a quoted name with an address in it"),
        From("\"a\\\"@x.example\" <joe@example.org>", "example.org", "a quoted quote"),
        From("joe@example.org (Joe @ home, <x@y.example>)", "example.org", "a comment behind"),
        From("(a (b) \\) c) joe (x) @ (y) example (z) . org", "example.org", "comments everywhere"),
        From("Joe\r\n <joe@example.org>", "example.org", "a folded field"),
        From("Joe <joe\r\n\t@example.org>", "example.org", "a folded address"),
        From("=?utf-8?Q?J=C3=B6?= <joe@example.org>", "example.org", "an encoded-word"),
        From(
            "=?utf-8?Q?joe@work:_home?= <joe@example.org>", "example.org", "an encoded-word with marks left as they are"
        ),
        From("=?utf-8?B?SsO2?= =?utf-8?B?SsO2?= <joe@example.org>", "example.org", "two encoded-words"),
        From("J\u{F6} <joe@example.org>", "example.org", "a name in UTF-8"),
        From("joe@\u{FC}ber.example", "\u{FC}ber.example", "DKIM-19 a U-label as it is"),
        From("joe@Example.ORG", "Example.ORG", "case as it is"),
        From("\"j o\"@example.org", "example.org", "a quoted local-part"),
        From("\"a\".b.\"c\"@example.org", "example.org", "a local-part in pieces"),
        From(".j..o.@example.org", "example.org", "dots where they do not belong in a local-part"),
        From("<@a.example,@b.example:joe@example.org>", "example.org", "a source route"),
        From("a@example.org, b@EXAMPLE.org", "example.org", "two authors of one domain"),
        From(",a@example.org,,", "example.org", "empty elements"),
        From("Team: a@example.org, Joe <b@example.org>;", "example.org", "a group"),
        From("Team: a@example.org;, b@example.org", "example.org", "a group and more"),
        From("a.b@sub-1.example_x.org", "sub-1.example_x.org", "digits, hyphens and underscores"),
        From("", nil, "nothing"),
        From("Joe", nil, "a name alone"),
        From("<>", nil, "no address in the brackets"),
        From("joe", nil, "no domain"),
        From("joe@", nil, "an empty domain"),
        From("@example.org", nil, "no local-part"),
        From("<@example.org>", nil, "no local-part in brackets"),
        From("joe@[192.0.2.1]", nil, "a domain literal"),
        From("joe@example.org.", nil, "a final dot"),
        From("joe@.example.org", nil, "a dot in front"),
        From("joe@exa mple.org", nil, "a blank in the domain"),
        From("joe@example.org joe@example.org", nil, "two addresses without a comma"),
        From("<joe@example.org> x", nil, "text behind the address"),
        From("Joe joe@example.org", nil, "a name before a bare address"),
        From("a@b@example.org", nil, "two signs"),
        From("<joe@example.org", nil, "no closing bracket"),
        From("joe@example.org>", nil, "no opening bracket"),
        From("<<joe@example.org>>", nil, "brackets in brackets"),
        From("\"Joe <joe@example.org>", nil, "a quoted string without end"),
        From("\"Foo \"BAR Baz\" <joe@example.org>", nil, "a quote too many"),
        From("(Joe joe@example.org", nil, "a comment without end"),
        From("joe@[x", nil, "a literal without end"),
        From("Joe) <joe@example.org>", nil, "a comment without start"),
        From("Joe <joe@example.org> <joe@example.org>", nil, "two addresses"),
        From("a@x.example <joe@example.org>", nil, "an address for a name"),
        From("=?utf-8?Q?,<a@x.example>,?= <joe@example.org>", nil, "an encoded-word that others read as an address"),
        From("Team: a@example.org", nil, "a group without end"),
        From("Team:;", nil, "an empty group"),
        From("A: B: a@example.org;;", nil, "a group in a group"),
        From(": a@example.org;", nil, "a group without a name"),
        From(";", nil, "the end of no group"),
        From("joe@example.org\u{0}", nil, "a NUL"),
        From("joe@exam\\ple.org", nil, "a backslash"),
        From("joe@exam+ple.org", nil, "what no domain has"),
    ]

    @Test("DKIM-22 the author's domain", arguments: froms)
    func domain(_ from: From) {
        #expect((try? DKIMAuthor.domain(of: from.value.utf8)) == from.domain)
    }

    @Test("DKIM-22 authors of several domains are named")
    func severalDomains() {
        #expect(throws: DKIMUnsignable.severalDomains("a.example", "b.example")) {
            try DKIMAuthor.domain(of: "x@a.example, y@A.example, z@b.example".utf8)
        }
        #expect(throws: DKIMUnsignable.severalDomains("a.example", "sub.a.example")) {
            try DKIMAuthor.domain(of: "G: x@a.example;, y@sub.a.example".utf8)
        }
    }

    @Test("the longest encoded-word that hides a sign, and one that is longer", arguments: [0, 1])
    func encodedWord(_ surplus: Int) {
        let (start, end) = ("=?utf-8?Q?a@", "?=")
        let count = DKIMAddressLexer.encodedWordLimit + surplus - start.utf8.count - 1
        let word = start + String(repeating: "x", count: count) + end
        let domain = try? DKIMAuthor.domain(of: "\(word) <joe@example.org>".utf8)
        #expect(domain == (surplus == 0 ? "example.org" : nil))
    }

    @Test("a domain that is no UTF-8 is not read")
    func badOctets() {
        #expect(throws: DKIMUnsignable.unreadableFrom("an address has no domain that can be read")) {
            try DKIMAuthor.domain(of: Array("a@".utf8) + [0xFF] + Array(".example".utf8))
        }
    }

    @Test(
        "DKIM-22 messages that are not signed, and why",
        arguments: [
            ("", DKIMUnsignable.noFrom),
            ("\r\nFrom: a@example.org\r\n", .noFrom),
            ("To: a@example.org\r\n\r\n", .noFrom),
            ("From: a@example.org\r\nfrom: b@example.org\r\n\r\n", .severalFrom(2)),
            ("From : a@example.org\r\nFROM: a@example.org\r\n\r\n", .severalFrom(2)),
            ("From: joe\r\n\r\n", .unreadableFrom("a name stands there without an address")),
            ("From:\r\n\r\n", .unreadableFrom("it names no address")),
            (" From: a@example.org\r\n\r\n", .noField(line: 1)),
            ("From: a@example.org\r\nno field\r\n\r\n", .noField(line: 2)),
            ("Subject: a\r\n b\r\nFr\u{F6}m: x\r\nFrom: a@example.org\r\n\r\n", .noField(line: 3)),
            (":\r\n\r\n", .noField(line: 1)),
            ("From: a@example.org\r\nx y: z\r\n\r\n", .noField(line: 2)),
            ("From: a@example.org", .unfinishedHeader),
            ("From: a@example.org\r", .unfinishedHeader),
        ])
    func refused(_ content: String, _ reason: DKIMUnsignable) {
        #expect(throws: reason) { try DKIMSignable(reading: Array(content.utf8)) }
        #expect(!reason.words.isEmpty && !reason.words.hasSuffix("."))
    }

    @Test("the place where the body begins is the one the content has: after the first empty line")
    func bodyOffset() throws {
        let content = "From: a@example.org\r\nSubject: x\r\n \r\n y\r\n\r\nTo: body\r\n"
        let message = try DKIMSignable(reading: Array(content.utf8))
        #expect(String(decoding: Array(content.utf8)[message.bodyOffset...], as: UTF8.self) == "To: body\r\n")
        #expect(message.header.fields.map(\.name) == ["From", "Subject"])
        // No empty line: all is header section, and the body is empty.
        let bodyless = Array("From: a@example.org\r\n".utf8)
        #expect(try DKIMSignable(reading: bodyless).bodyOffset == bodyless.count)
    }

    @Test("the longest header section, and one that is longer", arguments: [0, 1])
    func headerLimit(_ surplus: Int) throws {
        let from = "From: a@example.org\r\n"
        let count = DKIMSignable.headerLimit - from.utf8.count - "X: \r\n".utf8.count + surplus
        let header = from + "X: " + String(repeating: "x", count: count) + "\r\n"
        #expect(header.utf8.count == DKIMSignable.headerLimit + surplus)
        for rest in ["\r\n", "\r\nbody", ""] {
            let content = Array((header + rest).utf8)
            for read in [content, Array(content.prefix(DKIMSignable.readLimit))] {
                if surplus == 0 {
                    #expect(try DKIMSignable(reading: read).bodyOffset == header.utf8.count + (rest.isEmpty ? 0 : 2))
                } else {
                    #expect(throws: DKIMUnsignable.headerTooLong) { try DKIMSignable(reading: read) }
                }
            }
        }
        // However much follows.
        let endless = Array(header.utf8) + [UInt8](repeating: 0x20, count: 100_000)
        #expect(throws: DKIMUnsignable.headerTooLong) { try DKIMSignable(reading: endless) }
    }

    @Test("DKIM-17 a signature that is there already is known by its domain, whatever else is wrong with it")
    func alreadySigned() throws {
        let content = """
            DKIM-Signature: v=1; d=Example.ORG; s=x\r\ndkim-signature: d=other.example\r\nDKIM-Signature: garbage\r\n\
            From: a@example.org\r\n\r\n
            """
        let message = try DKIMSignable(reading: Array(content.utf8))
        #expect(message.isSigned(for: try DomainName("example.org")))
        #expect(message.isSigned(for: try DomainName("other.example")))
        #expect(!message.isSigned(for: try DomainName("sub.example.org")))
    }
}
