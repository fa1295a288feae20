import Testing

@testable import Mail

/// MAIL and RCPT with addresses above ASCII (RFC 6531).
struct CommandUTF8Tests {
    static func parse(_ line: String) throws(CommandError) -> Command {
        try Command(parsing: line.utf8, toASCII: PathTests.toASCII)
    }

    @Test(
        "SRV-43 MAIL with UTF-8 is read where it has SMTPUTF8",
        arguments: [
            ("MAIL FROM:<ü@x.example> SMTPUTF8", "ü@x.example", false),
            ("MAIL FROM:<ü@ü.example> BODY=8BITMIME smtputf8", "ü@xn--tda.example", false),
            ("MAIL FROM:<u@ü.example> SMTPUTF8", "u@xn--tda.example", true),
            ("MAIL FROM:<u@x.example> SMTPUTF8", "u@x.example", true),  // The header may still need it.
        ])
    func mail(line: String, expected: String, isASCII: Bool) throws {
        guard case .mail(.mailbox(let mailbox), let parameters) = try Self.parse(line) else {
            Issue.record("no MAIL")
            return
        }
        #expect(mailbox.description == expected && mailbox.isASCII == isASCII && parameters.isInternationalized)
    }

    @Test(
        "SRV-21 8 bits in MAIL without SMTPUTF8 draw 550 5.6.7",
        arguments: [
            ("MAIL FROM:<ü@x.example>", .needsUTF8), ("MAIL FROM:<ü@x.example> BODY=8BITMIME SIZE=1", .needsUTF8),
            ("MAIL FROM:<u@ü.example>", .needsUTF8),  // although an A-label could be made
            ("MAIL FROM:<@ü.example:u@x.example>", .needsUTF8), ("MAIL FROM:<u@ä.example>", .badULabel),
            ("MAIL FROM:<u@ä.example> SMTPUTF8", .badULabel),
        ] as [(String, PathError)])
    func needsUTF8(line: String, error: PathError) {
        #expect(throws: CommandError.badReversePath(error)) { try Self.parse(line) }
    }

    @Test(
        "SRV-21 SRV-43 RCPT says whether it was ASCII, and leaves the rest to the session",
        arguments: [
            ("RCPT TO:<ü@x.example>", "ü@x.example", false), ("RCPT TO:<u@x.example>", "u@x.example", true),
            ("RCPT TO:<u@ü.example>", "u@xn--tda.example", false),  // The command was not, the mailbox is.
            ("RCPT TO:<u@xn--tda.example>", "u@xn--tda.example", true),
            ("RCPT TO:<@ü.example:u@x.example>", "u@x.example", false),
            ("RCPT TO:<u@x.example> ORCPT=utf-8;ü@x.example", "u@x.example", false),
            ("RCPT TO:<u@x.example> ORCPT=utf-8;\\x{FC}@x.example", "u@x.example", true),
            ("RCPT TO:<ü@ü.example> NOTIFY=NEVER ORCPT=utf-8;ü@ü.example", "ü@xn--tda.example", false),
        ])
    func rcpt(line: String, expected: String, isASCII: Bool) throws {
        guard case .rcpt(.mailbox(let mailbox), _, let wasASCII) = try Self.parse(line) else {
            Issue.record("no RCPT")
            return
        }
        #expect(mailbox.description == expected && wasASCII == isASCII)
    }

    @Test("SRV-21 RCPT with octets that are no UTF-8, or a domain that IDNA does not know, draws 553 5.6.7")
    func badRecipient() {
        let latin1 = Array("RCPT TO:<".utf8) + [0xFC] + Array("@x.example>".utf8)
        #expect(throws: CommandError.badForwardPath(.badUTF8)) {
            try Command(parsing: latin1, toASCII: PathTests.toASCII)
        }
        #expect(throws: CommandError.badForwardPath(.badULabel)) { try Self.parse("RCPT TO:<u@ä.example>") }
    }

    @Test("Octets above ASCII make no other command (RFC 6531 §3.1 adds them to paths alone)")
    func elsewhere() {
        #expect(throws: CommandError.badClientName) { try Self.parse("EHLO ü.example") }
        #expect(throws: CommandError.badClientName) { try Self.parse("LHLO ü.example") }
        #expect(throws: CommandError.unknown) { try Self.parse("MÄIL FROM:<>") }
        #expect(throws: CommandError.badParameter) { try Self.parse("MAIL FROM:<ü@x.example> SMTPÜTF8") }
    }
}
