import Mail
import Testing

@testable import TLS

/// Certificate usage 3 (RFC 7672 §3.1.1).
@Suite struct DANEEndEntityTests {
    let pki = try? TestPKI.shared()

    @Test(
        "DANE-27 DANE-28 DANE-29 each selector and matching type matches the leaf's right data only",
        arguments: [(UInt8(1), UInt8(1)), (0, 1), (1, 2), (0, 2), (0, 0), (1, 0)])
    func matches(selector: UInt8, matchingType: UInt8) throws {
        let pki = try #require(pki)
        let record = try pki.leaf.record(3, selector, matchingType)
        let good = try handshake(presenting: [pki.leaf, pki.intermediate], [record])
        #expect(good.matched == record)
        #expect(good.depth == 0)

        var data = record.data
        let last = try #require(data.indices.last)
        data[last] ^= 1
        let bent = TLSARecord(usage: 3, selector: selector, matchingType: matchingType, data: data)
        if matchingType != 0 {
            #expect(try handshake(presenting: [pki.leaf, pki.intermediate], [bent]).fault == .noMatchingTLSA)
        }
        let other = try pki.leaf { $0.names = ["mx.example.com"] }
        #expect(
            try handshake(presenting: [pki.leaf, pki.intermediate], [other.record(3, selector, matchingType)]).fault
                == .noMatchingTLSA)
    }

    @Test("DANE-28 the digest of the bare key does not match: SPKI has the algorithm identifier")
    func rawKey() throws {
        let pki = try #require(pki)
        // The last 65 octets of a P-256 SubjectPublicKeyInfo are the point.
        let point = Array(pki.leaf.publicKey.suffix(65))
        let record = TLSARecord(usage: 3, selector: 1, matchingType: 1, data: try SHA256Digest.digest(of: point))
        #expect(try handshake(presenting: [pki.leaf], [record]).fault == .noMatchingTLSA)
    }

    @Test("DANE-29 a 3 1 1 of the issuing CA does not match")
    func issuer() throws {
        let pki = try #require(pki)
        let record = try pki.intermediate.record(3, 1, 1)
        #expect(try handshake(presenting: [pki.leaf, pki.intermediate], [record]).fault == .noMatchingTLSA)
    }

    @Test("DANE-30 a leaf for another name is verified by 3 1 1")
    func otherName() throws {
        let leaf = try #require(pki).leaf { $0.names = ["other.example.org"] }
        #expect(try handshake(presenting: [leaf], [leaf.record(3, 1, 1)]).depth == 0)
    }

    @Test("DANE-31 an expired self-signed leaf is verified by 3 1 1")
    func expired() throws {
        let leaf = try TestCertificate.make {
            $0.from = -7200
            $0.until = -3600
        }
        #expect(try handshake(presenting: [leaf], [leaf.record(3, 1, 1)]).depth == 0)
    }

    @Test("DANE-31 a leaf not yet valid, for clients only, is verified by 3 0 1")
    func notYetValid() throws {
        let leaf = try TestCertificate.make {
            $0.from = 3600
            $0.until = 7200
            $0.purposes = ["clientAuth"]
        }
        #expect(try handshake(presenting: [leaf], [leaf.record(3, 0, 1)]).depth == 0)
    }

    @Test("DANE-14 TLS-09 after a mismatch there is no session, the certificate is known, nothing is sent")
    func refused() throws {
        let pki = try #require(pki)
        let record = try pki.leaf.record(3, 1, 1).mismatching
        let pair = try Pair(Contexts.dane, .dane([record]), to: .presenting([pki.leaf, pki.intermediate]))
        #expect(pair.handshake().fault == .noMatchingTLSA)
        #expect(pair.client.facts == nil)
        #expect(pair.client.certificate?.names == ["mx.example.com"])
        #expect(
            pair.client.evidence
                == .handshakeFailed(
                    HandshakeFailure(.verification(.noMatchingTLSA), text: "no matching DANE TLSA records")))
        #expect(throws: TLSError.self) { try pair.client.writeOnce([1]) }
        #expect(throws: TLSError.self) { try pair.client.readOnce() }
        #expect(try pair.client.shutdown() == .done)
        // The server has our alert, and no session either.
        #expect(pair.server.facts == nil)
    }
}
