import Testing

@testable import Mail

/// Facts are those of the content, whichever way it came: DATA or BDAT (RFC 3030 §2).
struct ContentChunksTests {
    private static let x998 = String(repeating: "x", count: 998)

    /// Content that either framing can carry: empty, or with CRLF at its end.
    static let contents: [String] = [
        "", "\r\n", ".\r\n", "..\r\n", "a\r\n.\r\nb\r\n", "\r\n.\r\n\r\n",  // Dots are content in a chunk.
        "a\r\n.\r\nMAIL FROM:<x@y>\r\n",  // SRV-12
        // SRV-13
        "a\nb\r\n", "a\rb\r\n", "a\n.\nb\r\n", "a\n.\r\nb\r\n", "a\r\n.\nb\r\n", "a\r.\rb\r\n", "a\r\r\n", "\n\r\n",
        "h: a\r\n\r\nb\nc\r\n", "h: a\nFrom: b\r\n\r\n",
        "\(x998)\r\n", "\(x998)x\r\n", ".\(x998)\r\n", "a\r\n.\(x998.dropLast())\r\n",  // SRV-15
        "Received: a\r\nreceived : b\r\n\r\nReceived: c\r\n", "TLS-Required: No\r\n\r\n", "TLS-Required: No\r\n",
        "TLS-Required: N\r\n o\r\n\r\n", "TLS-Report-Domain: a\r\nTLS-Report-Submitter: b\r\n\r\n",
        "Subject: \u{FC}\r\n\r\nplain\r\n", "Subject: u\r\n\r\n\u{FC}\r\n", "Subject: u\r\n\u{FC}: b\r\n",
        "\r\n\u{FC}\r\n",
        "Date: a\r\nMessage-ID: b\r\nFrom: c\r\n\r\nd\r\n",
    ]

    /// As DATA carries it (RFC 5321 §4.5.2).
    static func stuffed(_ content: [UInt8]) -> [UInt8] {
        var wire: [UInt8] = []
        for (place, byte) in content.enumerated() {
            let isStart = place == 0 || (place >= 2 && content[place - 2...place - 1].elementsEqual("\r\n".utf8))
            if isStart, byte == UInt8(ascii: ".") { wire.append(byte) }
            wire.append(byte)
        }
        return wire + Array(".\r\n".utf8)
    }

    /// What was emitted and the facts, read in pieces of `size` octets.
    static func read(_ content: [UInt8], in size: Int, limit: Int = .max) -> ([UInt8], ContentFacts) {
        var reader = ContentReader(limit: limit, framing: .chunks)
        var emitted: [UInt8] = []
        for start in stride(from: 0, to: content.count, by: size) {
            content[start..<min(start + size, content.count)].withUnsafeBytes {
                reader.consume(chunk: $0) { emitted += $0 }
            }
        }
        reader.finish()
        return (emitted, reader.facts)
    }

    @Test("SRV-12 SRV-13 SRV-14 SRV-42 The same octets have the same facts by DATA and by BDAT", arguments: contents)
    func same(text: String) {
        let content = Array(text.utf8)
        let (data, facts, used) = ContentReaderTests.read(Self.stuffed(content), in: 4096)
        #expect(used == Self.stuffed(content).count)
        #expect(facts.size == content.count)
        #expect(facts.bareLineEnd != nil || data == content)
        for size in [1, 2, 3, 7, 4096] {
            let (again, byDots, _) = ContentReaderTests.read(Self.stuffed(content), in: size)
            let (chunked, byChunks) = Self.read(content, in: size)
            #expect(byDots == facts && byChunks == facts, "in pieces of \(size)")
            #expect(facts.bareLineEnd != nil || (again == content && chunked == content))
        }
    }

    @Test(
        "SRV-42 Only a chunk can end within a line",
        arguments: [
            ("a", 0, nil, nil), ("a\r\nb", 0, nil, nil), ("a\r", 0, 1, nil), ("a\r\nb\r", 0, 2, nil), ("\r", 0, 1, nil),
            ("a\n", 0, 1, nil), ("Received: a", 1, nil, nil), ("Received", 0, nil, nil), ("h: a\r\n\r\nb", 0, nil, 8),
            ("h: a\r\n\r", 0, 2, nil), (x998 + "x", 0, nil, nil),
        ] as [(String, Int, Int?, Int?)])
    func unfinished(text: String, received: Int, bare: Int?, body: Int?) {
        let content = Array(text.utf8)
        for size in [1, 2, 4096] {
            let facts = Self.read(content, in: size).1
            #expect(!facts.endsWithLineEnd)
            #expect(facts.size == content.count)
            #expect(facts.receivedCount == received)
            #expect(facts.bareLineEnd == bare)
            #expect(facts.bodyOffset == body)
            #expect(facts.headerSize == body.map { $0 - 2 } ?? content.count)
            #expect((facts.longLine == 1) == (content.count > 998))
        }
    }

    @Test("SRV-42 TLS-Required in a last line without CRLF counts")
    func unfinishedField() {
        for (text, field) in [("TLS-Required: No", TLSRequiredField.no), ("TLS-Required: N", .withoutEffect)] {
            #expect(Self.read(Array(text.utf8), in: 1).1.tlsRequired == field)
        }
    }

    @Test("SRV-40 SRV-42 Past the limit nothing of a chunk is emitted, and all of it is counted")
    func limit() {
        let content = Array(".234\r\n.8\r\n".utf8)
        for size in 1...content.count {
            let (all, exact) = Self.read(content, in: size, limit: 10)
            #expect(all == content && exact.size == 10 && !exact.exceedsLimit)
            let (cut, over) = Self.read(content, in: size, limit: 9)
            #expect(cut == content.dropLast() && over.size == 10 && over.exceedsLimit)
        }
    }

    @Test("SRV-41 All octets of 0x80 to 0xFF come through unchanged, by both")
    func eightBit() {
        let content = Array("\r\n".utf8) + Array(0x80...0xFF) + Array("\r\n".utf8)
        #expect(ContentReaderTests.read(Self.stuffed(content), in: 5).0 == content)
        #expect(Self.read(content, in: 5).0 == content)
        #expect(Self.read(content, in: 5).1.has8bit && !Self.read(content, in: 5).1.headerHas8bit)
    }

    @Test("SRV-42 Any content of any octets: both framings agree")
    func random() {
        var random = SplitMix(seed: 3030)
        let pieces: [[UInt8]] = ["\r\n", "\r\n", "\r", "\n", ".", "..", "a", "From:", " ", "Date: x", "\u{FC}"].map {
            Array($0.utf8)
        }
        for _ in 0..<2_000 {
            var content: [UInt8] = []
            for _ in 0..<Int.random(in: 0...20, using: &random) {
                content += pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }
            // What ends with CR would take the CR of CRLF for a bare one, and the LF for its end.
            content += Array("z\r\n".utf8)
            let (_, dots, _) = ContentReaderTests.read(Self.stuffed(content), in: Int.random(in: 1...9, using: &random))
            let (_, chunks) = Self.read(content, in: Int.random(in: 1...9, using: &random))
            #expect(dots == chunks, "\(String(decoding: content, as: UTF8.self).debugDescription)")
        }
    }
}
