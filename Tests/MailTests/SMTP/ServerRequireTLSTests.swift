import Testing

@testable import Mail

struct ServerRequireTLSTests {
    /// A session behind the handshake and EHLO.
    static func secured() throws -> ServerDriver {
        var configuration = ServerSession.Configuration(hostname: try DomainName("relay.example"), messageLimit: 1000)
        configuration.security = .offered
        var server = ServerDriver(configuration)
        _ = server.send("EHLO x\r\nSTARTTLS\r\n")
        _ = server.report(.secured(ClientDriver.facts, ClientTerms(mayRelay: true)))
        return server
    }

    @Test("INT-07 REQUIRETLS is offered inside TLS only, without an argument")
    func offered() throws {
        var clear = ServerDriver(
            ServerSession.Configuration(hostname: try DomainName("relay.example"), security: .offered))
        #expect(!clear.send("EHLO x\r\n").contains("REQUIRETLS"))
        var server = try Self.secured()
        let lines = server.send("EHLO x\r\n").split(separator: "\r\n").map { $0.dropFirst(4) }
        #expect(lines.filter { $0.hasPrefix("REQUIRETLS") } == ["REQUIRETLS"])
        #expect(server.send("HELO x\r\n") == "250 relay.example\r\n")
    }

    @Test(
        "INT-07 The parameter takes no value, stands once, and is refused outside TLS",
        arguments: [
            ("MAIL FROM:<a@b.example> REQUIRETLS", "250 2.1.0", "530 5.7.10"),
            ("MAIL FROM:<a@b.example> requiretls", "250 2.1.0", "530 5.7.10"),
            ("MAIL FROM:<a@b.example> SIZE=5 RequireTLS BODY=8BITMIME", "250 2.1.0", "530 5.7.10"),
            ("MAIL FROM:<> REQUIRETLS", "250 2.1.0", "530 5.7.10"),
            ("MAIL FROM:<a@b.example> REQUIRETLS=YES", "501 5.5.4", "501 5.5.4"),
            ("MAIL FROM:<a@b.example> REQUIRETLS=", "501 5.5.4", "501 5.5.4"),
            ("MAIL FROM:<a@b.example> REQUIRETLS REQUIRETLS", "501 5.5.4", "501 5.5.4"),
            ("MAIL FROM:<a@b.example> REQUIRETLS requiretls", "501 5.5.4", "501 5.5.4"),
            ("MAIL FROM:<a@b.example> XREQUIRETLS", "555 5.5.4", "555 5.5.4"),
        ])
    func parameter(line: String, inTLS: String, inClear: String) throws {
        var server = try Self.secured()
        _ = server.send("EHLO x\r\n")
        #expect(server.send("\(line)\r\n").hasPrefix(inTLS))
        for offersTLS in [true, false] {
            var clear = ServerDriver(
                ServerSession.Configuration(
                    hostname: try DomainName("relay.example"), security: offersTLS ? .offered : .none))
            _ = clear.send("EHLO x\r\n")
            #expect(clear.send("\(line)\r\n").hasPrefix(inClear))
            if !inClear.hasPrefix("250") { #expect(clear.codes("RCPT TO:<c@d.example>\r\n") == [503]) }
        }
    }

    @Test("INT-07 RCPT knows no such parameter")
    func rcpt() throws {
        var server = try Self.secured()
        #expect(
            server.codes("EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example> REQUIRETLS\r\n") == [
                250, 250, 555,
            ])
    }

    @Test(
        "INT-08 INT-17 Parameter and header field tag the message; the content stays as it came",
        arguments: [
            ("MAIL FROM:<a@b.example>", "Subject: x\r\n\r\n", .ordinary),
            ("MAIL FROM:<a@b.example>", "TLS-Required: No\r\n\r\n", .optionalTLS),
            ("MAIL FROM:<a@b.example>", "TLS-Required: Yes\r\n\r\n", .ordinary),
            ("MAIL FROM:<a@b.example>", "TLS-Required: No\r\nTLS-Required: No\r\n\r\n", .ordinary),
            ("MAIL FROM:<a@b.example> REQUIRETLS", "Subject: x\r\n\r\n", .requireTLS),
            ("MAIL FROM:<a@b.example> REQUIRETLS", "TLS-Required: No\r\n\r\n", .requireTLS),
            ("MAIL FROM:<> REQUIRETLS", "TLS-Required: No\r\n\r\n", .requireTLSNotice),
            ("MAIL FROM:<>", "TLS-Required: No\r\n\r\n", .optionalTLS),
        ] as [(String, String, MessageDemand)])
    func tag(mail: String, content: String, demand: MessageDemand) throws {
        var server = try Self.secured()
        _ = server.send("EHLO x\r\n\(mail)\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<e@f.example>\r\nDATA\r\n")
        for octet in content.utf8 + Array(".\r\n".utf8) { _ = server.send([octet]) }
        let (transaction, stored) = try #require(server.stored.first)
        #expect(transaction.envelope.demand == demand)
        #expect(stored == content)
        // The next message begins anew.
        #expect(server.codes("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n\r\n.\r\n").last == 250)
        #expect(server.stored.last?.0.envelope.demand == .ordinary)
    }

    @Test("INT-08 In the clear the header field counts all the same")
    func clearField() throws {
        var server = ServerDriver(ServerSession.Configuration(hostname: try DomainName("relay.example")))
        _ = server.send("EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        _ = server.send("TLS-Required: No\r\n\r\n.\r\n")
        #expect(server.stored.last?.0.envelope.demand == .optionalTLS)
    }
}
