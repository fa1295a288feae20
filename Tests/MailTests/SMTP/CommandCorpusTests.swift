import Testing

@testable import Mail

/// Command lines, paths and content of other projects' tests.
@Suite(.enabled(if: Corpus.isPresent, "WAXWING_CORPUS names no folder"))
struct CommandCorpusTests {
    struct File: Decodable {
        struct Case: Decodable {
            struct Peer: Decodable {
                let accept: Bool
            }
            struct Reading: Decodable {
                let valid: Bool?
                let needs_smtputf8: Bool?
            }
            let id: String
            let kind: String
            let line: String
            let peer_expected: Peer
            let rfc5321: Reading?
            let contested: Bool?
        }
        struct DataCase: Decodable {
            struct Peer: Decodable {
                let ok: Bool?
                let message: String?
                let wire: String?
                let stuffed: String?
            }
            let id: String
            let role: String
            let data: String
            let peer_expected: Peer
        }
        let cases: [Case]
        let data_cases: [DataCase]
    }

    /// Why a case is not compared; nil where it is.
    static func skipped(_ test: File.Case) -> String? {
        let line = test.line.uppercased()
        if test.contested == true {
            // The path that RFC 5321 refuses is refused here, whatever the peer does: compared with the RFC instead.
            return nil
        }
        if ["localpart", "localpart-encode", "xtext"].contains(test.kind) {
            return "parts of other parsers' interfaces: local-parts are read within mailboxes, xtext comes with DSN"
        }
        for verb in ["LHLO", "EXPN", "BDAT", "AUTH", "ETRN", "ATRN", "BURL", "XCLIENT"] where line.hasPrefix(verb) {
            return "\(verb) is not offered"
        }
        if test.rfc5321?.needs_smtputf8 == true || !test.line.utf8.allSatisfy({ $0 < 0x80 }) {
            return "SMTPUTF8 is not offered: checked to be the error that says so"
        }
        if line.contains("@[FUTURE:") { return "nobody could be reached by a literal of an unknown tag" }
        return nil
    }

    @Test("SRV-05 SRV-20 SRV-21 Uncontested lines and paths agree in full")
    func lines() throws {
        var compared = 0
        var skipped: [String: Int] = [:]
        for test in try Corpus.read("smtp-commands.json", as: File.self).cases {
            if let reason = Self.skipped(test) {
                skipped[reason, default: 0] += 1
                if reason.hasPrefix("SMTPUTF8") { Self.expectNeedsUTF8(test) }
                continue
            }
            compared += 1
            // Where the RFC was read mechanically, that reading decides; values of parameters belong to the session, which
            // refuses all it does not honour.
            let valid = test.rfc5321?.valid ?? test.peer_expected.accept
            let accepted = Self.accepts(test)
            if accepted == valid { continue }
            if let reason = Self.deviation(test) {
                skipped[reason, default: 0] += 1
            } else {
                Issue.record("\(test.id): \(test.line) valid \(valid), accepted \(accepted)")
            }
        }
        #expect(compared > 200)
        print("smtp-commands.json: \(compared) compared, skipped: \(skipped)")
    }

    /// Differences that are decided elsewhere.
    static func deviation(_ test: File.Case) -> String? {
        let repeated = ["BODY=BINARYMIME BODY=", "RET=HDRS RET=", "HOLDFOR=1 HOLDFOR="]
        if repeated.contains(where: test.line.contains) {
            return "a parameter given twice is refused already by the parser"
        }
        if test.kind == "path" || test.kind == "reverse-path", test.line == "<postmaster>" {
            return "a bare Postmaster is a forward-path (RFC 5321 §4.1.1.3)"
        }
        return nil
    }

    static func accepts(_ test: File.Case) -> Bool {
        switch test.kind {
        case "line": (try? Command(parsing: test.line.utf8)) != nil
        case "address": (try? Mailbox(parsing: test.line.utf8)) != nil
        case "reverse-path": (try? ReversePath(parsing: test.line.utf8)) != nil
        default: test.line == "<>" || (try? ForwardPath(parsing: test.line.utf8)) != nil
        }
    }

    static func expectNeedsUTF8(_ test: File.Case) {
        switch test.kind {
        case "line":
            do throws(CommandError) {
                _ = try Command(parsing: test.line.utf8)
                Issue.record("\(test.id) accepted")
            } catch {
                let isRight = error == .badForwardPath(.needsUTF8) || error == .badReversePath(.needsUTF8)
                #expect(isRight, "\(test.id) \(error)")
            }
        default:
            #expect(throws: PathError.needsUTF8, "\(test.id)") { try ForwardPath(parsing: test.line.utf8) }
        }
    }

    @Test("SRV-12 SRV-13 SRV-14 CLI-13 Content, read and written")
    func content() throws {
        var compared = 0
        for test in try Corpus.read("smtp-commands.json", as: File.self).data_cases {
            let bytes = Array(test.data.utf8)
            switch test.role {
            case "server reading DATA":
                for piece in [1, 3, bytes.count] {
                    let (content, facts, used) = ContentReaderTests.read(bytes, in: piece)
                    // Contested by rule: any bare CR or LF refuses the message (D16), whatever the peer does with it.
                    let bare = test.data.replacing("\r\n", with: "").utf8.contains { $0 == 13 || $0 == 10 }
                    #expect((facts.bareLineEnd != nil) == bare, "\(test.id)")
                    // One message at the most, and its end is the last CRLF.CRLF.
                    #expect(used == nil || used == bytes.count, "\(test.id)")
                    if !bare, let message = test.peer_expected.message {
                        #expect(String(decoding: content, as: UTF8.self) == message, "\(test.id)")
                    }
                }
            case "client writing DATA":
                let wire = try? ContentWriterTests.encode(bytes, in: 2)
                if let expected = test.peer_expected.wire {
                    #expect(wire == expected, "\(test.id)")
                } else if !test.data.hasSuffix("\r\n") {
                    // The peer refuses content without a last CRLF; RFC 5321 §4.1.1.4 has the client add it.
                    #expect(wire?.hasSuffix("\(test.data)\r\n.\r\n") == true, "\(test.id)")
                } else {
                    #expect(wire == nil, "\(test.id)")
                }
            default:
                // The peer's function knows LF alone; ours is asked the same with CRLF.
                let crlf = test.data.replacing("\n", with: "\r\n")
                let wire = try ContentWriterTests.encode(Array(crlf.utf8), in: 3)
                let stuffed = try #require(test.peer_expected.stuffed).replacing("\n", with: "\r\n")
                #expect(wire.hasPrefix(stuffed), "\(test.id)")
            }
            compared += 1
        }
        #expect(compared == 56)
    }
}
