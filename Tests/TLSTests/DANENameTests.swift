import COpenSSL
import Mail
import Testing

@testable import TLS

/// Reference identifiers against presented ones, under DANE-TA (RFC 7672 §3.2).
@Suite struct DANENameTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let names: [String]
        let commonName: String
        let references: [String]
        let good: Bool
        let testDescription: String
        init(_ why: String, names: [String], cn: String = "leaf", references: [String] = [], _ good: Bool) {
            self.names = names
            self.commonName = cn
            self.references = references
            self.good = good
            self.testDescription = why
        }
    }

    static let base = "mx1.example.com"
    static let cases = [
        Case("DANE-37 the base domain", names: [base], true),
        Case("DANE-37 one of several names", names: ["a.example", base, "b.example"], true),
        Case("DANE-37 letter case does not matter", names: ["MX1.Example.COM"], true),
        Case("DANE-37 the next-hop domain, MX secure", names: ["example.net"], references: ["example.net"], true),
        Case(
            "DANE-37 the expansion of the next-hop domain", names: ["real.example.net"],
            references: ["example.net", "real.example.net"], true),
        Case("DANE-38 the next-hop domain, MX insecure", names: ["example.net"], false),
        Case("DANE-39 the original next-hop name", names: ["d.example.org"], references: ["d.example.org"], true),
        Case("DANE-40 SAN with another name, CN right", names: ["other.example"], cn: base, false),
        Case("DANE-40 no SAN, CN right", names: [], cn: base, true),
        Case("DANE-40 no SAN, CN wrong", names: [], cn: "other.example", false),
        Case(
            "DANE-40 no SAN, CN is the next-hop domain", names: [], cn: "example.net", references: ["example.net"], true
        ),
        Case("DANE-41 whole first label", names: ["*.example.com"], true),
        Case("DANE-41 part of a label, front", names: ["mx*.example.com"], false),
        Case("DANE-41 part of a label, end", names: ["*1.example.com"], false),
        Case("DANE-41 one label only", names: ["*.com"], false),
        Case("DANE-41 not the first label", names: ["mx1.*.com"], false),
        Case("DANE-41 two wildcards", names: ["*.*.com"], false),
        Case("DANE-41 alone", names: ["*"], false),
        Case("DANE-41 the wildcard's parent", names: ["*.mx1.example.com"], false),
        Case("TLS-06 a name that is no reference", names: ["mx1.example.com.evil.example"], false),
    ]

    @Test("DANE-37 DANE-38 DANE-39 DANE-40 DANE-41 TLS-06", arguments: cases)
    func names(_ row: Case) throws {
        let pki = try TestPKI.shared()
        let leaf = try pki.leaf {
            $0.name = row.commonName
            $0.names = row.names
        }
        let result = try handshake(
            presenting: [leaf, pki.intermediate], [pki.intermediate.record(2, 0, 1)], base: Self.base,
            references: row.references)
        #expect((result.matched != nil) == row.good)
        if !row.good { #expect(result.fault == .hostMismatch) }
    }

    @Test("DANE-41 a wildcard does not match two labels")
    func twoLabels() throws {
        let pki = try TestPKI.shared()
        let leaf = try pki.leaf { $0.names = ["*.example.com"] }
        let result = try handshake(
            presenting: [leaf, pki.intermediate], [pki.intermediate.record(2, 0, 1)], base: "a.b.example.com")
        #expect(result.fault == .hostMismatch)
    }

    @Test("DANE-45 TLS-04 TLS-05 SNI is the base domain; the server does not know the name and goes on")
    func serverName() throws {
        let pki = try TestPKI.shared()
        let pair = try Pair(
            Contexts.dane, .dane([pki.leaf.record(3, 1, 1)], base: "nope.example.org"), to: .presenting([pki.leaf]))
        #expect(pair.handshake().depth == 0)
        #expect(pair.serverName == "nope.example.org")
    }

    @Test("TLS-04 no SNI for an address literal, nor for a name that is an address", arguments: [nil, "192.0.2.1"])
    func literal(name: String?) throws {
        let pki = try TestPKI.shared()
        let pair = try Pair(Contexts.unverified, .unverified(name: name), to: .presenting([pki.leaf]))
        #expect(pair.handshake().facts?.verification == .unverified)
        #expect(pair.serverName == nil)
    }

    @Test("TLS-04 SNI of a plain session is the MX name")
    func plain() throws {
        let pki = try TestPKI.shared()
        let pair = try Pair(Contexts.unverified, .unverified(), to: .presenting([pki.leaf]))
        #expect(pair.handshake().hasEnded)
        #expect(pair.serverName == "mx.example.com")
    }
}
