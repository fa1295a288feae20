import Mail
import Testing

@testable import TLS

/// What `relayctl probe` shows of a host.
@Suite struct PeerChainTests {
    let pki: TestPKI

    init() throws {
        pki = try TestPKI.shared()
    }

    private func pair(_ requirement: TLSRequirement) throws -> Pair {
        try Pair(
            Contexts.made.get()[requirement], requirement, to: .presenting([pki.leaf, pki.intermediate]),
            trust: TestTrust.shared().stores)
    }

    @Test("the whole presented chain, leaf first, with names, dates, issuers and digests")
    func chain() throws {
        let pair = try pair(.unverified())
        #expect(pair.client.peerChain().isEmpty)
        let facts = try #require(pair.handshake().facts)
        let chain = pair.client.peerChain()
        #expect(chain.map(\.subject) == ["CN = mx", "CN = intermediate"])
        #expect(chain.map(\.issuer) == ["CN = intermediate", "CN = root"])
        #expect(chain.map(\.names) == [["mx.example.com"], []])
        #expect(chain.first == facts.certificate)
        for (facts, certificate) in zip(chain, [pki.leaf, pki.intermediate]) {
            #expect(facts.certificateDigest == (try SHA256Digest.digest(of: certificate.der)))
            #expect(facts.publicKeyDigest == (try SHA256Digest.digest(of: certificate.publicKey)))
            let (from, until) = (try #require(facts.notBefore), try #require(facts.notAfter))
            #expect(until.seconds - from.seconds == 7200)
        }
        #expect(pair.server.peerChain().isEmpty)
    }

    @Test("a chain that does not pass is shown where it is recorded only")
    func failing() throws {
        let record = try pki.leaf.record(3, 1, 1).mismatching
        let strict = try pair(.dane([record]))
        #expect(strict.handshake().fault == .noMatchingTLSA)
        #expect(strict.client.peerChain().isEmpty)
        #expect(strict.client.certificate?.subject == "CN = mx")
        let recorded = try pair(.proving([], by: .dane, dane: [record], level: .opportunistic))
        recorded.handshake()
        #expect(recorded.client.peerChain().count == 2)
    }

    @Test("each TLSA record with the depth it speaks of, or none: of a key to come")
    func matches() throws {
        var expected: [TLSAMatch] = []
        for selector in UInt8(0)...1 {
            for matchingType in UInt8(0)...2 {
                for usage in UInt8(0)...3 {
                    let speaksOfLeaf = usage == 1 || usage == 3
                    expected.append(
                        TLSAMatch(
                            record: try pki.leaf.record(usage, selector, matchingType), depth: speaksOfLeaf ? 0 : nil))
                    expected.append(
                        TLSAMatch(
                            record: try pki.intermediate.record(usage, selector, matchingType),
                            depth: speaksOfLeaf ? nil : 1))
                }
            }
        }
        let whole = try pki.leaf.record(3, 1, 1)
        for odd in [
            whole.mismatching, try pki.root.record(2, 0, 1),
            TLSARecord(usage: 3, selector: 1, matchingType: 1, data: Array(whole.data.dropLast())),
            TLSARecord(usage: 3, selector: 1, matchingType: 1, data: []),
            TLSARecord(usage: 3, selector: 2, matchingType: 1, data: whole.data),
            TLSARecord(usage: 3, selector: 1, matchingType: 3, data: whole.data),
        ] {
            expected.append(TLSAMatch(record: odd, depth: nil))
        }
        let pair = try pair(.unverified())
        #expect(pair.client.matches([whole]) == [TLSAMatch(record: whole, depth: nil)])
        pair.handshake()
        #expect(pair.client.matches(expected.map(\.record)) == expected)
    }

    @Test("DANE-26 full data is read as OpenSSL's verifier reads it")
    func readable() throws {
        let certificate = pki.leaf.der
        let key = pki.leaf.publicKey
        let full = { (selector: UInt8, data: [UInt8]) in
            TLSARecord(usage: 3, selector: selector, matchingType: 0, data: data)
        }
        let rows: [(TLSARecord, Bool)] = [
            (full(0, certificate), true), (full(1, key), true),
            (full(0, key), false), (full(1, certificate), false),
            (full(0, certificate + [0]), false), (full(1, key + [0]), false),
            (full(0, Array(certificate.dropLast())), false), (full(1, Array(key.dropLast())), false),
            (full(0, []), false), (full(1, []), false), (full(0, [0x30, 0]), false), (full(1, [0x30, 0]), false),
            (full(0, [UInt8](repeating: 0xFF, count: 65535)), false),
        ]
        let usable = try Contexts.dane.usableRecords(of: rows.map(\.0))
        for (record, expected) in rows {
            #expect(DANECheck.isReadable(record) == expected)
            #expect(usable.contains(record) == expected)
        }
        #expect(DANECheck.isReadable(try pki.leaf.record(3, 1, 1)))
        #expect(DANECheck.isReadable(full(7, [1])))
    }
}
