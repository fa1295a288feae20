import Testing

@testable import Mail

struct ReplyWriterTests {
    @Test(
        "SRV-11 SRV-39 Replies on the wire",
        arguments: [
            (Reply(250, EnhancedStatusCode(2, 0, 0), "Ok"), "250 2.0.0 Ok\r\n"),
            (Reply(354, nil, "Go"), "354 Go\r\n"),
            (Reply(250, nil, ""), "250 \r\n"),
            (
                Reply(250, lines: ["a.example", "PIPELINING", "SIZE 5"]),
                "250-a.example\r\n250-PIPELINING\r\n250 SIZE 5\r\n"
            ),
            (Reply(550, EnhancedStatusCode(5, 7, 1), lines: ["a", "b"]), "550-5.7.1 a\r\n550 5.7.1 b\r\n"),
            // No text starts a line of its own.
            (Reply(550, EnhancedStatusCode(5, 1, 1), "a\r\n250 b\0\u{7F}é"), "550 5.1.1 a??250 b????\r\n"),
        ])
    func rendering(reply: Reply, text: String) {
        #expect(String(decoding: reply.rendered, as: UTF8.self) == text)
    }

    @Test("SRV-11 No line above 512 octets", arguments: [500, 501, 502, 503, 2000, 5000])
    func lineLimit(length: Int) throws {
        for text in [String(repeating: "x", count: length), String(repeating: "word ", count: length / 5)] {
            let wire = String(decoding: Reply(550, EnhancedStatusCode(5, 1, 1), text).rendered, as: UTF8.self)
            let lines = wire.split(separator: "\r\n")
            #expect(lines.allSatisfy { $0.utf8.count + 2 <= ReplyWriter.lineLimit })
            #expect(lines.dropLast().allSatisfy { $0.hasPrefix("550-5.1.1 ") })
            #expect(try #require(lines.last).hasPrefix("550 5.1.1 "))
            #expect(lines.map { $0.dropFirst(10) }.joined() == text)
            // 4 + 6 + text + 2
            #expect(lines.count == 1 || length > 500)
        }
    }
}
