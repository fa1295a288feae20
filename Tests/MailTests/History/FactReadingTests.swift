import Testing

@testable import Mail

@Suite("What is a fact")
struct FactReadingTests {
    private static func record(_ preference: UInt16, _ host: String) throws -> MXRecord {
        MXRecord(preference: preference, exchange: .host(.name(try DomainName(host))))
    }

    @Test("the order of an answer is no change")
    func sorted() throws {
        let (one, two) = (try Self.record(10, "a.example"), try Self.record(9, "b.example"))
        let spelled = "secure: 9 b.example, 10 a.example"
        #expect(FactReading.spelling(of: MXFacts(lookup: .records([one, two]), security: .secure)) == spelled)
        #expect(FactReading.spelling(of: MXFacts(lookup: .records([two, one]), security: .secure)) == spelled)
        #expect(FactReading.hosts(inMX: spelled).map(\.text) == ["b.example", "a.example"])
    }

    @Test(
        "a lookup that failed says nothing",
        arguments: [
            (MXFacts(lookup: .failed("SERVFAIL"), security: .failed), nil),
            (MXFacts(lookup: .failed("bogus"), security: .bogus), nil),
            (MXFacts(lookup: .implicit, security: .bogus), nil),
            (MXFacts(lookup: .notQueried, security: nil), nil),
            (MXFacts(lookup: .implicit, security: .insecure), "insecure: implicit"),
            (MXFacts(lookup: .null, security: .secure), "secure: null"),
            (MXFacts(lookup: .noSuchDomain, security: .secure), "secure: no such domain"),
        ])
    func mx(_ facts: MXFacts, _ spelled: String?) {
        #expect(FactReading.spelling(of: facts) == spelled)
    }

    private static let found = AddressFacts(lookup: .found, security: .secure)
    private static let unsigned = AddressFacts(lookup: .found, security: .insecure)
    private static let first = TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [0xAB, 0x01])
    private static let second = TLSARecord(usage: 2, selector: 0, matchingType: 1, data: [0xFF])

    private static func answer(
        _ lookup: TLSAFacts.Lookup, _ security: Security?, _ records: [TLSARecord] = [], malformed: Int = 0
    ) -> TLSAFacts {
        TLSAFacts(baseDomain: nil, lookup: lookup, security: security, records: records, malformed: malformed)
    }

    @Test(
        "a TLSA set, and what is none",
        arguments: [
            (answer(.found, .secure, [first, second]), found, "secure: 2 0 1 ff, 3 1 1 ab01"),
            (answer(.found, .secure, [second, first]), found, "secure: 2 0 1 ff, 3 1 1 ab01"),
            (answer(.found, .secure, [], malformed: 2), found, "secure: 2 malformed"),
            (answer(.found, .insecure, [first]), found, "insecure: 3 1 1 ab01"),
            (answer(.found, .bogus, [first]), found, nil),
            (answer(.absent, .secure), found, "secure: none"),
            (answer(.absent, .bogus), found, nil),
            (answer(.absent, nil), found, nil),
            (answer(.failed("SERVFAIL"), .failed), found, nil),
            (answer(.failed("bogus"), .bogus), unsigned, nil),
            (answer(.notQueried("unsigned"), nil), unsigned, "insecure: none"),
            (answer(.notQueried("insecure MX"), nil), found, nil),
            (answer(.notQueried("no address"), nil), AddressFacts(lookup: .failed("SERVFAIL"), security: .failed), nil),
        ])
    func tlsa(_ facts: TLSAFacts, _ addresses: AddressFacts, _ spelled: String?) {
        #expect(FactReading.spelling(of: facts, at: addresses) == spelled)
    }

    private static let session = TLSSessionFacts(
        version: "TLSv1.3", cipher: "x", resumed: false, verification: .dane(matched: first, depth: 0),
        certificate: CertificateFacts(subject: "s", names: [], notAfter: nil, issuer: "O=A"))

    private func sighting(
        _ evidence: PeerEvidence?, level: TLSRequirement.Level = .authenticated, by: TLSRequirement.Basis? = .dane,
        verified: VerifiedLevel? = nil, demand: MessageDemand = .ordinary
    ) throws -> HostSighting {
        let host = try DomainName("mx.example")
        return HostSighting(
            time: WallTime(seconds: 0), domain: try DomainName("d.example"), host: .name(host),
            address: .v4(0xC000_0201), port: 25, contact: .greeted,
            requirement: TLSRequirement(level: level, by: by, serverName: host, reason: Explanation("test")),
            evidence: evidence, verified: verified, demand: demand)
    }

    private func spelled(_ sighting: HostSighting, isEased: Bool = false) -> [String] {
        FactReading.readings(of: sighting, isEased: isEased).map {
            "\($0.name)|\($0.kind.rawValue)|\($0.value)" + ($0.isExplained ? "|explained" : "")
        }
    }

    @Test("a connection that ended early says nothing")
    func early() throws {
        #expect(spelled(try sighting(nil)).isEmpty)
        let refused = Reply(454, lines: ["not now"])
        #expect(spelled(try sighting(.startTLSRefused(refused))).isEmpty)
    }

    @Test("STARTTLS offered or missing, and where it was not tried neither")
    func startTLS() throws {
        #expect(spelled(try sighting(.startTLSNotOffered)) == ["mx.example|starttls|missing"])
        let failure = HandshakeFailure(.negotiation, text: "")
        #expect(spelled(try sighting(.handshakeFailed(failure))) == ["mx.example|starttls|offered"])
        #expect(spelled(try sighting(.startTLSNotOffered, level: .none, by: .local)).isEmpty)
    }

    @Test("how it proved itself belongs to the domain and the host")
    func verified() throws {
        #expect(
            spelled(try sighting(.established(Self.session), verified: .dane)) == [
                "mx.example|starttls|offered", "mx.example for d.example|verified|dane",
                "mx.example|issuer|O=A|explained",
            ])
        #expect(spelled(try sighting(.established(Self.session), verified: .webPKI)).last == "mx.example|issuer|O=A")
        var anchored = Self.session
        anchored.verification = .dane(matched: Self.second, depth: 1)
        #expect(spelled(try sighting(.established(anchored), verified: .dane)).last == "mx.example|issuer|O=A")
    }

    @Test(
        "what one message asks for says nothing of the host",
        arguments: [MessageDemand.report, .optionalTLS, .requireTLS])
    func demand(_ demand: MessageDemand) throws {
        let read = spelled(try sighting(.established(Self.session), verified: .encrypted, demand: demand))
        #expect(!read.contains { $0.contains("verified") })
    }

    @Test("a rule of the operator's explains less")
    func rule() throws {
        let eased = spelled(
            try sighting(.startTLSNotOffered, level: .opportunistic, by: nil, verified: VerifiedLevel.none),
            isEased: true)
        #expect(eased.last == "mx.example for d.example|verified|none|explained")
        let ruled = spelled(
            try sighting(.established(Self.session), level: .encrypted, by: .local, verified: .encrypted))
        #expect(ruled.contains("mx.example for d.example|verified|encrypted|explained"))
    }

    @Test(
        "a change in words",
        arguments: [
            (KnownFact.Kind.mx, "secure: 10 a.example", "secure: 10 a.example, 20 b.example", "+ b.example (20)"),
            (.mx, "secure: 10 a.example", "insecure: 10 a.example", "secure -> insecure"),
            (.mx, "secure: 10 a.example", "secure: 5 a.example", "+ a.example (5), - a.example (10)"),
            (.tlsa, "secure: 3 1 1 ab", "secure: 3 1 1 cd", "3 1 1 cd added, 3 1 1 ab removed"),
            (.tlsa, "secure: 3 1 1 ab", "secure: none", "3 1 1 ab removed"),
            (
                .tlsa, "secure: none", "secure: 3 1 1 0123456789abcdef0123", "3 1 1 0123456789abcdef… added"
            ),
            (.stsID, "2024", "2026", "2024 -> 2026"),
            (
                .stsPolicy, "testing; max_age 60; mx a.example", "enforce; max_age 60; mx *.b.example",
                "mode testing -> enforce; mx + *.b.example; mx - a.example"
            ),
            (.stsPolicy, "none", "enforce; max_age 60; mx a.example", "none -> enforce; max_age 60; mx a.example"),
        ])
    func words(_ kind: KnownFact.Kind, _ old: String, _ new: String, _ words: String) {
        #expect(FactWords.change(kind, from: old, to: new) == words)
    }
}
