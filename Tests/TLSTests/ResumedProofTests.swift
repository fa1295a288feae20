import COpenSSL
import Testing

@testable import Mail
@testable import TLS

/// Sessions resumed with the evidence of WebPKI and other proofs, and under no other requirement (INT-06, TLS-10).
@Suite struct ResumedProofTests {
    /// One host, asked again and again.
    struct Host {
        let cache = SessionCache()
        let start = ContinuousClock.now
        var server: ServerContext
        var requirement: TLSRequirement
        var identities = ClientIdentities()
        var now = 0
        var expires = 100_000

        init(_ requirement: TLSRequirement, leaf: TestCertificate? = nil, version: CInt = TLS1_3_VERSION) throws {
            let pki = try TestPKI.shared()
            server = try .presenting([leaf ?? pki.leaf, pki.intermediate])
            _ = shim_SSL_CTX_set_max_proto_version(server.owned.pointer, version)
            self.requirement = requirement
        }

        func connect() throws -> TLSSessionFacts {
            let pair = try Pair(
                Contexts.made.get()[requirement], requirement, to: server,
                resumption: Resumption(
                    cache: cache, host: DomainName("mx.example.com"), address: .v4(1), port: 25,
                    now: start.advanced(by: .seconds(now)), expires: start.advanced(by: .seconds(expires))),
                trust: TestTrust.shared().stores, identities: identities)
            let facts = try #require(pair.handshake().facts)
            #expect(try pair.serverSays("250 ok") == "250 ok")
            #expect(try pair.client.shutdown() == .done)
            return facts
        }
    }

    @Test(
        "TLS-10 EDGE-31 a resumed session yields every evidence of the full handshake",
        arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func evidence(version: CInt) throws {
        let pki = try TestPKI.shared()
        let requirement = try TLSRequirement.proving(
            [[.dane], [.webPKI], [.pkix], [.fingerprint]], by: .dane, dane: [pki.leaf.record(3, 1, 1)],
            webPKI: TestTrust.reference(), pkix: TestTrust.reference(["a.example", "mx.example.com"]),
            fingerprints: [.certificate(SHA256Digest.digest(of: pki.leaf.der))], sts: .test())
        let host = try Host(requirement, version: version)
        let full = try host.connect()
        #expect(!full.resumed)
        #expect(requirement.verdict(full).level == .dane)
        for _ in 0..<3 {
            var again = try host.connect()
            #expect(again.resumed)
            #expect(requirement.verdict(again).level == .dane)
            again.resumed = false
            #expect(again == full)
        }
    }

    /// What is changed in ``TLSRequirement``, by the name of its property.
    struct Change: CustomTestStringConvertible, Sendable {
        let property: String
        let testDescription: String
        let requirement: @Sendable () throws -> TLSRequirement

        init(_ property: String, _ why: String, _ requirement: @escaping @Sendable () throws -> TLSRequirement) {
            self.property = property
            testDescription = why
            self.requirement = requirement
        }
    }

    /// A requirement of which every property can be changed, well under each of the changes.
    static func requirement(
        level: TLSRequirement.Level = .authenticated, by: TLSRequirement.Basis? = .local,
        demands: [Set<TLSRequirement.Proof>] = [[.webPKI]], dane: [(UInt8, UInt8)] = [(1, 1), (0, 1)],
        base: String = "mx.example.com", references: [String] = [], webPKI: [String]? = ["mx.example.com"],
        trust: TrustStore? = nil, pkix: [String]? = ["mx.example.com"], fingerprints: Int = 2,
        hasOnlyUnusableTLSA: Bool = false, hasUnknownTLSA: Bool = false, sts: STSReference? = nil,
        requireTLS: TLSRequirement.RequireTLSUse = .no, serverName: String = "mx.example.com",
        minimumVersion: TLSVersionFloor = .tls12, clientIdentity: ClientIdentity? = nil,
        fallback: OpportunisticFallback? = nil, reason: String = "test"
    ) throws -> TLSRequirement {
        let leaf = try TestPKI.shared().leaf
        let prints: [Fingerprint] = [
            .certificate(try SHA256Digest.digest(of: leaf.der)),
            .publicKey(try SHA256Digest.digest(of: leaf.publicKey)),
        ]
        return TLSRequirement(
            level: level, by: by, demands: demands,
            dane: DANEReference(
                baseDomain: try DomainName(base), records: try dane.map { try leaf.record(3, $0, $1) },
                referenceIdentifiers: try references.map { try DomainName($0) }),
            webPKI: try webPKI.map { names in
                WebPKIReference(
                    names: try names.map { try DomainName($0) }, trust: try trust ?? TestTrust.shared().file)
            },
            pkix: try pkix.map { try TestTrust.reference($0) }, fingerprints: Array(prints.prefix(fingerprints)),
            hasOnlyUnusableTLSA: hasOnlyUnusableTLSA, hasUnknownTLSA: hasUnknownTLSA,
            sts: try sts ?? .test(), requireTLS: requireTLS, serverName: try DomainName(serverName),
            minimumVersion: minimumVersion, clientIdentity: clientIdentity, fallback: fallback,
            reason: Explanation(reason))
    }

    static let changes = [
        Change("level", "encrypted") { try requirement(level: .encrypted) },
        Change("by", "another basis") { try requirement(by: .mtaSTS) },
        Change("demands", "another proof") { try requirement(demands: [[.dane]]) },
        Change("demands", "one proof more") { try requirement(demands: [[.webPKI], [.dane]]) },
        Change("demands", "either of two") { try requirement(demands: [[.webPKI, .dane]]) },
        Change("dane", "a record less") { try requirement(dane: [(1, 1)]) },
        Change("dane", "a record more") { try requirement(dane: [(1, 1), (0, 1), (1, 2)]) },
        Change("dane", "another base domain") { try requirement(base: "mx.example.net") },
        Change("dane", "another reference identifier") { try requirement(references: ["example.com"]) },
        Change("webPKI", "no WebPKI") { try requirement(demands: [[.pkix]], webPKI: nil) },
        Change("webPKI", "a name more") { try requirement(webPKI: ["mx.example.com", "mx.example.net"]) },
        Change("pkix", "no PKIX") { try requirement(pkix: nil) },
        Change("pkix", "a name more") { try requirement(pkix: ["mx.example.net", "mx.example.com"]) },
        Change("observedPKIX", "another PKIX is looked at") {
            try requirement().recording(checksOf: requirement(pkix: ["mx.example.net", "mx.example.com"]))
        },
        Change("isDANEForShadow", "DANE is only looked at") {
            var copy = try requirement()
            copy.isDANEForShadow = true
            return copy
        },
        Change("fingerprints", "a fingerprint less") { try requirement(fingerprints: 1) },
        Change("fingerprints", "no fingerprint") { try requirement(fingerprints: 0) },
        Change("hasOnlyUnusableTLSA", "unusable TLSA") { try requirement(hasOnlyUnusableTLSA: true) },
        Change("hasUnknownTLSA", "unknown TLSA") { try requirement(hasUnknownTLSA: true) },
        Change("sts", "another policy id") { try requirement(sts: .test(id: "2")) },
        Change("sts", "another policy domain") { try requirement(sts: .test(domain: "example.net")) },
        Change("sts", "another mode") { try requirement(sts: .test(mode: .testing)) },
        Change("sts", "another pattern") { try requirement(sts: .test(pattern: nil)) },
        Change("requireTLS", "REQUIRETLS") { try requirement(requireTLS: .demanded) },
        Change("serverName", "another SNI") { try requirement(serverName: "mx.example.net") },
        Change("minimumVersion", "a higher floor") { try requirement(minimumVersion: .tls13) },
        Change("fallback", "another fallback") { try requirement(fallback: .never) },
    ]

    @Test("INT-06 TLS-10 DANE-47 EDGE-31 under a changed requirement the handshake is full", arguments: changes)
    func changed(_ change: Change) throws {
        var host = try Host(Self.requirement())
        #expect(try host.connect().resumed == false)
        #expect(try host.connect().resumed == true)
        host.requirement = try change.requirement()
        #expect(try host.connect().resumed == false)
        #expect(try host.connect().resumed == true)
    }

    @Test("INT-06 other trust anchors or a client certificate are another requirement too")
    func changedFiles() throws {
        let pki = try TestPKI.shared()
        let folder = try TemporaryFolder()
        let copy = TrustStore.file(try folder.write(pki.root.pem, to: "copy.pem"))
        let identity = ClientIdentity(
            certificateFile: try folder.write(pki.leaf.pem, to: "client.pem"),
            keyFile: try folder.write(pki.leaf.keyPEM, to: "client.key"))
        for changed in [try Self.requirement(trust: copy), try Self.requirement(clientIdentity: identity)] {
            var host = try Host(Self.requirement())
            #expect(try host.connect().resumed == false)
            host.requirement = changed
            #expect(try host.connect().resumed == false)
            #expect(try host.connect().resumed == true)
        }
    }

    @Test("INT-06 every property of a requirement has been changed above, but for its words")
    func allProperties() throws {
        let properties = Mirror(reflecting: try Self.requirement()).children.compactMap(\.label)
        #expect(Set(properties) == Set(Self.changes.map(\.property) + ["clientIdentity", "reason"]))
    }

    @Test("neither the order of TLSA records nor the words of the explanation matter")
    func alike() throws {
        for alike in [
            try Self.requirement(dane: [(0, 1), (1, 1)]), try Self.requirement(reason: "in other words"),
        ] {
            var host = try Host(Self.requirement())
            #expect(try host.connect().resumed == false)
            host.requirement = alike
            #expect(try host.connect().resumed == true)
        }
    }

    @Test("what failed a check, demanded or not, is not kept: the next handshake looks again")
    func failuresAreNotKept() throws {
        let pki = try TestPKI.shared()
        let wrong = try TestTrust.reference(["other.example"])
        let mismatch = try pki.leaf.record(3, 1, 1).mismatching
        for requirement in [
            try TLSRequirement.enforced(["other.example"]),
            try .proving([], webPKI: wrong, level: .opportunistic, sts: .test(mode: .testing)),
            try .proving([[.webPKI]], webPKI: TestTrust.reference(), pkix: wrong),
            try .proving([[.webPKI]], dane: [mismatch], webPKI: TestTrust.reference()),
            try .proving([[.fingerprint]], fingerprints: [.publicKey([UInt8](repeating: 0, count: 32))]),
        ] {
            let host = try Host(requirement)
            for _ in 0..<2 { #expect(try host.connect().resumed == false) }
            #expect(host.cache.count == 0)
        }
    }

    @Test(
        "DANE-47 STS-30 evidence ends with the certificate",
        arguments: [
            (TLS1_3_VERSION, 550, true), (TLS1_3_VERSION, 601, false), (TLS1_2_VERSION, 550, true),
            (TLS1_2_VERSION, 601, false),
        ])
    func certificateEnds(version: CInt, now: Int, good: Bool) throws {
        let leaf = try TestPKI.shared().leaf {
            $0.names = ["mx.example.com"]
            $0.until = 600
        }
        let intermediate = try TestPKI.shared().intermediate
        for requirement in [
            try TLSRequirement.enforced(),
            try .proving([[.pkix]], pkix: TestTrust.reference()),
            try .dane([intermediate.record(2, 0, 1)]),
        ] {
            var host = try Host(requirement, leaf: leaf, version: version)
            #expect(try host.connect().resumed == false)
            // A session that came of a resumed one inherits the bound.
            host.now = 500
            #expect(try host.connect().resumed == true)
            host.now = now
            #expect(try host.connect().resumed == good)
        }
    }

    @Test("evidence ends with the first certificate of the chain")
    func intermediateEnds() throws {
        let pki = try TestPKI.shared()
        let intermediate = try TestCertificate.make {
            $0.name = "short"
            $0.issuer = pki.root
            $0.authority = true
            $0.until = 600
        }
        let leaf = try TestCertificate.make {
            $0.issuer = intermediate
            $0.names = ["mx.example.com"]
        }
        var host = try Host(.enforced())
        host.server = try .presenting([leaf, intermediate])
        #expect(try host.connect().resumed == false)
        host.now = 601
        #expect(try host.connect().resumed == false)
    }

    @Test("DANE-30 where dates do not count they bound nothing: DANE-EE, fingerprints, nothing demanded")
    func datesWithoutMeaning() throws {
        let leaf = try TestCertificate.make {
            $0.names = ["mx.example.com"]
            $0.until = -60
        }
        for requirement in [
            try TLSRequirement.dane([leaf.record(3, 1, 1)]),
            try .proving([[.fingerprint]], fingerprints: [.certificate(SHA256Digest.digest(of: leaf.der))]),
            try .unverified(),
        ] {
            let host = try Host(requirement, leaf: leaf)
            #expect(try host.connect().resumed == false)
            #expect(try host.connect().resumed == true)
        }
    }
}
