import Foundation
import Testing

@testable import relayctl

/// Line ends, sizes, and what a terminal is shown.
@Suite("Message files")
struct MessageFileTests {
    @Test(
        "the first line end tells which kind the file is of",
        arguments: [
            ("a\r\nb\r\n", "a\r\nb\r\n", false),
            ("a\nb\n", "a\r\nb\r\n", true),
            ("a\nb\r\nc\n\n", "a\r\nb\r\nc\r\n\r\n", true),  // a CRLF in between stays one
            ("a\r\nb\nc\r\n", "a\r\nb\nc\r\n", true),  // as on the wire, where a bare LF is none of ours to repair
            ("\na", "\r\na", true),
            ("a\rb", "a\rb", false),
            ("a", "a", false),
        ])
    func lineEnds(text: String, expected: String, isTold: Bool) {
        let message = MessageFile(Array(text.utf8))
        #expect(String(decoding: message.content, as: UTF8.self) == expected)
        #expect((message.remark != nil) == isTold)
    }

    @Test("a file at the limit is read, one past it is refused with the limit, an empty one is none")
    func limit() throws {
        let path = NSTemporaryDirectory() + "message-\(UUID().uuidString.prefix(8))"
        try Data(repeating: 97, count: 1000).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try MessageFile.read(path, limit: 1000).content.count == 1000)
        let failure = #expect(throws: Failure.self) { try MessageFile.read(path, limit: 999) }
        #expect(failure?.message.hasSuffix("has more than 999 octets") == true)
        #expect(MessageFile.sizeLimit == 64 << 20)
        #expect(throws: Failure.self) { try MessageFile.read("/dev/null") }
    }

    @Test("on a terminal a message is harmless, and its lines stay lines")
    func terminal() {
        let text = Output.harmlessLines(Array("Subject: \u{1B}[2J\r\n\r\n\u{202E}x\n".utf8) + [0xFF])
        #expect(text == "Subject: \\u{1b}[2J\n\n\\u{202e}x\n\u{FFFD}")
    }
}
