import COpenSSL
import Mail
import Testing

@testable import TLS

/// Several proofs of one host, each with its own result (D1, D15).
@Suite struct ProofTests {
    let pki: TestPKI

    init() throws {
        pki = try TestPKI.shared()
    }

    private func chain(_ leaf: TestCertificate? = nil) -> [TestCertificate] {
        [leaf ?? pki.leaf, pki.intermediate]
    }

    @Test("INT-02 EDGE-14 DANE passes, MTA-STS does not: both are recorded, and the demands decide")
    func daneOnly() throws {
        let expired = try pki.leaf {
            $0.names = ["mx.example.com"]
            $0.until = -60
        }
        let record = try expired.record(3, 1, 1)
        let demandsDANE = try TLSRequirement.proving(
            [[.dane]], by: .dane, dane: [record], webPKI: TestTrust.reference(), sts: .test())
        let facts = try facts(presenting: chain(expired), demandsDANE)
        #expect(facts.verification == .dane(matched: record, depth: 0))
        #expect(facts.webPKI?.fault == .expired)
        let verdict = demandsDANE.verdict(facts)
        #expect(verdict.level == .dane)
        #expect(
            verdict.results == [PolicyResult(.tlsa, nil), PolicyResult(.sts, .certificateExpired)])
        let demandsBoth = try TLSRequirement.proving(
            [[.dane], [.webPKI]], by: .dane, dane: [record], webPKI: TestTrust.reference(), sts: .test())
        #expect(demandsBoth.verdict(facts).cause == .certificateInvalid)
    }

    @Test(
        "INT-01 EDGE-16 WebPKI passes, DANE does not: no rescue, and both are recorded",
        arguments: [
            [[TLSRequirement.Proof.dane]], [[.dane], [.webPKI]],
        ] as [[Set<TLSRequirement.Proof>]])
    func webPKIOnly(demands: [Set<TLSRequirement.Proof>]) throws {
        let record = try pki.leaf.record(3, 1, 1).mismatching
        let requirement = try TLSRequirement.proving(
            demands, by: .dane, dane: [record], webPKI: TestTrust.reference(), sts: .test())
        let facts = try facts(presenting: chain(), requirement)
        guard case .failed(.noMatchingTLSA, let words) = facts.verification else {
            Issue.record("\(facts.verification)")
            return
        }
        #expect(words.lowercased() == "no matching dane tlsa records")
        #expect(facts.webPKI?.name == "mx.example.com")
        let verdict = requirement.verdict(facts)
        #expect(verdict.cause == .daneMismatch)
        #expect(
            verdict.results
                == [
                    PolicyResult(.tlsa, .validationFailure, reasonCode: "tlsa-mismatch"), PolicyResult(.sts, nil),
                ])
    }

    @Test("DANE recorded beside WebPKI: every way a chain can fail it, with depth and record where it does not")
    func recordedDANE() throws {
        let anchor = try pki.intermediate.record(2, 0, 1)
        let reference = try TestTrust.reference()
        let demands: [Set<TLSRequirement.Proof>] = [[.webPKI]]
        let good = try facts(presenting: chain(), .proving(demands, dane: [anchor], webPKI: reference))
        #expect(good.verification == .dane(matched: anchor, depth: 1))
        let other = try pki.leaf { $0.names = ["other.example"] }
        let rows: [(TestCertificate, TLSARecord, CertificateFault)] = [
            (other, anchor, .hostMismatch),
            (
                try pki.leaf {
                    $0.names = ["mx.example.com"]
                    $0.until = -60
                }, anchor, .expired
            ),
            (pki.leaf, try pki.root.record(2, 0, 1), .noMatchingTLSA),
        ]
        for (leaf, record, fault) in rows {
            let requirement = try TLSRequirement.proving(demands, dane: [record], webPKI: reference)
            guard case .failed(let found, _) = try facts(presenting: chain(leaf), requirement).verification else {
                Issue.record("\(fault) was not found")
                continue
            }
            #expect(found == fault)
        }
    }

    @Test("INT-03 only unusable TLSA and enforce: WebPKI decides", arguments: [true, false])
    func onlyUnusable(trusted: Bool) throws {
        let name = try DomainName("mx.example.com")
        let requirement = TLSRequirement(
            level: .authenticated, by: .mtaSTS, demands: [[.webPKI]], webPKI: try TestTrust.reference(),
            hasOnlyUnusableTLSA: true, sts: try .test(), serverName: name, reason: Explanation("test"))
        let leaf = try trusted ? pki.leaf : TestCertificate.make { $0.names = ["mx.example.com"] }
        let verdict = requirement.verdict(try facts(presenting: chain(leaf), requirement))
        #expect(verdict.level == (trusted ? .webPKI : nil))
        #expect(verdict.results.contains(PolicyResult(.tlsa, .tlsaInvalid)))
    }

    @Test("INT-15 D15 recorded only, mail goes out over the session that failed its checks")
    func recordedOnly() throws {
        let record = try pki.leaf.record(3, 1, 1).mismatching
        let stranger = try TestCertificate.make { $0.names = ["mx.example.com"] }
        let requirement = try TLSRequirement.proving(
            [], by: .dane, dane: [record], webPKI: TestTrust.reference(), level: .opportunistic, sts: .test())
        let facts = try facts(presenting: [stranger], requirement)
        #expect(facts.webPKI?.fault == .notTrusted)
        let verdict = requirement.verdict(facts)
        #expect(verdict.level == .encrypted)
        #expect(
            verdict.results
                == [
                    PolicyResult(.tlsa, .validationFailure, reasonCode: "tlsa-mismatch"),
                    PolicyResult(.sts, .certificateNotTrusted, reasonCode: "self-signed"),
                ])
    }

    @Test("TLS-02 D15 static RSA is taken where DANE is recorded only, and the chain judged as ever")
    func recordedSuites() throws {
        let requirement = try TLSRequirement.proving(
            [], by: .dane, dane: [pki.leaf.record(3, 1, 1)], level: .opportunistic)
        let sockets = try SocketPair()
        let lenient = try TLSSession(client: Contexts.dane, descriptor: sockets.client, requirement: requirement)
        let strict = try TLSSession(
            client: Contexts.dane, descriptor: sockets.client, requirement: .dane([pki.leaf.record(3, 1, 1)]))
        let names = { (session: TLSSession) in
            let stack = SSL_get_ciphers(session.owned.pointer)
            return (0..<OPENSSL_sk_num(stack)).compactMap { index in
                SSL_CIPHER_get_name(OPENSSL_sk_value(stack, index).map { OpaquePointer($0) }).map {
                    String(cString: $0)
                }
            }
        }
        #expect(names(lenient).contains("AES256-GCM-SHA384"))
        #expect(!names(strict).contains("AES256-GCM-SHA384"))
        #expect(SSL_get_verify_mode(lenient.owned.pointer) == SSL_VERIFY_NONE)
        #expect(SSL_get_verify_mode(strict.owned.pointer) == SSL_VERIFY_PEER)
    }

    @Test(
        "TLS-02 keys below 112 bits do not pass, even where the session may have them",
        arguments: [(1024, false), (2048, true)])
    func weakKey(bits: CInt, good: Bool) throws {
        let leaf = try pki.leaf {
            $0.names = ["mx.example.com"]
            $0.rsaBits = bits
        }
        let requirement = try TLSRequirement.proving(
            [], by: .dane, dane: [pki.intermediate.record(2, 0, 1)], webPKI: TestTrust.reference(),
            level: .opportunistic)
        let facts = try facts(presenting: chain(leaf), requirement)
        #expect(
            facts.webPKI
                == (good
                    ? .trusted(name: try DomainName("mx.example.com"))
                    : .failed(.notTrusted, "EE certificate key too weak")))
        if case .dane = facts.verification { #expect(good) } else { #expect(!good) }
    }

    @Test("fingerprints of certificate and key, right and wrong")
    func fingerprints() throws {
        let leaf = try TestCertificate.make {
            $0.names = ["nobody.example"]
            $0.until = -60
        }
        let certificate = try SHA256Digest.digest(of: leaf.der)
        let key = try SHA256Digest.digest(of: leaf.publicKey)
        let rows: [([Fingerprint], Bool)] = [
            ([.certificate(certificate)], true),
            ([.publicKey(key)], true),
            ([.publicKey(certificate)], false),
            ([.certificate(key)], false),
            ([.publicKey([UInt8](repeating: 0, count: 32)), .certificate(certificate)], true),
            ([.publicKey([])], false),
        ]
        for (fingerprints, good) in rows {
            let requirement = try TLSRequirement.proving([[.fingerprint]], by: .local, fingerprints: fingerprints)
            let facts = try facts(presenting: [leaf], requirement)
            let verdict = requirement.verdict(facts)
            #expect(verdict.level == (good ? .fingerprint : nil))
            #expect(verdict.cause == (good ? nil : .fingerprintMismatch))
        }
    }

    @Test("any proof of a set suffices")
    func anyProof() throws {
        let fingerprint = Fingerprint.publicKey(try SHA256Digest.digest(of: pki.leaf.publicKey))
        let record = try pki.leaf.record(3, 1, 1).mismatching
        let requirement = try TLSRequirement.proving(
            [[.dane, .webPKI, .fingerprint]], by: .local, dane: [record],
            webPKI: TestTrust.reference(["other.example"]), fingerprints: [fingerprint])
        #expect(requirement.verdict(try facts(presenting: chain(), requirement)).level == .fingerprint)
    }

    @Test("DANE alone is judged within the handshake; beside anything else, after it")
    func judgedWithin() throws {
        let records = [try pki.leaf.record(3, 1, 1)]
        let reference = try TestTrust.reference()
        #expect(try TLSRequirement.dane(records).isJudgedWithinHandshake)
        let others = [
            try TLSRequirement.proving([[.dane]], dane: records, webPKI: reference),
            try .proving([[.dane]], dane: records, pkix: reference),
            try .proving([[.dane]], dane: records, fingerprints: [.publicKey([])]),
            try .proving([[.dane, .webPKI]], dane: records),
            try .proving([], dane: records, level: .encrypted),
            try .proving([], dane: records, level: .opportunistic),
            try .enforced(),
        ]
        for other in others { #expect(!other.isJudgedWithinHandshake) }
    }

    @Test("a demand that nothing is given for never connects")
    func unprovable() throws {
        let sockets = try SocketPair()
        let records = [try pki.leaf.record(3, 1, 1)]
        for requirement in [
            try TLSRequirement.proving([], webPKI: TestTrust.reference()),
            try .proving([[.webPKI]], dane: records),
            try .proving([[.dane], [.fingerprint]], dane: records),
            try .proving([[.pkix]], webPKI: TestTrust.reference()),
            try .proving([[]], dane: records),
        ] {
            let error = #expect(throws: TLSError.self) {
                try TLSSession(
                    client: Contexts.dane, descriptor: sockets.client, requirement: requirement,
                    trust: TestTrust.shared().stores)
            }
            #expect(error?.kind == .requirement)
        }
    }
}
