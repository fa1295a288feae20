import Testing

@testable import Mail

/// Replies and dialogues of other projects' tests.
@Suite(.enabled(if: Corpus.isPresent, "WAXWING_CORPUS names no folder"))
struct ReplyCorpusTests {
    struct File: Decodable {
        struct Case: Decodable {
            struct Peer: Decodable {
                struct Code: Decodable {
                    let code: UInt16
                }
                let accept: Bool
                let code: UInt16?
                let enhanced: String?
                let text: [String]?
                let message: String?
                let needs_more: Bool?
                let error: String?
                let hostname: String?
                let capabilities: [String]?
                let replies: [Code]?
            }
            let id: String
            let context: String
            let bytes: String
            let peer_expected: Peer
        }
        struct Session: Decodable {
            struct Step: Decodable {
                let send: String?
                let expect: String?
                let close: Bool?
            }
            let id: String
            let server_script: [Step]
        }
        let cases: [Case]
        let sessions: [Session]
    }

    /// Cases whose peer decided otherwise, each with the reason.
    static let deviations = [
        "go-smtp-004": "a line of 2,004 octets is below our limit of 2,048"
    ]

    /// RFC 2034 §4: a code of another class than the reply's says nothing; it stays in the text.
    static func hasDisagreeingCode(_ peer: File.Case.Peer) -> Bool {
        guard let first = peer.enhanced?.utf8.first, let code = peer.code else { return false }
        return UInt16(first - 0x30) != code / 100
    }

    @Test("CLI-06 Replies", arguments: [1, 5, 60, 10_000])
    func replies(piece: Int) throws {
        let cases = try Corpus.read("smtp-replies.json", as: File.self).cases
        var tally = CorpusTally("smtp-replies, \(piece) octets at a time")
        for test in cases {
            let isRead = Self.isRead(test, try Self.read(Array(test.bytes.utf8), in: piece))
            tally.note(test.id, isRead, differing: Self.deviations[test.id])
        }
        tally.report(of: cases.count)
    }

    private static func read(_ bytes: [UInt8], in piece: Int) throws -> (replies: [Reply], failure: ReplyError?) {
        var replies: [Reply] = []
        var parser = ReplyParser()
        do throws(ReplyError) {
            for start in stride(from: 0, to: bytes.count, by: piece) {
                parser.append(bytes[start..<min(start + piece, bytes.count)])
                while let reply = try parser.next() { replies.append(reply) }
            }
            return (replies, nil)
        } catch {
            return (replies, error)
        }
    }

    /// It is read as its peer does, or as ``deviations`` says.
    private static func isRead(_ test: File.Case, _ found: (replies: [Reply], failure: ReplyError?)) -> Bool {
        let peer = test.peer_expected
        if deviations[test.id] != nil { return found.failure == nil && found.replies.count == 1 }
        if !peer.accept, peer.code == nil { return found.failure != nil }
        if found.failure != nil { return false }
        if peer.needs_more == true { return found.replies.isEmpty }
        if let codes = peer.replies { return found.replies.map(\.code) == codes.map(\.code) }
        guard let reply = found.replies.first, peer.code == nil || reply.code == peer.code else { return false }
        if hasDisagreeingCode(peer) { return reply.enhanced == nil }
        if test.context == "reply", reply.enhanced?.description != peer.enhanced { return false }
        if let text = peer.text, reply.lines != text { return false }
        if let message = peer.message, reply.lines.joined(separator: "\n") != message { return false }
        return peer.capabilities.map { offers(ServiceExtensions(reply: reply), $0) } ?? true
    }

    private static func offers(_ extensions: ServiceExtensions, _ capabilities: [String]) -> Bool {
        // What we have no use for is not kept: AUTH, BURL, DELIVERBY and the like.
        let known: [(String, Bool)] = [
            ("8BIT_MIME", extensions.eightBitMIME), ("CHUNKING", extensions.chunking), ("DSN", extensions.dsn),
            ("ENHANCED_STATUS_CODES", extensions.enhancedStatusCodes), ("PIPELINING", extensions.pipelining),
            ("REQUIRE_TLS", extensions.requireTLS), ("SMTP_UTF8", extensions.smtpUTF8),
            ("START_TLS", extensions.startTLS),
            ("SIZE", extensions.size != nil),
        ]
        return known.allSatisfy { name, isKnown in isKnown == capabilities.contains(name) }
    }

    /// What the client makes of each dialogue. The dialogues that begin in the middle are led there first.
    static let outcomes: [String: String] = [
        "mox-01": "finish next-host protocol-error", "mox-02": "finish next-host connection-lost",
        "mox-03": "finish next-host remote-reply 521", "mox-04": "finish next-host protocol-error",
        "mox-05": "finish next-host protocol-error", "mox-06": "done bounced remote-reply 550",
        "mox-07": "done next-host remote-reply 451", "mox-08": "done deferred remote-reply 451",
        "mox-09": "done bounced remote-reply 550", "mox-11": "done next-host remote-reply 451",
        "mox-13": "finish bounced remote-reply 550", "mox-14": "finish bounced remote-reply 554",
        "haraka-MAIL_FROM-500": "done bounced remote-reply 500", "haraka-RCPT_TO-550": "done bounced remote-reply 550",
        "haraka-DATA-550": "done bounced remote-reply 550",
        "haraka-MAIL_FROM-300": "finish next-host protocol-error 300",
        "haraka-RCPT_TO-400": "done deferred remote-reply 400", "haraka-DATA-450": "done deferred remote-reply 450",
        "haraka-client-1": "finish next-host protocol-error", "haraka-client-3": "EHLO relay.example",
        "haraka-client-4": "HELO relay.example", "haraka-client-6": "done next-host remote-reply 441",
        "haraka-client-7": "done bounced remote-reply 550",
    ]

    /// Dialogues that are not run here, each with the reason.
    static let skipped = [
        "mox-10": "asks for STARTTLS unannounced; here the missing announcement is the evidence (CLI-30)",
        "mox-12": "two transactions: ClientSessionTests, CLI-08",
        "mox-15": "two recipients: ClientSessionTests, CLI-21",
        "mox-16": "two recipients: ClientSessionTests, CLI-22", "haraka-client-2": "half a reply: ReplyParserTests",
        "haraka-client-5": "QUIT alone: ClientSessionTests, CLI-12",
    ]

    @Test("CLI-01 CLI-07 CLI-08 CLI-11 CLI-22 Dialogues")
    func dialogues() throws {
        let sessions = try Corpus.read("smtp-replies.json", as: File.self).sessions
        var tally = CorpusTally("smtp-replies, dialogues")
        for test in sessions {
            if let why = Self.skipped[test.id] {
                tally.skip(test.id, why)
                continue
            }
            let expected = try #require(Self.outcomes[test.id], "\(test.id) has no outcome")
            var client = try ClientDriver(level: .none)
            var action = client.on(.connected)
            var parser = ReplyParser()
            for step in test.server_script {
                // Up to the command that the script waits for, the host agrees to everything.
                while let command = step.expect?.split(separator: ":").first, !action.hasPrefix(command) {
                    guard
                        let reply = ["read g": "220 x", "EHLO": "250 x", "MAIL": "250 ok", "RCPT": "250 ok"]
                            .first(where: { action.hasPrefix($0.key) })?.value
                    else { break }
                    action = client.reply(reply)
                }
                if step.close == true { action = client.on(.connectionLost) }
                parser.append((step.send ?? "").utf8)
                do throws(ReplyError) {
                    while let reply = try parser.next() {
                        action = client.on(.replied(reply, pendingBytes: parser.pendingBytes))
                    }
                } catch {
                    action = client.on(.malformedReply(error))
                }
            }
            // A pipelined group whose other replies never come.
            if action.hasPrefix("read c") { action = client.on(.connectionLost) }
            if action.hasPrefix("read d") { action = client.on(.connectionLost) }
            if action == "QUIT quit" { action = client.reply("221 bye") }
            tally.note(test.id, action == expected)
        }
        tally.report(of: sessions.count)
        #expect(sessions.count == Self.outcomes.count + Self.skipped.count)
    }
}
