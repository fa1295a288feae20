import Testing

@testable import waxwing_bench

@Suite("What the ends read")
struct ReadingTests {
    private static let long = String(repeating: "x", count: 200)

    @Test(
        "commands, whatever their case and however long",
        arguments: [
            ("EHLO a.example", .extendedHello), ("ehlo a", .extendedHello), ("HELO a", .hello),
            ("EHLO", .extendedHello),
            ("MAIL FROM:<a@b.example> SIZE=1", .mail), ("mail from:<>", .mail), ("RCPT TO:<\(long)@b>", .recipient),
            ("DATA", .data), ("data ", .data), ("RSET", .reset), ("NOOP \(long)", .noOperation), ("VRFY a", .verify),
            ("QUIT", .quit), ("STARTTLS", .startTLS), ("starttls", .startTLS), ("STARTLING", .unknown),
            ("BDAT 86 LAST", .chunk(octets: 86, isLast: true)), ("bdat 0 last", .chunk(octets: 0, isLast: true)),
            ("BDAT 100000", .chunk(octets: 100_000, isLast: false)), ("BDAT", .badChunk), ("BDAT x", .badChunk),
            ("BDAT 5 FIRST", .badChunk), ("BDAT 5x", .badChunk), ("BDAT 9999999999999999999", .badChunk),
            ("", .unknown), ("DATAX", .unknown), ("MAI", .unknown), ("\u{1}\u{2}\u{3}\u{4}", .unknown),
        ] as [(String, ReceivedCommand)])
    func commands(line: String, command: ReceivedCommand) {
        #expect(ReceivedCommand(head(line)) == command)
    }

    @Test(
        "orders on the sink's standard input",
        arguments: [
            ("expect 100", .expect(100)), ("expect 0", .expect(0)), ("report", .report), ("reset", .reset),
            ("expect", .unknown), ("expect x", .unknown), ("expect 1 2", .unknown), ("", .unknown),
            ("report now", .unknown), ("expect -1", .unknown), ("expect 99999999999999999999", .unknown),
        ] as [(String, SinkOrder)])
    func orders(line: String, order: SinkOrder) {
        #expect(SinkOrder(head(line)) == order)
    }

    @Test(
        "replies, in pieces of any size",
        arguments: [
            ("220 a.example ESMTP\r\n", [ReplyLine(code: 220, isLast: true)]),
            ("250-a\r\n250 b\r\n", [ReplyLine(code: 250, isLast: false), ReplyLine(code: 250, isLast: true)]),
            ("354\r\n", [ReplyLine(code: 354, isLast: true)]),
            (
                "250 2.1.0 \(long)\r\n451 later\n",
                [ReplyLine(code: 250, isLast: true), ReplyLine(code: 451, isLast: true)]
            ),
            ("nonsense\r\n", [ReplyLine(code: 0, isLast: true)]), ("25 x\r\n", [ReplyLine(code: 0, isLast: true)]),
            ("2500 x\r\n", [ReplyLine(code: 0, isLast: true)]), ("\r\n", [ReplyLine(code: 0, isLast: true)]),
            ("250 unfinished", []),
        ] as [(String, [ReplyLine])])
    func replies(text: String, lines: [ReplyLine]) {
        for size in [1, 2, 3, 7, 64, 1000] {
            var reader = ReplyReader()
            var read: [ReplyLine] = []
            feed(text, pieces: size) { chunk in
                var place = 0
                while let line = reader.next(in: chunk, from: &place) { read.append(line) }
            }
            #expect(read == lines, "in pieces of \(size)")
        }
    }

    @Test("keywords of EHLO")
    func offer() {
        var offer = Offer()
        for line in ["250-relay.example", "250-PIPELININGS", "250-Size 1000", "250-XSTARTTLS", "250 STARTTLS"] {
            offer.note(head(line))
        }
        #expect(offer == Offer(hasPipelining: false, hasSize: true, hasStartTLS: true))
        offer.note(head("250-PIPELINING"))
        #expect(offer.hasPipelining)
    }
}

@Suite("Contents as they come")
struct ContentTests {
    @Test(
        "the end of a content, in pieces of any size",
        arguments: [
            // The content with its end, and what comes behind it.
            (".\r\n", ""), ("a\r\n.\r\n", "MAIL"), ("\r\n.\r\n", ""), ("..\r\n.\r\n", ""),
            ("a\r\n..\r\nb\r\n.\r\n", "x"),
            ("a.\r\nb\r\n.\r\n", ""), ("a\r\n.b\r\n.\r\n", ".\r\n"), ("a\n.\n\r\n.\r\n", ""), ("a\r.\r\r\n.\r\n", ""),
            ("a\r\r\n.\r\n", ""), ("a\r\n.\r\r\n.\r\n", ""), ("a\r\n.\n.\r\n\r\n.\r\n", ""), ("...\r\n.\r\n", "."),
            ("\r\n\r\n\r\n.\r\n", "\r\n"), ("a..............\r\n.\r\n", ""), (".\r.\r\n\r\n.\r\n", ""),
            ("a\r\n.\r", nil), ("a", nil), ("a\r\n.", nil), ("a\n.\n", nil), ("a.\r\n", nil), ("\r.\r\n", nil),
        ] as [(String, String?)])
    func end(content: String, behind: String?) {
        for size in [1, 2, 3, 4, 5, 6, 1000] {
            var end = ContentEnd()
            var passed = 0
            var found: Int?
            feed(content + (behind ?? ""), pieces: size) { chunk in
                if found != nil { return }
                if let place = end.find(in: chunk, from: 0) { found = passed + place }
                passed += chunk.count
            }
            #expect(found == (behind == nil ? nil : content.utf8.count), "in pieces of \(size)")
        }
    }

    @Test(
        "the marker in the header, wherever a relay's own fields stand",
        arguments: [
            ("X-Bench: 7 123456\r\n\r\n", Marker(sequence: 7, nanoseconds: 123456)),
            ("x-bench:7 8\r\n\r\n", Marker(sequence: 7, nanoseconds: 8)),
            ("X-Bench:  00000000000000000007  00000000000000000008\n\n", Marker(sequence: 7, nanoseconds: 8)),
            ("X-Bench: 18446744073709551615 0\r\n", Marker(sequence: .max, nanoseconds: 0)),
            (
                "Received: from a (b [192.0.2.1])\r\n\tby c with ESMTP; d\r\nSubject: x\r\nX-Bench: 1 2\r\n\r\nbody",
                Marker(sequence: 1, nanoseconds: 2)
            ),
            ("X-Ben: 1 2\r\nX-Bench-Other: 3 4\r\nX-Bench: 5 6\r\n\r\n", Marker(sequence: 5, nanoseconds: 6)),
            ("X-Bench: none\r\nX-Bench: 5 6\r\n\r\n", Marker(sequence: 5, nanoseconds: 6)),
            ("X-Bench: 1\r\nX-Bench: 5 6\r\n\r\n", Marker(sequence: 5, nanoseconds: 6)),
            ("X-Bench: 18446744073709551616 1\r\n\r\n", nil), ("X-Bench: 1 2 3\r\n\r\n", nil),
            ("Subject: a\r\n\r\nX-Bench: 1 2\r\n", nil), ("\r\nX-Bench: 1 2\r\n", nil), ("\nX-Bench: 1 2\n", nil),
            ("Subject: X-Bench: 1 2\r\n\r\n", nil), (" X-Bench: 1 2\r\n\r\n", nil), ("", nil),
        ] as [(String, Marker?)])
    func marker(header: String, marker: Marker?) {
        for size in [1, 2, 3, 7, 1000] {
            var reader = MarkerReader()
            feed(header, pieces: size) { reader.read($0, from: 0, to: $0.count) }
            #expect(reader.marker == marker, "in pieces of \(size)")
        }
    }
}
