import Testing

@testable import Mail

struct ServerLoginTests {
    static func configuration(
        _ security: ServerSession.Security = .offered, role: ServerSession.Role = .relay
    ) throws -> ServerSession.Configuration {
        ServerSession.Configuration(
            hostname: try DomainName("relay.example"), loginLimit: 2, security: security, role: role,
            mechanisms: SASLMechanismName.allCases)
    }

    static func driver(
        inTLS: Bool, _ security: ServerSession.Security = .offered, role: ServerSession.Role = .relay
    ) throws -> ServerDriver {
        var server = ServerDriver(
            try configuration(security, role: role), mayRelay: false,
            tls: security == .implicit ? ClientDriver.facts : nil)
        if inTLS, security != .implicit {
            _ = server.send("EHLO x\r\nSTARTTLS\r\n")
            _ = server.report(.secured(ClientDriver.facts, ClientTerms(mayRelay: false)))
        }
        return server
    }

    @Test("SRV-45 No password in clear: PLAIN and LOGIN are offered inside TLS only")
    func offers() throws {
        var clear = try Self.driver(inTLS: false)
        #expect(clear.send("EHLO x\r\n").contains("250 AUTH SCRAM-SHA-256\r\n"))
        #expect(clear.codes("AUTH PLAIN AHgAeA==\r\n") == [538])
        #expect(clear.codes("AUTH SCRAM-SHA-256-PLUS\r\n") == [538])
        #expect(clear.logins.isEmpty)
        var secured = try Self.driver(inTLS: true)
        #expect(secured.send("EHLO x\r\n").contains("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN\r\n"))
        var demanding = try Self.driver(inTLS: false, .required)
        #expect(!demanding.send("EHLO x\r\n").contains("AUTH"))
        #expect(demanding.codes("AUTH SCRAM-SHA-256\r\n") == [530])
    }

    @Test("SRV-45 Unknown mechanisms, a second login, one within a transaction, none before EHLO")
    func order() throws {
        var server = try Self.driver(inTLS: true)
        #expect(server.codes("AUTH PLAIN\r\n") == [503])
        #expect(server.codes("EHLO x\r\nAUTH CRAM-MD5\r\n") == [250, 504])
        #expect(server.codes("MAIL FROM:<>\r\nAUTH PLAIN\r\nRSET\r\n") == [250, 503, 250])
        server.login = .succeeded(user: "u")
        #expect(server.codes("AUTH PLAIN AHgAeA==\r\nAUTH PLAIN AHgAeA==\r\n") == [235, 503])
        #expect(!server.send("EHLO x\r\n").contains("AUTH"))
        #expect(server.logins == [.plain])
        var none = ServerDriver(ServerSession.Configuration(hostname: try DomainName("relay.example")))
        #expect(none.codes("EHLO x\r\nAUTH PLAIN AHgAeA==\r\n") == [250, 502])
    }

    @Test(
        "SRV-45 Each failure has its reply",
        arguments: [
            (.credentials, 535), (.cancelled, 501), (.malformed, 501), (.tooLong, 500), (.unavailable, 454),
        ] as [(AuthenticationResult.Failure, UInt16)])
    func failures(failure: AuthenticationResult.Failure, code: UInt16) throws {
        var server = try Self.driver(inTLS: true)
        server.login = .failed(failure)
        #expect(server.codes("EHLO x\r\nAUTH LOGIN\r\nNOOP\r\n") == [250, code, 250])
    }

    @Test("Failed logins up to the limit are answered, the last one ends the session")
    func limit() throws {
        var server = try Self.driver(inTLS: true)
        #expect(server.codes("EHLO x\r\nAUTH LOGIN\r\n") == [250, 535])
        #expect(!server.isClosed)
        #expect(server.codes("AUTH LOGIN\r\n") == [421])
        #expect(server.isClosed)
    }

    @Test("SRV-23 Who is logged in may relay; others are refused before DATA")
    func relaying() throws {
        var server = try Self.driver(inTLS: true)
        #expect(
            server.codes("EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRSET\r\n") == [
                250, 250, 550, 250,
            ])
        server.login = .succeeded(user: "u")
        #expect(
            server.codes(
                "AUTH PLAIN AHgAeA==\r\nMAIL FROM:<a@b.example> AUTH=<>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nx\r\n.\r\n")
                == [235, 250, 250, 354, 250])
        #expect(server.stored.first?.0.origin.user == "u")
    }

    @Test("SRV-23 SRV-38 SRV-47 Submission wants TLS, then a login; a relay's listener wants neither")
    func submission() throws {
        var clear = try Self.driver(inTLS: false, role: .submission)
        #expect(clear.codes("EHLO x\r\nMAIL FROM:<a@b.example>\r\n") == [250, 530])
        for security in [ServerSession.Security.offered, .implicit] {
            var server = try Self.driver(inTLS: true, security, role: .submission)
            #expect(server.output.isEmpty || server.output.hasPrefix("220"))
            #expect(server.codes("EHLO x\r\nMAIL FROM:<a@b.example>\r\n") == [250, 530])
            #expect(server.replies.last?.enhanced == EnhancedStatusCode(5, 7, 0))
            server.login = .succeeded(user: "u")
            #expect(server.codes("AUTH PLAIN AHgAeA==\r\nMAIL FROM:<a@b.example>\r\n") == [235, 250])
        }
        var relay = try Self.driver(inTLS: false)
        #expect(relay.codes("EHLO x\r\nMAIL FROM:<a@b.example>\r\n") == [250, 250])
    }

    @Test("SRV-24 Submission refuses partial domains with 554")
    func partial() throws {
        var server = try Self.driver(inTLS: true, role: .submission)
        server.login = .succeeded(user: "u")
        #expect(
            server.codes("EHLO x\r\nAUTH LOGIN\r\nMAIL FROM:<a@b>\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<u@sales>\r\n")
                == [250, 235, 554, 250, 554])
    }

    @Test("SRV-37 STARTTLS forgets who logged in, and what XFORWARD said")
    func forgets() throws {
        var server = try Self.driver(inTLS: false)
        server.login = .succeeded(user: "u")
        _ = server.send("EHLO x\r\nAUTH SCRAM-SHA-256\r\nSTARTTLS\r\n")
        _ = server.report(.secured(ClientDriver.facts, ClientTerms(mayRelay: false)))
        #expect(server.codes("EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\n") == [250, 250, 550])
    }
}
