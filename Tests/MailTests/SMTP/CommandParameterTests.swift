import Testing

@testable import Mail

struct CommandParameterTests {
    static func sender(_ text: String) throws -> SenderParameters {
        guard case .mail(_, let parameters) = try Command(parsing: "MAIL FROM:<a@b.example> \(text)".utf8) else {
            Issue.record("no MAIL")
            return SenderParameters()
        }
        return parameters
    }

    static func recipient(_ text: String) throws -> RecipientRequest {
        guard case .rcpt(_, let parameters, isASCII: _) = try Command(parsing: "RCPT TO:<a@b.example> \(text)".utf8)
        else {
            Issue.record("no RCPT")
            return .none
        }
        return parameters.request
    }

    @Test(
        "SRV-05 SRV-16 SRV-43 SRV-44 SRV-46 Parameters of MAIL",
        arguments: [
            ("", SenderParameters()),
            ("SIZE=0", SenderParameters(declaredSize: 0)),
            ("size=35000000", SenderParameters(declaredSize: 35_000_000)),
            ("SIZE=00000000000000000007", SenderParameters(declaredSize: 7)),  // 20 digits
            ("SIZE=99999999999999999999", SenderParameters(declaredSize: .max)),  // more than an Int
            ("BODY=7BIT", SenderParameters()), ("Body=8bitMime", SenderParameters(body: .eightBitMIME)),
            ("SMTPUTF8", SenderParameters(isInternationalized: true)),
            ("smtputf8", SenderParameters(isInternationalized: true)),
            ("REQUIRETLS", SenderParameters(requireTLS: true)),
            ("RET=FULL", SenderParameters(returns: .full)), ("ret=hdrs", SenderParameters(returns: .headers)),
            ("ENVID=QQ314159", SenderParameters(envelopeID: "QQ314159")),
            ("ENVID=a+20+2Bb", SenderParameters(envelopeID: "a+20+2Bb")),  // kept as it came
            ("ENVID=+7E<>;", SenderParameters(envelopeID: "+7E<>;")),
            ("AUTH=<>", SenderParameters(submitter: "<>")),
            ("AUTH=e+3Dmc2@example.com", SenderParameters(submitter: "e+3Dmc2@example.com")),
            ("AUTH=+22a+20b+22@c.example", SenderParameters(submitter: "+22a+20b+22@c.example")),
            ("AUTH=+C3+BC@c.example", SenderParameters(submitter: "+C3+BC@c.example")),  // ü
            ("AUTH=x", SenderParameters(submitter: "<>")),  // SRV-46: as good as nobody's name
            ("AUTH=u@", SenderParameters(submitter: "<>")),
            (
                "REQUIRETLS AUTH=<> ENVID=1 RET=HDRS SMTPUTF8 BODY=8BITMIME SIZE=1",
                SenderParameters(
                    declaredSize: 1, body: .eightBitMIME, isInternationalized: true, requireTLS: true,
                    returns: .headers, envelopeID: "1", submitter: "<>")
            ),
        ])
    func mail(text: String, expected: SenderParameters) throws {
        #expect(try Self.sender(text) == expected)
    }

    @Test(
        "SRV-10 SRV-44 SRV-46 Parameters of MAIL that are refused",
        arguments: [
            ("FOO=1", .unknownParameter("FOO")), ("foo", .unknownParameter("FOO")),
            ("NOTIFY=NEVER", .unknownParameter("NOTIFY")),  // RCPT's
            ("A-1=x<y>;/", .unknownParameter("A-1")), ("A=ü", .unknownParameter("A")),
            ("BODY=BINARYMIME", .unknownParameter("BODY=BINARYMIME")),
            ("BODY=rabbit", .unknownParameter("BODY=RABBIT")),
            ("BODY", .badValue("BODY")), ("SIZE", .badValue("SIZE")), ("SIZE=x", .badValue("SIZE")),
            ("SIZE=-1", .badValue("SIZE")), ("SIZE=0x1", .badValue("SIZE")),
            ("SIZE=000000000000000000007", .badValue("SIZE")),  // 21 digits
            ("SMTPUTF8=YES", .badValue("SMTPUTF8")), ("REQUIRETLS=1", .badValue("REQUIRETLS")),
            ("RET", .badValue("RET")), ("RET=ALL", .badValue("RET")), ("RET=FULL,HDRS", .badValue("RET")),
            ("ENVID", .badValue("ENVID")), ("ENVID=+0A", .badValue("ENVID")), ("ENVID=a+00", .badValue("ENVID")),
            ("ENVID=+7F", .badValue("ENVID")), ("ENVID=+1B[2J", .badValue("ENVID")), ("ENVID=+80", .badValue("ENVID")),
            ("ENVID=+2b", .badValue("ENVID")),  // lower case is no hexchar
            ("ENVID=+2", .badValue("ENVID")), ("ENVID=+", .badValue("ENVID")), ("ENVID=ü SMTPUTF8", .badValue("ENVID")),
            ("AUTH", .badValue("AUTH")), ("AUTH=+zz", .badValue("AUTH")), ("AUTH=u+0D+0A@c.example", .badValue("AUTH")),
            ("AUTH=ü@c.example SMTPUTF8", .badValue("AUTH")),
            ("RET=HDRS RET=FULL", .badParameter), ("ENVID=1 envid=1", .badParameter),
            ("AUTH=<> AUTH=<>", .badParameter),
            ("SMTPUTF8 SMTPUTF8", .badParameter), ("SIZE=", .badParameter), ("ENVID=", .badParameter),
        ] as [(String, CommandError)])
    func badMail(text: String, error: CommandError) {
        #expect(throws: error) { try Self.sender(text) }
        let isUnknown = if case .unknownParameter = error { true } else { false }
        #expect(error.reply.code == (isUnknown ? 555 : 501) && error.reply.enhanced == EnhancedStatusCode(5, 5, 4))
    }

    @Test(
        "SRV-44 NOTIFY (RFC 3461 §4.1)",
        arguments: [
            ("NOTIFY=NEVER", []), ("notify=never", []), ("NOTIFY=SUCCESS", .success), ("NOTIFY=failure", .failure),
            ("NOTIFY=DELAY", .delay), ("NOTIFY=DELAY,SUCCESS", [.success, .delay]),
            ("NOTIFY=SUCCESS,FAILURE,DELAY", [.success, .failure, .delay]),  // 28 octets
        ] as [(String, NotifyConditions)])
    func notify(text: String, expected: NotifyConditions) throws {
        #expect(try Self.recipient(text) == RecipientRequest(notify: expected))
    }

    @Test(
        "SRV-43 SRV-44 ORCPT, kept as it came (RFC 3461 §4.2, RFC 6533 §3)",
        arguments: [
            "rfc822;Bob@Example.COM", "RFC822;George+20@Tax-+20ME+20.GOV", "rfc822;a;b", "rfc822;", "x400;/C=de/",
            "utf-8;bob@example.com", "UTF-8;ü@ü.example", "utf-8;\\x{FC}@c.example", "utf-8;a\\x{20}b@c.example",
            "utf-8;\\x{2B}\\x{3D}\\x{5C}", "utf-8;\\x{a0}", "utf-8;\\x{7FF}\\x{FFFD}\\x{1F600}\\x{10FFFF}", "utf-8;{}x",
        ])
    func originalRecipient(value: String) throws {
        let text = value.replacing("/C=", with: "/C+3D")
        #expect(try Self.recipient("ORCPT=\(text)").originalRecipient?.text == text)
    }

    @Test(
        "SRV-10 SRV-44 Parameters of RCPT that are refused",
        arguments: [
            ("NOTIFY", .badValue("NOTIFY")), ("NOTIFY=NEVER,FAILURE", .badValue("NOTIFY")),
            ("NOTIFY=FAILURE,NEVER", .badValue("NOTIFY")), ("NOTIFY=NEVER,NEVER", .badValue("NOTIFY")),
            ("NOTIFY=DELAY,DELAY", .badValue("NOTIFY")), ("NOTIFY=SUCCESS,", .badValue("NOTIFY")),
            ("NOTIFY=,", .badValue("NOTIFY")), ("NOTIFY=SUCCESS;DELAY", .badValue("NOTIFY")),
            ("NOTIFY=ALWAYS", .badValue("NOTIFY")), ("NOTIFY=ſUCCESS", .badValue("NOTIFY")),  // long s
            ("NOTIFY=NEVER NOTIFY=NEVER", .badParameter), ("NOTIFY=", .badParameter), ("ORCPT=", .badParameter),
            ("ORCPT=rfc822;a orcpt=rfc822;a", .badParameter), ("ORCPT=rfc822;a=b", .badParameter),
            ("ORCPT", .badValue("ORCPT")), ("ORCPT=a@b.example", .badValue("ORCPT")), ("ORCPT=;a", .badValue("ORCPT")),
            ("ORCPT=rfc_822;a", .badValue("ORCPT")), ("ORCPT=rfc822;a+0D+0AX:", .badValue("ORCPT")),
            ("ORCPT=rfc822;+00", .badValue("ORCPT")), ("ORCPT=rfc822;+1B", .badValue("ORCPT")),
            ("ORCPT=rfc822;+7F", .badValue("ORCPT")), ("ORCPT=rfc822;+C3+BC", .badValue("ORCPT")),
            ("ORCPT=rfc822;+4", .badValue("ORCPT")), ("ORCPT=rfc822;ü@c.example", .badValue("ORCPT")),
            ("ORCPT=utf-8;", .badValue("ORCPT")), ("ORCPT=utf-8;a+40b", .badValue("ORCPT")),  // no xtext
            ("ORCPT=utf-8;\\", .badValue("ORCPT")), ("ORCPT=utf-8;\\x", .badValue("ORCPT")),
            ("ORCPT=utf-8;\\x{FC", .badValue("ORCPT")), ("ORCPT=utf-8;\\x{}", .badValue("ORCPT")),
            ("ORCPT=utf-8;\\x{A}", .badValue("ORCPT")), ("ORCPT=utf-8;\\x{0A}", .badValue("ORCPT")),
            ("ORCPT=utf-8;\\x{7F}", .badValue("ORCPT")), ("ORCPT=utf-8;\\x{85}", .badValue("ORCPT")),
            ("ORCPT=utf-8;\\x{41}", .badValue("ORCPT")),  // stands for itself
            ("ORCPT=utf-8;\\x{0FC}", .badValue("ORCPT")), ("ORCPT=utf-8;\\x{D800}", .badValue("ORCPT")),
            ("ORCPT=utf-8;\\x{110000}", .badValue("ORCPT")), ("ORCPT=utf-8;\\x{1000000}", .badValue("ORCPT")),
            ("ORCPT=utf-8;\\x{FEFF}", .badValue("ORCPT")), ("ORCPT=utf-8;\u{85}", .badValue("ORCPT")),
            ("RET=FULL", .unknownParameter("RET")), ("SMTPUTF8", .unknownParameter("SMTPUTF8")),
            ("RRVS=2014-04-03T23:01:00Z", .unknownParameter("RRVS")),
        ] as [(String, CommandError)])
    func badRecipient(text: String, error: CommandError) {
        #expect(throws: error) { try Self.recipient(text) }
    }

    @Test("SRV-44 ORCPT that is no UTF-8 is refused")
    func brokenORCPT() {
        for octets: [UInt8] in [[0xFC], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x8A]] {
            let line = Array("RCPT TO:<a@b.example> ORCPT=utf-8;".utf8) + octets
            #expect(throws: CommandError.badValue("ORCPT")) { try Command(parsing: line) }
        }
    }

    @Test("SRV-44 SRV-46 Values at their limits are read, one octet more is not")
    func limits() throws {
        let envelopeID = String(repeating: "e", count: Envelope.envelopeIDLimit)
        #expect(try Self.sender("ENVID=\(envelopeID)").envelopeID == envelopeID)
        #expect(throws: CommandError.badValue("ENVID")) { try Self.sender("ENVID=\(envelopeID)e") }
        for type in ["rfc822;", "utf-8;"] {
            let orcpt = type + String(repeating: "o", count: OriginalRecipient.lengthLimit - type.utf8.count)
            #expect(try Self.recipient("ORCPT=\(orcpt)").originalRecipient?.text == orcpt)
            #expect(throws: CommandError.badValue("ORCPT")) { try Self.recipient("ORCPT=\(orcpt)o") }
        }
        let submitter = String(repeating: "f", count: SenderParameters.submitterLimit)
        #expect(try Self.sender("AUTH=\(submitter)").submitter == "<>")
        #expect(throws: CommandError.badValue("AUTH")) { try Self.sender("AUTH=\(submitter)f") }
    }

    @Test("SRV-15 SRV-16 MAIL and RCPT with all parameters at their longest are read, within the line")
    func longest() throws {
        #expect(Command.requiredLine == 1599 && Command.lineLimit >= Command.requiredLine)
        let label = String(repeating: "d", count: 63)
        let path = "<\(String(repeating: "a", count: 64))@\(label).\(label).\(String(repeating: "d", count: 61))>"
        #expect(path.utf8.count == Mailbox.pathLimit)
        let envelopeID = String(repeating: "e", count: Envelope.envelopeIDLimit)
        // The longest mailbox in xtext that fits: each octet of its local-part as three.
        let local = String(repeating: "+3D", count: 64)
        let domain = [label, label, label, String(repeating: "d", count: 61)].joined(separator: ".")
        let mail =
            "MAIL FROM:\(path) SIZE=99999999999999999999 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=FULL ENVID=\(envelopeID)"
            + " AUTH=\(local)@\(domain)"
        guard case .mail(_, let parameters) = try Command(parsing: mail.utf8) else {
            Issue.record("no MAIL")
            return
        }
        #expect(parameters.declaredSize == .max && parameters.body == .eightBitMIME)
        #expect(parameters.isInternationalized && parameters.requireTLS && parameters.returns == .full)
        #expect(parameters.envelopeID == envelopeID && parameters.submitter == "\(local)@\(domain)")
        let type = "rfc822;"
        let orcpt = type + String(repeating: "+3D", count: (OriginalRecipient.lengthLimit - type.utf8.count) / 3)
        let rcpt = "RCPT TO:\(path) NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=\(orcpt)"
        guard case .rcpt(_, let asked, isASCII: true) = try Command(parsing: rcpt.utf8) else {
            Issue.record("no RCPT")
            return
        }
        #expect(asked.request.notify == [.success, .failure, .delay] && asked.request.originalRecipient?.text == orcpt)
        for line in [mail, rcpt] { #expect(line.utf8.count + 2 <= Command.requiredLine) }
    }

    /// U+0080 is a control character; "é" is none, but a reply to a client that did not ask for SMTPUTF8 is ASCII (RFC 6531 §3.5).
    @Test("SRV-10 A word beyond ASCII is malformed, and no reply repeats it", arguments: ["\u{80}", "é", "\u{FFFD}"])
    func strangeWord(word: String) {
        for line in ["MAIL FROM:<> BODY=\(word)", "MAIL FROM:<> RET=\(word)", "RCPT TO:<a@b.example> NOTIFY=\(word)"] {
            do throws(CommandError) {
                _ = try Command(parsing: line.utf8)
                Issue.record("accepted: \(line)")
            } catch {
                let keyword = line.split(separator: " ").last?.prefix { $0 != "=" } ?? ""
                #expect(error.reply == Reply(501, EnhancedStatusCode(5, 5, 4), "Malformed value of \(keyword)"))
            }
        }
    }

    @Test("SRV-10 A reply repeats no more of a strange keyword than a log line bears")
    func strangeKeyword() {
        let line = "MAIL FROM:<> " + String(repeating: "A", count: 1900)
        do throws(CommandError) {
            _ = try Command(parsing: line.utf8)
            Issue.record("accepted")
        } catch {
            #expect(error.reply.lines == ["Parameter \(String(repeating: "A", count: 40)) not recognized"])
        }
    }
}
