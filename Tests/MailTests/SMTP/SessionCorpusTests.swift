import Testing

@testable import Mail

/// Dialogues of other servers' tests, run against ours: reply codes must be of the same class.
@Suite(.enabled(if: Corpus.isPresent, "WAXWING_CORPUS names no folder"))
struct SessionCorpusTests {
    struct File: Decodable {
        struct Case: Decodable {
            struct Step: Decodable {
                let ehlo: String?
                let send: String?
                let expect_glob: String?
                let expect_prefix: String?
            }
            let id: String
            let steps: [Step]
        }
        let cases: [Case]
    }

    /// Dialogues of things we do not do, by a part of their name.
    static let skipped = [
        "Concurrency": "several connections at once: the listener's matter",
        "LMTPServer": "the case leaves out the reply to LHLO",
        "MultipleDomains": "IMAP", "SMTPEndpoint": "IMAP",
        "CheckRequireTLS": "a role that demands TLS for certain senders",
        "ProxyProtocolUntrusted": "a check of the client's address", "CheckSPF": "SPF",
        "SPF_DMARC": "SPF; not a whole dialogue",
        "DNSBLConfig": "DNS block lists", "AuthorizeSender": "senders are not authorised one by one; SMTPUTF8",
        "CheckCommand": "an outside filter", "HeaderSizeConstraint": "no limit of the header alone",
        "Chunking_Binarymime": "BINARYMIME is not offered",
        "Chunking_EarlyError": "an error of a back end we do not have",
        "TooLongCommand": "the octets sent are not in the case",
        "tooManyInvalid": "the case demands a close after one line",
        "otherCommands": "HELP is answered, VRFY needs an argument",
        "TestServer.LFDotLF": "bare line ends are refused (D16)",
        "TestServer_LFDotLF": "bare line ends are refused (D16)",
    ]

    @Test("SRV-02 SRV-07 SRV-27 Whole dialogues", arguments: ["maddy-sessions.json", "go-smtp-sequences.json"])
    func dialogues(name: String) throws {
        let cases = try Corpus.read("smtp-sessions/\(name)", as: File.self).cases
        var tally = CorpusTally(name)
        for test in cases {
            if let why = Self.skipped.first(where: { test.id.contains($0.key) })?.value {
                tally.skip(test.id, why)
                continue
            }
            var isAnswered = true
            var server = ServerDriver(
                ServerSession.Configuration(
                    hostname: try DomainName("relay.example"),
                    messageLimit: test.id.contains("tooLong") ? 50 : 1_000_000,
                    spoken: test.id.contains("Chunking_LMTP") ? .lmtp : .smtp))
            if test.steps.first?.ehlo == nil {
                _ = server.send(test.id.contains("Chunking_LMTP") ? "LHLO x\r\n" : "EHLO x\r\n")
            }
            var seen = server.replies.count
            for step in test.steps {
                if let name = step.ehlo {
                    _ = server.send("EHLO \(name)\r\n")
                    seen = server.replies.count
                }
                if let text = step.send { _ = server.send(text) }
                guard let expected = (step.expect_glob ?? step.expect_prefix)?.prefix(3) else { continue }
                // A bare CR within the message of this case (D16).
                let code = test.id == "go-smtp-TestServer" && seen == 5 ? "554" : String(expected)
                // Replies to commands that the case sends ahead are passed over.
                while test.id.contains("tooLong"), seen < server.replies.count - 1 { seen += 1 }
                // 354 is left out where the content follows at once.
                while seen < server.replies.count, server.replies[seen].code == 354, code != "354" { seen += 1 }
                guard seen < server.replies.count, String(server.replies[seen].code) == code else {
                    isAnswered = false
                    break
                }
                seen += 1
            }
            let isOurs = test.id == "go-smtp-TestServer"
            tally.note(test.id, isAnswered, differing: isOurs ? "a bare CR within the message refuses it (D16)" : nil)
        }
        tally.report(of: cases.count)
    }
}
