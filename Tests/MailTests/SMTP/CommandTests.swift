import Testing

@testable import Mail

struct CommandTests {
    @Test(
        "SRV-02 SRV-05 Commands in any case, white space at the end",
        arguments: [
            ("EHLO client.example", "ehlo client.example"), ("ehlo localhost", "ehlo localhost"),
            ("EHLO [192.0.2.9]", "ehlo [192.0.2.9]"), ("EHLO [IPv6:::1]", "ehlo [IPv6:::1]"),
            ("EHLO [future:something]", "ehlo [future:something]"), ("EHLO win_host", "ehlo win_host"),
            ("HELO x", "helo x"), ("helo client.example.  ", "helo client.example."),
            ("LHLO client.example", "lhlo client.example"), ("lhlo [IPv6:::1]", "lhlo [IPv6:::1]"),
            ("mail from:<Ab@X.example>", "mail Ab@x.example"),
            ("MAIL FROM:<>", "mail "), ("MAIL FROM:<>\t ", "mail "),
            ("MAIL FROM:<Ab@x.example> size=10 Body=8BitMime", "mail Ab@x.example"),
            ("RCPT TO:<@a,@b:Ab@x.example>", "rcpt Ab@x.example"), ("rcpt to:<POSTMASTER>", "rcpt postmaster"),
            ("RCPT TO:<Ab@x.example> notify=never", "rcpt Ab@x.example"),
            ("DATA", "data"), ("data ", "data"), ("RSET", "rset"), ("NOOP", "noop"), ("NOOP any thing", "noop"),
            ("QUIT", "quit"), ("VRFY a@b.example", "vrfy"), ("HELP", "help"), ("HELP MAIL", "help"),
            ("starttls", "startTLS"), ("XFORWARD NAME=x ADDR=[UNAVAILABLE]", "xforward NAME=x ADDR=[UNAVAILABLE]"),
        ])
    func valid(line: String, description: String) throws {
        #expect(Self.describe(try Command(parsing: line.utf8)) == description)
    }

    @Test(
        "SRV-09 SRV-10 SRV-20 SRV-21 Lines that are refused, and with what",
        arguments: [
            ("", .unknown, 500), ("XXXX", .unknown, 500), ("DATA_", .unknown, 500), ("BDAT1", .unknown, 500),
            (" NOOP", .unknown, 500), ("EXPN list", .unimplemented, 502), ("TURN", .unimplemented, 502),
            ("BURL x", .unimplemented, 502), ("ATRN x", .unimplemented, 502), ("ETRN x", .unimplemented, 502),
            ("LHLO", .badClientName, 501), ("LHLO [999.1.1.1]", .badClientName, 501),
            ("XFORWARD", .missingArgument, 501),
            ("NOOP a\nMAIL FROM:<>", .controlCharacter, 500), ("NOOP\r", .controlCharacter, 500),
            ("NO\0OP", .controlCharacter, 500), ("EHLO a\u{7F}", .controlCharacter, 500),
            ("EHLO", .badClientName, 501), ("HELO", .badClientName, 501), ("EHLO  x", .badClientName, 501),
            ("EHLO a b", .badClientName, 501), ("EHLO !!", .badClientName, 501),
            ("EHLO [999.1.1.1]", .badClientName, 501),
            ("EHLO [IPv6:x]", .badClientName, 501), ("EHLO [1.2.3.4", .badClientName, 501),
            ("EHLO a..b", .badClientName, 501),
            ("EHLO ü.example", .badClientName, 501), ("EHLO [x:a]b]", .badClientName, 501),
            ("DATA x", .unexpectedArgument, 501), ("RSET x", .unexpectedArgument, 501),
            ("QUIT x", .unexpectedArgument, 501),
            ("STARTTLS x", .unexpectedArgument, 501), ("VRFY", .missingArgument, 501),
            ("VRFY \"\"", .missingArgument, 501),
            ("MAIL", .badArgument, 501), ("MAIL TO:<>", .badArgument, 501), ("MAIL FROM <>", .badArgument, 501),
            ("MAIL  FROM:<>", .badArgument, 501), ("RCPT FROM:<>", .badArgument, 501),
            ("MAIL FROM :<>", .badArgument, 501),
            ("MAIL FROM: <>", .badReversePath(.syntax), 501), ("MAIL FROM:", .badReversePath(.syntax), 501),
            ("RCPT TO: <Ab@x.example>", .badForwardPath(.syntax), 501), ("RCPT TO:<>", .badForwardPath(.syntax), 501),
            ("RCPT TO:<u@a_b.example>", .badForwardPath(.syntax), 501),
            ("RCPT TO:Ab@x.example", .badForwardPath(.syntax), 501),
            ("MAIL FROM:<ü@x.example>", .badReversePath(.needsUTF8), 550),
            ("MAIL FROM:<u@ü.example>", .badReversePath(.badULabel), 550),
            ("RCPT TO:<u@ü.example>", .badForwardPath(.badULabel), 553),
            ("MAIL FROM:<>>", .badParameter, 501), ("MAIL FROM:<>SIZE=1", .badParameter, 501),
            ("MAIL FROM:<>  SIZE=1", .badParameter, 501), ("MAIL FROM:<> SIZE=", .badParameter, 501),
            ("MAIL FROM:<> =1", .badParameter, 501), ("MAIL FROM:<> A=b=c", .badParameter, 501),
            ("MAIL FROM:<> A_B=1", .badParameter, 501), ("MAIL FROM:<> SIZE=1 size=2", .badParameter, 501),
            ("MAIL FROM:<> -A", .badParameter, 501), ("RCPT TO:<u@x.example> SIZE= ", .badParameter, 501),
            ("GET / HTTP/1.1", .http, 500), ("POST /x HTTP/1.0", .http, 500), ("PRI * HTTP/2.0", .http, 500),
        ] as [(String, CommandError, UInt16)])
    func invalid(line: String, error: CommandError, code: UInt16) {
        #expect(throws: error) { try Command(parsing: line.utf8) }
        #expect(error.reply.code == code)
        #expect(error.reply.enhanced.map { UInt16($0.class) } == code / 100)
    }

    @Test(
        "SRV-21 The enhanced codes of 8-bit addresses (RFC 6531 §3.5)",
        arguments: [.needsUTF8, .badUTF8, .badULabel] as [PathError])
    func internationalised(error: PathError) {
        #expect(CommandError.badReversePath(error).reply.code == 550)
        #expect(CommandError.badReversePath(error).reply.enhanced == EnhancedStatusCode(5, 6, 7))
        #expect(CommandError.badForwardPath(error).reply.code == 553)
        #expect(CommandError.badForwardPath(error).reply.enhanced == EnhancedStatusCode(5, 6, 7))
    }

    @Test(
        "SRV-42 BDAT: the size of the chunk, and whether it is the last",
        arguments: [
            ("BDAT 0", .bdat(size: 0, isLast: false)), ("BDAT 0 LAST", .bdat(size: 0, isLast: true)),
            ("bdat 86 last ", .bdat(size: 86, isLast: true)), ("BDAT 1", .bdat(size: 1, isLast: false)),
            ("BDAT 9223372036854775807 LAST", .bdat(size: .max, isLast: true)),
            ("BDAT 00000000000000000005", .bdat(size: 5, isLast: false)),  // 20 digits
        ] as [(String, Command)])
    func chunk(line: String, command: Command) throws {
        #expect(try Command(parsing: line.utf8) == command)
    }

    @Test(
        "SRV-42 BDAT that says no size",
        arguments: [
            ("BDAT", .badChunkSize), ("BDAT LAST", .badChunkSize), ("BDAT  1", .badChunkSize),
            ("BDAT -1", .badChunkSize), ("BDAT +1", .badChunkSize), ("BDAT 0x10", .badChunkSize),
            ("BDAT 1F", .badChunkSize), ("BDAT 1.5", .badChunkSize), ("BDAT 1,000", .badChunkSize),
            ("BDAT 10LAST", .badChunkSize), ("BDAT 10  LAST", .badChunkSize), ("BDAT 10 LAST x", .badChunkSize),
            ("BDAT 10 FIRST", .badChunkSize), ("BDAT 10\tLAST", .controlCharacter), ("BDAT ١", .badChunkSize),
            ("BDAT 000000000000000000005", .badChunkSize),  // 21 digits
            ("BDAT 9223372036854775808", .chunkTooLarge), ("BDAT 99999999999999999999 LAST", .chunkTooLarge),
        ] as [(String, CommandError)])
    func noChunk(line: String, error: CommandError) {
        #expect(throws: error) { try Command(parsing: line.utf8) }
    }

    @Test("SRV-42 A chunk that nobody can count draws 552 5.3.4, a malformed size 501 5.5.4")
    func chunkReplies() {
        let (large, bad) = (CommandError.chunkTooLarge.reply, CommandError.badChunkSize.reply)
        #expect(large.code == 552 && large.enhanced == EnhancedStatusCode(5, 3, 4))
        #expect(bad.code == 501 && bad.enhanced == EnhancedStatusCode(5, 5, 4))
    }

    @Test(
        "SRV-45 AUTH: the mechanism in upper case, the initial response decoded",
        arguments: [
            ("AUTH PLAIN", "PLAIN", nil), ("auth scram-sha-256-plus", "SCRAM-SHA-256-PLUS", nil),
            ("AUTH PLAIN =", "PLAIN", []), ("AUTH X_1-2 AGEAYg==", "X_1-2", [0, 0x61, 0, 0x62]),
            ("AUTH LOGIN /+8=", "LOGIN", [0xFF, 0xEF]), ("AUTH ABCDEFGHIJKLMNOPQRST", "ABCDEFGHIJKLMNOPQRST", nil),
        ] as [(String, String, [UInt8]?)])
    func auth(line: String, mechanism: String, response: [UInt8]?) throws {
        #expect(try Command(parsing: line.utf8) == .auth(mechanism: mechanism, initialResponse: response))
    }

    @Test(
        "SRV-45 AUTH that is none",
        arguments: [
            ("AUTH", .missingArgument), ("AUTH ", .missingArgument), ("AUTH  PLAIN", .badMechanism),
            ("AUTH !!", .badMechanism), ("AUTH PLÄIN", .badMechanism), ("AUTH PLAIN=", .badMechanism),
            ("AUTH ABCDEFGHIJKLMNOPQRSTU", .badMechanism),  // 21 octets
            ("AUTH PLAIN *", .badInitialResponse), ("AUTH PLAIN ==", .badInitialResponse),
            ("AUTH PLAIN A", .badInitialResponse), ("AUTH PLAIN AGEAYg=", .badInitialResponse),
            ("AUTH PLAIN AGEA Yg==", .badInitialResponse), ("AUTH PLAIN  AGEAYg==", .badInitialResponse),
            ("AUTH PLAIN AGEAYg==\t=", .controlCharacter), ("AUTH PLAIN AGEA_g==", .badInitialResponse),
        ] as [(String, CommandError)])
    func noAuth(line: String, error: CommandError) {
        #expect(throws: error) { try Command(parsing: line.utf8) }
    }

    @Test("SRV-45 Bad base64 draws 501 5.5.2, a name that is no mechanism's 501 5.5.4 (RFC 4954 §4)")
    func authReplies() {
        let (response, mechanism) = (CommandError.badInitialResponse.reply, CommandError.badMechanism.reply)
        #expect(response.code == 501 && response.enhanced == EnhancedStatusCode(5, 5, 2))
        #expect(mechanism.code == 501 && mechanism.enhanced == EnhancedStatusCode(5, 5, 4))
    }

    @Test("The client's name is at most 255 octets")
    func nameLimit() {
        let name = Array(repeating: "a", count: 128).joined(separator: ".")
        #expect(name.utf8.count == 255)
        #expect(ClientName(parsing: name.utf8) != nil)
        #expect(ClientName(parsing: (name + "a").utf8) == nil)
    }

    static func describe(_ command: Command) -> String {
        switch command {
        case .ehlo(let name): "ehlo \(name)"
        case .helo(let name): "helo \(name)"
        case .lhlo(let name): "lhlo \(name)"
        case .mail(let path, _): "mail \(path)"
        case .rcpt(.mailbox(let mailbox), _, isASCII: _): "rcpt \(mailbox)"
        case .rcpt(.postmaster, _, isASCII: _): "rcpt postmaster"
        case .bdat(let size, let isLast): "bdat \(size) \(isLast)"
        case .auth(let mechanism, _): "auth \(mechanism)"
        case .xforward(let text): "xforward \(String(decoding: text, as: UTF8.self))"
        case .data: "data"
        case .rset: "rset"
        case .noop: "noop"
        case .quit: "quit"
        case .vrfy: "vrfy"
        case .help: "help"
        case .startTLS: "startTLS"
        }
    }
}
