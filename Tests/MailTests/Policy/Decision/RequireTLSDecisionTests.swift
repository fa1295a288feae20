import Testing

@testable import Mail

/// REQUIRETLS: which hosts are fit, and when its mail ends at once (RFC 8689 §4.2.1, D9, D10).
struct RequireTLSDecisionTests {
    private static let domain = domainName("d.example")
    private static let fault = STSFetchFault(.stsPolicyFetchError, "status 503")

    private static func held(
        _ mode: STSPolicy.Mode, _ mx: String, _ record: STSRecordFacts, _ fault: STSFetchFault? = nil
    )
        -> STSFacts
    {
        STSFacts(domain: domain, record: record, held: Scene.policy(mode, mx).held, isCached: true, fault: fault)
    }

    @Test(
        "INT-10 D9 D10 who vouches for the MX name, and what is certain where nobody does",
        arguments: [
            ("a secure MX", Scene.plain, nil, "used"),
            ("an enforced policy", Scene.insecure, Scene.policy(.enforce, "mx.d.example"), "used"),
            ("no policy", Scene.insecure, nil, "requiretls-unvalidated"),
            ("MTA-STS is off", Scene.insecure, STSFacts.notApplicable, "requiretls-unvalidated"),
            ("a policy of mode none", Scene.insecure, Scene.policy(.none), "requiretls-unvalidated"),
            ("a testing policy", Scene.insecure, Scene.policy(.testing, "mx.d.example"), "requiretls-unvalidated"),
            (
                "a testing policy without the host", Scene.insecure, Scene.policy(.testing, "x.example"),
                "requiretls-unvalidated"
            ),
            (
                "an enforced policy without the host", Scene.insecure, Scene.policy(.enforce, "x.example"),
                "sts-mx-mismatch sts:validation-failure/mx-mismatch"
            ),
            (
                "TXT fails", Scene.insecure, STSFacts(domain: domain, record: .failed("SERVFAIL"), isUnknown: true),
                "policy-unknown"
            ),
            (
                "the fetch fails", Scene.insecure,
                STSFacts(domain: domain, record: .found(id: "1"), fault: fault, isUnknown: true), "policy-unknown"
            ),
            (
                "a policy of mode none is held, and a newer one cannot be had", Scene.insecure,
                held(.none, "x.example", .found(id: "2"), fault), "policy-unknown"
            ),
            (
                "a testing policy is held, and a newer one is on its way", Scene.insecure,
                held(.testing, "mx.d.example", .found(id: "2")), "policy-unknown"
            ),
            (
                "a testing policy is held, and TXT fails", Scene.insecure,
                held(.testing, "mx.d.example", .failed("SERVFAIL")), "policy-unknown"
            ),
            (
                "an enforced policy is held, and TXT fails", Scene.insecure,
                held(.enforce, "mx.d.example", .failed("SERVFAIL")), "used"
            ),
            ("no MX at all", ["d.example A": .insecure("192.0.2.1")], nil, "used"),
        ] as [(String, DNSView, STSFacts?, String)])
    func voucher(row: String, view: DNSView, sts: STSFacts?, expected: String) throws {
        let scene = Scene(view, sts: sts, demand: .requireTLS)
        #expect(try scene.skipped() == expected, "\(row)")
        if expected != "used" {
            let failure = try scene.failure()
            #expect(failure.isPermanent == (expected == "requiretls-unvalidated"), "\(row)")
            if failure.isPermanent { #expect(failure.reason.cause.enhancedStatusCode == EnhancedStatusCode(5, 7, 10)) }
        }
        // The operator who wants the same of all mail gets the same.
        let ruled = Scene(view, sts: sts, rule: { $0.requireTLS = true })
        #expect(try ruled.skipped() == expected, "\(row), by rule")
    }

    @Test("D9 testing vouches by switch; a policy that the operator only observes vouches all the same")
    func switches() throws {
        var scene = Scene(Scene.insecure, sts: Scene.policy(.testing, "mx.d.example"), demand: .requireTLS)
        scene.settings.testingValidatesRequireTLS = true
        #expect(try scene.requirement().demands == [[.webPKI]])
        let observed = Scene(
            Scene.insecure, sts: Scene.policy(.enforce, "mx.d.example"), demand: .requireTLS,
            rule: { $0.mtaSTS = .observe })
        #expect(try observed.requirement().demands == [[.webPKI]])
        let lost = Scene(
            Scene.insecure, sts: STSFacts(domain: Self.domain, record: .found(id: "1"), isUnknown: true, isLost: true),
            demand: .requireTLS, rule: { $0.mtaSTS = .observe })
        #expect(try lost.skipped() == "policy-unknown", "never for good while nobody knows")
    }

    @Test(
        "INT-11 the host proves itself by DANE or by a trusted name; unusable records prove nothing",
        arguments: [
            ("a trusted name", Scene.plain, Scene.session(.unverified, Scene.trusted()), "proceed webpki"),
            (
                "self-signed", Scene.plain, Scene.session(.unverified, .failed(.notTrusted, "x")),
                "refuse certificate-invalid"
            ),
            ("unusable records, self-signed", Scene.unusable, Scene.session(), "refuse local-failure"),
            (
                "unusable records, a trusted name", Scene.unusable, Scene.session(.unverified, Scene.trusted()),
                "proceed webpki"
            ),
            (
                "mismatch, but a trusted name", Scene.pinned, Scene.session(Scene.mismatch, Scene.trusted()),
                "refuse dane-mismatch"
            ),
            ("no STARTTLS", Scene.plain, .startTLSNotOffered, "refuse starttls-missing"),
        ] as [(String, DNSView, PeerEvidence, String)])
    func proof(row: String, view: DNSView, evidence: PeerEvidence, expected: String) throws {
        let scene = Scene(view, demand: .requireTLS)
        #expect(try scene.verdict(evidence).hasPrefix(expected), "\(row)")
        #expect(try scene.requirement().requireTLS == .demanded)
    }

    @Test("INT-11 a matching 3 1 1 needs no public trust")
    func daneAlone() throws {
        let scene = Scene(Scene.pinned, demand: .requireTLS)
        #expect(try scene.verdict(Scene.session(try Scene.matched())) == "proceed dane, tlsa:ok")
        #expect(try scene.requirement().demands == [[.dane]])
    }

    @Test(
        "INT-14 D10 a notice goes with the keyword where offered, over TLS, and without vouchers; a rule holds for it too"
    )
    func notice() throws {
        let scene = Scene(Scene.insecure, demand: .requireTLSNotice)
        #expect(try scene.requirement().requireTLS == .ifOffered && scene.requirement().level == .encrypted)
        #expect(try scene.verdict(.startTLSNotOffered, attempt: 9).hasPrefix("refuse starttls-missing"))
        let pinned = Scene(Scene.pinned, demand: .requireTLSNotice)
        #expect(try pinned.requirement().requireTLS == .ifOffered && pinned.requirement().level == .authenticated)
        let ruled = Scene(Scene.plain, demand: .requireTLSNotice, rule: { $0.requireTLS = true })
        #expect(try ruled.requirement().requireTLS == .demanded && ruled.requirement().demands == [[.webPKI]])
    }

    @Test("INT-17 a rule that wants REQUIRETLS of all mail is not moved by TLS-Required: No")
    func ruleOverHeader() throws {
        let scene = Scene(Scene.plain, demand: .optionalTLS, rule: { $0.requireTLS = true })
        #expect(try scene.requirement().requireTLS == .demanded)
    }

    // MARK: - The attempt as a whole

    private static let hosts: DNSView = [
        "d.example MX": .secure("10 a.d.example", "20 b.d.example"), "a.d.example A": .secure("192.0.2.1"),
        "a.d.example AAAA": .secure("2001:db8::11"), "b.d.example A": .secure("192.0.2.2"),
    ]

    /// What an attempt comes to where connections fail as listed, by `host/last octet of the address`; a host of which one
    /// connection ended in good order is passed over from there on, as a delivery does.
    private static func outcome(_ view: DNSView, _ failures: [String: Reason.Cause], passesOver: Bool = false) throws
        -> String
    {
        var plan = try Scene(view, demand: .requireTLS).plan()
        while let step = plan.next() {
            guard case .connect(let candidate) = step else { continue }
            let cause = failures["\(candidate.host.host)/\(candidate.address.octets.last ?? 0)"]
            plan.note(Reason(cause ?? .requireTLSUnsupported, "x"))
            if passesOver, cause == nil { plan.passOver(candidate.host.host) }
        }
        return "\(plan.failure.isPermanent ? "bounce" : "defer") \(plan.failure.reason.cause.rawValue)"
    }

    @Test(
        "INT-13 D10 REQUIRETLS mail bounces at once only where every host was reached, was proved, and lacks the keyword",
        arguments: [
            ("nobody offers it", [:], "bounce requiretls-unsupported"),
            ("one host is down", ["b.d.example/2": .connectFailed], "defer connect-failed"),
            ("one host is silent", ["b.d.example/2": .timedOut], "defer timed-out"),
            ("one host has no STARTTLS", ["b.d.example/2": .startTLSMissing], "defer starttls-missing"),
            ("one handshake fails", ["b.d.example/2": .tlsHandshakeFailed], "defer tls-handshake-failed"),
            ("one certificate does not match", ["b.d.example/2": .daneMismatch], "defer dane-mismatch"),
            ("one certificate is not trusted", ["b.d.example/2": .certificateInvalid], "defer certificate-invalid"),
            ("one host is busy", ["b.d.example/2": .remoteReply], "defer remote-reply"),
            // A host is one, whatever its addresses are.
            (
                "the first address of a host is down", ["a.d.example/17": .connectFailed],
                "bounce requiretls-unsupported"
            ),
            ("the second is", ["a.d.example/1": .timedOut], "bounce requiretls-unsupported"),
            ("both are", ["a.d.example/17": .connectFailed, "a.d.example/1": .timedOut], "defer timed-out"),
            ("one shows a wrong certificate", ["a.d.example/17": .daneMismatch], "defer dane-mismatch"),
        ] as [(String, [String: Reason.Cause], String)])
    func attempt(row: String, failures: [String: Reason.Cause], expected: String) throws {
        #expect(try Self.outcome(Self.hosts, failures) == expected, "\(row)")
    }

    @Test("D10 a host that answered at one address is asked at no other, and that is enough")
    func passOver() throws {
        #expect(
            try Self.outcome(Self.hosts, ["a.d.example/17": .connectFailed], passesOver: true)
                == "bounce requiretls-unsupported")
    }

    @Test(
        "D10 a lookup that failed leaves hope, a host that is certainly none does not",
        arguments: [
            ("TLSA", ["_25._tcp.b.d.example TLSA": .servfail], "defer tlsa-lookup-failed"),
            ("address", ["b.d.example A": .servfail, "b.d.example AAAA": .servfail], "defer dns-temp"),
            ("no address", ["b.d.example A": .noSuchName(.secure)], "bounce requiretls-unsupported"),
        ] as [(String, DNSView, String)])
    func lookups(row: String, view: DNSView, expected: String) throws {
        #expect(try Self.outcome(Self.hosts.merging(view), [:]) == expected, "\(row)")
    }

    @Test("D10 a host left untried for our own limit leaves hope")
    func cutShort() throws {
        let decision = try Scene(Self.hosts, demand: .requireTLS).decision()
        var dice = SplitMix(seed: 1)
        var plan = DeliveryPlan(decision, limits: PlanLimits(addresses: 1), using: &dice)
        while plan.next() != nil { plan.note(Reason(.requireTLSUnsupported, "x")) }
        #expect(!plan.failure.isPermanent)
    }
}
