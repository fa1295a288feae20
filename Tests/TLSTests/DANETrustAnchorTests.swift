import COpenSSL
import Mail
import Testing

@testable import TLS

/// Certificate usage 2 (RFC 7672 §3.1.2).
@Suite struct DANETrustAnchorTests {
    let pki = try? TestPKI.shared()

    @Test(
        "DANE-32 root and intermediate are anchors by each selector and matching type",
        arguments: [(UInt8(0), UInt8(1)), (1, 1), (0, 2), (1, 2), (0, 0), (1, 0)])
    func anchors(selector: UInt8, matchingType: UInt8) throws {
        let pki = try #require(pki)
        let chain = [pki.leaf, pki.intermediate, pki.root]
        let root = try handshake(presenting: chain, [pki.root.record(2, selector, matchingType)])
        #expect(root.depth == 2)
        let intermediate = try handshake(presenting: chain, [pki.intermediate.record(2, selector, matchingType)])
        #expect(intermediate.depth == 1)
        let stranger = try TestCertificate.make {
            $0.name = "stranger"
            $0.authority = true
        }
        let other = try handshake(presenting: chain, [stranger.record(2, selector, matchingType)])
        #expect(other.fault == .noMatchingTLSA || other.fault == .notTrusted)
    }

    @Test("DANE-32 the intermediate is an anchor without its root in the handshake")
    func intermediateAlone() throws {
        let pki = try #require(pki)
        #expect(try handshake(presenting: [pki.leaf, pki.intermediate], [pki.intermediate.record(2, 0, 1)]).depth == 1)
    }

    @Test("DANE-32 an expired leaf under a trust anchor fails")
    func expiredLeaf() throws {
        let pki = try #require(pki)
        let leaf = try pki.leaf {
            $0.names = ["mx.example.com"]
            $0.from = -7200
            $0.until = -3600
        }
        #expect(
            try handshake(presenting: [leaf, pki.intermediate], [pki.intermediate.record(2, 0, 1)]).fault == .expired)
    }

    @Test("DANE-32 a leaf not yet valid under a trust anchor fails")
    func earlyLeaf() throws {
        let pki = try #require(pki)
        let leaf = try pki.leaf {
            $0.names = ["mx.example.com"]
            $0.from = 3600
            $0.until = 7200
        }
        #expect(
            try handshake(presenting: [leaf, pki.intermediate], [pki.intermediate.record(2, 0, 1)]).fault
                == .notYetValid)
    }

    @Test("DANE-32 a leaf with another's signature fails, although its anchor is presented")
    func unrelated() throws {
        let pki = try #require(pki)
        let stranger = try TestCertificate.make {
            $0.name = "stranger"
            $0.authority = true
        }
        let result = try handshake(presenting: [pki.leaf, pki.intermediate, stranger], [stranger.record(2, 0, 1)])
        #expect(result.fault != nil)
    }

    @Test("DANE-32 usage 2 does not make the leaf an anchor")
    func leafAsAnchor() throws {
        let pki = try #require(pki)
        #expect(
            try handshake(presenting: [pki.leaf, pki.intermediate, pki.root], [pki.leaf.record(2, 0, 1)]).fault != nil)
    }

    @Test("DANE-33 a digest of an anchor that is absent from the handshake fails", arguments: [UInt8(0), 1])
    func absentAnchor(selector: UInt8) throws {
        let pki = try #require(pki)
        let result = try handshake(presenting: [pki.leaf, pki.intermediate], [pki.root.record(2, selector, 1)])
        #expect(result.fault == .noMatchingTLSA || result.fault == .notTrusted)
    }

    @Test("DANE-34 2 0 0: the anchor is in DNS only")
    func anchorInDNS() throws {
        let pki = try #require(pki)
        #expect(try handshake(presenting: [pki.leaf], [pki.intermediate.record(2, 0, 0)]).matched != nil)
        #expect(try handshake(presenting: [pki.leaf, pki.intermediate], [pki.root.record(2, 0, 0)]).matched != nil)
    }

    @Test("DANE-35 2 1 0: the topmost certificate presented is signed by a key that is in DNS only")
    func keyInDNS() throws {
        let pki = try #require(pki)
        #expect(try handshake(presenting: [pki.leaf], [pki.intermediate.record(2, 1, 0)]).matched != nil)
        #expect(try handshake(presenting: [pki.leaf, pki.intermediate], [pki.root.record(2, 1, 0)]).matched != nil)
        #expect(try handshake(presenting: [pki.leaf], [pki.root.record(2, 1, 0)]).fault != nil)
    }

    @Test("DANE-36 path length of the anchor and of intermediates, and name constraints, hold")
    func constraints() throws {
        let root = try TestCertificate.make {
            $0.name = "root"
            $0.authority = true
            $0.pathLength = 0
        }
        let below = try TestCertificate.make {
            $0.name = "below"
            $0.issuer = root
            $0.authority = true
        }
        let leaf = try TestCertificate.make {
            $0.issuer = below
            $0.names = ["mx.example.com"]
        }
        for matchingType in [UInt8(0), 1] {
            #expect(
                try handshake(presenting: [leaf, below, root], [root.record(2, 0, matchingType)]).fault == .notTrusted)
        }
        let elsewhere = try TestCertificate.make {
            $0.name = "elsewhere"
            $0.authority = true
            $0.extensions = [(NID_name_constraints, "critical,permitted;DNS:example.org")]
        }
        let foreign = try TestCertificate.make {
            $0.issuer = elsewhere
            $0.names = ["mx.example.com"]
        }
        #expect(try handshake(presenting: [foreign, elsewhere], [elsewhere.record(2, 0, 1)]).fault == .notTrusted)
    }

    @Test("DANE-32 an intermediate that is no CA, and a leaf for clients only, fail")
    func purposes() throws {
        let pki = try #require(pki)
        let clientOnly = try pki.leaf {
            $0.names = ["mx.example.com"]
            $0.purposes = ["clientAuth"]
        }
        #expect(
            try handshake(presenting: [clientOnly, pki.intermediate], [pki.intermediate.record(2, 0, 1)]).fault
                == .notTrusted)
        let noAuthority = try TestCertificate.make {
            $0.name = "no authority"
            $0.issuer = pki.root
        }
        let leaf = try TestCertificate.make {
            $0.issuer = noAuthority
            $0.names = ["mx.example.com"]
        }
        #expect(
            try handshake(presenting: [leaf, noAuthority, pki.root], [pki.root.record(2, 0, 1)]).fault == .notTrusted)
    }
}
