import Testing

@testable import Mail

/// What an intake learns of the header section.
struct HeaderFactsTests {
    struct Case: Sendable {
        let content: String
        let fields: Set<String>
        let size: Int

        init(_ content: String, _ fields: Set<String>, _ size: Int) {
            self.content = content
            self.fields = fields
            self.size = size
        }
    }

    static let cases = [
        Case("Date: a\r\nMessage-ID: b\r\nFrom: c\r\n\r\n", ["date", "id", "from"], 33),
        Case("DATE:\r\nmessage-id:\r\nfRoM:\r\n\r\n", ["date", "id", "from"], 27),
        Case("From : a\r\nDate\t : b\r\n\r\n", ["date", "from"], 21),  // RFC 5322 §4.5.8
        Case("From a@b Mon\r\n\r\n", [], 14),  // A mailbox file's line, no field.
        Case("Froma: x\r\nFro: x\r\nX-From: x\r\nFrom-: x\r\nFrom\r\n\r\n", [], 45),
        Case("Dates: x\r\nMessage-IDs: x\r\nMessageID: x\r\nMessage-I: x\r\n\r\n", [], 54),
        Case("a: b\r\n From: folded\r\n\tDate: folded\r\n\r\nDate: body\r\n", [], 36),  // RFC 5322 §2.2.3
        Case("\r\nFrom: body\r\n", [], 0),
        Case("", [], 0),
        Case("From: no body\r\n", ["from"], 15),
        Case("From: a\r\nFrom: b\r\n\r\n", ["from"], 18),
        Case("Rfrom: a\r\nDrom: a\r\nFate: a\r\nTrom: a\r\nMrom: a\r\n\r\n", [], 46),  // Places of two names mixed.
        Case("\u{C6}rom: a\r\n\u{E4}ate: b\r\n\r\n", [], 20),
        Case("TLS-Report-Domain-From: a\r\nTLS-Report-Submitters: b\r\n\r\n", [], 53),  // Longer than any known name.
    ]

    @Test("Fields of the header section are known by their names, over any border of input", arguments: cases)
    func fields(_ test: Case) {
        for size in [1, 2, 5, 4096] {
            let facts = ContentReaderTests.read(ContentChunksTests.stuffed(Array(test.content.utf8)), in: size).1
            #expect(facts.hasDate == test.fields.contains("date"))
            #expect(facts.hasMessageID == test.fields.contains("id"))
            #expect(facts.hasFrom == test.fields.contains("from"))
            #expect(facts.headerSize == test.size)
            #expect(!facts.isTLSReport && facts.receivedCount == 0 && facts.tlsRequired == .absent)
            #expect(facts.endsWithLineEnd)
        }
    }

    @Test("Each known name is told from each other")
    func names() {
        for known in KnownField.allCases {
            var scan = HeaderScan()
            for byte in Array(known.name.utf8) + Array(": x".utf8) where !scan.isLineDone { scan.take(byte) }
            #expect(KnownField.allCases.filter(scan.has) == [known])
        }
    }

    @Test(
        "Octets of 0x80 and above are told apart: header section or body",
        arguments: [
            ("Subject: \u{FC}\r\n\r\na\r\n", true, true), ("Subject: u\r\n\r\n\u{FC}\r\n", false, true),
            ("\u{FC}: u\r\n\r\na\r\n", true, true), ("Subject: u\r\n \u{FC}\r\n\r\na\r\n", true, true),
            ("\r\n\u{FC}\r\n", false, true), ("Subject: u\r\n\r\na\r\n", false, false),
            ("Subject: \u{FC}\r\n", true, true),
        ])
    func eightBit(content: String, header: Bool, anywhere: Bool) {
        for size in [1, 3, 4096] {
            let facts = ContentReaderTests.read(ContentChunksTests.stuffed(Array(content.utf8)), in: size).1
            #expect(facts.headerHas8bit == header)
            #expect(facts.has8bit == anywhere)
        }
    }
}
