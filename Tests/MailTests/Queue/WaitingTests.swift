import Testing

@testable import Mail

/// What makes mail wait, and what ends it at once.
@Suite("Waiting or ending")
struct WaitingTests {
    @Test(
        "Q-08 a security failure at every host defers, with a code of class 4 and subject 7",
        arguments: Reason.Cause.allCases.filter(\.isTLSPolicy))
    func security(cause: Reason.Cause) throws {
        let view: DNSView = [
            "d.example MX": .secure("10 a.d.example", "20 b.d.example"), "a.d.example A": .secure("192.0.2.1"),
            "b.d.example A": .secure("192.0.2.2"),
        ]
        let failure = try Scene(view).failure(Reason(cause, "x"))
        #expect(failure.reason.cause == cause && !failure.isPermanent)
        let status = cause.enhancedStatusCode
        #expect(status.class == 4 && status.subject == 7)
    }

    @Test(
        "Q-08 a temporary DNS failure defers",
        arguments: [
            (["d.example MX": .failing("SERVFAIL")], "4.4.3"), (["d.example MX": .bogus], "4.4.3"),
            (
                [
                    "d.example MX": .secure("10 m.d.example"), "m.d.example A": .failing("timeout"),
                    "m.d.example AAAA": .failing("timeout"),
                ], "4.4.3"
            ),
            (
                [
                    "d.example MX": .secure("10 m.d.example"), "m.d.example A": .secure("192.0.2.1"),
                    "_25._tcp.m.d.example TLSA": .failing("SERVFAIL"),
                ], "4.7.5"
            ),
        ] as [(DNSView, String)])
    func names(view: DNSView, status: String) throws {
        let failure = try Scene(view).failure()
        #expect(!failure.isPermanent)
        #expect(failure.reason.cause.enhancedStatusCode.description == status)
    }

    @Test("Q-08 one host that fails of security keeps the mail, whatever the others refuse for good")
    func oneIsEnough() throws {
        let view: DNSView = [
            "d.example MX": .secure("10 a.d.example", "20 b.d.example"), "a.d.example A": .secure("192.0.2.1"),
            "b.d.example A": .secure("192.0.2.2"),
        ]
        var plan = try Scene(view).plan()
        _ = plan.next()
        plan.note(Reason(.daneMismatch, "x"))
        _ = plan.next()
        plan.note(Reason(.remoteReply, "550"), isPermanent: true)
        #expect(plan.next() == nil)
        #expect(!plan.failure.isPermanent && plan.failure.reason.cause == .daneMismatch)
    }

    @Test("Q-10 a TLSA record repaired between two attempts: the next one proceeds")
    func afresh() throws {
        let stale = Scene.plain.merging([
            "_25._tcp.mx.d.example TLSA": .secure("3 1 1 \(String(repeating: "cd", count: 32))")
        ])
        #expect(try Scene(stale).verdict(Scene.session(Scene.mismatch)).hasPrefix("refuse dane-mismatch"))
        #expect(try Scene(stale).requirement().dane?.records != Scene(Scene.pinned).requirement().dane?.records)
        #expect(try Scene(Scene.pinned).verdict(Scene.session(try Scene.matched())).hasPrefix("proceed dane"))
    }

    @Test(
        "Q-11 an extension missing at every host ends it at once, so nothing waits for one (D19)",
        arguments: [
            (Reason.Cause.utf8Unsupported, "5.6.7"), (.eightBitUnsupported, "5.6.3"),
            (.requireTLSUnsupported, "5.7.30"),
            (.sizeExceeded, "5.3.4"),
        ])
    func extensions(cause: Reason.Cause, status: String) throws {
        let view: DNSView = [
            "d.example MX": .secure("10 a.d.example", "20 b.d.example"), "a.d.example A": .secure("192.0.2.1"),
            "b.d.example A": .secure("192.0.2.2"),
        ]
        let failure = try Scene(view).failure(Reason(cause, "x"))
        #expect(failure.isPermanent)
        #expect(failure.reason.cause.enhancedStatusCode.description == status)
        var plan = try Scene(view).plan()
        _ = plan.next()
        plan.note(Reason(cause, "x"))
        _ = plan.next()
        plan.note(Reason(.connectFailed, "x"))
        _ = plan.next()
        #expect(!plan.failure.isPermanent, "a host that was not reached may have it")
    }
}
