import Testing

@testable import Mail

/// Edge cases in which mail systems differ: DANE, and DANE beside MTA-STS.
struct EdgeCaseDANETests {
    /// The broken host first, a good one behind it.
    private static func beside(_ broken: DNSView) -> DNSView {
        let view: DNSView = [
            "d.example MX": .secure("10 mx.d.example", "20 good.d.example"), "mx.d.example A": .secure("192.0.2.1"),
            "good.d.example A": .secure("192.0.2.2"),
        ]
        return view.merging(broken)
    }

    @Test(
        "Unknown is not absent",
        arguments: [
            ("EDGE-01 TLSA bogus", DNSView.Entry.bogus, "DNSSEC validation of the TLSA records"),
            ("EDGE-02 TLSA SERVFAIL, address secure", .servfail, "the TLSA lookup for"),
            ("EDGE-02 TLSA timeout, address secure", .failing("timeout"), "the TLSA lookup for"),
        ])
    func tlsaFailure(row: String, entry: DNSView.Entry, words: String) throws {
        let zone: DNSView = ["_25._tcp.mx.d.example TLSA": entry]
        let alone = Scene(Scene.plain.merging(zone))
        #expect(try alone.skipped() == "tlsa-lookup-failed tlsa:dnssec-invalid/tlsa-lookup-failed", "\(row)")
        #expect(try alone.policy().reasons.last?.text.hasPrefix(words) == true, "the two are told apart")
        let failure = try alone.failure()
        #expect(failure.reason.cause == .tlsaLookupFailed && !failure.isPermanent)
        #expect(try Scene(Self.beside(zone)).steps() == ["-mx.d.example", "good.d.example"], "that host alone")
    }

    @Test("EDGE-03 TLSA is not asked for where the address is insecure, so a broken server does no harm")
    func insecureAddress() throws {
        let zone: DNSView = ["mx.d.example A": .insecure("192.0.2.1"), "_25._tcp.mx.d.example TLSA": .servfail]
        let scene = Scene(Scene.plain.merging(zone))
        #expect(try scene.requirement().level == .opportunistic)
        #expect(!scene.search.asked.contains { $0.hasSuffix("TLSA") })
    }

    @Test("EDGE-04 DANE-15 all TLSA unusable: TLS with any certificate, never in clear, and counted")
    func unusable() throws {
        let scene = Scene(Scene.unusable)
        #expect(try scene.verdict(Scene.session()) == "proceed encrypted, tlsa:tlsa-invalid")
        for evidence in [PeerEvidence.startTLSNotOffered, Scene.refused(454), Scene.refused(502)] {
            let verdict = try scene.verdict(evidence, attempt: 9)
            #expect(verdict == "refuse starttls-missing, tlsa:tlsa-invalid, tlsa:starttls-not-supported")
        }
    }

    @Test("EDGE-05 INT-03 all TLSA unusable under an enforced policy: the policy authenticates, and weakens nothing")
    func unusableUnderEnforce() throws {
        let scene = Scene(Scene.unusable, sts: Scene.policy(.enforce, "mx.d.example"))
        #expect(try scene.requirement().by == .mtaSTS)
        #expect(try scene.requirement().serverName == domainName("mx.d.example"))
        let good = try scene.verdict(Scene.session(.unverified, Scene.trusted()))
        #expect(good == "proceed webpki, tlsa:tlsa-invalid, sts:ok")
        let bad = try scene.verdict(Scene.session(.unverified, Scene.expired))
        #expect(bad == "refuse certificate-invalid, tlsa:tlsa-invalid, sts:certificate-expired")
    }

    @Test("EDGE-06 a certificate that no usable record matches defers, and is told to the operator")
    func mismatch() throws {
        let scene = Scene(Scene.pinned)
        #expect(
            try scene.verdict(Scene.session(Scene.mismatch))
                == "refuse dane-mismatch, tlsa:validation-failure/tlsa-mismatch")
        let inside = PeerEvidence.handshakeFailed(HandshakeFailure(.verification(.noMatchingTLSA), text: "x"))
        #expect(try scene.verdict(inside) == "refuse dane-mismatch, tlsa:validation-failure/tlsa-mismatch")
        let failure = try scene.failure(Reason(.daneMismatch, "x"))
        #expect(!failure.isPermanent && failure.reason.cause.isTLSPolicy)
    }

    @Test("EDGE-07 DANE-19 DANE-20 host-level DANE behind an insecure MX binds, and is never called dane")
    func insecureMX() throws {
        var scene = Scene(Scene.pinnedBehindInsecure)
        #expect(try scene.requirement().by == .daneHost)
        #expect(try scene.verdict(Scene.session(try Scene.matched())) == "proceed dane-host, tlsa:ok")
        #expect(try scene.verdict(.startTLSNotOffered).hasPrefix("refuse starttls-missing"))
        #expect(try scene.policy().host.host == .name(domainName("mx.d.example")))
        scene.settings.daneForInsecureMX = false
        #expect(try scene.verdict(.startTLSNotOffered) == "clear here, no-policy-found:starttls-not-supported")
    }

    @Test("EDGE-08 INT-04 DANE-13 records of one host bind that host, and the order stays")
    func perHost() throws {
        let zone: DNSView = ["_25._tcp.good.d.example TLSA": .secure(Scene.record)]
        let scene = Scene(Self.beside(zone), sts: Scene.policy(.enforce, "*.d.example"))
        #expect(try scene.decision().hosts.map(\.decision.requirement?.by) == [.mtaSTS, .dane])
        #expect(try scene.decision().hosts.map(\.decision.requirement?.demands) == [[[.webPKI]], [[.dane]]])
        #expect(try scene.steps() == ["mx.d.example", "good.d.example"])
    }

    @Test(
        "EDGE-09 a host that cannot be resolved leaves the others alone",
        arguments: [DNSView.Entry.noSuchName(.secure), .bogus, .servfail])
    func oneHostUnresolvable(entry: DNSView.Entry) throws {
        let scene = Scene(Self.beside(["mx.d.example A": entry, "mx.d.example AAAA": entry]))
        #expect(try scene.steps() == ["-mx.d.example", "good.d.example"])
    }

    @Test("EDGE-10 a bogus MX set: nobody is met, and mail waits")
    func bogusMX() throws {
        let scene = Scene(["d.example MX": .bogus, "d.example A": .secure("192.0.2.1")])
        #expect(try scene.steps().isEmpty)
        let failure = try scene.failure()
        #expect(failure.reason.cause == .dnsBogus && !failure.isPermanent)
    }

    @Test("EDGE-11 an alias secure all the way: the expanded name, then the name of the MX record")
    func securelyAliased() throws {
        let alias: DNSView = ["mx.d.example CNAME": .secure("h.example"), "h.example A": .secure("192.0.2.1")]
        var view: DNSView = ["d.example MX": .secure("10 mx.d.example")]
        view = view.merging(alias)
        for base in ["h.example", "mx.d.example"] {
            let scene = Scene(view.merging(["_25._tcp.\(base) TLSA": .secure(Scene.record)]))
            #expect(try scene.requirement().dane?.baseDomain.text == base)
            #expect(try scene.requirement().serverName?.text == base)
        }
        let both = Scene(
            view.merging([
                "_25._tcp.h.example TLSA": .secure(Scene.record), "_25._tcp.mx.d.example TLSA": .servfail,
            ]))
        #expect(try both.requirement().dane?.baseDomain.text == "h.example")
    }

    @Test("EDGE-12 a secure alias into an insecure zone: the records at the name of the MX record")
    func aliasIntoInsecureZone() throws {
        let scene = Scene([
            "d.example MX": .secure("10 mx.d.example"), "mx.d.example CNAME": .secure("h.example"),
            "h.example A": .insecure("192.0.2.1"), "_25._tcp.mx.d.example TLSA": .secure(Scene.record),
        ])
        #expect(try scene.requirement().by == .dane)
        #expect(try scene.requirement().dane?.baseDomain.text == "mx.d.example")
    }

    @Test("EDGE-13 a domain that is an alias: both names are references, and the policy is that of the first")
    func aliasedDomain() throws {
        let scene = Scene(
            [
                "d.example CNAME": .secure("e.example"), "e.example MX": .secure("10 mx.d.example"),
                "mx.d.example A": .secure("192.0.2.1"), "_25._tcp.mx.d.example TLSA": .secure(Scene.record),
            ], sts: Scene.policy(.enforce, "mx.d.example"))
        let requirement = try scene.requirement()
        #expect(requirement.dane?.referenceIdentifiers.map(\.text) == ["mx.d.example", "d.example", "e.example"])
        #expect(try scene.decision().inputs.facts.nextHop.domain == domainName("d.example"))
        #expect(requirement.sts?.domain == domainName("d.example"))
    }

    @Test("EDGE-14 INT-02 DANE passes, WebPKI does not: delivered and counted, or refused where both are wanted")
    func daneWins() throws {
        var scene = Scene(Scene.pinned, sts: Scene.policy(.enforce, "mx.d.example"))
        let evidence = Scene.session(try Scene.matched(), Scene.expired)
        #expect(try scene.verdict(evidence) == "proceed dane, tlsa:ok, sts:certificate-expired")
        scene.settings.demandsBoth = true
        #expect(try scene.verdict(evidence) == "refuse certificate-invalid, tlsa:ok, sts:certificate-expired")
        #expect(
            try scene.verdict(Scene.session(try Scene.matched(), Scene.trusted())) == "proceed dane, tlsa:ok, sts:ok")
    }

    @Test("EDGE-14 INT-02 behind an insecure MX both must pass: D1 is for a secure one")
    func bothBehindInsecureMX() throws {
        let scene = Scene(Scene.pinnedBehindInsecure, sts: Scene.policy(.enforce, "mx.d.example"))
        #expect(
            try scene.verdict(Scene.session(try Scene.matched(), Scene.expired)).hasPrefix("refuse certificate-invalid")
        )
        #expect(try scene.verdict(Scene.session(Scene.mismatch, Scene.trusted())).hasPrefix("refuse dane-mismatch"))
        #expect(
            try scene.verdict(Scene.session(try Scene.matched(), Scene.trusted())) == "proceed webpki, tlsa:ok, sts:ok")
    }

    @Test("EDGE-15 a host outside of the list is passed over for now, whatever DANE says of it")
    func unlisted() throws {
        let scene = Scene(Scene.pinned, sts: Scene.policy(.enforce, "other.example"))
        #expect(try scene.skipped() == "sts-mx-mismatch sts:validation-failure/mx-mismatch")
        let failure = try scene.failure()
        #expect(failure.reason.cause == .stsMXMismatch && !failure.isPermanent)
        #expect(try scene.policy().stsMatch == false)
        #expect(try scene.policy().reasons.count == 2, "what DANE said comes first")
    }

    @Test("EDGE-16 INT-01 DANE fails, MTA-STS passes: refused, and each is counted as what it was (D3)")
    func daneFails() throws {
        for view in [Scene.pinned, Scene.pinnedBehindInsecure] {
            let scene = Scene(view, sts: Scene.policy(.enforce, "mx.d.example"))
            let verdict = try scene.verdict(Scene.session(Scene.mismatch, Scene.trusted()))
            #expect(verdict == "refuse dane-mismatch, tlsa:validation-failure/tlsa-mismatch, sts:ok")
            let unknown = Scene(
                view.merging(["_25._tcp.mx.d.example TLSA": .servfail]), sts: Scene.policy(.enforce, "mx.d.example"))
            #expect(try unknown.skipped() == "tlsa-lookup-failed tlsa:dnssec-invalid/tlsa-lookup-failed")
        }
    }

    @Test("EDGE-24 DANE under a testing policy is DANE")
    func testingBesideDANE() throws {
        let scene = Scene(Scene.pinned, sts: Scene.policy(.testing, "mx.d.example"))
        #expect(try scene.requirement().by == .dane)
        #expect(try scene.verdict(Scene.session(Scene.mismatch, Scene.trusted())).hasPrefix("refuse dane-mismatch"))
        #expect(
            try scene.verdict(Scene.session(try Scene.matched(), Scene.expired))
                == "proceed dane, tlsa:ok, sts:certificate-expired")
    }

    @Test("EDGE-33 DANE-08 the port of the next hop is the port of the records")
    func port() throws {
        var scene = Scene([
            "smart.example A": .secure("192.0.2.1"), "_587._tcp.smart.example TLSA": .secure(Scene.record),
            "_25._tcp.smart.example TLSA": .servfail,
        ])
        scene.nextHop = NextHop(.host(domainName("smart.example")), port: 587, isConfigured: true)
        #expect(try scene.requirement().by == .dane)
        #expect(scene.search.asked.contains("_587._tcp.smart.example TLSA"))
        #expect(!scene.search.asked.contains("_25._tcp.smart.example TLSA"))
    }

    @Test("EDGE-34 names are A-labels all the way; raw U-labels in an MX record name no host")
    func aLabels() throws {
        let scene = Scene(
            [
                "d.example MX": .secure("10 xn--mx-mka.d.example"), "xn--mx-mka.d.example A": .secure("192.0.2.1"),
                "_25._tcp.xn--mx-mka.d.example TLSA": .secure(Scene.record),
            ], sts: Scene.policy(.enforce, "xn--mx-mka.d.example"))
        #expect(try scene.requirement().serverName?.text == "xn--mx-mka.d.example")
        #expect(try scene.policy().stsMatch == true)
        let raw = Scene(["d.example MX": .secure("10 mäx.d.example")])
        #expect(try raw.skipped() == "no-host-address")
        #expect(raw.search.asked == ["d.example MX"])
    }
}
