import Foundation
import Testing

@testable import Mail

@Suite struct QuotedPrintableTests {
    @Test(
        "RFC 2045 §6.7",
        arguments: [
            ("", ""), ("abc\r\n", "abc\r\n"), ("a=b\r\n", "a=3Db\r\n"), ("ü\r\n", "=C3=BC\r\n"),
            ("blank \r\ntab\t\r\n", "blank=20\r\ntab=09\r\n"), ("blank in the middle", "blank in the middle"),
            ("last ", "last=20"), ("a\rb\nc", "a=0Db=0Ac"), ("\r\n\r\n", "\r\n\r\n"), ("\r", "=0D"), ("\n", "=0A"),
            ("\0\u{7F}", "=00=7F"),
        ])
    func table(plain: String, encoded: String) {
        #expect(String(decoding: QuotedPrintable.encoded(Array(plain.utf8)), as: UTF8.self) == encoded)
    }

    @Test("whatever goes in comes out again, in lines of 76 octets at most")
    func roundTrip() throws {
        var generator = SplitMix(seed: 5)
        let pieces = ["\r\n", "ü", " ", "=", "x", "yyyyyyyyyyyyyyyyyyy", "\t", "\r", "\n", "\0"].map { Array($0.utf8) }
        for _ in 0..<500 {
            var plain: [UInt8] = []
            for _ in 0..<Int.random(in: 0...80, using: &generator) {
                plain += pieces.randomElement(using: &generator) ?? []
            }
            let encoded = QuotedPrintable.encoded(plain)
            #expect(QuotedPrintable.isSevenBit(encoded))
            let lines = String(decoding: encoded, as: UTF8.self).components(separatedBy: "\r\n")
            #expect(lines.allSatisfy { $0.utf8.count <= QuotedPrintable.width && $0.last != " " && $0.last != "\t" })
            #expect(Self.decoded(encoded) == plain)
        }
    }

    @Test("seven bits: 998 octets in a line do, one more does not")
    func sevenBit() {
        #expect(QuotedPrintable.isSevenBit([UInt8](repeating: 0x61, count: 998) + [0x0D, 0x0A]))
        #expect(!QuotedPrintable.isSevenBit([UInt8](repeating: 0x61, count: 999) + [0x0D, 0x0A]))
        #expect(!QuotedPrintable.isSevenBit([0x80]))
        #expect(!QuotedPrintable.isSevenBit([0x61, 0]))
    }

    /// Another hand's decoder, by the rules of RFC 2045 §6.7.
    static func decoded(_ text: [UInt8]) -> [UInt8] {
        var plain: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "="), index + 2 < text.count {
                if text[index + 1] != 0x0D {
                    plain.append(
                        UInt8(String(decoding: text[index + 1...index + 2], as: UTF8.self), radix: 16) ?? 0xFF)
                }
                index += 3
            } else {
                plain.append(text[index])
                index += 1
            }
        }
        return plain
    }
}
