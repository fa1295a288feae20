import Testing

@testable import Mail

@Suite struct OriginalRecipientFormTests {
    @Test(
        "DSN-07 DSN-14 Original-Recipient out of xtext; of the type utf-8 with or without UTF-8",
        arguments: [
            ("rfc822;Dana+2Bx@b.example", "rfc822; Dana+x@b.example", "rfc822; Dana+x@b.example", "xtext is undone"),
            ("rfc822;a+20b@c.example", "rfc822; a b@c.example", "rfc822; a b@c.example", "a blank"),
            ("rfc822;a+0D+0Ab", nil, nil, "refused at intake: controls stay encoded"),
            ("rfc822;a+FCb", nil, nil, "refused at intake: so do octets beyond ASCII"),
            ("rfc822;", "rfc822; ", "rfc822; ", "nothing behind the type"),
            ("utf-8;\\x{FC}@b.example", "utf-8; \\x{FC}@b.example", "utf-8; ü@b.example", "RFC 6533 §3"),
            ("UTF-8;\\x{1F600}\\x{2B}@b", "UTF-8; \\x{1F600}\\x{2B}@b", "UTF-8; 😀+@b", "far away, and a plus"),
            ("utf-8;\\x{D800}@b", nil, nil, "refused at intake: no character: without alteration"),
            ("utf-8;\\x{A}@b", nil, nil, "refused at intake: a line feed stays what it is"),
            ("utf-8;\\q@b", nil, nil, "refused at intake: no escape: without alteration"),
            ("utf-8;\\x{+FC}@b", nil, nil, "refused at intake: a sign is no digit"),
            ("utf-8;\\x{+G}@b", nil, nil, "no xtext"),
        ] as [(String, String?, String?, String)])
    func field(text: String, ascii: String?, utf8: String?, reason: String) {
        let original = OriginalRecipient(parsing: text)
        #expect(original?.fieldValue(inUTF8: false) == ascii)
        #expect(original?.fieldValue(inUTF8: true) == utf8)
    }

    @Test("RFC 6533 §3 characters beyond ASCII by their numbers, and back")
    func escapes() {
        #expect(UnicodeEscapes.escaped("aü€😀") == "a\\x{FC}\\x{20AC}\\x{1F600}")
        #expect(UnicodeEscapes.unescaped("a\\x{FC}\\x{20AC}\\x{1F600}") == "aü€😀")
        for bad in [
            "\\x{110000}", "\\x{0000FC1}", "\\x{}", "\\x{FC", "\\x", "\\", "\\x{F }", "\\x{+FC}", "\\x{85}", "\\x{7F}",
        ] {
            #expect(UnicodeEscapes.unescaped(bad) == nil, "\(bad)")
        }
    }
}
