import Testing

@testable import Mail

struct ContentReaderTests {
    struct Case: Sendable {
        let wire: [UInt8]
        let content: String?
        let rest: String
        let bare: Int?

        /// `content` nil: refused for the bare line end in line `bare`.
        init(_ wire: String, _ content: String?, rest: String = "", bare: Int? = nil) {
            self.wire = Array(wire.utf8)
            self.content = content
            self.rest = rest
            self.bare = bare
        }
    }

    static let cases = [
        Case(".\r\n", ""),
        Case("a\r\n.\r\n", "a\r\n"),
        Case("a\r\n\r\n.\r\nQUIT\r\n", "a\r\n\r\n", rest: "QUIT\r\n"),
        Case("..x\r\n.\r\n", ".x\r\n"),  // SRV-14
        Case("..\r\n.\r\n", ".\r\n"),
        Case("...\r\n.\r\n", "..\r\n"),
        Case(".x\r\n.\r\n", "x\r\n"),  // One dot goes, doubled or not (RFC 5321 §4.5.2).
        Case("a.\r\n.\r\n", "a.\r\n"),
        Case("a\r\n.b\r\n..\r\n.\r\n", "a\r\nb\r\n.\r\n"),
        Case("a\n.\nb\r\n.\r\n", nil, bare: 1),  // LF.LF
        Case("a\n.\r\nb\r\n.\r\n", nil, bare: 1),  // LF.CRLF
        Case("a\r\n.\nb\r\n.\r\n", nil, bare: 2),  // CRLF.LF
        Case("a\r.\rb\r\n.\r\n", nil, bare: 1),  // CR.CR
        Case("a\r\n.\rb\r\n.\r\n", nil, bare: 2),  // CRLF.CR
        Case("a\r\n.\r\r\nb\r\n.\r\n", nil, bare: 2),
        Case("a\r.\r\nb\r\n.\r\n", nil, bare: 1),
        Case("a\r\r\n.\r\n", nil, bare: 1),
        Case("\n.\r\nMAIL FROM:<x>\r\n.\r\nQ", nil, rest: "Q", bare: 1),
        Case(".\n\r\n.\r\n", nil, bare: 1),
        Case("a\r\n\r\n\0.\r\nb\r\n.\r\n", "a\r\n\r\n\0.\r\nb\r\n"),  // NUL is no line end.
    ]

    @Test("SRV-12 SRV-13 SRV-14 Only CRLF.CRLF ends content", arguments: cases)
    func whole(_ test: Case) {
        check(test, in: test.wire.count)
    }

    @Test("SRV-12 SRV-13 SRV-14 The same over any border of input", arguments: cases)
    func inPieces(_ test: Case) {
        for size in 1...7 { check(test, in: size) }
    }

    private func check(_ test: Case, in size: Int) {
        let (content, facts, used) = Self.read(test.wire, in: size)
        #expect(used == test.wire.count - test.rest.utf8.count)
        #expect(facts.bareLineEnd == test.bare)
        if let expected = test.content {
            #expect(String(decoding: content, as: UTF8.self) == expected)
            #expect(facts.size == expected.utf8.count)
        }
    }

    /// What was emitted, the facts, and how many octets the content took; nil where the end did not come.
    static func read(_ wire: [UInt8], in size: Int, limit: Int = .max) -> ([UInt8], ContentFacts, Int?) {
        var reader = ContentReader(limit: limit)
        var content: [UInt8] = []
        var position = 0
        while position < wire.count {
            let chunk = wire[position..<min(position + size, wire.count)]
            let progress = chunk.withUnsafeBytes { reader.consume($0) { content += $0 } }
            switch progress {
            case .ended(let consumed): return (content, reader.facts, position + consumed)
            case .needsMore: position += chunk.count
            }
        }
        return (content, reader.facts, nil)
    }

    @Test(
        "SRV-40 The size counts neither stuffing nor the final dot; past the limit nothing is emitted, and step is kept"
    )
    func sizeLimit() {
        let wire = Array("..345\r\n..\r\n.\r\nQUIT\r\n".utf8)
        for size in 1...wire.count {
            let (all, facts, used) = Self.read(wire, in: size, limit: 9)
            #expect(String(decoding: all, as: UTF8.self) == ".345\r\n.\r\n")
            #expect(facts.size == 9 && !facts.exceedsLimit && used == wire.count - 6)
            let (cut, over, again) = Self.read(wire, in: size, limit: 8)
            #expect(String(decoding: cut, as: UTF8.self) == ".345\r\n.\r")
            #expect(over.size == 9 && over.exceedsLimit && again == wire.count - 6)
        }
    }

    @Test("SRV-15 A line of 998 octets passes, one of 999 is noted with its number", arguments: [1, 7, 4096])
    func longLines(piece: Int) {
        let full = String(repeating: "x", count: 998)
        #expect(Self.read(Array("a\r\n\(full)\r\n.\r\n".utf8), in: piece).1.longLine == nil)
        // The stuffed dot does not count.
        #expect(Self.read(Array("a\r\n.\(full)\r\n.\r\n".utf8), in: piece).1.longLine == nil)
        #expect(Self.read(Array("a\r\n\(full)x\r\n\(full)xx\r\n.\r\n".utf8), in: piece).1.longLine == 2)
    }

    @Test("Octets of 0x80 and above are noted, in any place", arguments: [1, 8, 4096])
    func eightBit(piece: Int) {
        for place in 0..<20 {
            var line = [UInt8](repeating: 0x61, count: 20)
            #expect(!Self.read(line + Array("\r\n.\r\n".utf8), in: piece).1.has8bit)
            line[place] = 0x80
            #expect(Self.read(line + Array("\r\n.\r\n".utf8), in: piece).1.has8bit)
        }
        // What lies behind the end is not content.
        #expect(!Self.read(Array("a\r\n.\r\n".utf8) + [0xFF], in: piece).1.has8bit)
    }

    @Test(
        "SRV-33 Received fields are counted in the header section",
        arguments: [
            ("Received: a\r\nRECEIVED : b\r\nreceived:c\r\n\r\nReceived: body\r\n.\r\n", 3, 41),
            ("Received-SPF: a\r\nX-Received: b\r\n Received: folded\r\nReceive: c\r\n\r\n.\r\n", 0, 65),
            ("..Received: a\r\n\r\n.\r\n", 0, 16),
            ("\r\nReceived: body\r\n.\r\n", 0, 2),
            ("Received: a\r\n.\r\n", 1, nil),
            ("Received\r\n: a\r\n\r\n.\r\n", 0, 17),
        ] as [(String, Int, Int?)])
    func header(wire: String, count: Int, bodyOffset: Int?) {
        for piece in [1, 3, 4096] {
            let facts = Self.read(Array(wire.utf8), in: piece).1
            #expect(facts.receivedCount == count)
            #expect(facts.bodyOffset == bodyOffset)
        }
    }

    @Test("Without an end more is needed")
    func unfinished() {
        #expect(Self.read(Array("a\r\n.\r".utf8), in: 2).2 == nil)
        #expect(Self.read(Array("a\r\n".utf8), in: 2).2 == nil)
    }
}
