import Testing

@testable import Mail

/// Edge cases in which mail systems differ: MTA-STS, REQUIRETLS and reuse.
struct EdgeCaseSTSTests {
    @Test("EDGE-21 whether there is a policy is not known: mail goes on, and says so")
    func unknown() throws {
        let facts = STSFacts(domain: domainName("d.example"), record: .failed("SERVFAIL"), isUnknown: true)
        let scene = Scene(Scene.plain, sts: facts)
        #expect(try scene.verdict(.startTLSNotOffered) == "clear here, no-policy-found:starttls-not-supported")
        #expect(try scene.policy().reasons.contains { $0.text.contains("not known") && $0.source == "RFC 8461 §3.3" })
        #expect(try scene.policy().stsMatch == nil)
    }

    @Test(
        "EDGE-22 STS-34 testing: delivered at the first try, and what would have failed is counted",
        arguments: [
            (
                "expired", "mx.d.example", Scene.session(.unverified, Scene.expired),
                "proceed encrypted, sts:certificate-expired"
            ),
            ("good", "mx.d.example", Scene.session(.unverified, Scene.trusted()), "proceed encrypted, sts:ok"),
            ("unlisted", "other.example", Scene.session(), "proceed encrypted, sts:validation-failure/mx-mismatch"),
            ("no STARTTLS", "mx.d.example", .startTLSNotOffered, "clear here, sts:starttls-not-supported"),
        ] as [(String, String, PeerEvidence, String)])
    func testing(row: String, mx: String, evidence: PeerEvidence, expected: String) throws {
        #expect(try Scene(Scene.plain, sts: Scene.policy(.testing, mx)).verdict(evidence) == expected, "\(row)")
    }

    @Test("EDGE-23 the operator's minimum holds whatever the policy is content with")
    func operatorsMinimum() throws {
        for mode in [STSPolicy.Mode.testing, .none] {
            var scene = Scene(
                Scene.plain, sts: Scene.policy(mode, "mx.d.example"),
                rule: { $0.demand = DecisionWorld.demand(.encrypted) })
            #expect(try scene.verdict(.startTLSNotOffered).hasPrefix("refuse starttls-missing"))
            #expect(try scene.requirement().by == .local)
            scene.rules = []
            scene.settings.minimumLevel = .authenticated
            #expect(try scene.skipped() == "dane-required", "a testing policy proves nothing")
        }
    }

    @Test("EDGE-25 STS-33 STS-35 all hosts outside of the list: mail waits, and TXT is asked anew at once")
    func allUnlisted() throws {
        let facts = Scene.policy(.enforce, "other.example")
        let scene = Scene(Scene.plain, sts: facts)
        let failure = try scene.failure()
        #expect(failure.reason.cause == .stsMXMismatch && !failure.isPermanent && failure.reason.cause.isTLSPolicy)
        let discovery = STSDiscovery(domainName("d.example"))
        let now = WallTime(seconds: 1_800_000_000)
        #expect(discovery.mismatchCallsForLookup(facts, lastLookup: nil, at: now))
        #expect(!discovery.mismatchCallsForLookup(facts, lastLookup: now, at: now))
    }

    @Test(
        "EDGE-26 EDGE-27 STS-33 DANE-18 STARTTLS missing or refused under a policy is a deferral, whatever the code",
        arguments: [PeerEvidence.startTLSNotOffered] + [421, 454, 500, 501, 502, 530, 554].map(Scene.refused))
    func noSTARTTLS(evidence: PeerEvidence) throws {
        let enforced = Scene(Scene.plain, sts: Scene.policy(.enforce, "mx.d.example"))
        #expect(try enforced.verdict(evidence, attempt: 9) == "refuse starttls-missing, sts:starttls-not-supported")
        #expect(!Reason.Cause.startTLSMissing.isPermanent)
        guard case .startTLSRefused(let reply) = evidence else { return }
        let requirement = try enforced.requirement()
        #expect(!requirement.believes(reply, about: Reason(.startTLSMissing, "x"), isSecured: false))
    }

    @Test("EDGE-27 where nothing demands TLS, a host that refuses it is one without TLS")
    func refusedWithoutPolicy() throws {
        for code: UInt16 in [454, 500, 502, 554] {
            let verdict = try Scene(Scene.plain).verdict(Scene.refused(code))
            #expect(verdict == "clear here, no-policy-found:starttls-not-supported")
        }
    }

    @Test("EDGE-29 INT-13 no host offers REQUIRETLS: 5.7.30 at once")
    func noREQUIRETLS() throws {
        let scene = Scene(Scene.pinned, demand: .requireTLS)
        #expect(try scene.requirement().requireTLS == .demanded)
        let failure = try scene.failure(Reason(.requireTLSUnsupported, "x"))
        #expect(failure.isPermanent)
        #expect(failure.reason.cause.enhancedStatusCode == EnhancedStatusCode(5, 7, 30))
    }

    @Test(
        "EDGE-30 INT-15 TLS-Required: No goes out whatever DANE and MTA-STS say",
        arguments: [
            (
                "mismatch", Scene.pinned, nil, Scene.session(Scene.mismatch),
                "proceed encrypted, tlsa:validation-failure/tlsa-mismatch"
            ),
            ("no STARTTLS", Scene.pinned, nil, .startTLSNotOffered, "clear here, tlsa:starttls-not-supported"),
            (
                "handshake fails at the first attempt", Scene.pinned, nil,
                .handshakeFailed(HandshakeFailure(.negotiation, text: "x")),
                "clear again, tlsa:validation-failure/tls-handshake-failed"
            ),
            (
                "TLSA lookup fails", Scene.plain.merging(["_25._tcp.mx.d.example TLSA": .servfail]), nil,
                Scene.session(),
                "proceed encrypted, tlsa:dnssec-invalid/tlsa-lookup-failed"
            ),
            (
                "not in the list", Scene.plain, Scene.policy(.enforce, "other.example"), Scene.session(),
                "proceed encrypted, sts:validation-failure/mx-mismatch"
            ),
            (
                "certificate expired under enforce", Scene.plain, Scene.policy(.enforce, "mx.d.example"),
                Scene.session(.unverified, Scene.expired), "proceed encrypted, sts:certificate-expired"
            ),
        ] as [(String, DNSView, STSFacts?, PeerEvidence, String)])
    func optional(row: String, view: DNSView, sts: STSFacts?, evidence: PeerEvidence, expected: String) throws {
        let scene = Scene(view, sts: sts, demand: .optionalTLS)
        #expect(try scene.verdict(evidence) == expected, "\(row)")
        // STARTTLS is still asked for, and the words say why nothing more is.
        #expect(try scene.requirement().level == .opportunistic)
        #expect(try scene.policy().reasons.contains { $0.text.contains("TLS-Required: No") })
    }

    @Test("EDGE-30 INT-17 the operator's rule wins over TLS-Required: No, unless it gives way itself")
    func optionalUnderRule() throws {
        var scene = Scene(Scene.plain, demand: .optionalTLS, rule: { $0.demand = DecisionWorld.demand(.encrypted) })
        #expect(try scene.verdict(.startTLSNotOffered).hasPrefix("refuse starttls-missing"))
        scene = Scene(
            Scene.plain, demand: .optionalTLS,
            rule: { ($0.demand, $0.honoursOptionalTLS) = (DecisionWorld.demand(.encrypted), true) })
        #expect(try scene.verdict(.startTLSNotOffered).hasPrefix("clear here"))
        scene = Scene(Scene.plain, demand: .optionalTLS)
        scene.settings.minimumLevel = .encrypted
        #expect(try scene.verdict(.startTLSNotOffered).hasPrefix("refuse starttls-missing"))
    }

    @Test("EDGE-31 INT-06 STS-40 whatever a policy, a message or a rule changes makes another key for connections")
    func reuse() throws {
        let enforce = Scene.policy(.enforce, "mx.d.example")
        let scenes = [
            Scene(Scene.plain), Scene(Scene.plain, sts: enforce),
            Scene(Scene.plain, sts: Scene.policy(.testing, "mx.d.example")),
            Scene(Scene.pinned), Scene(Scene.pinned, sts: enforce), Scene(Scene.pinnedBehindInsecure),
            Scene(Scene.unusable),
            Scene(Scene.plain, demand: .optionalTLS), Scene(Scene.pinned, demand: .optionalTLS),
            Scene(Scene.pinned, demand: .requireTLS), Scene(Scene.pinned, demand: .requireTLSNotice),
            Scene(Scene.plain, rule: { $0.demand = DecisionWorld.demand(.encrypted) }),
            Scene(Scene.plain, rule: { $0.demand = DecisionWorld.demand(.authenticated, by: [.pkix]) }),
            Scene(Scene.plain, rule: { $0.minimumVersion = .tls13 }),
            Scene(Scene.plain, rule: { $0.clientIdentity = ClientIdentity(certificateFile: "/c", keyFile: "/k") }),
        ]
        let keys = try scenes.map { try $0.requirement() }
        #expect(Set(keys).count == scenes.count)
        // Another domain with the same host and no policy of its own.
        var other = Scene(Scene.plain.merging(["e.example MX": .secure("10 mx.d.example")]))
        other.nextHop = NextHop(.domain(domainName("e.example")))
        #expect(try other.requirement() == keys[0] && other.requirement() != keys[1])
    }

    @Test("EDGE-32 STS-29 a wildcard of the list stands for one label")
    func wildcard() throws {
        let deep: DNSView = [
            "d.example MX": .secure("10 a.b.d.example", "20 b.d.example", "30 d.example"),
            "a.b.d.example A": .secure("192.0.2.1"), "b.d.example A": .secure("192.0.2.2"),
            "d.example A": .secure("192.0.2.3"),
        ]
        let scene = Scene(deep, sts: Scene.policy(.enforce, "*.d.example"))
        #expect(try scene.steps() == ["-a.b.d.example", "b.d.example", "-d.example"])
    }

    @Test("A connection that was planned before a policy came is made under the policy, or not at all")
    func renewed() throws {
        var plan = try Scene(Scene.insecure).plan()
        let step = plan.next()
        guard case .connect(let planned)? = step else { throw Missing() }
        #expect(planned.requirement.level == .opportunistic)
        let listed = try Scene(Scene.insecure, sts: Scene.policy(.enforce, "mx.d.example")).decision().renewed(planned)
        guard case .connect(let renewed) = listed else { throw Missing() }
        #expect(renewed.requirement.level == .authenticated && renewed.address == planned.address)
        let unlisted = try Scene(Scene.insecure, sts: Scene.policy(.enforce, "other.d.example")).decision()
        #expect(unlisted.renewed(planned).skipReason?.cause == .stsMXMismatch)
        // The MX records changed under the attempt.
        let moved = Scene([
            "d.example MX": .insecure("10 new.d.example"), "new.d.example A": .insecure("192.0.2.2"),
        ])
        #expect(try moved.decision().renewed(planned).skipReason?.cause == .dnsTemporary)
    }

    private struct Missing: Error {}
}
