import Testing

@testable import Mail

/// Requirements that come of others: what is not meant to change does not, whatever fields there are.
@Suite("Changed requirements")
struct RequirementChangeTests {
    /// No field at its default.
    private static let full: TLSRequirement = {
        let name = domainName("mx.example")
        return TLSRequirement(
            level: .authenticated, by: .dane, demands: [[.dane]],
            dane: DANEReference(
                baseDomain: name, records: [TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [1])],
                referenceIdentifiers: [name]),
            webPKI: WebPKIReference(names: [name], trust: .system),
            pkix: WebPKIReference(names: [name], trust: .file("anchors.pem")), fingerprints: [.certificate([1])],
            hasOnlyUnusableTLSA: true, hasUnknownTLSA: true,
            sts: STSReference(domain: domainName("example"), id: "1", mode: .testing, pattern: nil),
            requireTLS: .ifOffered, serverName: name, minimumVersion: .tls13,
            clientIdentity: ClientIdentity(certificateFile: "c", keyFile: "k"), fallback: .immediately,
            reason: Explanation("because"))
    }()

    /// Names of the fields in which two requirements differ.
    private static func changes(_ old: TLSRequirement, _ new: TLSRequirement) -> Set<String> {
        Set(
            zip(Mirror(reflecting: old).children, Mirror(reflecting: new).children).compactMap { old, new in
                "\(old.value)" == "\(new.value)" ? nil : old.label
            })
    }

    @Test("nothing but the named fields changes")
    func fields() {
        let full = Self.full
        #expect(
            Self.changes(full, full.recording) == ["level", "by", "demands", "requireTLS", "fallback", "reason"])
        var open = full
        open.level = .opportunistic
        open.minimumVersion = .tls10
        let demanding = open.demandingTLS(of: .implicitTLS)
        #expect(Self.changes(open, demanding) == ["level", "by", "demands", "minimumVersion", "fallback", "reason"])
        #expect(demanding.level == .encrypted && demanding.minimumVersion == .tls12, "TLS-01")
        #expect(full.demandingTLS(of: .implicitTLS) == full)
    }

    @Test("D18 a clear connection checks nothing, and is made from the same address as the one it replaces")
    func withoutTLS() {
        let candidate = DeliveryPlan.Candidate(
            host: HostFacts(
                host: .name(domainName("mx.example")), preference: 10, addresses: .notQueried,
                tlsa: .notQueried("no reason")),
            address: .v4(1), port: 2525, requirement: Self.full, source: .v4(7))
        let clear = candidate.withoutTLS(because: Reason(.tlsHandshakeFailed, "it broke"))
        #expect(clear.source == .v4(7))
        #expect(clear.host == candidate.host && clear.address == candidate.address && clear.port == 2525)
        #expect(
            clear.requirement
                == TLSRequirement(
                    level: .none, by: nil, serverName: Self.full.serverName, minimumVersion: .tls13,
                    clientIdentity: Self.full.clientIdentity,
                    reason: Explanation("cleartext after a failed handshake: it broke", source: "RFC 7435 §4")))
    }

    @Test("INT-06 every field is part of the terms but the words")
    func terms() {
        let changes: [((inout TLSRequirement) -> Void, Bool)] = [
            ({ $0.reason = Explanation("other words") }, true), ({ $0.level = .encrypted }, false),
            ({ $0.by = .local }, false), ({ $0.demands = [] }, false), ({ $0.dane = nil }, false),
            ({ $0.webPKI = nil }, false), ({ $0.pkix = nil }, false), ({ $0.observedPKIX = $0.webPKI }, false),
            ({ $0.isDANEForShadow = true }, false),
            ({ $0.fingerprints = [] }, false),
            ({ $0.hasOnlyUnusableTLSA = false }, false), ({ $0.hasUnknownTLSA = false }, false),
            ({ $0.sts = nil }, false), ({ $0.requireTLS = .no }, false), ({ $0.serverName = nil }, false),
            ({ $0.minimumVersion = .tls12 }, false), ({ $0.clientIdentity = nil }, false),
            ({ $0.fallback = nil }, false),
        ]
        #expect(changes.count == Mirror(reflecting: Self.full).children.count, "a field is not in this table")
        for (place, (change, isSame)) in changes.enumerated() {
            var other = Self.full
            change(&other)
            #expect((other.terms == Self.full.terms) == isSame, "row \(place)")
            #expect((Set([Self.full.terms]).contains(other.terms)) == isSame, "row \(place)")
        }
    }
}
