import Foundation
import Testing

@testable import Mail

/// What a notice owes to RET, ENVID, NOTIFY, ORCPT and SMTPUTF8.
@Suite("DSN as asked for")
struct DSNRequestTests {
    static func notice(
        _ action: DSN.Action = .failed, original: DSN.Original = .header(Array("Subject: x\r\n".utf8)),
        to sender: String = "Ann", envelopeID: String? = nil, isInternationalized: Bool = false,
        recipients: [(local: String, original: String?)] = [("Bob", nil)], reply: Reply? = nil
    ) throws -> [UInt8] {
        var generator = SplitMix(seed: 7)
        let relay = try DomainName("relay.example")
        let there = MailDomain.name(try DomainName("b.example"))
        return DSN(
            action: action, reportingMTA: relay, from: Mailbox(localPart: "postmaster", domain: .name(relay)),
            to: Mailbox(localPart: sender, domain: .name(try DomainName("sender.example"))),
            originalID: QueueID(using: &generator), envelopeID: envelopeID, isInternationalized: isInternationalized,
            arrival: WallTime(seconds: 1_800_000_000), receivedFrom: nil,
            recipients: recipients.map {
                DSN.Recipient(
                    mailbox: Mailbox(localPart: $0.local, domain: there),
                    originalRecipient: $0.original.flatMap { OriginalRecipient(parsing: $0) },
                    reason: action == .relayed ? nil : Reason(.remoteReply, "nobody of that name"), reply: reply,
                    remoteHost: nil, status: EnhancedStatusCode(5, 1, 1), lastAttempt: nil)
            },
            original: original, noticeID: QueueID(using: &generator), date: WallTime(seconds: 1_800_000_061)
        ).content()
    }

    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test(
        "DSN-06 Original-Envelope-Id exactly when ENVID came, out of xtext, its case kept",
        arguments: [
            (nil, nil), ("A+2BB", "A+B"), ("QQ314159", "QQ314159"), ("a+20b", "a b"), ("a+0D+0Ab", "a+0D+0Ab"),
        ] as [(String?, String?)])
    func envelopeID(id: String?, field: String?) throws {
        let text = Self.text(try Self.notice(envelopeID: id))
        if let field {
            #expect(text.contains("\r\n\r\nOriginal-Envelope-Id: \(field)\r\nReporting-MTA: "))
        } else {
            #expect(!text.contains("Original-Envelope-Id"))
        }
    }

    @Test("DSN-07 Original-Recipient exactly where ORCPT came, above Final-Recipient with the address untouched")
    func originalRecipient() throws {
        let text = Self.text(
            try Self.notice(recipients: [("Bob", "rfc822;Dana+2Bx@Ivory.example"), ("Carl", nil)]))
        #expect(
            text.contains(
                "\r\n\r\nOriginal-Recipient: rfc822; Dana+x@Ivory.example\r\nFinal-Recipient: rfc822; Bob@b.example\r\n"
            ))
        #expect(text.contains("\r\n\r\nFinal-Recipient: rfc822; Carl@b.example\r\n"))
    }

    @Test(
        "DSN-11 NOTIFY: who hears of what",
        arguments: [
            (nil, [.failed, .delayed]), ([], []), ([.failure], [.failed]), ([.delay], [.delayed]),
            ([.success], [.relayed]), ([.success, .failure], [.failed, .relayed]),
            ([.success, .failure, .delay], [.failed, .delayed, .relayed]),
        ] as [(NotifyConditions?, [DSN.Action])])
    func wants(notify: NotifyConditions?, actions: [DSN.Action]) {
        let request = RecipientRequest(notify: notify)
        #expect(DSN.Action.allCases.filter(request.wants) == actions)
    }

    @Test("DSN-11 a relayed notice tells so to people and programs, and has no reason")
    func relayed() throws {
        let text = Self.text(try Self.notice(.relayed, reply: Reply(250, nil, "taken")))
        #expect(text.contains("Action: relayed\r\n"))
        #expect(text.contains("Diagnostic-Code: smtp; 250 taken\r\n"))
        #expect(!text.contains("X-Waxwing-Reason") && !text.contains("Will-Retry-Until"))
        #expect(text.contains(" was handed to the mail systems\r\nof the recipients below."))
    }

    @Test("DSN-11 the status of what was relayed is of class 2")
    func relayedStatus() {
        for (enhanced, status) in [(EnhancedStatusCode(2, 1, 5), "2.1.5"), (nil, "2.0.0")] {
            let made = DSN.status(nil, Reply(250, enhanced, "x"), .relayed, expiredFrom: nil, demand: .ordinary)
            #expect(made.description == status)
        }
    }

    struct ReturnCase: CustomTestStringConvertible {
        var action = DSN.Action.failed
        var returns: ReturnedContent?
        var size = Int64(100)
        var demand = MessageDemand.ordinary
        let whole: Bool
        let testDescription: String
    }

    @Test(
        "DSN-12 INT-14 what goes back",
        arguments: [
            ReturnCase(whole: true, testDescription: "no RET: the whole"),
            ReturnCase(returns: .full, whole: true, testDescription: "FULL"),
            ReturnCase(returns: .headers, whole: false, testDescription: "HDRS"),
            ReturnCase(action: .delayed, returns: .full, whole: false, testDescription: "no failure"),
            ReturnCase(action: .relayed, returns: .full, whole: false, testDescription: "no failure either"),
            ReturnCase(size: Int64(DSN.contentLimit), whole: true, testDescription: "at the limit"),
            ReturnCase(
                returns: .full, size: Int64(DSN.contentLimit) + 1, whole: false, testDescription: "one octet past it"),
            ReturnCase(returns: .full, demand: .requireTLS, whole: false, testDescription: "INT-14 REQUIRETLS"),
            ReturnCase(returns: .full, demand: .optionalTLS, whole: true, testDescription: "TLS-Required: No"),
        ])
    func returns(_ test: ReturnCase) {
        #expect(DSN.returnsWhole(test.action, test.returns, size: test.size, demand: test.demand) == test.whole)
    }

    @Test("DSN-12 the whole message goes back as message/rfc822")
    func whole() throws {
        let text = Self.text(try Self.notice(original: .whole(Array("Subject: x\r\n\r\nbody\r\n".utf8))))
        #expect(text.contains("Content-Type: message/rfc822\r\n"))
        #expect(text.contains("\r\n\r\nSubject: x\r\n\r\nbody\r\n\r\n--"))
        #expect(text.contains("\r\n\r\nIt is below.\r\n\r\n<Bob@b.example>\r\n"))
    }

    @Test("DSN-13 what seven bits cannot hold is reduced to its header, and a header that they cannot is encoded")
    func eightBit() throws {
        let body = try Self.notice(original: .whole(Array("Subject: x\r\n\r\nböse\r\n".utf8)))
        #expect(Self.text(body).contains("Content-Type: text/rfc822-headers\r\n"))
        #expect(!Self.text(body).contains("se\r\n\r\n--"))
        let header = try Self.notice(original: .whole(Array("Subject: ü\r\n\r\nbody\r\n".utf8)))
        #expect(Self.text(header).contains("Content-Transfer-Encoding: quoted-printable\r\n\r\nSubject: =C3=BC\r\n"))
        let long = String(repeating: "x", count: 999)
        let line = try Self.notice(original: .whole(Array("Subject: x\r\n\r\n\(long)\r\n".utf8)))
        for notice in [body, header, line] {
            #expect(QuotedPrintable.isSevenBit(notice))
            #expect(!Self.text(notice).contains("message/rfc822"))
        }
    }

    @Test("DSN-14 mail that came with SMTPUTF8: the parts of RFC 6533, in seven bits")
    func internationalized() throws {
        let recipients: [(local: String, original: String?)] = [("bär", "utf-8;\\x{E4}lt@b.example"), ("Carl", nil)]
        let content = Array("Subject: höchst\r\n\r\nböse\r\n".utf8)
        let reply = Reply(550, EnhancedStatusCode(5, 1, 1), "kein bär")
        let whole = try Self.notice(
            original: .whole(content), isInternationalized: true, recipients: recipients, reply: reply)
        #expect(QuotedPrintable.isSevenBit(whole))
        #expect(Self.text(whole).contains("text/plain; charset=utf-8\r\n"))
        let text = Self.text(QuotedPrintableTests.decoded(whole))
        for part in [
            "message/global-delivery-status\r\n", "message/global\r\n",
            "Final-Recipient: utf-8; bär@b.example\r\n", "Original-Recipient: utf-8; ält@b.example\r\n",
            "Final-Recipient: rfc822; Carl@b.example\r\n", "Diagnostic-Code: smtp; 550 5.1.1 kein bär\r\n",
            "Subject: höchst\r\n\r\nböse\r\n",
        ] {
            #expect(text.contains(part), "\(part)")
        }
        let header = try Self.notice(
            original: .header(Array("Subject: höchst\r\n".utf8)), isInternationalized: true, recipients: recipients)
        #expect(QuotedPrintable.isSevenBit(header))
        #expect(Self.text(header).contains("Content-Type: message/global-headers\r\n"))
    }

    @Test("DSN-14 only a sender whose own address holds UTF-8 makes a header of more than seven bits")
    func internationalizedSender() throws {
        let notice = try Self.notice(to: "änn", isInternationalized: true)
        #expect(Self.text(notice).contains("\r\nTo: <änn@sender.example>\r\n"))
        let rest = Self.text(notice).replacingOccurrences(of: "änn", with: "ann")
        #expect(QuotedPrintable.isSevenBit(Array(rest.utf8)))
    }

    @Test("DSN-14 a stranger's UTF-8 breaks no line and forges no field")
    func hostile() throws {
        let reply = Reply(550, nil, "nö\r\nAction: delivered\u{85}\u{2028}x")
        let notice = try Self.notice(isInternationalized: true, reply: reply)
        let text = Self.text(QuotedPrintableTests.decoded(notice))
        #expect(!text.contains("\nAction: delivered"))
        #expect(!text.unicodeScalars.contains { (0x7F..<0xA0).contains($0.value) })
    }
}
