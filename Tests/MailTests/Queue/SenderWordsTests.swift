import Foundation
import Testing

@testable import Mail

/// What a notice tells the one who wrote the message.
@Suite("Sender's words")
struct SenderWordsTests {
    /// Words of the trade: they belong into the line for administrators.
    static let jargon = [
        "8bit", "certificate", "cleartext", "DANE", "DKIM", "DNS", "EHLO", "encrypt", "handshake", "MTA", "MX",
        "policy", "RCPT",
        "REQUIRETLS", "SMTP", "STARTTLS", "STS", "TLS", "TLSA", "UTF-8",
    ]

    static func check(_ words: SenderWords, _ what: String) {
        for text in [words.happened, words.remedy] {
            #expect(text.hasSuffix(".") && text.utf8.count > 15, "\(what): \(text)")
            #expect(text.first?.isUppercase == true || text.hasPrefix("b.example "), "\(what): \(text)")
            #expect(text.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "one line of ASCII, \(what): \(text)")
            for word in jargon {
                #expect(text.range(of: word, options: .caseInsensitive) == nil, "\(what): \(word) in \(text)")
            }
        }
    }

    @Test(
        "each cause has a sentence without a word of the trade, and one on what to do", arguments: Reason.Cause.allCases
    )
    func complete(cause: Reason.Cause) {
        Self.check(cause.senderWords(domain: "b.example"), cause.rawValue)
    }

    @Test(
        "who is kept back by a policy hears that his message was not exposed, and who can mend it",
        arguments: Reason.Cause.allCases.filter(\.isTLSPolicy))
    func policies(cause: Reason.Cause) {
        let words = cause.senderWords(domain: "b.example")
        #expect(words.happened.contains("Your message was not "), "\(cause)")
        #expect(words.happened.contains("b.example") || cause == .fingerprintMismatch)
    }

    @Test(
        "a refusal in the remote's own code",
        arguments: [
            (550, "5.1.1", "no mailbox of that name"), (550, "5.1.0", "no mailbox of that name"),
            (551, "5.1.6", "moved"),
            (556, "5.1.10", "takes no mail"), (553, "5.1.8", "from your address"), (550, "5.2.1", "takes no mail"),
            (452, "4.2.2", "is full"), (552, "5.2.3", "larger than"), (552, "5.3.4", "larger than"),
            (554, "5.6.0", "contains"), (451, "4.7.1", "see it again later"), (550, "5.7.1", "do not admit"),
            (451, "4.3.0", "was not accepted by"), (550, nil, "was not accepted by"),
        ] as [(UInt16, String?, String)])
    func replies(code: UInt16, enhanced: String?, words: String) {
        var parser = ReplyParser()
        parser.append("\(code) \(enhanced.map { $0 + " " } ?? "")x\r\n".utf8)
        let reply = try? parser.next()
        #expect(reply != nil)
        let told = Reason.Cause.remoteReply.senderWords(domain: "b.example", reply: reply)
        Self.check(told, "\(code)")
        #expect(told.happened.contains(words), "\(told.happened)")
    }

    @Test("a reply tells nothing of a policy: the policy's own words stand")
    func policyFirst() {
        let reply = Reply(550, EnhancedStatusCode(5, 1, 1), "who")
        #expect(
            Reason.Cause.startTLSMissing.senderWords(domain: "b.example", reply: reply)
                == Reason.Cause.startTLSMissing.senderWords(domain: "b.example"))
    }

    @Test("a failed notice says what to do, a delayed one that nothing need be done, since when and for how long")
    func notices() throws {
        let reason = Reason(.daneMismatch, "no TLSA record of mx.b.example matches")
        let failed = try DSNTests.notice(reason: reason)
        #expect(failed.contains("    What you can do: The administrators of b.example have to mend this"))
        #expect(failed.contains("If you need help, forward this notice to <postmaster@relay.example>."))
        let delayed = try DSNTests.notice(.delayed, reason: reason)
        #expect(delayed.contains("Your message of Fri, 15 Jan 2027 08:00:00 +0000 has not been delivered yet."))
        #expect(delayed.contains("\r\nThere is nothing you need to do"))
        #expect(delayed.contains("    b.example asks for a verified secure connection, and its mail server could"))
        #expect(!delayed.contains("What you can do"))
        for text in [failed, delayed] {
            #expect(text.contains("    For administrators: 5.1.1 dane-mismatch: no TLSA record of mx.b.example"))
        }
    }
}
