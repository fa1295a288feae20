import Testing

@testable import Mail

struct ClientImplicitTLSTests {
    @Test("TLS begins with the connection, the verdict comes before the greeting is read")
    func order() throws {
        var client = try ClientDriver(level: .authenticated, security: .implicitTLS)
        #expect(client.on(.connected) == "startTLS")
        #expect(client.on(.secured(ClientDriver.facts)) == "judge established")
        #expect(client.on(.mayProceed) == "read greeting")
        #expect(client.reply("220 mx.example") == "EHLO relay.example")
        // There is no second TLS inside.
        #expect(client.reply("250-mx.example\r\n250 STARTTLS") == "MAIL FROM:<s@t.example>")
        #expect(client.session.tls == ClientDriver.facts)
    }

    @Test("Whatever the level, TLS is demanded", arguments: TLSRequirement.Level.allCases)
    func level(_ level: TLSRequirement.Level) throws {
        let client = try ClientDriver(level: level, security: .implicitTLS)
        #expect(client.session.requirement.level == max(level, .encrypted))
        #expect(try ClientDriver(level: level).session.requirement.level == level)
    }

    @Test(
        "A handshake that fails ends the session, whatever the verdict says",
        arguments: [
            (ClientSession.Event.tlsFailed(HandshakeFailure(.negotiation, text: "no")), "judge failed negotiation"),
            (.timedOut, "judge failed timedOut"), (.connectionLost, "judge failed connectionLost"),
        ])
    func failed(event: ClientSession.Event, evidence: String) throws {
        for level in TLSRequirement.Level.allCases {
            for verdict in [ClientSession.Event.mayProceed, .mustAbandon(Reason(.tlsHandshakeFailed, "no"))] {
                var client = try ClientDriver(level: level, security: .implicitTLS)
                _ = client.on(.connected)
                #expect(client.on(event) == evidence)
                #expect(client.on(verdict) == "finish next-host tls-handshake-failed")
            }
            // The pump's own verdict, by the session's requirement: no clear connection comes of it.
            let client = try ClientDriver(level: level, security: .implicitTLS)
            let verdict = TLSVerdict.compare(
                client.session.requirement,
                .handshakeFailed(HandshakeFailure(.negotiation, text: "no")), fallback: .immediately,
                attempt: AttemptState(number: 9))
            guard case .refuse(let reason, _) = verdict else {
                Issue.record("\(verdict)")
                continue
            }
            #expect(reason.cause == .tlsHandshakeFailed)
        }
    }

    @Test("A peer that is not good enough hears nothing, not even QUIT: it has not greeted yet")
    func notGoodEnough() throws {
        var client = try ClientDriver(level: .authenticated, security: .implicitTLS)
        _ = client.on(.connected)
        _ = client.on(.secured(ClientDriver.facts))
        #expect(client.on(.mustAbandon(Reason(.certificateInvalid, "no"))) == "finish next-host certificate-invalid")
    }

    @Test("After the greeting all goes as ever", arguments: ["554 no service", "421 busy", "EHLO 550"])
    func greeting(_ first: String) throws {
        var client = try ClientDriver(level: .encrypted, security: .implicitTLS)
        _ = client.on(.connected)
        _ = client.on(.secured(ClientDriver.facts))
        _ = client.on(.mayProceed)
        if first.hasPrefix("EHLO ") {
            _ = client.reply("220 x")
            #expect(client.reply("\(first.dropFirst(5)) no") == "QUIT quit")
        } else {
            let action = client.reply(first)
            #expect(action == (first.hasPrefix("421") ? "finish next-host remote-reply 421" : "QUIT quit"))
        }
    }

    @Test("A greeting that comes before the handshake was asked for is not what we wait for")
    func earlyGreeting() throws {
        var client = try ClientDriver(level: .encrypted, security: .implicitTLS)
        _ = client.on(.connected)
        #expect(client.reply("220 mx.example") == "finish next-host local-failure")
    }
}
