import Testing

@testable import Mail

/// What the operator's settings and the forms of records come to in a requirement.
struct SettingsDecisionTests {
    // MARK: Versions

    private static func floor(_ scene: Scene) throws -> TLSVersionFloor {
        var scene = scene
        scene.settings.minimumVersion = .tls13
        scene.settings.opportunisticMinimumVersion = .tls11
        return try scene.requirement().minimumVersion
    }

    @Test("TLS-01 D14 tls.minimum_version where TLS is demanded by anybody, the opportunistic one where by nobody")
    func versions() throws {
        #expect(try Self.floor(Scene(Scene.plain)) == .tls11)
        #expect(try Self.floor(Scene(Scene.pinned)) == .tls13)
        #expect(try Self.floor(Scene(Scene.unusable)) == .tls13)
        #expect(try Self.floor(Scene(Scene.plain, sts: Scene.policy(.enforce, "mx.d.example"))) == .tls13)
        #expect(try Self.floor(Scene(Scene.plain, sts: Scene.policy(.testing, "mx.d.example"))) == .tls11)
        #expect(try Self.floor(Scene(Scene.plain, demand: .requireTLS)) == .tls13)
        #expect(try Self.floor(Scene(Scene.pinned, demand: .optionalTLS)) == .tls11, "the alternative is cleartext")
        var everywhere = Scene(Scene.plain)
        everywhere.settings.minimumLevel = .encrypted
        #expect(try Self.floor(everywhere) == .tls13)
    }

    @Test("TLS-01 a rule's own version wins over both, and nothing takes a demand below 1.2")
    func ruledVersions() throws {
        for view in [Scene.plain, Scene.pinned] {
            for version in TLSVersionFloor.demandable {
                #expect(try Self.floor(Scene(view, rule: { $0.minimumVersion = version })) == version)
            }
        }
        var low = Scene(Scene.pinned, rule: { $0.minimumVersion = .tls10 })
        #expect(try low.requirement().minimumVersion == .tls12, "whoever lets it through")
        low.view = Scene.plain
        #expect(try low.requirement().minimumVersion == .tls10)
        #expect(
            try Scene(Scene.plain, rule: { $0.minimumVersion = .tls13 }).policy().reasons.contains {
                $0.text == "rule \"d.example\" wants TLS 1.3 or later"
            })
    }

    // MARK: Records that nobody can read

    /// Good in form, and no certificate: SEQUENCE { SEQUENCE {} }.
    private static let hollow = "3 0 0 30023000"

    private static func policy(
        _ records: String..., isReadable: (TLSARecord) -> Bool = { $0.matchingType != 0 }
    ) throws -> HostPolicy {
        var view = Scene.plain
        view = view.merging(["_25._tcp.mx.d.example TLSA": DNSView.Entry.secure(records)])
        let facts = try #require(searchRoute(NextHop(.domain(domainName("d.example"))), view).facts)
        let decision = PolicyDecision(PolicyInputs(facts: facts.reading(isReadable), settings: PolicySettings()))
        return try #require(decision.hosts.first)
    }

    @Test("DANE-15 DANE-26 a certificate that nobody can read is unusable, and demands TLS all the same")
    func unreadable() throws {
        let alone = try #require(try Self.policy(Self.hollow).decision.requirement)
        #expect(alone.level == .encrypted && alone.hasOnlyUnusableTLSA && alone.dane == nil)
        let readable = try #require(try Self.policy(Self.hollow, isReadable: { _ in true }).decision.requirement)
        #expect(readable.level == .authenticated && readable.dane?.records.count == 1)
        let beside = try #require(try Self.policy(Self.hollow, Scene.record).decision.requirement)
        #expect(beside.level == .authenticated)
        #expect(beside.dane?.records == [try TLSARecord(parsing: Scene.record)])
    }

    @Test("DANE-26 the reason is told in words; a record bad in form keeps its own")
    func unreadableWords() throws {
        let policy = try Self.policy(Self.hollow, "3 1 0 30023000", "3 0 0 01", isReadable: { _ in false })
        #expect(policy.host.tlsa.unreadable.count == 2)
        let faults = policy.host.tlsa.records.map { policy.host.tlsa.usability(of: $0) }
        #expect(
            Set(faults) == [
                .unusable(.unreadable(selector: 0)), .unusable(.unreadable(selector: 1)), .unusable(.notDER),
            ])
        #expect(
            TLSARecord.Fault.unreadable(selector: 0).description
                == "the data is DER, but no certificate that can be read")
        #expect(policy.host.tlsa.usableRecords.isEmpty)
    }

    @Test("DANE-26 a long set of whole certificates does not push a digest out", arguments: [RecordLimits.tlsa, 200])
    func bounded(count: Int) throws {
        // SEQUENCE { SEQUENCE {}, OCTET STRING of two octets that count }.
        let hollow = (0..<count).map { "3 0 0 300630000402" + String(format16: $0) }
        var view = Scene.plain
        view = view.merging(["_25._tcp.mx.d.example TLSA": DNSView.Entry.secure(hollow + [Scene.record])])
        let facts = try #require(searchRoute(NextHop(.domain(domainName("d.example"))), view).facts)
        let tlsa = try #require(facts.hosts.first?.tlsa)
        #expect(tlsa.records.count == RecordLimits.tlsa)
        #expect(tlsa.records.contains(try TLSARecord(parsing: Scene.record)))
    }

    // MARK: Order

    @Test("INT-06 a record set in another order is the same demand; another set is another")
    func order() throws {
        let records = [
            Scene.record, "3 1 1 \(String(repeating: "cd", count: 32))", "2 1 1 \(String(repeating: "ab", count: 32))",
        ]
        func requirement(_ records: [String]) throws -> TLSRequirement {
            let view = Scene.plain.merging(["_25._tcp.mx.d.example TLSA": DNSView.Entry.secure(records)])
            return try Scene(view).requirement()
        }
        let first = try requirement(records)
        #expect(try requirement(records.reversed()) == first)
        #expect(try requirement([records[1], records[2], records[0]]) == first)
        #expect(try requirement(Array(records.dropLast())) != first)
        let names = [domainName("b.example"), domainName("a.example")]
        #expect(
            WebPKIReference(names: names, trust: .system) == WebPKIReference(names: names.reversed(), trust: .system))
        let prints = [DecisionWorld.pinned, .certificate([1]), .publicKey([1])]
        func pinned(_ prints: [Fingerprint]) -> TLSRequirement {
            TLSRequirement(
                level: .authenticated, by: .local, fingerprints: prints, serverName: nil, reason: .nothingDemanded)
        }
        #expect(pinned(prints) == pinned(prints.reversed()))
        let base = domainName("z.example")
        let reference = DANEReference(baseDomain: base, records: [], referenceIdentifiers: names + [base])
        #expect(reference.referenceIdentifiers == [base] + names.reversed(), "the base domain first (DANE-37)")
    }

    @Test("INT-06 a connection is used again only where this decision would open it as it is")
    func reuse() throws {
        var plan = try Scene(Scene.pinned).plan()
        guard case .connect(let candidate) = plan.next() else { throw Unexpected() }
        let rotated = Scene.pinned.merging([
            "_25._tcp.mx.d.example TLSA": .secure(Scene.record, "3 1 1 \(String(repeating: "cd", count: 32))")
        ])
        #expect(try Scene(Scene.pinned).decision().allowsReuse(of: candidate))
        #expect(try !Scene(rotated).decision().allowsReuse(of: candidate), "another record")
        #expect(try !Scene(Scene.plain).decision().allowsReuse(of: candidate), "no record any more")
        #expect(try !Scene(Scene.pinned, demand: .requireTLS).decision().allowsReuse(of: candidate))
        #expect(try !Scene(Scene.pinned, demand: .optionalTLS).decision().allowsReuse(of: candidate))
        #expect(try !Scene(Scene.pinned, rule: { $0.minimumVersion = .tls13 }).decision().allowsReuse(of: candidate))
        #expect(try !Scene(Scene.pinned, rule: { $0.sourceIPv4 = .v4(7) }).decision().allowsReuse(of: candidate))
        let moved = Scene.pinned.merging(["mx.d.example A": .secure("192.0.2.9")])
        #expect(try !Scene(moved).decision().allowsReuse(of: candidate), "another address")
        let renamed = Scene.pinned.merging(["d.example MX": .secure("10 other.d.example")])
        #expect(try !Scene(renamed).decision().allowsReuse(of: candidate), "no host of the domain any more")
        var port = Scene(Scene.pinned)
        port.nextHop = NextHop(.domain(domainName("d.example")), port: 26)
        #expect(try !port.decision().allowsReuse(of: candidate))
    }

    @Test("INT-06 the words that explain a demand do not keep a connection from being used again")
    func reuseWhateverTheWords() throws {
        func scene(_ level: TLSRequirement.Level, _ label: String) throws -> Scene {
            Scene(Scene.plain, rule: { $0.demand = HostRule.Demand(level: level, label: label) })
        }
        var plan = try scene(.encrypted, "rule \"old\"").plan()
        guard case .connect(let candidate) = plan.next() else { throw Unexpected() }
        #expect(candidate.requirement.reason.text.contains("old"))
        #expect(try scene(.encrypted, "rule \"new\"").decision().allowsReuse(of: candidate))
        #expect(try !scene(.opportunistic, "rule \"new\"").decision().allowsReuse(of: candidate))
    }

    private struct Unexpected: Error {}

    // MARK: Who set what

    /// Two rules meet at the host: each value is explained by the rule that set it.
    private static func merged(_ view: DNSView, sts: STSFacts? = nil, demand: MessageDemand = .ordinary) throws
        -> [String]
    {
        var host = HostRule(labels: ["rule mx"])
        host.dane = .observe
        host.words = "wrong TLSA"
        var domain = HostRule(labels: ["rule domain"])
        domain.mtaSTS = .observe
        domain.demand = .init(level: .encrypted, label: "rule domain")
        domain.honoursOptionalTLS = false
        domain.words = "contract"
        var all = HostRule(labels: ["rule all"])
        all.requireTLS = true
        all.minimumVersion = .tls13
        var scene = Scene(view, sts: sts, demand: demand)
        scene.rules = [
            Rule(destination: nil, host: .exactly(domainName("mx.d.example")), settings: host),
            Rule(destination: .exactly(domainName("d.example")), host: nil, settings: domain),
            Rule(destination: .any, host: nil, settings: all),
        ]
        return try scene.policy().reasons.map(\.text)
    }

    @Test("Each explanation names the rule that set the value, with that rule's own words")
    func origins() throws {
        let failed = Scene.plain.merging(["_25._tcp.mx.d.example TLSA": .servfail])
        let reasons = try Self.merged(failed, sts: Scene.policy(.enforce, "other.d.example"))
        #expect(reasons.contains { $0.hasSuffix("passed over, for rule mx (wrong TLSA) only observes") })
        #expect(reasons.contains { $0.hasSuffix("recorded only, for rule domain (contract) only observes") })
        #expect(reasons.contains("rule domain demands at least encrypted (contract)"))
        #expect(reasons.contains("rule all has all mail sent as if with REQUIRETLS"))
        #expect(reasons.contains("rule all wants TLS 1.3 or later"))
    }

    @Test("INT-17 D15 the operator's minimum, by rule or for all, holds for TLS-Required: No, and says so")
    func operatorWins() throws {
        var general = Scene(Scene.plain, demand: .optionalTLS)
        general.settings.minimumLevel = .encrypted
        let ruled = Scene(Scene.plain, demand: .optionalTLS, rule: { $0.demand = DecisionWorld.demand(.encrypted) })
        for scene in [general, ruled] {
            #expect(try scene.requirement().level == .encrypted && scene.requirement().by == .local)
            #expect(try scene.requirement().fallback == nil)
            #expect(try scene.policy().reasons.contains(.notSetAside))
        }
        let honoured = Scene(Scene.plain, demand: .optionalTLS) {
            $0.demand = DecisionWorld.demand(.encrypted)
            $0.honoursOptionalTLS = true
        }
        #expect(try honoured.requirement().level == .opportunistic)
        #expect(try !honoured.policy().reasons.contains(.notSetAside))
    }
}

extension String {
    /// Two octets in hexadecimal.
    fileprivate init(format16 number: Int) {
        let digits = String(number, radix: 16)
        self = String(repeating: "0", count: 4 - digits.count) + digits
    }
}
