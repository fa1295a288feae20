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
                let params: [String]?
            }
            let id: String
            let kind: String
            let line: String
            let peer_expected: Peer
            let rfc5321: Reading?
        }
        struct DataCase: Decodable {
            struct Peer: Decodable {
                let ok: Bool?
                let reply: String?
                let message: String?
                let wire: String?
                let stuffed: String?

                var isTaken: Bool { ok == true || reply == "250" }
            }
            let id: String
            let role: String
            let data: String
            let peer_expected: Peer
        }
        let cases: [Case]
        let data_cases: [DataCase]
    }

    /// Stands in for IDNA, which is a library's: each label that is above ASCII gets some A-label.
    static let toASCII: DomainToASCII = { text in
        let labels = text.split(separator: ".", omittingEmptySubsequences: false).map { label in
            label.utf8.allSatisfy { $0 < 0x80 } ? String(label) : "xn--\(label.unicodeScalars.count)"
        }
        return try? DomainName(labels.joined(separator: "."))
    }

    /// Parameters that are known here; others draw 555 (SRV-10).
    static let known = ["SIZE", "BODY", "SMTPUTF8", "REQUIRETLS", "RET", "ENVID", "AUTH", "NOTIFY", "ORCPT"]

    /// Why a case is not compared; nil where it is.
    static func skipped(_ test: File.Case) -> String? {
        let line = test.line.uppercased()
        if ["localpart", "localpart-encode"].contains(test.kind) {
            return "parts of other parsers' interfaces: local-parts are read within mailboxes"
        }
        for verb in ["EXPN", "ETRN", "ATRN", "BURL", "XCLIENT"] where line.hasPrefix(verb) {
            return "\(verb) is not implemented"
        }
        if line.contains("@[FUTURE:") { return "nobody could be reached by a literal of an unknown tag" }
        return nil
    }

    @Test("SRV-05 SRV-20 SRV-21 SRV-42 SRV-43 SRV-44 SRV-45 Lines and paths agree in full")
    func lines() throws {
        let cases = try Corpus.read("smtp-commands.json", as: File.self).cases
        var tally = CorpusTally("smtp-commands")
        for test in cases {
            if let reason = Self.skipped(test) {
                tally.skip(test.id, reason)
                continue
            }
            let isAgreed = Self.accepts(test) == Self.expected(test)
            let difference = isAgreed ? nil : Self.deviation(test)
            tally.note(test.id, isAgreed || difference != nil, differing: difference)
        }
        tally.report(of: cases.count)
        #expect(cases.count > 300)
    }

    /// The RFC was read mechanically, and decides where it refuses a line; of the values of parameters it says nothing, and the
    /// peer decides. Whether MAIL has SMTPUTF8 is the line's matter, so that a path above ASCII is valid with it alone.
    static func expected(_ test: File.Case) -> Bool {
        guard let reading = test.rfc5321, let valid = reading.valid else { return test.peer_expected.accept }
        return valid && (reading.params == nil || test.peer_expected.accept)
    }

    /// Differences, each with its reason.
    static func deviation(_ test: File.Case) -> String? {
        let keywords = (test.rfc5321?.params ?? []).map { $0.prefix { $0 != "=" }.uppercased() }
        if Set(keywords).count < keywords.count { return "a parameter given twice is refused (RFC 3461 §4.5)" }
        if let unknown = keywords.first(where: { !known.contains($0) }) {
            // It is the parameter that is refused, not the line.
            #expect(throws: CommandError.unknownParameter(unknown), "\(test.id)") {
                try Command(parsing: test.line.utf8)
            }
            return "a parameter that is not known draws 555 (SRV-10)"
        }
        if test.kind == "path" || test.kind == "reverse-path", test.line == "<postmaster>" {
            return "a bare Postmaster is a forward-path (RFC 5321 §4.1.1.3)"
        }
        switch test.line {
        case "MAIL FROM:<alice@wonderland.book> SIZE=4294967295":
            return "well formed; the limit of this size is the session's to know"
        case "MAIL FROM:<alice@wonderland.book> SMTPUTF8" where !test.peer_expected.accept:
            return "well formed; this peer has the extension switched off"
        case "AUTH ECDSA-NIST256P-CHALLENGE =", "AUTH ECDSA-NIST256P-CHALLENGE100 abcde":
            return "a mechanism has 20 characters at the most (RFC 4422 §3.1)"
        case "AUTH SCRAM-SHA-256-PLUS base64_goes_here":
            return "an initial response that is no base64 (RFC 4954 §4)"
        default:
            return nil
        }
    }

    static func accepts(_ test: File.Case) -> Bool {
        switch test.kind {
        case "line": (try? Command(parsing: test.line.utf8, toASCII: toASCII)) != nil
        case "address": (try? Mailbox(parsing: test.line.utf8, toASCII: toASCII)) != nil
        case "reverse-path": (try? ReversePath(parsing: test.line.utf8, toASCII: toASCII)) != nil
        case "xtext": XText.decoded(test.line.utf8) != nil
        default: test.line == "<>" || (try? ForwardPath(parsing: test.line.utf8, toASCII: toASCII)) != nil
        }
    }

    @Test("SRV-21 SRV-43 Without a way to A-labels, or SMTPUTF8 in MAIL, what is above ASCII is refused as such")
    func needsUTF8() throws {
        var compared = 0
        for test in try Corpus.read("smtp-commands.json", as: File.self).cases
        where test.rfc5321?.valid == true && !test.line.utf8.allSatisfy({ $0 < 0x80 }) {
            compared += 1
            switch test.kind {
            case "line":
                let rcpt = test.line
                guard case .rcpt(_, _, isASCII: false) = try Command(parsing: rcpt.utf8, toASCII: Self.toASCII) else {
                    Issue.record("\(test.id)")
                    continue
                }
                let mail = rcpt.replacing("RCPT TO", with: "MAIL FROM")
                #expect(throws: CommandError.badReversePath(.needsUTF8), "\(test.id)") {
                    try Command(parsing: mail.utf8, toASCII: Self.toASCII)
                }
                _ = try Command(parsing: "\(mail) SMTPUTF8".utf8, toASCII: Self.toASCII)
            default:
                #expect(throws: PathError.needsUTF8, "\(test.id)") { try ForwardPath(parsing: test.line.utf8) }
            }
        }
        #expect(compared > 8)
    }

    @Test("SRV-44 The parameters of RCPT, which the cases have behind a null path, behind a path")
    func recipientParameters() throws {
        var compared = 0
        for test in try Corpus.read("smtp-commands.json", as: File.self).cases
        where test.line.hasPrefix("RCPT TO:<> NOTIFY=") || test.line.hasPrefix("RCPT TO:<> ORCPT=") {
            compared += 1
            // RFC 3461 §4 lets xtext be empty, whatever the peer does with it.
            let expected = test.peer_expected.accept || test.line.hasSuffix("ORCPT=rfc822;")
            let line = test.line.replacing("<>", with: "<u@x.example>")
            #expect(((try? Command(parsing: line.utf8)) != nil) == expected, "\(test.id): \(line)")
        }
        #expect(compared == 13)
    }

    @Test("SRV-12 SRV-13 SRV-14 CLI-13 Content, read and written")
    func content() throws {
        let cases = try Corpus.read("smtp-commands.json", as: File.self).data_cases
        var tally = CorpusTally("smtp-commands, content")
        for test in cases {
            let bytes = Array(test.data.utf8)
            switch test.role {
            case "server reading DATA":
                let bare = test.data.replacing("\r\n", with: "").utf8.contains { $0 == 13 || $0 == 10 }
                tally.note(
                    test.id, Self.isRead(bytes, bare: bare, as: test.peer_expected.message),
                    differing: bare && test.peer_expected.isTaken ? "a bare CR or LF refuses the message (D16)" : nil)
            case "client writing DATA":
                let wire = try? ContentWriterTests.encode(bytes, in: 2)
                if let expected = test.peer_expected.wire {
                    tally.note(test.id, wire == expected)
                } else if !test.data.hasSuffix("\r\n") {
                    tally.note(
                        test.id, wire?.hasSuffix("\(test.data)\r\n.\r\n") == true,
                        differing: "content without a last CRLF gets one (RFC 5321 §4.1.1.4)")
                } else {
                    tally.note(test.id, wire == nil)
                }
            default:
                // The peer's function knows LF alone; ours is asked the same with CRLF.
                let crlf = test.data.replacing("\n", with: "\r\n")
                let wire = try ContentWriterTests.encode(Array(crlf.utf8), in: 3)
                let stuffed = try #require(test.peer_expected.stuffed).replacing("\n", with: "\r\n")
                tally.note(test.id, wire.hasPrefix(stuffed))
            }
        }
        tally.report(of: cases.count)
        #expect(cases.count == 56)
    }

    /// However it is cut: one message at the most, which ends at the last CRLF.CRLF.
    private static func isRead(_ bytes: [UInt8], bare: Bool, as message: String?) -> Bool {
        [1, 3, bytes.count].allSatisfy { piece in
            let (content, facts, used) = ContentReaderTests.read(bytes, in: piece)
            let isOther = !bare && message != nil && String(decoding: content, as: UTF8.self) != message
            return (facts.bareLineEnd != nil) == bare && (used == nil || used == bytes.count) && !isOther
        }
    }
}
