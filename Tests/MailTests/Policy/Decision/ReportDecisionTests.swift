import Testing

@testable import Mail

/// What holds for our own TLS-RPT reports: they must reach a domain whose TLS is broken (RPTF-20, D15).
struct ReportDecisionTests {
    @Test(
        "RPTF-20 A report goes out whatever DANE and MTA-STS say, as encrypted as can be",
        arguments: [
            (
                "mismatch", Scene.pinned, nil, Scene.session(Scene.mismatch),
                "proceed encrypted, tlsa:validation-failure/tlsa-mismatch"
            ),
            ("no STARTTLS", Scene.pinned, nil, .startTLSNotOffered, "clear here, tlsa:starttls-not-supported"),
            ("STARTTLS refused", Scene.pinned, nil, Scene.refused(454), "clear here, tlsa:starttls-not-supported"),
            (
                "handshake fails at the first attempt", Scene.pinned, nil,
                .handshakeFailed(HandshakeFailure(.negotiation, text: "x")),
                "clear again, tlsa:validation-failure/tls-handshake-failed"
            ),
            (
                "TLSA lookup fails", Scene.plain.merging(["_25._tcp.mx.d.example TLSA": .servfail]), nil,
                Scene.session(), "proceed encrypted, tlsa:dnssec-invalid/tlsa-lookup-failed"
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
    func policies(row: String, view: DNSView, sts: STSFacts?, evidence: PeerEvidence, expected: String) throws {
        let scene = Scene(view, sts: sts, demand: .report)
        #expect(try scene.verdict(evidence) == expected, "\(row)")
        // They are followed all the same: STARTTLS is asked for, the certificate is looked at.
        #expect(try scene.requirement().level == .opportunistic, "\(row)")
        #expect(try scene.requirement().fallback == .immediately, "\(row)")
    }

    @Test("RPTF-20 DANE that matches is proved for a report too")
    func match() throws {
        let scene = Scene(Scene.pinned, demand: .report)
        #expect(try scene.verdict(Scene.session(try Scene.matched())).hasSuffix("tlsa:ok"))
        #expect(try scene.requirement().dane != nil)
    }

    /// A scene with rules: `destination`, `destination @host`, `@host`.
    static func scene(_ rules: [(String, (inout HostRule) -> Void)], _ demand: MessageDemand = .report) throws -> Scene
    {
        var scene = Scene(Scene.plain, demand: demand)
        scene.rules = try rules.map { text, change in
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
                .map { $0.trimmingPrefix(" ").split(separator: " ").first.map(String.init) ?? "" }
            return Rule(
                destination: parts[0].isEmpty ? nil : try RuleTableTests.pattern(parts[0]),
                host: parts.count < 2 ? nil : try RuleTableTests.pattern(parts[1]),
                settings: DecisionWorld.rule("rule \"\(text)\"", change))
        }
        return scene
    }

    static let encrypted: @Sendable (inout HostRule) -> Void = { $0.demand = DecisionWorld.demand(.encrypted) }

    @Test(
        "RPTF-20 D15 A report yields only to a rule that names the domain or the host",
        arguments: [
            ("*", false, "everybody"), ("@*", false, "every host"), ("* @*", false, "every host of everybody"),
            ("d.example", true, "the domain"), ("*.example", true, "those below a domain"),
            ("@mx.d.example", true, "the host"), ("@*.d.example", true, "the hosts below a name"),
            ("* @mx.d.example", true, "the host, of everybody"), ("d.example @*", true, "every host of the domain"),
            ("other.example", false, "another domain"),
        ])
    func rules(pattern: String, binds: Bool, why: String) throws {
        let scene = try Self.scene([(pattern, Self.encrypted)])
        let verdict = try scene.verdict(.startTLSNotOffered)
        #expect(verdict.hasPrefix("refuse starttls-missing") == binds, "\(why): \(verdict)")
        #expect(verdict.hasPrefix("clear here") == !binds, "\(why): \(verdict)")
        // TLS-Required: No does not get past any of them (INT-17).
        let optional = try Self.scene([(pattern, Self.encrypted)], .optionalTLS).verdict(.startTLSNotOffered)
        #expect(optional.hasPrefix("refuse") == (pattern != "other.example"), "\(why): \(optional)")
    }

    @Test("RPTF-20 D15 tls.minimum_level does not bind a report, and binds TLS-Required: No")
    func minimumLevel() throws {
        for level in [TLSRequirement.Level.encrypted, .authenticated] {
            var scene = Scene(Scene.plain, demand: .report)
            scene.settings.minimumLevel = level
            #expect(try scene.verdict(.startTLSNotOffered).hasPrefix("clear here"))
            scene.demand = .ordinary
            #expect(try scene.steps() == (level == .authenticated ? ["-mx.d.example"] : ["mx.d.example"]))
        }
        var optional = Scene(Scene.plain, demand: .optionalTLS)
        optional.settings.minimumLevel = .encrypted
        #expect(try optional.verdict(.startTLSNotOffered).hasPrefix("refuse starttls-missing"))
    }

    @Test("RPTF-20 requiretls of a rule for everybody does not hold a report back; of a rule for the domain it does")
    func requireTLS() throws {
        let demanding: (inout HostRule) -> Void = { $0.requireTLS = true }
        let everybody = try Self.scene([("*", demanding)])
        #expect(try everybody.requirement().requireTLS == .no)
        #expect(try everybody.verdict(.startTLSNotOffered).hasPrefix("clear here"))
        #expect(try Self.scene([("*", demanding)], .ordinary).requirement().requireTLS == .demanded)
        let named = try Self.scene([("d.example", demanding)])
        #expect(try named.requirement().requireTLS == .demanded)
        #expect(try named.requirement().level == .authenticated)
    }

    @Test(
        "RPTF-20 Rules together: what the named one says binds, what comes from everybody's does not, in any order",
        arguments: [false, true])
    func merging(isReversed: Bool) throws {
        func scene(_ rules: [(String, (inout HostRule) -> Void)]) throws -> Scene {
            try Self.scene(isReversed ? rules.reversed() : rules)
        }
        let version: (inout HostRule) -> Void = { $0.minimumVersion = .tls13 }
        // The named rule speaks of something else.
        var merged = try scene([("*", Self.encrypted), ("d.example", version)])
        #expect(try merged.verdict(.startTLSNotOffered).hasPrefix("clear here"))
        #expect(try merged.requirement().minimumVersion == .tls13)
        // It demands itself.
        merged = try scene([("*", version), ("d.example", Self.encrypted)])
        #expect(try merged.verdict(.startTLSNotOffered).hasPrefix("refuse"))
        merged = try scene([("*", Self.encrypted), ("d.example", Self.encrypted)])
        #expect(try merged.verdict(.startTLSNotOffered).hasPrefix("refuse"))
        // A rule for every host is more specific than one for the domain, and is everybody's: theirs is set aside.
        merged = try scene([("@*", Self.encrypted), ("d.example", { $0.requireTLS = true })])
        #expect(try merged.requirement().requireTLS == .demanded)
        #expect(try merged.policy().rule.demand == nil)
        merged = try scene([("@*", Self.encrypted), ("d.example", Self.encrypted)])
        #expect(try merged.verdict(.startTLSNotOffered).hasPrefix("refuse"), "and does not hide the domain's own")
        // One key each.
        merged = try scene([("*", { $0.requireTLS = true }), ("d.example", Self.encrypted)])
        #expect(try merged.requirement().requireTLS == .no && merged.requirement().level == .encrypted)
        merged = try scene([("*", Self.encrypted), ("d.example", { $0.requireTLS = true })])
        #expect(try merged.policy().rule.demand == nil && merged.policy().rule.requireTLS == true)
    }

    @Test(
        "RPTF-20 A rule for a host whose name is only claimed binds a report as any mail, whatever tls.minimum_level is"
    )
    func claimedHost() throws {
        for level in [TLSRequirement.Level.opportunistic, .encrypted, .authenticated] {
            var scene = try Self.scene([("@mx.d.example", Self.encrypted)])
            scene.view = Scene.insecure
            scene.settings.minimumLevel = level
            #expect(try scene.verdict(.startTLSNotOffered).hasPrefix("refuse starttls-missing"), "\(level)")
        }
    }

    @Test("RPTF-20 tls_required_no: a rule that gives way to TLS-Required: No gives way to reports as well")
    func honours() throws {
        let scene = try Self.scene([
            ("d.example", { ($0.demand, $0.honoursOptionalTLS) = (DecisionWorld.demand(.encrypted), true) })
        ])
        #expect(try scene.verdict(.startTLSNotOffered).hasPrefix("clear here"))
    }

    @Test("RPTF-20 The words say that it is a report, and not that it says TLS-Required: No")
    func words() throws {
        let texts = try Scene(Scene.pinned, demand: .report).policy().reasons.map(\.text)
        #expect(texts.contains { $0.contains("report") })
    }

    @Test("RPTF-20 Taking a rule for reports drops its demands where it names nobody, and nothing else")
    func forReports() throws {
        var rule = HostRule(labels: ["x"])
        rule.demand = DecisionWorld.demand(.authenticated)
        rule.requireTLS = true
        rule.minimumVersion = .tls13
        rule.dane = .observe
        rule.sourceIPv4 = .v4(1)
        #expect(rule.forReports.demand == rule.demand && rule.forReports.requireTLS == true)
        let general = Rule(destination: .any, host: nil, settings: rule).settings.forReports
        #expect(general.demand == nil && general.requireTLS == nil)
        #expect(general.minimumVersion == .tls13 && general.dane == .observe && general.sourceIPv4 == .v4(1))
        #expect(Rule(destination: nil, host: nil, settings: rule).settings.forReports.demand == nil)
    }
}
