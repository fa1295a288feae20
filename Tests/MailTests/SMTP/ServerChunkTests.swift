import Testing

@testable import Mail

struct ServerChunkTests {
    static func ready(limit: Int = 1000) throws -> ServerDriver {
        var server = ServerDriver(
            ServerSession.Configuration(hostname: try DomainName("relay.example"), messageLimit: limit))
        _ = server.send("EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n")
        return server
    }

    @Test(
        "SRV-42 A message in chunks, however they are cut",
        arguments: [
            ["BDAT 14 LAST\r\nA: b\r\n\r\n.x\r\n\r\n"],
            ["BDAT 3\r\nA: BDAT 11 LAST\r\nb\r\n\r\n.x\r\n\r\n"],
            ["BDAT 14\r\nA: b\r\n\r\n.x\r\n\r\n", "BDAT 0 LAST\r\n"],
            ["bdat 14 last\r\nA: b\r", "\n\r\n.x\r\n\r\n"],
        ])
    func chunks(segments: [String]) throws {
        var server = try Self.ready()
        for segment in segments { _ = server.send(segment) }
        #expect(server.replies.last?.code == 250)
        #expect(server.stored.map(\.1) == ["A: b\r\n\r\n.x\r\n\r\n"], "dots are content")
        #expect(server.codes("MAIL FROM:<>\r\n") == [250])
    }

    @Test("SRV-42 Octet by octet")
    func octets() throws {
        var server = try Self.ready()
        for byte in Array("BDAT 3\r\nA: BDAT 6 LAST\r\nb\r\n\r\nxNOOP\r\n".utf8) { _ = server.send([byte]) }
        #expect(server.replies.map(\.code) == [220, 250, 250, 250, 250, 250, 250])
        #expect(server.stored.map(\.1) == ["A: b\r\n\r\nx"])
    }

    @Test(
        "SRV-42 Chunks that are refused are swallowed, and the session is in step",
        arguments: [
            ("BDAT 4\r\nabcdNOOP\r\n", false, [503, 250]),
            ("MAIL FROM:<>\r\nBDAT 4 LAST\r\nQUITNOOP\r\n", false, [250, 554, 250]),
            ("BDAT 4\r\nabcdDATA\r\nBDAT 0 LAST\r\nNOOP\r\n", true, [250, 503, 250, 250]),
            ("BDAT 4\r\nabcdMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRSET\r\n", true, [250, 503, 503, 250]),
            ("BDAT 4\r\nabcdRSET\r\nBDAT 4 LAST\r\nabcdNOOP\r\n", true, [250, 250, 503, 250]),
            (
                "BDAT 600\r\n" + String(repeating: "x", count: 600) + "BDAT 401 LAST\r\n"
                    + String(repeating: "y", count: 401)
                    + "NOOP\r\n", true, [250, 552, 250]
            ),
            ("BDAT 4 LAST\r\na\nbcNOOP\r\n", true, [554, 250]),
            ("BDAT 4 LAST\r\nabcdBDAT 2 LAST\r\nabNOOP\r\n", true, [250, 503, 250]),
        ])
    func refused(text: String, isReady: Bool, codes: [UInt16]) throws {
        var server = try Self.ready()
        if !isReady { _ = server.send("RSET\r\n") }
        #expect(server.codes(text) == codes)
        #expect(!server.isClosed)
    }

    @Test(
        "SRV-42 A chunk of a size nobody can read ends the session: its octets would be commands",
        arguments: ["BDAT -1", "BDAT", "BDAT 86  LAST", "BDAT 86\tLAST", "bdat 1 LAST LAST", "BDAT 0x10"])
    func unreadable(line: String) throws {
        var server = try Self.ready()
        #expect(server.codes(line + "\r\nMAIL FROM:<>\r\n").count == 1)
        #expect(server.isClosed)
    }

    @Test("LMTP: a last chunk that is refused has a reply for each recipient, as one that is taken (RFC 2033 §4.3)")
    func lmtp() throws {
        var server = ServerDriver(
            ServerSession.Configuration(hostname: try DomainName("relay.example"), messageLimit: 10, spoken: .lmtp))
        let start = "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<c@b.example>\r\n"
        _ = server.send(start)
        #expect(server.codes("BDAT 11 LAST\r\n01234567890NOOP\r\n") == [552, 552, 250])
        _ = server.send(start)
        server.capacity.shortage = .memory
        #expect(server.codes("BDAT 3 LAST\r\nabcNOOP\r\n") == [452, 452, 250])
        server.capacity.shortage = nil
        _ = server.send(start)
        #expect(server.codes("BDAT 3 LAST\r\nabc") == [250, 250])
        #expect(server.codes("MAIL FROM:<>\r\nBDAT 1 LAST\r\nx") == [250, 503])
    }

    @Test("SRV-42 A chunk of twice the largest message is still swallowed, one of more ends the session")
    func tooLong() throws {
        var server = try Self.ready(limit: 100)
        #expect(server.codes("BDAT 201\r\n" + String(repeating: "x", count: 201) + "NOOP\r\n") == [552, 250])
        #expect(server.discarded == 201)
        for size in ["202", "99999999999999999999"] {
            var server = try Self.ready(limit: 100)
            #expect(server.codes("BDAT \(size)\r\n") == [552])
            #expect(server.isClosed)
        }
    }

    @Test("SRV-42 A million chunks of an octet keep nothing of each")
    func many() throws {
        var server = try Self.ready(limit: 3000)
        for number in 1...2000 {
            #expect(
                server.codes("BDAT 1\r\n" + (number % 500 < 498 ? "x" : number % 500 == 498 ? "\r" : "\n")) == [250])
        }
        #expect(server.codes("BDAT 0 LAST\r\n") == [250])
        #expect(server.stored.first?.1.utf8.count == 2000)
    }

    @Test("A disk that fails within a chunk: the rest is refused, the session goes on")
    func failure() throws {
        var session = ServerSession(ServerSession.Configuration(hostname: try DomainName("relay.example")))
        _ = session.handle(.connected(.local(uid: 0), ClientTerms(mayRelay: true), tls: nil))
        for line in ["EHLO x", "MAIL FROM:<>", "RCPT TO:<a@b.example>", "BDAT 5"] {
            _ = session.handle(
                .lineReceived(Array(line.utf8), pendingBytes: 0, capacity: IntakeCapacity(octets: .max)))
        }
        #expect(session.holdsContent)
        guard case .reply(let replies, _) = session.handle(.commitFailed(.storeFull)) else {
            Issue.record("no reply")
            return
        }
        #expect(replies.map(\.code) == [452])
        #expect(!session.holdsContent)
    }
}
