import Testing

@testable import waxwing_bench

@Suite("The sink's dialogue")
struct SinkDialogueTests {
    /// What a dialogue says and takes.
    private struct Course: Equatable {
        var replies = ""
        var arrivals: [SinkDialogue.Arrival] = []
        var action = SinkDialogue.Action.goOn
    }

    private static func course(_ text: String, pieces size: Int = .max, _ offer: SinkOffer = SinkOffer()) -> Course {
        var dialogue = SinkDialogue()
        var replies = OctetBuffer()
        var course = Course()
        feed(text, pieces: size) { chunk in
            guard course.action == .goOn else { return }
            course.action = dialogue.take(chunk, offer: offer, replies: &replies) { course.arrivals.append($0) }
        }
        course.replies = String(replies)
        return course
    }

    private static func codes(_ course: Course) -> String {
        course.replies.split(separator: "\r\n").map { String($0.prefix(3)) }.joined(separator: " ")
    }

    private static let header = "Received: from x\r\n\tby y; z\r\nX-Bench: 1 2\r\n\r\n"
    private static let one = SinkDialogue.Arrival(
        marker: Marker(sequence: 1, nanoseconds: 2), octets: header.utf8.count)

    @Test(
        "transcripts, in pieces of any size",
        arguments: [
            ("EHLO a\r\nQUIT\r\n", "250 250 250 250 250 250 221", 0, .close),
            ("MAIL FROM:<>\r\nRCPT TO:<a>\r\nDATA\r\n\(header).\r\nQUIT\r\n", "250 250 354 250 221", 1, .close),
            // A batch: the content and the next envelope.
            (
                "DATA\r\n\(header).\r\nMAIL FROM:<>\r\nRCPT TO:<a>\r\nDATA\r\n\(header).\r\n",
                "354 250 250 250 354 250", 2,
                .goOn
            ),
            (
                "BDAT 17\r\nReceived: from x\nBDAT 17 LAST\r\nX-Bench: 1 2\r\n\r\n\nMAIL\r\n", "250 250 250", 1,
                .goOn
            ),
            ("BDAT 44\r\n\(header)BDAT 0 LAST\r\nNOOP\r\n", "250 250 250", 1, .goOn),
            ("BDAT 5\r\n12345RSET\r\nBDAT 44 LAST\r\n\(header)", "250 250 250", 1, .goOn),
            ("BDAT\r\n", "501", 0, .close), ("HELO a\r\nVRFY b\r\nNONSENSE\r\n", "250 252 500", 0, .goOn),
            ("STARTTLS\r\nINJECTED\r\n", "220", 0, .startTLS),
        ] as [(String, String, Int, SinkDialogue.Action)])
    func transcripts(text: String, codes: String, arrivals: Int, action: SinkDialogue.Action) {
        let whole = Self.course(text)
        #expect(Self.codes(whole) == codes)
        #expect(whole.arrivals.count == arrivals)
        #expect(whole.action == action)
        for size in [1, 2, 5, 13] {
            #expect(Self.course(text, pieces: size) == whole, "in pieces of \(size)")
        }
    }

    @Test("the marker of each content, and its octets without the end")
    func arrivals() {
        #expect(Self.course("DATA\r\n\(Self.header).\r\n").arrivals == [Self.one])
        #expect(Self.course("BDAT 44\r\n\(Self.header)BDAT 0 LAST\r\n").arrivals == [Self.one])
        let stuffed = Self.course("DATA\r\nSubject: x\r\n\r\n..\r\n.\r\n")
        #expect(stuffed.arrivals == [SinkDialogue.Arrival(marker: nil, octets: 18)])
    }

    @Test("what is offered, and what no more once the session is TLS")
    func offer() {
        let offer = SinkOffer(hasPipelining: false, hasChunking: false, hasStartTLS: true)
        let clear = Self.course("EHLO a\r\n", offer).replies
        #expect(clear.contains("STARTTLS"))
        #expect(!clear.contains("PIPELINING") && !clear.contains("CHUNKING"))
        #expect(!String(decoding: offer.octets(isSecured: true), as: UTF8.self).contains("STARTTLS"))
        #expect(Self.course("EHLO a\r\n").replies.hasSuffix("\r\n250-PIPELINING\r\n250 CHUNKING\r\n"))
    }
}
