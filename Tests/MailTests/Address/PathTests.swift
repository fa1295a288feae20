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

    @Test("SRV-24 Partial domains are known as such")
    func partial() throws {
        #expect(try Mailbox(parsing: "u@sales".utf8).isPartial)
        #expect(try !Mailbox(parsing: "u@sales.example".utf8).isPartial)
        #expect(try !Mailbox(parsing: "u@[192.0.2.1]".utf8).isPartial)
    }
}
