import Testing

@testable import Mail

struct ClientRequireTLSTests {
    @Test("INT-12 REQUIRETLS offered inside TLS: MAIL carries it, in each transaction")
    func demanded() throws {
        var client = try ClientDriver(level: .authenticated, requireTLS: .demanded)
        #expect(client.secureHello("SIZE 1000", "REQUIRETLS") == "MAIL FROM:<s@t.example> SIZE=100 REQUIRETLS")
        #expect(client.replies("250 ok", "250 ok", "354 go") == "content")
        _ = client.on(.contentSent)
        #expect(client.reply("250 ok") == "done delivered 250")
        #expect(
            client.on(.transactionGiven(try ClientDriver.transaction()))
                == "MAIL FROM:<s@t.example> SIZE=100 REQUIRETLS")
    }

    @Test(
        "INT-12 Not offered inside TLS: QUIT without MAIL, and the next host",
        arguments: [[], ["SIZE 10"], ["XREQUIRETLS"], ["REQUIRETLSX"]])
    func missing(extensions: [String]) throws {
        // Not even a message that is too large for the host comes to a verdict of its own.
        var client = try ClientDriver(size: 100, has8bit: true, level: .authenticated, requireTLS: .demanded)
        #expect(client.secureHello(extensions) == "QUIT quit")
        #expect(client.reply("221 bye") == "finish next-host requiretls-unsupported")
        #expect(client.finished?.failure?.cause == .requireTLSUnsupported)
        #expect(client.finished?.reply == nil)
        #expect(client.finished?.failure?.cause.isPermanent == true)  // D10: the plan's, once every host says so
    }

    @Test("INT-12 What was offered in the clear does not count")
    func clearOffer() throws {
        var client = try ClientDriver(level: .authenticated, requireTLS: .demanded)
        #expect(client.hello("STARTTLS", "REQUIRETLS") == "STARTTLS")
        #expect(client.reply("220 go") == "startTLS")
        _ = client.on(.secured(ClientDriver.facts))
        #expect(client.on(.mayProceed) == "EHLO relay.example")
        #expect(client.reply("250 x") == "QUIT quit")
    }

    @Test(
        "INT-12 Never in the clear, whatever the level and the verdict say",
        arguments: TLSRequirement.Level.allCases, [TLSRequirement.RequireTLSUse.demanded, .ifOffered])
    func neverInClear(level: TLSRequirement.Level, use: TLSRequirement.RequireTLSUse) throws {
        for offer in [["REQUIRETLS"], ["REQUIRETLS", "STARTTLS"]] {
            var client = try ClientDriver(level: level, requireTLS: use)
            var action = client.hello(offer)
            let isTried = action == "STARTTLS"
            if isTried { action = client.reply("454 not now") }
            if action.hasPrefix("judge") { action = client.on(.mayProceed) }
            #expect(action == "QUIT quit")
            #expect(client.reply("221 bye") == "finish next-host starttls-missing" + (isTried ? " 454" : ""))
        }
    }

    @Test("INT-14 A notice carries the keyword where it is offered, and goes without it where it is not")
    func notice() throws {
        var offered = try ClientDriver(from: "<>", level: .encrypted, requireTLS: .ifOffered)
        #expect(offered.secureHello("REQUIRETLS") == "MAIL FROM:<> REQUIRETLS")
        var silent = try ClientDriver(from: "<>", level: .encrypted, requireTLS: .ifOffered)
        #expect(silent.secureHello("SIZE") == "MAIL FROM:<> SIZE=100")
    }

    @Test(
        "INT-12 Mail that does not ask for it goes without it",
        arguments: [TLSRequirement.Level.opportunistic, .encrypted])
    func unasked(level: TLSRequirement.Level) throws {
        var client = try ClientDriver(level: level)
        #expect(client.secureHello("REQUIRETLS") == "MAIL FROM:<s@t.example>")
    }

    @Test(
        "INT-13 A refusal of MAIL … REQUIRETLS is a refusal like any other",
        arguments: [
            ("550 5.7.30 REQUIRETLS support required", "done bounced remote-reply 550"),
            ("550 5.7.10 encryption needed", "done bounced remote-reply 550"),
            ("530 5.7.10 encryption needed", "done bounced remote-reply 530"),
            ("555 5.5.4 parameter not known", "done bounced remote-reply 555"),
            ("450 4.7.30 later", "done next-host remote-reply 450"),
        ])
    func refused(reply: String, action: String) throws {
        var client = try ClientDriver(level: .authenticated, requireTLS: .demanded)
        _ = client.secureHello("REQUIRETLS")
        #expect(client.reply(reply) == action)
    }

    @Test(
        "INT-16 A host that demands TLS where none could be had: another host, and no endless wait for TLS-Required: No",
        arguments: [
            (MessageDemand.ordinary, "done next-host starttls-missing 530"),
            (.optionalTLS, "done next-host host-demands-tls 530"),
        ])
    func hostInsists(demand: MessageDemand, action: String) throws {
        // What is left of a failed handshake at level opportunistic: a clear connection of its own.
        for level in [TLSRequirement.Level.none, .opportunistic] {
            var client = try ClientDriver(level: level, demand: demand)
            var next = client.hello()
            if next.hasPrefix("judge") { next = client.on(.mayProceed) }
            #expect(next == "MAIL FROM:<s@t.example>")
            #expect(client.reply("530 5.7.0 Must issue a STARTTLS command first") == action)
        }
        // Inside TLS the same reply is not about TLS.
        var secured = try ClientDriver(level: .opportunistic, demand: demand)
        _ = secured.secureHello()
        #expect(secured.reply("530 5.7.0 Authentication required") == "done bounced remote-reply 530")
    }

    @Test("INT-16 Permanent only where every host says so")
    func hostInsistsEverywhere() {
        var failures = AttemptFailures()
        failures.note(Reason(.hostDemandsTLS, "mx1"), isPermanent: nil)
        #expect(failures.summary.isPermanent)
        #expect(failures.summary.reason.cause == .hostDemandsTLS)
        failures.note(Reason(.connectFailed, "mx2"), isPermanent: nil)
        #expect(!failures.summary.isPermanent)
    }
}
