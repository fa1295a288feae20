import Testing

@testable import Mail

struct ReplyParserTests {
    struct Case: Sendable {
        let wire: [UInt8]
        let replies: [Reply]
        let error: ReplyError?

        init(_ wire: String, _ replies: [Reply], _ error: ReplyError? = nil) {
            self.init(Array(wire.utf8), replies, error)
        }

        init(_ wire: [UInt8], _ replies: [Reply], _ error: ReplyError? = nil) {
            self.wire = wire
            self.replies = replies
            self.error = error
        }
    }

    static let cases: [Case] = [
        Case("220 a.example ESMTP\r\n", [Reply(220, nil, "a.example ESMTP")]),
        Case("250\r\n", [Reply(250, nil, "")]),  // Without the blank (erratum 4198).
        Case("250 \r\n", [Reply(250, nil, "")]),
        // Unknown codes by their first digit.
        Case("299 x\r\n499 y\r\n", [Reply(299, nil, "x"), Reply(499, nil, "y")]),
        Case("250-a\r\n250-\r\n250 b\r\n", [Reply(250, lines: ["a", "", "b"])]),
        Case("250-a\n250\n", [Reply(250, lines: ["a", ""])]),  // LF alone.
        Case("250 2.1.5 ok\r\n", [Reply(250, EnhancedStatusCode(2, 1, 5), "ok")]),
        Case("250 2.1.5\r\n", [Reply(250, EnhancedStatusCode(2, 1, 5), "")]),
        Case(
            "550-5.1.1 a\r\n550-5.1.1\r\n550 b\r\n", [Reply(550, EnhancedStatusCode(5, 1, 1), lines: ["a", "", "b"])]),
        Case("550-5.1.1 a\r\n550 5.7.1 b\r\n", [Reply(550, EnhancedStatusCode(5, 1, 1), lines: ["a", "5.7.1 b"])]),
        Case("250 4.1.0 a\r\n", [Reply(250, nil, "4.1.0 a")]),  // The class disagrees with the code.
        Case("550 5.1.1.1 a\r\n", [Reply(550, nil, "5.1.1.1 a")]),
        Case("550 5.1 a\r\n", [Reply(550, nil, "5.1 a")]),
        Case("550 5.1000.1 a\r\n", [Reply(550, nil, "5.1000.1 a")]),
        Case("354 3.0.0 a\r\n", [Reply(354, nil, "3.0.0 a")]),  // There is no class 3.
        Case(Array("550 \u{1B}[1mé".utf8) + [0xFF] + Array("\rx\0\r\n".utf8), [Reply(550, nil, #"[1mé\xFFx"#)]),
        Case("220 a", []),
        Case("220-a\r\n", []),
        Case("220-a\r\n221 b\r\n", [], .codeChanged),
        Case("220_a\r\n", [], .malformedLine),
        Case("2200 a\r\n", [], .malformedLine),
        Case("not smtp\r\n", [], .malformedLine),
        Case("\r\n", [], .malformedLine),
        Case("22\r\n", [], .malformedLine),
        Case("199 a\r\n", [], .unknownClass),
        Case("600 a\r\n", [], .unknownClass),
        Case("250 a\r\n999 b\r\n250 c\r\n", [Reply(250, nil, "a")], .unknownClass),
        Case(
            "250 " + String(repeating: "x", count: 2042) + "\r\n",
            [Reply(250, nil, String(repeating: "x", count: 2042))]),
        Case("250 " + String(repeating: "x", count: 2043) + "\r\n", [], .lineTooLong),
        Case(String(repeating: "x", count: 2048), [], .lineTooLong),  // No end in sight.
        Case(
            String(repeating: "250-a\r\n", count: 99) + "250 b\r\n",
            [Reply(250, lines: Array(repeating: "a", count: 99) + ["b"])]),
        Case(String(repeating: "250-a\r\n", count: 100), [], .tooManyLines),
        // 16 lines of 2048 octets are 32 KiB.
        Case(
            String(repeating: "250-" + String(repeating: "x", count: 2042) + "\r\n", count: 15) + "250 "
                + String(repeating: "x", count: 2042) + "\r\n",
            [Reply(250, lines: Array(repeating: String(repeating: "x", count: 2042), count: 16))]),
        Case(
            String(repeating: "250-" + String(repeating: "x", count: 2042) + "\r\n", count: 16) + "250 a\r\n", [],
            .tooLong),
    ]

    @Test("CLI-06 Replies as hosts send them", arguments: cases)
    func whole(_ test: Case) {
        check(test, [test.wire])
    }

    @Test("CLI-06 The same, octet by octet", arguments: cases)
    func byteAtATime(_ test: Case) {
        check(test, test.wire.map { [$0] })
    }

    private func check(_ test: Case, _ chunks: [[UInt8]]) {
        var parser = ReplyParser()
        var replies: [Reply] = []
        do throws(ReplyError) {
            for chunk in chunks {
                parser.append(chunk)
                while let reply = try parser.next() { replies.append(reply) }
            }
            #expect(test.error == nil)
        } catch {
            #expect(error == test.error)
            #expect(throws: error) { try parser.next() }
        }
        #expect(replies == test.replies)
    }

    @Test("CLI-28 Octets behind a reply are counted, also part of a next reply")
    func pendingBytes() throws {
        var parser = ReplyParser()
        parser.append("220 go\r\n250-X\r\n25".utf8)
        _ = try parser.next()
        #expect(parser.pendingBytes == 9)
        #expect(try parser.next() == nil)
        #expect(parser.pendingBytes == 9)
        var clean = ReplyParser()
        clean.append("220 go\r\n".utf8)
        #expect(clean.pendingBytes == 8)
        _ = try clean.next()
        #expect(clean.pendingBytes == 0)
    }

    @Test("Many replies in one buffer do not make it grow")
    func longStream() throws {
        var parser = ReplyParser()
        var count = 0
        for _ in 0..<20_000 {
            // Each piece leaves an unfinished line behind.
            parser.append(" ok\r\n250".utf8)
            if count == 0 { parser = ReplyParser(); parser.append("250 ok\r\n250".utf8) }
            while try parser.next() != nil { count += 1 }
            #expect(parser.pendingBytes == 3)
        }
        #expect(count == 20_000)
    }
}
