import Testing

@testable import Mail

/// Every short sequence of commands. Other relays have kept something of a command that they refused: a recipient without a sender, content
/// of nobody, a parser's leftovers.
struct ServerSequenceTests {
    /// One of each kind, right and wrong, by number.
    static let commands = [
        "EHLO client.example", "EHLO", "MAIL FROM:<a@b.example>",
        "MAIL FROM:<a@b.example> SIZE=x", "MAIL FROM:<a@b.example> FOO", "RCPT TO:<c@d.example>",
        "RCPT TO:<bad", "RCPT TO:<c@d.example> FOO=1", "RSET", "NOOP", "JUNK", "BDAT 0", "STARTTLS x", "AUTH JUNK",
    ]
    /// What the state is told by: what each of these is answered.
    static let questions = ["MAIL FROM:<q@q.example>", "RCPT TO:<q@q.example>", "BDAT 0 LAST"]

    static func server() throws -> ServerDriver {
        ServerDriver(ServerSession.Configuration(hostname: try DomainName("relay.example")))
    }

    /// The replies to the questions, and what was stored, in a copy of the session.
    static func state(_ server: ServerDriver) -> [String] {
        questions.map { question in
            var copy = server
            let reply = copy.send(question + "\r\n")
            return reply + copy.stored.map { "\($0.0)" }.joined()
        }
    }

    @Test("SRV-11 SRV-35 up to three commands in any order: one reply each, and a refused one changes nothing")
    func sequences() throws {
        var (taken, refused) = (0, 0)
        func walk(_ server: ServerDriver, _ path: [String], _ depth: Int) {
            let before = Self.state(server)
            var afterReset = server
            _ = afterReset.send("RSET\r\n")
            let reset = Self.state(afterReset)
            for command in Self.commands {
                var next = server
                let codes = next.codes(command + "\r\n")
                #expect(codes.count == 1 && !next.isClosed, "\(path + [command]): \(codes)")
                if codes.first ?? 0 >= 400 {
                    refused += 1
                    // The message of a refused chunk has failed as a whole (RFC 3030 §2).
                    let expected = command.hasPrefix("BDAT") ? reset : before
                    #expect(Self.state(next) == expected, "\(path + [command]) was refused, and left something behind")
                } else {
                    taken += 1
                }
                if depth > 1 { walk(next, path + [command], depth - 1) }
            }
        }
        walk(try Self.server(), [], 3)
        #expect(taken > 500 && refused > 1000, "both sides were tried: \(taken) \(refused)")
    }

    @Test("SRV-11 behind each refusal a message is taken as if there had been none")
    func afterRefusal() throws {
        let whole = ["EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>", "DATA", "Subject: x", "", "x", "."]
        for place in 0..<4 {
            for command in Self.commands where !command.hasPrefix("BDAT") {
                var server = try Self.server()
                for line in whole[..<place] { _ = server.send(line + "\r\n") }
                let codes = server.codes(command + "\r\n")
                guard codes.first ?? 0 >= 400 else { continue }
                for line in whole[place...] { _ = server.send(line + "\r\n") }
                #expect(server.stored.count == 1, "\(command) before \(whole[place])")
                #expect(server.stored.first?.0.envelope.recipients.count == 1, "\(command) before \(whole[place])")
            }
        }
    }
}
