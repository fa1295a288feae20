import Testing

@testable import Mail

/// What a next hop must show before it is shown a password (CLI-27).
struct PasswordDecisionTests {
    private static let smart = domainName("smart.example")
    private static let secure: DNSView = ["smart.example A": .secure("192.0.2.1")]
    private static let pinned = secure.merging(["_587._tcp.smart.example TLSA": .secure(Scene.record)])

    /// Mail for everybody goes to `target`, with a password unless `isWithoutPassword`.
    private static func scene(
        _ view: DNSView = secure, to target: NextHop.Target = .host(smart), implicitTLS: Bool = false,
        isWithoutPassword: Bool = false, demand: MessageDemand = .ordinary, rule: ((inout HostRule) -> Void)? = nil
    ) -> Scene {
        var scene = Scene(view, sts: .notApplicable, demand: demand)
        scene.nextHop = NextHop(target, port: 587, isConfigured: true)
        let route = Route(
            nextHop: scene.nextHop, implicitTLS: implicitTLS, credentialsFile: isWithoutPassword ? nil : "/password",
            label: "rule \"*\" (our provider)")
        scene.rules = [Rule(destination: .any, host: nil, settings: HostRule(), route: route)]
        if let rule {
            let settings = DecisionWorld.rule("rule \"smart.example\"", rule)
            let host: RulePattern? = if case .address(let address) = target { .address(address) } else { nil }
            scene.rules.append(
                Rule(destination: host == nil ? .exactly(smart) : nil, host: host, settings: settings))
        }
        return scene
    }

    @Test("CLI-27 without a level of the operator's own, the next hop proves its name, or nothing is sent")
    func proof() throws {
        let scene = Self.scene()
        let requirement = try scene.requirement()
        #expect(requirement.level == .authenticated && requirement.by == .local && requirement.demands == [[.pkix]])
        #expect(requirement.pkix == WebPKIReference(names: [Self.smart], trust: .system))
        #expect(requirement.reason.text.hasPrefix("rule \"*\" (our provider) has the next hop shown a password"))
        #expect(try scene.verdict(.startTLSNotOffered).hasPrefix("refuse starttls-missing"))
        #expect(try scene.verdict(Scene.session()).hasPrefix("refuse local-failure"))
        let trusted = DecisionWorld.session(.unverified, pkix: .trusted(name: Self.smart))
        #expect(try scene.verdict(trusted).hasPrefix("proceed webpki"))
        #expect(try Self.scene(isWithoutPassword: true).requirement().level == .opportunistic)
    }

    @Test("CLI-27 DANE proves it as well, and where DANE is demanded already nothing is added")
    func dane() throws {
        let requirement = try Self.scene(Self.pinned).requirement()
        #expect(requirement.demands == [[.dane]] && requirement.by == .dane)
        // DANE that only looks on is demanded of nobody, and may prove it all the same.
        let observed = try Self.scene(Self.pinned) { $0.dane = .observe }.requirement()
        #expect(observed.demands == [[.dane, .pkix]] && observed.by == .local)
    }

    @Test("CLI-27 behind an unsigned MX record the name is the one the operator wrote")
    func unsigned() throws {
        let unsigned: DNSView = [
            "smart.example MX": .insecure("1 mx.d.example"), "mx.d.example A": .insecure("192.0.2.1"),
        ]
        let signed: DNSView = [
            "smart.example MX": .secure("1 mx.d.example"), "mx.d.example A": .secure("192.0.2.1"),
        ]
        for (view, name) in [(unsigned, Self.smart), (signed, DecisionWorld.host)] {
            let requirement = try Self.scene(view, to: .domain(Self.smart)).requirement()
            #expect(requirement.demands == [[.pkix]] && requirement.pkix?.names == [name])
        }
    }

    @Test(
        "CLI-27 a level of the operator's own holds instead, and never less than TLS",
        arguments: [
            (TLSRequirement.Level.opportunistic, TLSRequirement.Level.encrypted), (.encrypted, .encrypted),
            (.authenticated, .authenticated), (.none, .authenticated),
        ])
    func ownLevel(level: TLSRequirement.Level, expected: TLSRequirement.Level) throws {
        let scene = Self.scene {
            $0.demand = DecisionWorld.demand(level, by: level == .authenticated ? [.fingerprint] : [])
        }
        let requirement = try scene.requirement()
        #expect(requirement.level == expected)
        if level == .authenticated { #expect(requirement.demands == [[.fingerprint]]) }
        #expect(try scene.verdict(.startTLSNotOffered).hasPrefix("refuse starttls-missing"))
    }

    @Test("CLI-27 only on this machine, and only by level none, does a password go without TLS")
    func loopback() throws {
        let none: (inout HostRule) -> Void = { $0.demand = DecisionWorld.demand(.none) }
        let loopback = NextHop.Target.address(.v4(0x7F00_0001))
        let clear = Self.scene([:], to: loopback, rule: none)
        let requirement = try clear.requirement()
        #expect(requirement.level == .none && requirement.isWithoutTLSByRule)
        #expect(try clear.policy().reasons.contains { $0.text.contains("stays on this machine") })
        // Without a rule, or at another address, there is no name to prove.
        #expect(try Self.scene([:], to: loopback).skipped() == "certificate-invalid")
        #expect(try Self.scene([:], to: .address(.v4(0xC000_0201)), rule: none).skipped() == "certificate-invalid")
        // A name may turn out to be this machine; one address elsewhere is enough to say no.
        let here: DNSView = ["smart.example A": .secure("127.0.0.1")]
        #expect(try Self.scene(here, rule: none).requirement().level == .none)
        let both: DNSView = ["smart.example A": .secure("127.0.0.1", "192.0.2.1")]
        #expect(try Self.scene(both, rule: none).requirement().level == .authenticated)
    }

    @Test("CLI-27 INT-17 what the sender says of TLS exposes no password, whatever gives way to it")
    func optionalTLS() throws {
        for honours in [nil, true, false] {
            let scene = Self.scene(demand: .optionalTLS) { $0.honoursOptionalTLS = honours }
            #expect(try scene.requirement().demands == [[.pkix]])
            let ruled = Self.scene(demand: .optionalTLS) {
                $0.honoursOptionalTLS = honours
                $0.demand = DecisionWorld.demand(.authenticated, by: [.fingerprint])
            }
            #expect(try ruled.requirement().demands == [[.fingerprint]])
        }
    }

    @Test("Implicit TLS has no clear form: the decision says so")
    func implicitTLS() throws {
        let requirement = try Self.scene(implicitTLS: true, isWithoutPassword: true).requirement()
        #expect(requirement.level == .encrypted && requirement.reason == .implicitTLS)
        let none = Self.scene(implicitTLS: true, isWithoutPassword: true) { $0.demand = DecisionWorld.demand(.none) }
        #expect(try none.requirement().level == .encrypted)
    }
}
