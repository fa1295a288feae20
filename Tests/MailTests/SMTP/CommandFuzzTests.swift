import Testing

@testable import Mail

struct CommandFuzzTests {
    /// A line of each kind, with as much in it as there can be.
    static let seeds = [
        "EHLO client.example", "HELO [192.0.2.1]", "LHLO [IPv6:2001:db8::1]", "EHLO [tag:x]",
        "MAIL FROM:<@a.example,@b.example:\"a \\\" b\"@c.example> SIZE=99999999999999999999 BODY=8BITMIME",
        "MAIL FROM:<ü@ü.example> SMTPUTF8 REQUIRETLS RET=FULL ENVID=a+20b AUTH=e+3Dmc2@example.com",
        "MAIL FROM:<我買@[IPv6:2001:db8::1]> AUTH=<> SMTPUTF8", "MAIL FROM:<>",
        "RCPT TO:<Postmaster> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb@c.example",
        "RCPT TO:<\"ü\"@ü.example> NOTIFY=NEVER ORCPT=utf-8;\\x{1F600}ü@ü.example", "RCPT TO:<u@[192.0.2.1]>",
        "BDAT 9223372036854775807 LAST", "BDAT 99999999999999999999",
        "AUTH SCRAM-SHA-256-PLUS cD10bHMtdW5pcXVlLCwsbj11",
        "AUTH PLAIN =", "XFORWARD NAME=x ADDR=192.0.2.1", "VRFY \"a\"", "DATA", "STARTTLS",
    ]

    /// Octets that parsers turn on.
    static let turns: [UInt8] =
        Array("<>@\"\\.,:;=+[]{} -0Aüx".utf8) + [0x00, 0x0A, 0x0D, 0x7F, 0x80, 0xC2, 0xED, 0xEF, 0xF4, 0xFF]

    static func mutated(_ line: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var line = line
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let position = Int.random(in: 0...line.count, using: &random)
            let end = Int.random(in: position...line.count, using: &random)
            let octet = turns.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<6, using: &random) {
            case 0: line.insert(octet, at: position)
            case 1 where position < line.count: line[position] = octet
            case 2 where position < line.count: line[position] = UInt8.random(in: 0...255, using: &random)
            case 3: line.removeSubrange(position..<end)
            case 4: line.insert(contentsOf: line[position..<end], at: position)
            default: line.removeSubrange(position...)
            }
        }
        return line
    }

    @Test("SRV-11 No line traps, and what is read keeps every promise of its type", arguments: [1, 2, 3] as [UInt64])
    func mutations(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var (read, refused) = (0, 0)
        for _ in 0..<20_000 {
            let line = Self.mutated(Array((Self.seeds.randomElement(using: &random) ?? "").utf8), &random)
            do throws(CommandError) {
                try Self.check(Command(parsing: line, toASCII: PathTests.toASCII), line)
                read += 1
            } catch {
                #expect((500...555).contains(error.reply.code) && error.reply.enhanced?.class == 5, "\(line)")
                refused += 1
            }
        }
        #expect(read > 1000 && refused > 1000, "both sides were tried: \(read) \(refused)")
    }

    @Test("SRV-11 Each line cut at every octet is read or refused", arguments: seeds)
    func cut(seed: String) {
        let line = Array(seed.utf8)
        for count in 0...line.count {
            // An array of its own: what reads beyond its end traps.
            let part = Array(line[..<count])
            do throws(CommandError) {
                try Self.check(Command(parsing: part, toASCII: PathTests.toASCII), part)
            } catch {
                #expect((500...555).contains(error.reply.code), "\(seed) cut at \(count)")
            }
        }
    }

    static func check(_ command: Command, _ line: [UInt8]) {
        switch command {
        case .mail(let path, let parameters):
            if case .mailbox(let mailbox) = path { check(mailbox, line) }
            #expect(parameters.isInternationalized || line.allSatisfy { $0 < 0x80 }, "\(line)")
            for text in [parameters.envelopeID, parameters.submitter].compactMap(\.self) {
                #expect(isHarmless(text) && text.utf8.allSatisfy { $0 < 0x80 }, "\(line)")
            }
            #expect(parameters.declaredSize.map { $0 >= 0 } != false)
        case .rcpt(let path, let parameters, let isASCII):
            if case .mailbox(let mailbox) = path {
                check(mailbox, line)
                #expect(!isASCII || mailbox.isASCII, "\(line)")
            }
            if let text = parameters.request.originalRecipient?.text {
                #expect(isHarmless(text) && OriginalRecipient(parsing: text)?.text == text, "\(line)")
            }
        case .bdat(let size, _): #expect(size >= 0, "\(line)")
        case .auth(let mechanism, _): #expect((1...20).contains(mechanism.utf8.count), "\(line)")
        case .ehlo(let name), .helo(let name), .lhlo(let name): #expect(isHarmless(name.text), "\(line)")
        case .data, .rset, .noop, .quit, .vrfy, .help, .startTLS, .xforward: break
        }
    }

    /// Reads back as itself, fits a path, and holds no control character.
    static func check(_ mailbox: Mailbox, _ line: [UInt8]) {
        let text = mailbox.description
        #expect(isHarmless(text) && text.utf8.count + 2 <= Mailbox.pathLimit, "\(line)")
        #expect((try? Mailbox(parsing: text.utf8, toASCII: PathTests.toASCII)) == mailbox, "\(line)")
        #expect(mailbox.domain.description.utf8.allSatisfy { $0 < 0x80 }, "\(line)")
    }

    static func isHarmless(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy {
            $0.properties.generalCategory != .control && $0 != "\u{FEFF}" && $0 != "\u{FFFD}"
        }
    }
}
