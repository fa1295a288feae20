import Testing

@testable import Mail

/// What the client hands on of DSN and SMTPUTF8.
@Suite("Requests handed on")
struct ClientRequestTests {
    static func recipient(
        _ address: String, _ notify: NotifyConditions? = nil, _ original: String? = nil
    ) throws -> Envelope.Recipient {
        let at = try #require(address.lastIndex(of: "@"))
        let domain = MailDomain.name(try DomainName(String(address[address.index(after: at)...])))
        return Envelope.Recipient(
            Mailbox(localPart: String(address[..<at]), domain: domain),
            RecipientRequest(
                notify: notify, originalRecipient: try original.map { try #require(OriginalRecipient(parsing: $0)) }))
    }

    static func session(_ transaction: ClientTransaction) throws -> ClientDriver {
        var client = try ClientDriver()
        client.session = ClientSession(
            hostname: .name(try DomainName("relay.example")),
            requirement: TLSRequirement(
                level: .none, by: nil, dane: nil, requireTLS: .no, serverName: nil, reason: Explanation("test")),
            first: transaction)
        return client
    }

    static func transaction(
        _ recipients: [Envelope.Recipient], from sender: String = "s@t.example", has8bit: Bool = false,
        returns: ReturnedContent? = nil, envelopeID: String? = nil, needsUTF8Header: Bool = false
    ) throws -> ClientTransaction {
        ClientTransaction(
            reversePath: sender.isEmpty ? .null : .mailbox(try recipient(sender).mailbox), recipients: recipients,
            size: 100, has8bit: has8bit, returns: returns, envelopeID: envelopeID, needsUTF8Header: needsUTF8Header)
    }

    @Test("CLI-26 CLI-04 ENVID, RET, NOTIFY and ORCPT exactly as received where DSN is offered, otherwise none of them")
    func parameters() throws {
        let transaction = try Self.transaction(
            [
                try Self.recipient("a@b.example", [.success, .delay], "rfc822;Dana+2Bx@Ivory.example"),
                try Self.recipient("b@b.example", []), try Self.recipient("c@b.example"),
                try Self.recipient("d@b.example", nil, "X-local;a+3Db"),
            ],
            returns: .headers, envelopeID: "Ab+2B")
        var offered = try Self.session(transaction)
        #expect(
            offered.hello("PIPELINING", "DSN")
                == "MAIL FROM:<s@t.example> RET=HDRS ENVID=Ab+2B"
                + "|RCPT TO:<a@b.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Dana+2Bx@Ivory.example"
                + "|RCPT TO:<b@b.example> NOTIFY=NEVER|RCPT TO:<c@b.example>"
                + "|RCPT TO:<d@b.example> ORCPT=X-local;a+3Db|DATA")
        var bare = try Self.session(transaction)
        #expect(
            bare.hello("PIPELINING")
                == "MAIL FROM:<s@t.example>|RCPT TO:<a@b.example>|RCPT TO:<b@b.example>|RCPT TO:<c@b.example>"
                + "|RCPT TO:<d@b.example>|DATA")
        // HELO offers nothing, whatever EHLO may have said.
        var old = try Self.session(transaction)
        _ = old.on(.connected)
        _ = old.reply("220 x")
        #expect(old.reply("502 what") == "HELO relay.example")
        #expect(old.reply("250 x") == "MAIL FROM:<s@t.example>")
    }

    @Test(
        "CLI-26 an envelope id of a damaged store starts no parameter",
        arguments: ["a b", "a=b", "", "a+2", "a\r\nDATA"])
    func damagedID(id: String) throws {
        var client = try Self.session(
            try Self.transaction([try Self.recipient("a@b.example")], envelopeID: id))
        #expect(client.hello("DSN") == "MAIL FROM:<s@t.example>")
    }

    @Test("CLI-26 an envelope id at the limit goes on, one past it does not")
    func idLimit() throws {
        for count in [Envelope.envelopeIDLimit, Envelope.envelopeIDLimit + 1] {
            let id = String(repeating: "x", count: count)
            var client = try Self.session(
                try Self.transaction([try Self.recipient("a@b.example")], envelopeID: id))
            #expect(client.hello("DSN").contains("ENVID") == (count <= Envelope.envelopeIDLimit))
        }
    }

    @Test("DSN-16 a notice of ours carries neither RET nor NOTIFY nor anything else of DSN")
    func notice() throws {
        var client = try Self.session(try Self.transaction([try Self.recipient("s@t.example")], from: ""))
        #expect(client.hello("PIPELINING", "DSN", "SMTPUTF8") == "MAIL FROM:<>|RCPT TO:<s@t.example>|DATA")
    }

    struct UTF8Case: CustomTestStringConvertible, Sendable {
        var sender = "s@t.example"
        var recipients = ["a@b.example"]
        var header = false
        let offered: String
        let bare: String
        let testDescription: String
    }

    static let cases = [
        UTF8Case(
            offered: "MAIL FROM:<s@t.example>", bare: "MAIL FROM:<s@t.example>",
            testDescription: "ASCII only: no parameter"),
        UTF8Case(
            recipients: ["ü@b.example"], offered: "MAIL FROM:<s@t.example> SMTPUTF8",
            bare: "done next-host utf8-unsupported", testDescription: "recipient"),
        UTF8Case(
            sender: "ü@t.example", offered: "MAIL FROM:<ü@t.example> SMTPUTF8",
            bare: "done next-host utf8-unsupported", testDescription: "reverse-path"),
        UTF8Case(
            header: true, offered: "MAIL FROM:<s@t.example> BODY=8BITMIME SMTPUTF8",
            bare: "done next-host utf8-unsupported", testDescription: "header"),
    ]

    @Test("CLI-17 SMTPUTF8 exactly when needed and offered; needed and not offered is never sent", arguments: cases)
    func utf8(_ test: UTF8Case) throws {
        let transaction = try Self.transaction(
            try test.recipients.map { try Self.recipient($0) }, from: test.sender, has8bit: test.header,
            needsUTF8Header: test.header)
        var offered = try Self.session(transaction)
        #expect(offered.hello("8BITMIME", "SMTPUTF8") == test.offered)
        var bare = try Self.session(transaction)
        #expect(bare.hello("8BITMIME") == test.bare)
    }

    @Test("CLI-17 a host without SMTPUTF8 takes those recipients it can, and another is asked for the rest")
    func mixed() throws {
        let transaction = try Self.transaction([
            try Self.recipient("ü@b.example"), try Self.recipient("a@b.example"),
        ])
        var client = try Self.session(transaction)
        #expect(client.hello("PIPELINING") == "MAIL FROM:<s@t.example>|RCPT TO:<a@b.example>|DATA")
        _ = client.replies("250 ok", "250 ok", "354 go")
        _ = client.on(.contentSent)
        #expect(client.reply("250 done") == "done next-host utf8-unsupported, delivered 250")
    }

    @Test("CLI-17 no value in UTF-8 writes a second command", arguments: ["ü\r\nDATA", "ü> SIZE=1", "ü ü", "ü\0"])
    func injection(localPart: String) throws {
        var client = try Self.session(
            try Self.transaction([try Self.recipient("\(localPart)@b.example"), try Self.recipient("a@b.example")]))
        #expect(
            client.hello("PIPELINING", "SMTPUTF8") == "MAIL FROM:<s@t.example> SMTPUTF8|RCPT TO:<a@b.example>|DATA")
    }

    @Test("CLI-26 RFC 6533 a UTF-8 ORCPT in its ASCII form goes on as it came, in both kinds of transaction")
    func unitext() throws {
        let original = "utf-8;\\x{FC}@b.example"
        for (address, parameter) in [("ü@b.example", " SMTPUTF8"), ("a@b.example", "")] {
            var client = try Self.session(
                try Self.transaction([try Self.recipient(address, .failure, original)]))
            #expect(
                client.hello("PIPELINING", "DSN", "SMTPUTF8")
                    == "MAIL FROM:<s@t.example>\(parameter)|RCPT TO:<\(address)> NOTIFY=FAILURE ORCPT=\(original)|DATA")
        }
    }

    @Test("The longest RCPT is within the bound that groups are made by")
    func longest() throws {
        let label = String(repeating: "d", count: 61)
        let domain = (0..<4).map { _ in label }.joined(separator: ".")
        let recipient = try Self.recipient(
            String(repeating: "l", count: Mailbox.localPartLimit) + "@" + domain.suffix(189),
            [.success, .failure, .delay],
            "rfc822;" + String(repeating: "x", count: OriginalRecipient.lengthLimit - 7))
        var extensions = ServiceExtensions()
        extensions.dsn = true
        let line = try #require(CommandWriter.rcpt(recipient, extensions, inUTF8: false))
        #expect(line.count <= Exchange.commandLimit)
        #expect(line.count > Exchange.commandLimit - 70)
    }
}
