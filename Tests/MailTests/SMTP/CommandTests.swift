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
            ("mail from:<Ab@X.example>", "mail Ab@x.example []"),
            ("MAIL FROM:<>", "mail  []"), ("MAIL FROM:<>\t ", "mail  []"),
            ("MAIL FROM:<Ab@x.example> size=10 Body=8BitMime", "mail Ab@x.example [SIZE=10, BODY=8BitMime]"),
            ("MAIL FROM:<> FLAG", "mail  [FLAG]"), ("MAIL FROM:<> A-1=x<y>;/", "mail  [A-1=x<y>;/]"),
            ("RCPT TO:<@a,@b:Ab@x.example>", "rcpt Ab@x.example []"), ("rcpt to:<POSTMASTER>", "rcpt postmaster []"),
            ("RCPT TO:<Ab@x.example> NOTIFY=NEVER", "rcpt Ab@x.example [NOTIFY=NEVER]"),
            ("DATA", "data"), ("data ", "data"), ("RSET", "rset"), ("NOOP", "noop"), ("NOOP any thing", "noop"),
            ("QUIT", "quit"), ("VRFY a@b.example", "vrfy"), ("HELP", "help"), ("HELP MAIL", "help"),
            ("starttls", "startTLS"),
        ])
    func valid(line: String, description: String) throws {
        #expect(Self.describe(try Command(parsing: line.utf8)) == description)
    }

    @Test(
        "SRV-09 SRV-10 SRV-20 SRV-21 Lines that are refused, and with what",
        arguments: [
            ("", .unknown, 500), ("XXXX", .unknown, 500), ("DATA_", .unknown, 500), ("LHLO x", .unknown, 500),
            (" NOOP", .unknown, 500), ("EXPN list", .unimplemented, 502), ("TURN", .unimplemented, 502),
            ("BDAT 1 LAST", .unimplemented, 502), ("AUTH PLAIN", .unimplemented, 502), ("ETRN x", .unimplemented, 502),
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
            ("RCPT TO:<ü@x.example>", .badForwardPath(.needsUTF8), 553),
            ("RCPT TO:<u@ü.example>", .badForwardPath(.needsUTF8), 553),
            ("MAIL FROM:<>>", .badParameter, 501), ("MAIL FROM:<>SIZE=1", .badParameter, 501),
            ("MAIL FROM:<>  SIZE=1", .badParameter, 501), ("MAIL FROM:<> SIZE=", .badParameter, 501),
            ("MAIL FROM:<> =1", .badParameter, 501), ("MAIL FROM:<> A=b=c", .badParameter, 501),
            ("MAIL FROM:<> A_B=1", .badParameter, 501), ("MAIL FROM:<> SIZE=1 size=2", .badParameter, 501),
            ("MAIL FROM:<> A=ü", .badParameter, 501), ("MAIL FROM:<> -A", .badParameter, 501),
            ("GET / HTTP/1.1", .http, 500), ("POST /x HTTP/1.0", .http, 500), ("PRI * HTTP/2.0", .http, 500),
        ] as [(String, CommandError, UInt16)])
    func invalid(line: String, error: CommandError, code: UInt16) {
        #expect(throws: error) { try Command(parsing: line.utf8) }
        #expect(error.reply.code == code)
        #expect(error.reply.enhanced.map { UInt16($0.class) } == code / 100)
    }

    @Test("SRV-21 The enhanced codes of 8-bit addresses (RFC 6531 §3.5)")
    func internationalised() {
        #expect(CommandError.badReversePath(.needsUTF8).reply.enhanced == EnhancedStatusCode(5, 6, 7))
        #expect(CommandError.badForwardPath(.needsUTF8).reply.enhanced == EnhancedStatusCode(5, 6, 7))
    }

    @Test("The client's name is at most 255 octets")
    func nameLimit() {
        let name = Array(repeating: "a", count: 128).joined(separator: ".")
        #expect(name.utf8.count == 255)
        #expect(ClientName(parsing: name.utf8) != nil)
        #expect(ClientName(parsing: (name + "a").utf8) == nil)
    }

    static func describe(_ command: Command) -> String {
        func list(_ parameters: [Command.Parameter]) -> String {
            "[" + parameters.map { $0.keyword + ($0.value.map { "=" + $0 } ?? "") }.joined(separator: ", ") + "]"
        }
        return switch command {
        case .ehlo(let name): "ehlo \(name)"
        case .helo(let name): "helo \(name)"
        case .mail(let path, let parameters): "mail \(path) \(list(parameters))"
        case .rcpt(.mailbox(let mailbox), let parameters): "rcpt \(mailbox) \(list(parameters))"
        case .rcpt(.postmaster, let parameters): "rcpt postmaster \(list(parameters))"
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
