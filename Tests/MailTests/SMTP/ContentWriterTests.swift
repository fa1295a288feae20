import Testing

@testable import Mail

struct ContentWriterTests {
    @Test(
        "CLI-13 Dots doubled, CRLF.CRLF at the end, no blank line more",
        arguments: [
            ("", ".\r\n"), ("a\r\n", "a\r\n.\r\n"), ("a", "a\r\n.\r\n"), (".x", "..x\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n.\r\n"), ("a.\r\nb.c\r\n", "a.\r\nb.c\r\n.\r\n"),
            ("\r\n\r\n", "\r\n\r\n.\r\n"), ("a\r\n\r\n.", "a\r\n\r\n..\r\n.\r\n"),
        ])
    func encoding(content: String, wire: String) throws {
        for size in 1...max(1, content.utf8.count) {
            #expect(try Self.encode(Array(content.utf8), in: size) == wire)
        }
    }

    @Test(
        "CLI-13 No bare CR or LF leaves",
        arguments: [
            ("a\nb", .bareLineFeed), ("\n", .bareLineFeed), ("a\r\n\n", .bareLineFeed), ("a\rb", .bareCarriageReturn),
            ("a\r", .bareCarriageReturn), ("a\r\r\n", .bareCarriageReturn), (".\r.\r\n", .bareCarriageReturn),
            ("a\r\n.\n.\r\n", .bareLineFeed),
        ] as [(String, ContentError)])
    func bare(content: String, error: ContentError) {
        for size in 1...content.utf8.count {
            var sent: [UInt8] = []
            #expect(throws: error) { try Self.encode(Array(content.utf8), in: size, sent: &sent) }
            let withoutPairs = Array(sent.split(separator: Array("\r\n".utf8)).joined())
            #expect(!withoutPairs.contains { $0 == 0x0D || $0 == 0x0A })
        }
    }

    @Test("SRV-14 CLI-13 What was written is what is read", arguments: 0..<64)
    func roundTrip(seed: UInt64) throws {
        var state = seed &* 6_364_136_223_846_793_005 &+ 1
        var content = ""
        for _ in 0..<200 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            content += [".", "\r\n", "a", "bc", "..", "\r\n."][Int(state >> 33) % 6]
        }
        content += "\r\n"
        let wire = try Self.encode(Array(content.utf8), in: Int(seed) % 17 + 1)
        let (read, _, used) = ContentReaderTests.read(Array(wire.utf8), in: Int(seed) % 13 + 1)
        #expect(String(decoding: read, as: UTF8.self) == content)
        #expect(used == wire.utf8.count)
    }

    static func encode(_ content: [UInt8], in size: Int) throws -> String {
        var sent: [UInt8] = []
        try encode(content, in: size, sent: &sent)
        return String(decoding: sent, as: UTF8.self)
    }

    static func encode(_ content: [UInt8], in size: Int, sent: inout [UInt8]) throws {
        var writer = ContentWriter()
        var position = 0
        while position < content.count {
            let chunk = Array(content[position..<min(position + size, content.count)])
            var piece: [UInt8] = []
            var failure: ContentError?
            chunk.withUnsafeBytes { bytes in
                do throws(ContentError) {
                    try writer.encode(bytes) { piece += $0 }
                } catch {
                    failure = error
                }
            }
            sent += piece
            if let failure { throw failure }
            position += size
        }
        var end: [UInt8] = []
        try writer.finish { end += $0 }
        sent += end
    }
}
