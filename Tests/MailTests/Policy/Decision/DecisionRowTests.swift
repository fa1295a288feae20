import Testing

@testable import Mail

/// Rows of the requirements that are decided for a whole destination.
struct DecisionRowTests {
    private static let two: DNSView = [
        "d.example MX": .secure("10 a.d.example", "20 b.d.example", "30 c.d.example"),
        "a.d.example A": .secure("192.0.2.1"), "b.d.example A": .secure("192.0.2.2"),
        "c.d.example A": .secure("192.0.2.3"),
    ]

    @Test("STS-36 MX-10 a listed host at a worse preference does not come first, nor before loop protection")
    func order() throws {
        let scene = Scene(Self.two, sts: Scene.policy(.enforce, "a.d.example", "c.d.example"))
        #expect(try scene.steps() == ["a.d.example", "-b.d.example", "c.d.example"])
        // Ourselves at 20: what stands behind is out, though it alone is in the list.
        let settings = RouteSettings(ourNames: [domainName("b.d.example")])
        let (facts, _) = searchRoute(scene.nextHop, Self.two, settings)
        let decision = PolicyDecision(
            PolicyInputs(
                facts: try #require(facts), sts: Scene.policy(.enforce, "c.d.example"), settings: PolicySettings()))
        #expect(decision.hosts.allSatisfy { $0.decision.requirement == nil })
        #expect(decision.hosts.contains { $0.host.exclusion != nil })
    }

    @Test("STS-28 the MX record's name is matched, not what it is an alias of; without MX the domain itself is")
    func matchedName() throws {
        let alias: DNSView = [
            "d.example MX": .secure("10 m.d.example"), "m.d.example CNAME": .secure("n.d.example"),
            "n.d.example A": .secure("192.0.2.1"),
        ]
        #expect(try Scene(alias, sts: Scene.policy(.enforce, "n.d.example")).skipped().hasPrefix("sts-mx-mismatch"))
        let named = Scene(alias, sts: Scene.policy(.enforce, "m.d.example"))
        #expect(try named.requirement().webPKI?.names == [domainName("m.d.example")])
        let implicit: DNSView = ["d.example A": .secure("192.0.2.1")]
        #expect(try Scene(implicit, sts: Scene.policy(.enforce, "d.example")).policy().stsMatch == true)
        #expect(try Scene(implicit, sts: Scene.policy(.enforce, "*.d.example")).skipped().hasPrefix("sts-mx-mismatch"))
    }

    @Test("STS-31 TLS-04 SNI is the MX name under MTA-STS, the TLSA base domain under DANE, nothing for an address")
    func serverName() throws {
        let alias: DNSView = [
            "d.example MX": .secure("10 m.d.example"), "m.d.example CNAME": .secure("n.d.example"),
            "n.d.example A": .secure("192.0.2.1"),
        ]
        let sts = Scene.policy(.enforce, "m.d.example")
        #expect(try Scene(alias, sts: sts).requirement().serverName?.text == "m.d.example")
        let pinned = alias.merging(["_25._tcp.n.d.example TLSA": .secure(Scene.record)])
        #expect(try Scene(pinned, sts: sts).requirement().serverName?.text == "n.d.example")
        let observed = Scene(pinned, sts: sts, rule: { $0.dane = .observe })
        #expect(try observed.requirement().serverName?.text == "m.d.example", "DANE that looks on chooses nothing")
        var literal = Scene([:])
        literal.nextHop = NextHop(.literal(.v4(0xC000_0201)))
        literal.sts = .notApplicable
        #expect(try literal.requirement().serverName == nil)
    }

    @Test("STS-01 MX-14 MX-17 an address has no policy; a configured host is its own policy domain and candidate")
    func policyDomain() throws {
        var literal = Scene([:], sts: .notApplicable)
        literal.nextHop = NextHop(.literal(.v4(0xC000_0201)))
        #expect(try literal.policy().stsMatch == nil && literal.requirement().level == .opportunistic)
        let held = try #require(Scene.policy(.enforce, "smart.example").held)
        var smart = Scene(
            ["smart.example A": .secure("192.0.2.1")],
            sts: STSFacts(domain: domainName("smart.example"), record: .found(id: "1"), held: held, isCached: true))
        smart.nextHop = NextHop(.host(domainName("smart.example")), isConfigured: true)
        #expect(try smart.requirement().sts?.domain == domainName("smart.example"))
        #expect(try smart.requirement().demands == [[.webPKI]])
    }

    @Test("STS-16 STS-27 STS-37 no policy in force, mode none or a failed first fetch: nothing is demanded")
    func nothingInForce() throws {
        let fault = STSFetchFault(.stsPolicyFetchError, "status 503")
        let domain = domainName("d.example")
        let facts = [
            STSFacts(domain: domain, record: .absent("no such name")), Scene.policy(.none),
            STSFacts(domain: domain, record: .found(id: "1"), fault: fault, isUnknown: true),
        ]
        for sts in facts {
            let scene = Scene(Scene.plain, sts: sts)
            #expect(try scene.requirement().level == .opportunistic && scene.requirement().sts == nil)
            // RPTC-11: mode none is not reported as sts.
            #expect(try scene.verdict(.startTLSNotOffered) == "clear here, no-policy-found:starttls-not-supported")
        }
    }

    @Test("STS-17 SEC-14 a cached policy binds though TXT and the policy host fail")
    func cachedPolicyBinds() throws {
        let held = try #require(Scene.policy(.enforce, "mx.d.example").held)
        for record in [STSRecordFacts.failed("bogus"), .absent("no such name"), .notQueried, .found(id: "2")] {
            let fault = STSFetchFault(.stsPolicyFetchError, "status 503")
            let sts = STSFacts(
                domain: domainName("d.example"), record: record, held: held, isCached: true, fault: fault)
            #expect(try Scene(Scene.plain, sts: sts).verdict(.startTLSNotOffered).hasPrefix("refuse starttls-missing"))
        }
    }

    @Test("A policy that was held and cannot be read back keeps mail waiting, but for TLS-Required: No")
    func lost() throws {
        let sts = STSFacts(domain: domainName("d.example"), record: .found(id: "1"), isUnknown: true, isLost: true)
        for view in [Scene.plain, Scene.pinned] {
            #expect(try Scene(view, sts: sts).skipped() == "policy-unknown")
            #expect(try Scene(view, sts: sts, demand: .requireTLS).skipped() == "policy-unknown")
            #expect(try Scene(view, sts: sts, demand: .optionalTLS).requirement().level == .opportunistic)
        }
    }

    @Test("STS-40 one host, two domains: the policy of one is nothing to the other")
    func perDomain() throws {
        let view = Scene.plain.merging(["e.example MX": .secure("10 mx.d.example")])
        let enforced = try Scene(view, sts: Scene.policy(.enforce, "mx.d.example")).requirement()
        var other = Scene(view)
        other.nextHop = NextHop(.domain(domainName("e.example")))
        #expect(try other.requirement().level == .opportunistic)
        #expect(try other.requirement() != enforced)
    }

    @Test(
        "DANE-21 mandatory DANE without secure, usable records behind a secure MX: delay",
        arguments: [
            ("unsigned MX", Scene.pinnedBehindInsecure, "dane-required"), ("no TLSA", Scene.plain, "dane-required"),
            // RFC 8460 §4.3.2.1: validated records were present.
            ("only unusable TLSA", Scene.unusable, "tlsa-invalid"),
            (
                "insecure TLSA", Scene.plain.merging(["_25._tcp.mx.d.example TLSA": .insecure(Scene.record)]),
                "dane-required"
            ),
            ("unsigned everything", Scene.insecure, "dane-required"),
        ])
    func mandatoryDANE(row: String, view: DNSView, counted: String) throws {
        let scene = Scene(view, rule: { $0.demand = DecisionWorld.demand(.authenticated, by: [.dane]) })
        #expect(try scene.skipped() == "dane-required tlsa:\(counted)", "\(row)")
        #expect(try !scene.failure().isPermanent)
        let eased = Scene(view, rule: { $0.demand = DecisionWorld.demand(.authenticated, by: [.dane, .mtaSTS]) })
        #expect(try eased.skipped() == "dane-required", "RPTC-15: DANE is not required where another way would do")
    }

    @Test("DANE-21 mandatory DANE where there is DANE")
    func mandatoryDANEHolds() throws {
        let scene = Scene(Scene.pinned, rule: { $0.demand = DecisionWorld.demand(.authenticated, by: [.dane]) })
        #expect(try scene.verdict(Scene.session(try Scene.matched())) == "proceed dane, tlsa:ok")
        let letter = Scene(
            Scene.pinned, demand: .optionalTLS, rule: { $0.demand = DecisionWorld.demand(.authenticated, by: [.dane]) })
        #expect(try letter.requirement().by == .local)
        #expect(try letter.verdict(Scene.session(try Scene.matched())) == "proceed dane, tlsa:ok", "not dane-host")
    }

    @Test("DANE-22 off: nothing is asked of DANE; observe: mail goes out, and the mismatch is counted and told")
    func switches() throws {
        let off = Scene(Scene.pinned, rule: { $0.dane = .off })
        #expect(try off.requirement().level == .opportunistic && off.requirement().dane == nil)
        #expect(try off.policy().reasons.first?.text.contains("rule \"d.example\"") == true)
        let observed = Scene(Scene.pinned, rule: { $0.dane = .observe })
        #expect(
            try observed.verdict(Scene.session(Scene.mismatch))
                == "proceed encrypted, tlsa:validation-failure/tlsa-mismatch")
        let on = Scene(Scene.pinned, rule: { $0.dane = .on })
        #expect(try on.verdict(Scene.session(Scene.mismatch)).hasPrefix("refuse dane-mismatch"))
    }

    @Test("TLS-15 each way to be known has its own word in the log, and none is another's")
    func levelWords() throws {
        let pinned = DecisionWorld.demand(.authenticated, by: [.fingerprint])
        let shown = DecisionWorld.session(.unverified, certificate: DecisionWorld.certificate)
        let sts = Scene.policy(.enforce, "mx.d.example")
        let clear = DecisionWorld.demand(.none)
        let words = [
            try Scene(Scene.plain, rule: { $0.demand = clear }).verdict(.startTLSNotOffered),
            try Scene(Scene.plain).verdict(Scene.session()),
            try Scene(Scene.pinned).verdict(Scene.session(try Scene.matched())),
            try Scene(Scene.pinnedBehindInsecure).verdict(Scene.session(try Scene.matched())),
            try Scene(Scene.plain, sts: sts).verdict(Scene.session(.unverified, Scene.trusted())),
            try Scene(Scene.plain, rule: { $0.demand = pinned }).verdict(shown),
        ].map { String($0.prefix { $0 != "," }) }
        #expect(
            words == [
                "proceed none", "proceed encrypted", "proceed dane", "proceed dane-host", "proceed webpki",
                "proceed fingerprint",
            ])
        #expect(Set(words).count == words.count)
    }

    @Test("What is only observed says whose wish that is")
    func observedWords() throws {
        let sts = Scene.policy(.enforce, "mx.d.example")
        let scene = Scene(Scene.plain, sts: sts, rule: { $0.mtaSTS = .observe })
        let words = try scene.policy().reasons.map(\.text).joined(separator: "; ")
        #expect(words.contains("only observes") && !words.contains("its mode is testing"))
    }

    @Test("TLS-08 TLS-06 a certificate for another name is refused with words; a name nobody asked for is no success")
    func otherName() throws {
        let scene = Scene(Scene.plain, sts: Scene.policy(.enforce, "mx.d.example"))
        let verdict = try scene.verdict(Scene.session(.unverified, Scene.trusted("cdn.example")))
        #expect(verdict == "refuse certificate-invalid, sts:certificate-host-mismatch")
        let mismatch = TLSVerdict.compare(
            try scene.requirement(), Scene.session(.unverified, .failed(.hostMismatch, "no name matches")),
            fallback: .immediately, attempt: AttemptState(number: 9))
        guard case .refuse(let reason, _) = mismatch else {
            Issue.record("\(mismatch)")
            return
        }
        #expect(reason.detail.contains("mx.d.example") && reason.detail.contains("no name matches"))
    }

    @Test("Records that were found and not validated bind like a failed lookup")
    func foundButBogus() throws {
        for security in [Security.bogus, .failed, nil] {
            let tlsa = TLSAFacts(
                baseDomain: DecisionWorld.base, lookup: .found, security: security, records: [DecisionWorld.record])
            let world = DecisionWorld()
            let host = HostFacts(
                host: .name(DecisionWorld.host), preference: 10, addresses: world.hostFacts.addresses, tlsa: tlsa)
            let decision = HostPolicy(for: host, in: world.inputs).decision
            guard case .skip(let reason, _) = decision else {
                Issue.record("\(decision)")
                continue
            }
            #expect(reason.cause == .tlsaLookupFailed)
        }
    }

    @Test("A fault of ours that keeps a policy from being fetched holds mail back; it is not the domain's failure")
    func prevented() throws {
        let sts = STSFacts(
            domain: domainName("d.example"), record: .found(id: "1"), isUnknown: true, prevention: "no trust anchors")
        #expect(try Scene(Scene.insecure, sts: sts).skipped() == "local-failure")
        #expect(try Scene(Scene.insecure, sts: sts, demand: .optionalTLS).requirement().level == .opportunistic)
        // The same without a fault of ours is RFC 8461 §3.3: mail goes on.
        let unknown = STSFacts(domain: domainName("d.example"), record: .found(id: "1"), isUnknown: true)
        #expect(try Scene(Scene.insecure, sts: unknown).requirement().level == .opportunistic)
    }
}
