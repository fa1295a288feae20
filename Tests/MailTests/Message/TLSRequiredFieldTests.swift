import Testing

@testable import Mail

struct TLSRequiredFieldTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let wire: String
        let field: TLSRequiredField
        let why: String

        init(_ wire: String, _ field: TLSRequiredField, _ why: String) {
            self.wire = wire
            self.field = field
            self.why = why
        }

        var testDescription: String { why }
    }

    static let cases = [
        Case("Subject: x\r\n\r\n.\r\n", .absent, "no such field"),
        Case("TLS-Required: No\r\n\r\n.\r\n", .no, "the one value"),
        Case("Subject: x\r\nTLS-Required: No\r\nTo: y\r\n\r\n.\r\n", .no, "among others"),
        Case("TLS-Required:No\r\n\r\n.\r\n", .no, "FWS is optional"),
        Case("TLS-Required: \t  No\r\n\r\n.\r\n", .no, "FWS of several blanks"),
        Case("TLS-Required:\r\n No\r\n\r\n.\r\n", .no, "FWS with a fold"),
        Case("TLS-Required: \r\n\tNo\r\n\r\n.\r\n", .no, "blanks before the fold"),
        Case("TLS-Required: \r\n \r\n No\r\n\r\n.\r\n", .no, "two folds (RFC 5322 obs-FWS)"),
        Case("tls-required: no\r\n\r\n.\r\n", .no, "literals of ABNF have no case"),
        Case("TLS-REQUIRED: nO\r\n\r\n.\r\n", .no, "nor here"),
        Case("TLS-Required: No\r\n.\r\n", .no, "no empty line: all is header"),
        Case("TLS-Required:\r\n. No\r\n\r\n.\r\n", .no, "a stuffed fold: the dot is not the content's"),
        Case("TLS-Required: Yes\r\n\r\n.\r\n", .withoutEffect, "INT-09 another value"),
        Case("TLS-Required:\r\n\r\n.\r\n", .withoutEffect, "no value"),
        Case("TLS-Required:\r\n.\r\n", .withoutEffect, "no value, and the end"),
        Case("TLS-Required: N\r\n\r\n.\r\n", .withoutEffect, "half of it"),
        Case("TLS-Required: N\r\n o\r\n\r\n.\r\n", .withoutEffect, "a fold within"),
        Case("TLS-Required: None\r\n\r\n.\r\n", .withoutEffect, "it begins so"),
        Case("TLS-Required: No No\r\n\r\n.\r\n", .withoutEffect, "twice in one field"),
        Case("TLS-Required: No, Yes\r\n\r\n.\r\n", .withoutEffect, "a list"),
        Case("TLS-Required: No \r\n\r\n.\r\n", .withoutEffect, "the ABNF has nothing behind it"),
        Case("TLS-Required: No\r\n x\r\n\r\n.\r\n", .withoutEffect, "folded, and more"),
        Case("TLS-Required: No\r\n \r\n\r\n.\r\n", .withoutEffect, "folded, and blanks"),
        Case("TLS-Required: (why) No\r\n\r\n.\r\n", .withoutEffect, "no comments in it"),
        Case("TLS-Required: No (why)\r\n\r\n.\r\n", .withoutEffect, "nor behind it"),
        Case("TLS-Required: \"No\"\r\n\r\n.\r\n", .withoutEffect, "not quoted"),
        Case("TLS-Required : No\r\n\r\n.\r\n", .withoutEffect, "a blank before the colon is obsolete syntax"),
        Case("TLS-Required: No\r\nTLS-Required: No\r\n\r\n.\r\n", .withoutEffect, "INT-09 twice"),
        Case("TLS-Required: No\r\nTLS-Required: Yes\r\n\r\n.\r\n", .withoutEffect, "twice, the second another"),
        Case("TLS-Required: Yes\r\nTLS-Required: No\r\n\r\n.\r\n", .withoutEffect, "twice, the first another"),
        Case("TLS-Required: No\r\nTo: x\r\ntls-required : No\r\n\r\n.\r\n", .withoutEffect, "twice, apart"),
        Case("\r\nTLS-Required: No\r\n.\r\n", .absent, "in the body"),
        Case("TLS-Required: No\r\n\r\nTLS-Required: No\r\n.\r\n", .no, "the body's does not count"),
        Case("X-TLS-Required: No\r\n\r\n.\r\n", .absent, "another field"),
        Case("TLS-Required-By: No\r\n\r\n.\r\n", .absent, "a longer name"),
        Case("TLS-Require: No\r\n\r\n.\r\n", .absent, "a shorter name"),
        Case("TLS-Required\r\n: No\r\n\r\n.\r\n", .absent, "no colon in the line"),
        Case("Subject: x\r\n TLS-Required: No\r\n\r\n.\r\n", .absent, "the fold of another field"),
        Case(" TLS-Required: No\r\n\r\n.\r\n", .absent, "the fold of nothing"),
        Case(".\r\n", .absent, "nothing at all"),
    ]

    @Test("INT-08 INT-09 What TLS-Required says, over any border of input", arguments: cases)
    func field(_ test: Case) {
        for size in [1, 2, 3, 5, 4096] {
            let (_, facts, used) = ContentReaderTests.read(Array(test.wire.utf8), in: size)
            #expect(used == test.wire.utf8.count)
            #expect(facts.tlsRequired == test.field, "in pieces of \(size)")
        }
    }

    @Test("A field of any length costs nothing: it is read and not kept, but for a Message-ID")
    func long() {
        let blanks = String(repeating: " ", count: 900)
        let fold = String(repeating: blanks + "\r\n", count: 200)
        let wire = "TLS-Required:" + fold + " No\r\nReceived: x\r\n\r\n.\r\n"
        let facts = ContentReaderTests.read(Array(wire.utf8), in: 4096).1
        #expect(facts.tlsRequired == .no)
        #expect(facts.receivedCount == 1)
        #expect(MemoryLayout<HeaderScan>.size <= 72)
    }

    @Test("INT-08 The log tells the demand where there is one")
    func words() {
        #expect(MessageDemand.allCases.map(\.word) == [nil, "requiretls", "requiretls-notice", "optional", "report"])
    }

    @Test("INT-08 The parameter, the field and the reverse-path make the demand")
    func demand() throws {
        let sender = try ReversePath(parsing: "<s@t.example>".utf8)
        for (requireTLS, field, ofMail, ofNotice) in [
            (false, .absent, .ordinary, .ordinary),
            (false, .no, .optionalTLS, .optionalTLS),
            (false, .withoutEffect, .ordinary, .ordinary),
            // RFC 8689 §4.1: the field is ignored. §5: no bounce is lost for want of the keyword.
            (true, .absent, .requireTLS, .requireTLSNotice),
            (true, .no, .requireTLS, .requireTLSNotice),
            (true, .withoutEffect, .requireTLS, .requireTLSNotice),
        ] as [(Bool, TLSRequiredField, MessageDemand, MessageDemand)] {
            #expect(MessageDemand(requireTLS: requireTLS, field: field, reversePath: sender) == ofMail)
            #expect(MessageDemand(requireTLS: requireTLS, field: field, reversePath: .null) == ofNotice)
        }
    }

    @Test(
        "INT-14 A notice about REQUIRETLS mail carries REQUIRETLS where it can; one about other mail asks for nothing",
        arguments: [
            (MessageDemand.ordinary, MessageDemand.ordinary), (.requireTLS, .requireTLSNotice),
            (.requireTLSNotice, .requireTLSNotice), (.optionalTLS, .ordinary),
        ])
    func notice(original: MessageDemand, notice: MessageDemand) {
        #expect(original.ofNotice == notice)
    }
}

@Suite("Message-ID of a message that goes by")
struct MessageIDReadingTests {
    @Test(
        "as written, the first, at most 255 octets",
        arguments: [
            ("Message-ID: <a@b>\r\n\r\n", "<a@b>", "as a rule"),
            ("message-id:<a@b>\r\n\r\n", "<a@b>", "in any case, without a blank"),
            ("Message-ID:\r\n <a@b>\r\n\r\n", "<a@b>", "folded, as long ones are"),
            ("Message-ID: <a@b>  \t\r\nSubject: x\r\n\r\n", "<a@b>", "blanks behind it are none of it"),
            ("Message-ID: a b\r\n\r\n", "a b", "as wrong as it came"),
            ("Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n\r\n", "<a@b>", "the first of two"),
            ("X: y\r\n\r\nMessage-ID: <a@b>\r\n", nil, "not in the body"),
            ("Message-ID: <a\u{7}@b>\r\n\r\n", nil, "nothing that would steer a terminal"),
            ("Message-ID:\r\n\r\n", nil, "empty"), ("Subject: x\r\n\r\n", nil, "none"),
        ] as [(String, String?, String)])
    func reads(content: String, expected: String?, reason: String) {
        let wire = Array((content + ".\r\n").utf8)
        for size in [1, 2, 4096] {
            #expect(ContentReaderTests.read(wire, in: size).1.messageID == expected, "\(reason)")
        }
    }

    @Test("the limit, and one past", arguments: [255, 256])
    func limit(length: Int) {
        let id = String(repeating: "i", count: length)
        let facts = ContentReaderTests.read(Array("Message-ID: \(id)\r\n\r\n.\r\n".utf8), in: 100).1
        #expect(facts.messageID == (length <= 255 ? id : nil) && facts.hasMessageID)
    }
}
