import Testing

@testable import Mail

struct PathTests {
    static let label63 = String(repeating: "d", count: 63)

    @Test(
        "SRV-20 Paths that RFC 5321 §4.1.2 knows",
        arguments: [
            ("<u@c.example>", "u@c.example"),
            ("<Ab@X.Example>", "Ab@x.example"),  // SRV-05: the local-part's case stays, the domain's does not matter.
            ("<@a,@b:u@c.example>", "u@c.example"),  // The route is ignored.
            ("<@a.example:u@c.example>", "u@c.example"),
            ("<\"ok\"@c.example>", "ok@c.example"),  // Quoted = unquoted.
            ("<\"o\\k\"@c.example>", "ok@c.example"),
            ("<\"a.b\"@c.example>", "a.b@c.example"),
            ("<\"a b\"@c.example>", "\"a b\"@c.example"),  // Needs its quotes.
            ("<\"a\\ b\"@c.example>", "\"a b\"@c.example"),
            ("<\"a..b\"@c.example>", "\"a..b\"@c.example"),
            ("<\"a\\\"b\\\\\"@c.example>", "\"a\\\"b\\\\\"@c.example"),
            ("<\"@a,@b:<user>\"@d.example>", "\"@a,@b:<user>\"@d.example"),
            ("<u@[192.0.2.1]>", "u@[192.0.2.1]"),
            ("<u@[IPv6:2001:DB8::1]>", "u@[IPv6:2001:db8::1]"),
            ("<u@[ipv6:::1]>", "u@[IPv6:::1]"),
            ("<!#$%&'*+-/=?^_`{|}~@c.example>", "!#$%&'*+-/=?^_`{|}~@c.example"),
            ("<u@sales>", "u@sales"),  // Good grammar; the session refuses it.
            ("<u@1.2.3.4>", "u@1.2.3.4"),  // A name of digits, no literal.
            ("<Postmaster@c.example>", "Postmaster@c.example"),
        ])
    func valid(text: String, mailbox: String) throws {
        #expect(try ForwardPath(parsing: text.utf8) == .mailbox(Mailbox(parsing: mailbox.utf8)))
        let path = try ReversePath(parsing: text.utf8)
        #expect(path.description == mailbox)
    }

    @Test(
        "SRV-20 SRV-21 Paths that it does not know",
        arguments: [
            ("", .syntax), ("u@c.example", .syntax), ("<u@c.example", .syntax), ("<u@c.example>x", .syntax),
            (" <u@c.example>", .syntax), ("< u@c.example>", .localPart), ("<u@c.example >", .syntax),
            ("<\"\"@c.example>", .localPart),  // Empty quoted local-part (erratum 5414).
            ("<\"a@c.example>", .localPart), ("<\"a\\", .localPart), ("<\"a\u{1}\"@c.example>", .localPart),
            ("<.u@c.example>", .localPart), ("<u.@c.example>", .localPart), ("<u..v@c.example>", .localPart),
            ("<@c.example>", .syntax), ("<@a u@c.example>", .syntax), ("<@a,b:u@c.example>", .syntax),
            ("<u>", .domain), ("<u@>", .domain), ("<u@.c.example>", .domain), ("<u@c..example>", .domain),
            ("<u@c.example.>", .domain), ("<u@-c.example>", .domain), ("<u@c-.example>", .domain),
            ("<u@a_b.example>", .syntax),  // SRV-21: letters, digits, hyphens.
            ("<u@@c.example>", .domain), ("<u@c example>", .syntax), ("<u v@c.example>", .domain),
            ("<u@[1.2.3]>", .domain), ("<u@[999.1.1.1]>", .domain), ("<u@[::1]>", .domain),
            ("<u@[IPv6:1.2.3.4]>", .domain),
            ("<u@[IPv6:x]>", .domain), ("<u@[1.2.3.4>", .domain), ("<u@[tag:x]>", .domain), ("<u@[1.2.3.4]x>", .syntax),
            ("<\"a\"b@c.example>", .domain), ("<a\"b\"@c.example>", .domain), ("<u@c.example>>", .syntax),
            ("<u\r\n@c.example>", .domain), ("<u@c.example\0>", .syntax),
            ("<ü@c.example>", .needsUTF8), ("<u@ü.example>", .needsUTF8), ("<\"ü\"@c.example>", .needsUTF8),
            ("<\"\\ü\"@c.example>", .needsUTF8), ("<@ü.example:u@c.example>", .needsUTF8),
        ] as [(String, PathError)])
    func invalid(text: String, error: PathError) {
        #expect(throws: error) { try ForwardPath(parsing: text.utf8) }
        #expect(throws: error) { try ReversePath(parsing: text.utf8) }
    }

    @Test("SRV-15 Lengths at the limit are accepted, one more is not")
    func limits() throws {
        let local = String(repeating: "a", count: 64)
        _ = try ForwardPath(parsing: "<\(local)@c.example>".utf8)
        #expect(throws: PathError.tooLong) { try ForwardPath(parsing: "<\(local)a@c.example>".utf8) }
        // A path of 256 octets: brackets, 64, @, 189.
        let domain = [Self.label63, Self.label63, String(repeating: "d", count: 61)].joined(separator: ".")
        #expect("<\(local)@\(domain)>".utf8.count == 256)
        _ = try ForwardPath(parsing: "<\(local)@\(domain)>".utf8)
        #expect(throws: PathError.tooLong) { try ForwardPath(parsing: "<\(local)@\(domain)d>".utf8) }
        // A domain of 253, which is 255 on the wire of the DNS.
        let longest = [Self.label63, Self.label63, Self.label63, String(repeating: "d", count: 61)].joined(
            separator: ".")
        #expect(throws: PathError.tooLong) { try ForwardPath(parsing: "<\(local)@\(longest)>".utf8) }
        let path = try Mailbox(parsing: "u@\(longest)".utf8)
        #expect(path.domain.description.utf8.count == 253)
        #expect(throws: PathError.tooLong) { try Mailbox(parsing: "u@\(longest)d".utf8) }
        #expect(throws: PathError.tooLong) { try Mailbox(parsing: "u@\(Self.label63)d.example".utf8) }
    }

    @Test("SRV-22 Bare Postmaster in any case, and only in a forward-path")
    func postmaster() throws {
        #expect(try ForwardPath(parsing: "<pOsTmAsTeR>".utf8) == .postmaster)
        #expect(throws: PathError.domain) { try ReversePath(parsing: "<postmaster>".utf8) }
        #expect(throws: PathError.domain) { try ForwardPath(parsing: "<abuse>".utf8) }
    }

    @Test("SRV-19 The null reverse-path is one; a null forward-path is none")
    func nullPath() throws {
        #expect(try ReversePath(parsing: "<>".utf8) == .null)
        #expect(throws: PathError.syntax) { try ForwardPath(parsing: "<>".utf8) }
        #expect(throws: PathError.localPart) { try ReversePath(parsing: "< >".utf8) }
    }

    /// Knows one domain.
    static let toASCII: DomainToASCII = {
        $0 == "Ü.example" || $0 == "ü.example" ? try? DomainName("xn--tda.example") : nil
    }

    @Test(
        "SRV-43 Paths with UTF-8 (RFC 6531 §3.3)",
        arguments: [
            ("<ü@c.example>", "ü@c.example", false), ("<我買.x@c.example>", "我買.x@c.example", false),
            ("<\"ü\"@c.example>", "ü@c.example", false),  // Quoted = unquoted.
            ("<\"ü \\x\"@c.example>", "\"ü x\"@c.example", false),
            ("<\"\\\"ü\"@[192.0.2.1]>", "\"\\\"ü\"@[192.0.2.1]", false),
            ("<u@ü.example>", "u@xn--tda.example", true),  // Nothing above ASCII is left.
            ("<ü@Ü.example>", "ü@xn--tda.example", false), ("<@ü.example:u@c.example>", "u@c.example", true),
            ("<𝒳\u{A0}\u{10FFFF}@c.example>", "𝒳\u{A0}\u{10FFFF}@c.example", false),
            ("<Ab@X.example>", "Ab@x.example", true),
        ])
    func internationalized(text: String, expected: String, isASCII: Bool) throws {
        guard case .mailbox(let mailbox) = try ForwardPath(parsing: text.utf8, toASCII: Self.toASCII) else {
            Issue.record("no mailbox")
            return
        }
        #expect(mailbox.description == expected && mailbox.isASCII == isASCII)
        #expect(try ReversePath(parsing: text.utf8, toASCII: Self.toASCII) == .mailbox(mailbox))
        // What was made of it reads back as itself.
        #expect(try Mailbox(parsing: mailbox.description.utf8, toASCII: Self.toASCII) == mailbox)
    }

    @Test(
        "SRV-43 Octets above ASCII that no address may hold (RFC 3629 §4)",
        arguments: [
            ([0xFC], .badUTF8),  // Latin-1
            ([0xC0, 0xAF], .badUTF8), ([0xC1, 0x80], .badUTF8), ([0xE0, 0x80, 0xAF], .badUTF8),  // overlong
            ([0xE0, 0x9F, 0xBF], .badUTF8), ([0xF0, 0x8F, 0xBF, 0xBF], .badUTF8),
            ([0xED, 0xA0, 0x80], .badUTF8), ([0xED, 0xBF, 0xBF], .badUTF8),  // surrogates
            ([0xF4, 0x90, 0x80, 0x80], .badUTF8), ([0xF5, 0x80, 0x80, 0x80], .badUTF8), ([0xFF], .badUTF8),
            ([0x80], .badUTF8), ([0xBF], .badUTF8), ([0xC3], .badUTF8), ([0xE6, 0x88], .badUTF8),  // cut off
            ([0xF0, 0x9D, 0x92], .badUTF8), ([0xC3, 0xC3], .badUTF8), ([0xE6, 0x88, 0x41], .badUTF8),
            ([0xC2, 0x80], .badUTF8), ([0xC2, 0x85], .badUTF8), ([0xC2, 0x9F], .badUTF8),  // C1 controls
            ([0xEF, 0xBB, 0xBF], .badUTF8),  // U+FEFF
        ] as [([UInt8], PathError)])
    func badUTF8(octets: [UInt8], error: PathError) {
        for path in [
            Array("<u".utf8) + octets + Array("@c.example>".utf8),
            Array("<\"".utf8) + octets + Array("\"@c.example>".utf8),
            Array("<u@".utf8) + octets + Array(".example>".utf8), Array("<u@c.".utf8) + octets,
        ] {
            #expect(throws: error) { try ForwardPath(parsing: path, toASCII: Self.toASCII) }
            #expect(throws: PathError.needsUTF8) { try ForwardPath(parsing: path) }
        }
    }

    @Test("SRV-43 The first and the last of each length of UTF-8 are read")
    func edgesOfUTF8() throws {
        let edges: [Unicode.Scalar] = [
            "\u{A0}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FEFE}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}",
        ]
        for scalar in edges {
            let text = "\(Character(scalar))@c.example"
            #expect(try Mailbox(parsing: text.utf8, toASCII: Self.toASCII).description == text)
        }
    }

    @Test("SRV-43 A domain that IDNA does not know, and a backslash before UTF-8, which RFC 6531 §3.3 does not add")
    func notInternationalized() {
        for (text, error) in [
            ("<u@ä.example>", PathError.badULabel), ("<u@ü.example.>", .domain), ("<\"\\ü\"@c.example>", .localPart),
            ("<u@ü@c.example>", .badULabel), ("<ü>", .domain), ("<.ü@c.example>", .localPart),
            ("<ü..ü@c.example>", .localPart),
            ("<u@[ü]>", .domain), ("<ü", .domain), ("<\"ü", .localPart),
        ] {
            #expect(throws: error, "\(text)") { try ReversePath(parsing: text.utf8, toASCII: Self.toASCII) }
        }
        // A name that conversion makes may be none that mail can be sent to.
        #expect(throws: PathError.domain) {
            try Mailbox(parsing: "u@ü".utf8, toASCII: { _ in try? DomainName("_a.example") })
        }
    }

    @Test("SRV-15 SRV-43 The limits count octets, of what came and of what was made of it")
    func limitsOfUTF8() throws {
        let local = String(repeating: "ü", count: 32)
        _ = try Mailbox(parsing: "\(local)@c.example".utf8, toASCII: Self.toASCII)
        #expect(throws: PathError.tooLong) { try Mailbox(parsing: "\(local)a@c.example".utf8, toASCII: Self.toASCII) }
        // 3 octets of U-label become 189 or 190 of A-labels; with 64, @ and brackets 256 or 257.
        let labels = [Self.label63, Self.label63, String(repeating: "d", count: 61)].joined(separator: ".")
        #expect(labels.utf8.count == 189)
        _ = try ForwardPath(parsing: "<\(local)@ü>".utf8, toASCII: { _ in try? DomainName(labels) })
        #expect(throws: PathError.tooLong) {
            try ForwardPath(parsing: "<\(local)@ü>".utf8, toASCII: { _ in try? DomainName(labels + "d") })
        }
        // The conversion is not asked for what fits into no path.
        let long = String(repeating: "ü", count: Mailbox.pathLimit / 2)
        #expect(throws: PathError.badULabel) { try Mailbox(parsing: "u@\(long)".utf8, toASCII: { _ in nil }) }
        #expect(throws: PathError.tooLong) { try Mailbox(parsing: "u@\(long)d".utf8, toASCII: { _ in nil }) }
    }

    @Test("SRV-24 Partial domains are known as such")
    func partial() throws {
        #expect(try Mailbox(parsing: "u@sales".utf8).isPartial)
        #expect(try !Mailbox(parsing: "u@sales.example".utf8).isPartial)
        #expect(try !Mailbox(parsing: "u@[192.0.2.1]".utf8).isPartial)
    }
}
