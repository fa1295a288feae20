import COpenSSL
import Mail
import Testing

@testable import TLS

/// Certificates under trust anchors and names (RFC 8461 §4.2, RFC 9525 §6).
@Suite struct WebPKITests {
    struct Row: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var intermediate = true
        let fault: CertificateFault?
        let words: String
        let edit: @Sendable (inout TestCertificate.Recipe) throws -> Void

        init(
            _ why: String, intermediate: Bool = true, _ fault: CertificateFault? = nil, _ words: String = "",
            _ edit: @escaping @Sendable (inout TestCertificate.Recipe) throws -> Void = { _ in }
        ) {
            testDescription = why
            self.intermediate = intermediate
            self.fault = fault
            self.words = words
            self.edit = edit
        }
    }

    /// Of a leaf for mx.example.com, issued by the intermediate, and what is changed in it.
    static let rows = [
        Row("as it should be"),
        Row("without the intermediate", intermediate: false, .notTrusted, "unable to get local issuer certificate"),
        Row("STS-30 expired", .expired, "certificate has expired") { $0.until = -60 },
        Row("not yet valid", .notYetValid, "certificate is not yet valid") { $0.from = 600 },
        Row("STS-30 self-signed", .notTrusted, "self") { $0.issuer = nil },
        Row("STS-39 of an unknown authority", .notTrusted, "unable to get local issuer certificate") {
            $0.issuer = try TestCertificate.make {
                $0.name = "stranger"
                $0.authority = true
            }
        },
        Row("issued by a leaf", .notTrusted, "unable to get local issuer") { $0.issuer = try TestPKI.shared().leaf },
        Row("for clients only", .notTrusted, "unsuitable certificate purpose") { $0.purposes = ["clientAuth"] },
        Row("TLS-07 for another name", .hostMismatch, "hostname mismatch") { $0.names = ["mx2.example.com"] },
        Row("TLS-07 for the parent", .hostMismatch, "hostname mismatch") { $0.names = ["example.com"] },
        Row("TLS-07 STS-30 the CN never counts", .hostMismatch, "hostname mismatch") {
            $0.name = "mx.example.com"
            $0.names = []
        },
        Row("TLS-07 the CN never counts beside names", .hostMismatch, "hostname mismatch") {
            $0.name = "mx.example.com"
            $0.names = ["other.example"]
        },
        Row("TLS-07 in capitals") { $0.names = ["MX.Example.COM"] },
        Row("TLS-07 the last of several") { $0.names = ["a.example", "b.example", "mx.example.com"] },
        Row("TLS-07 EDGE-32 wildcard for one label") { $0.names = ["*.example.com"] },
        Row("TLS-07 EDGE-32 wildcard two labels up", .hostMismatch) { $0.names = ["*.com"] },
        Row("TLS-07 partial wildcard", .hostMismatch) { $0.names = ["m*.example.com"] },
        Row("TLS-07 partial wildcard, end", .hostMismatch) { $0.names = ["*x.example.com"] },
        Row("TLS-07 wildcard further right", .hostMismatch) { $0.names = ["mx.*.com"] },
        Row("TLS-07 two wildcards", .hostMismatch) { $0.names = ["*.*.com"] },
        Row("TLS-07 wildcard alone", .hostMismatch) { $0.names = ["*"] },
        Row("TLS-07 name as an address of mail", .hostMismatch) {
            $0.names = []
            $0.extensions = [(NID_subject_alt_name, "email:mx.example.com")]
        },
    ]

    @Test("STS-30 STS-39 TLS-07 certificates under enforce", arguments: rows)
    func enforced(_ row: Row) throws {
        let pki = try TestPKI.shared()
        let leaf = try pki.leaf {
            $0.names = ["mx.example.com"]
            try? row.edit(&$0)
        }
        let requirement = try TLSRequirement.enforced()
        let facts = try facts(presenting: row.intermediate ? [leaf, pki.intermediate] : [leaf], requirement)
        #expect(facts.webPKI?.fault == row.fault)
        #expect(facts.webPKI?.words?.contains(row.words) ?? row.words.isEmpty, "\(facts.webPKI?.words ?? "")")
        #expect(facts.verification == .unverified)
        #expect(facts.pkix == nil)
        let verdict = requirement.verdict(facts)
        if row.fault == nil {
            #expect(facts.webPKI?.name == "mx.example.com")
            #expect(verdict.level == .webPKI)
        } else {
            #expect(verdict.level == nil)
            #expect(verdict.cause == .certificateInvalid)
        }
    }

    @Test("EDGE-32 *.example.net against a deeper name")
    func deeper() throws {
        let pki = try TestPKI.shared()
        let leaf = try pki.leaf { $0.names = ["*.example.com"] }
        let facts = try facts(presenting: [leaf, pki.intermediate], .enforced(["a.mx.example.com"]))
        #expect(facts.webPKI?.fault == .hostMismatch)
    }

    @Test("TLS-04 TLS-07 an address in the certificate is no name, and a name of digits no address")
    func addresses() throws {
        let pki = try TestPKI.shared()
        let address = try pki.leaf { $0.extensions = [(NID_subject_alt_name, "IP:192.0.2.1")] }
        let facts = try facts(presenting: [address, pki.intermediate], .enforced(["192.0.2.1"]))
        #expect(facts.webPKI?.fault == .hostMismatch)
    }

    @Test("TLS-06 of several names any one counts, and the evidence tells which; none given is no check")
    func severalNames() throws {
        let pki = try TestPKI.shared()
        let leaf = try pki.leaf { $0.names = ["*.example.net", "b.example"] }
        let chain = [leaf, pki.intermediate]
        #expect(
            try facts(presenting: chain, .enforced(["a.example", "mx.example.net", "z.example"])).webPKI?.name
                == "mx.example.net")
        // In whatever order they were given.
        #expect(try facts(presenting: chain, .enforced(["mx.example.net", "b.example"])).webPKI?.name == "b.example")
        #expect(try facts(presenting: chain, .enforced(["a.example", "example.net"])).webPKI?.fault == .hostMismatch)
        let nothing = try Pair(
            Contexts.dane, .enforced([]), to: .presenting(chain), trust: TestTrust.shared().stores)
        #expect(nothing.handshake().failure == .ours)
    }

    @Test("an expired intermediate is told with its place in the chain")
    func expiredIntermediate() throws {
        let pki = try TestPKI.shared()
        let intermediate = try TestCertificate.make {
            $0.name = "expired"
            $0.issuer = pki.root
            $0.authority = true
            $0.until = -60
        }
        let leaf = try TestCertificate.make {
            $0.issuer = intermediate
            $0.names = ["mx.example.com"]
        }
        let facts = try facts(presenting: [leaf, intermediate], .enforced())
        #expect(facts.webPKI == .failed(.expired, "certificate has expired (at depth 1 of the chain)"))
    }

    @Test("ten intermediates are enough", arguments: [(10, nil), (11, CertificateFault.notTrusted)])
    func depth(intermediates: Int, fault: CertificateFault?) throws {
        var chain = [try TestPKI.shared().root]
        for number in 0..<intermediates {
            let issuer = try #require(chain.last)
            chain.append(
                try TestCertificate.make {
                    $0.name = "ca\(number)"
                    $0.issuer = issuer
                    $0.authority = true
                })
        }
        let issuer = try #require(chain.last)
        chain.append(
            try TestCertificate.make {
                $0.issuer = issuer
                $0.names = ["mx.example.com"]
            })
        #expect(try facts(presenting: chain.dropFirst().reversed(), .enforced()).webPKI?.fault == fault)
    }

    @Test("STS-39 the system's authorities do not know ours; DANE's context asks none of them")
    func systemStore() throws {
        let pki = try TestPKI.shared()
        let reference = WebPKIReference(names: [try DomainName("mx.example.com")], trust: .system)
        let requirement = try TLSRequirement.proving([[.webPKI]], webPKI: reference)
        #expect(try facts(presenting: [pki.leaf, pki.intermediate], requirement).webPKI?.fault == .notTrusted)
    }

    @Test("the operator's own authority and names stand beside the public ones")
    func pkix() throws {
        let pki = try TestPKI.shared()
        let folder = try TemporaryFolder()
        let authority = try TestCertificate.make {
            $0.name = "private"
            $0.authority = true
        }
        let own = TrustStore.file(try folder.write(authority.pem, to: "own.pem"))
        let leaf = try TestCertificate.make {
            $0.issuer = authority
            $0.names = ["internal.example"]
        }
        let reference = WebPKIReference(
            names: [try DomainName("mail.internal.example"), try DomainName("internal.example")], trust: own)
        let requirement = try TLSRequirement.proving(
            [[.pkix]], by: .local, webPKI: TestTrust.reference(), pkix: reference)
        let good = try facts(presenting: [leaf], requirement)
        #expect(good.pkix?.name == "internal.example")
        #expect(good.webPKI?.fault == .notTrusted)
        #expect(requirement.verdict(good).level == .webPKI)
        let other = try facts(presenting: [pki.leaf, pki.intermediate], requirement)
        #expect(other.pkix?.fault == .notTrusted)
        #expect(other.webPKI?.name == "mx.example.com")
        #expect(requirement.verdict(other).cause == .certificateInvalid)
    }

    @Test("STS-31 TLS-04 SNI is the MX name")
    func serverName() throws {
        let pki = try TestPKI.shared()
        let pair = try Pair(
            Contexts.dane, .enforced(), to: .presenting([pki.leaf, pki.intermediate]),
            trust: TestTrust.shared().stores)
        pair.handshake()
        #expect(pair.serverName == "mx.example.com")
    }

    @Test("STS-32 TLS-01 TLS-02 under enforce neither TLS 1.1 nor static RSA will do, whatever the switch of D14 says")
    func floor() throws {
        let pki = try TestPKI.shared()
        let old = try ServerContext.presenting([pki.leaf, pki.intermediate])
        _ = shim_SSL_CTX_set_min_proto_version(old.owned.pointer, TLS1_1_VERSION)
        _ = shim_SSL_CTX_set_max_proto_version(old.owned.pointer, TLS1_1_VERSION)
        SSL_CTX_set_security_level(old.owned.pointer, 0)
        SSL_CTX_set_cipher_list(old.owned.pointer, "ALL:@SECLEVEL=0")
        let enforced = try TLSRequirement.enforced()
        let requirement = TLSRequirement(
            level: .authenticated, by: .mtaSTS, demands: enforced.demands, webPKI: enforced.webPKI,
            serverName: enforced.serverName, minimumVersion: .tls10, reason: Explanation("test"))
        #expect(requirement.minimumVersion == .tls12)
        let pair = try Pair(Contexts.dane, requirement, to: old, trust: TestTrust.shared().stores)
        #expect(pair.handshake().failure == .negotiation)
        let sockets = try SocketPair()
        let error = #expect(throws: TLSError.self) {
            try TLSSession(client: Contexts.unverified, descriptor: sockets.client, requirement: requirement)
        }
        #expect(error?.kind == .requirement)
    }
}
