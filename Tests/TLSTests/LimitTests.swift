import COpenSSL
import Mail
import Testing

@testable import TLS

/// Each bound, at its limit and one past it.
@Suite struct LimitTests {
    @Test("a Certificate message of 256 KiB is read, one octet more is not", arguments: [0, 1])
    func certificateList(excess: Int) throws {
        // TLS 1.3: context (1), list (3), and for each certificate its length (3) and extensions (2).
        let wanted = ClientContext.certificateListLimit - 9 + excess
        var size = wanted - 400
        var leaf: TestCertificate?
        // ECDSA signatures differ in length, so it takes some tries.
        for _ in 0..<200 {
            let tried = try TestCertificate.make {
                $0.extensions = [(NID_netscape_comment, String(repeating: "x", count: size))]
            }
            if tried.der.count == wanted {
                leaf = tried
                break
            }
            size += wanted - tried.der.count
        }
        let found = try #require(leaf)
        let result = try handshake(presenting: [found], [found.record(3, 1, 1)])
        #expect((result.matched != nil) == (excess == 0))
        if excess > 0 { #expect(result.failure == .negotiation) }
    }

    @Test("ten intermediates are verified, eleven are not", arguments: [0, 1])
    func depth(excess: Int) throws {
        var chain = [
            try TestCertificate.make {
                $0.name = "root"
                $0.authority = true
            }
        ]
        let root = chain[0]
        for number in 1...(ClientContext.chainDepthLimit + excess) {
            let above = chain[0]
            let next = try TestCertificate.make {
                $0.name = "intermediate \(number)"
                $0.issuer = above
                $0.authority = true
            }
            chain.insert(next, at: 0)
        }
        let above = chain[0]
        let leaf = try TestCertificate.make {
            $0.issuer = above
            $0.names = ["mx.example.com"]
        }
        let result = try handshake(presenting: [leaf] + chain, [root.record(2, 0, 1)])
        #expect((result.matched != nil) == (excess == 0))
        if excess > 0 { #expect(result.fault != nil) }
    }

    @Test("facts of a monstrous certificate are cut")
    func facts() throws {
        let many = (0...CertificateFacts.nameLimit).map { "n\($0).example.com" }
        let long = String(repeating: "a", count: 300)
        let leaf = try TestCertificate.make {
            $0.name = "evil\r\nname=\u{1B}[0m"
            $0.names = [long] + many
        }
        let pair = try Pair(Contexts.unverified, .unverified(), to: .presenting([leaf]))
        let facts = try #require(pair.handshake().facts?.certificate)
        #expect(facts.names.count == CertificateFacts.nameLimit)
        #expect(facts.names.first?.utf8.count == DomainName.lengthLimit + 1)
        #expect(!facts.subject.utf8.contains { $0 < 0x20 })
    }

    @Test("an offline chain of 100 certificates is read, one more is not", arguments: [0, 1])
    func offlineChain(excess: Int) throws {
        let pki = try TestPKI.shared()
        let pem = (0..<(DANECheck.certificateLimit + excess)).flatMap { _ in pki.leaf.pem }
        let reference = DANEReference(
            baseDomain: try DomainName("mx.example.com"), records: [try pki.leaf.record(3, 1, 1)],
            referenceIdentifiers: [])
        if excess == 0 {
            let result = try DANECheck(chain: pem, reference: reference, context: Contexts.dane)
            #expect(result == .verified(matched: try pki.leaf.record(3, 1, 1), depth: 0))
        } else {
            #expect(throws: TLSError.self) { try DANECheck(chain: pem, reference: reference, context: Contexts.dane) }
        }
    }
}
