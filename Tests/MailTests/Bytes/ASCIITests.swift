import Testing

@testable import Mail

struct ASCIITests {
    @Test("The classes hold for all octets")
    func classes() {
        for byte in UInt8.min...UInt8.max {
            let scalar = Unicode.Scalar(byte)
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
            #expect(ASCII.isLetter(byte) == isLetter)
            #expect(ASCII.isDigit(byte) == ("0"..."9").contains(scalar))
            #expect(ASCII.isPrintable(byte) == (0x20...0x7E).contains(byte))
            #expect(ASCII.lowercased(byte) == (("A"..."Z").contains(scalar) ? byte + 32 : byte))
            #expect(ASCII.uppercased(byte) == (("a"..."z").contains(scalar) ? byte - 32 : byte))
        }
    }

    @Test(
        "Decimal numbers",
        arguments: [
            ("0", 0), ("255", 255), ("256", nil), ("", nil), ("-1", nil), ("+1", nil), ("1a", nil),
            ("99999999999999999999999", nil), ("007", 7),
        ] as [(String, UInt8?)])
    func decimals(text: String, value: UInt8?) {
        #expect(ASCII.decimal(Array(text.utf8), as: UInt8.self) == value)
    }

    @Test(
        "Text of strangers becomes one safe line",
        arguments: [
            (Array("plain ~ text".utf8), "plain ~ text"),
            (Array("tab\there".utf8), "tab here"),
            (Array("a\r\nb\u{1B}[31m\u{7F}".utf8), "ab[31m"),  // An escape sequence loses its escape.
            ([0x61, 0xFF, 0x62], #"a\xFFb"#),
            ([0xE2, 0x82], #"\xE2\x82"#),  // A cut-off euro sign.
            (Array("é €".utf8), "é €"),
            (Array("a\u{2028}b\u{202E}c\u{85}d".utf8), "abcd"),  // Line separator, direction mark, NEL.
            ([], ""),
        ] as [([UInt8], String)])
    func safeText(bytes: [UInt8], text: String) {
        #expect(SafeText.string(bytes) == text)
    }
}
