import COpenSSL
import Mail
import Testing

@testable import HTTPS

@Suite("HTTPS: certificates")
struct CertificateTests {
    /// Certificates of the test's root, by what is asked for and what comes of it.
    static let names: [(names: String, host: String, isGood: Bool, why: String)] = [
        ("DNS:mta-sts.example.com", policyHost, true, "the name itself"),
        ("DNS:MTA-STS.Example.COM", policyHost, true, "in any case"),
        ("DNS:other.example,DNS:mta-sts.example.com", policyHost, true, "one of them"),
        ("DNS:*.example.com", policyHost, true, "a whole label"),
        ("DNS:mta-sts.example.net", policyHost, false, "another name"),
        ("DNS:example.com", policyHost, false, "the domain only"),
        ("DNS:provider.example", policyHost, false, "the provider's own name"),
        ("DNS:mta-*.example.com", policyHost, false, "a part of a label"),
        ("DNS:*-sts.example.com", policyHost, false, "a part of a label"),
        ("DNS:m*s.example.com", policyHost, false, "a part of a label"),
        ("DNS:mta-sts.*.com", policyHost, false, "not the first label"),
        ("DNS:*.com", policyHost, false, "two labels"),
        ("DNS:*.mta-sts.example.com", policyHost, false, "one label more"),
        ("DNS:*", policyHost, false, "all"),
        ("", policyHost, false, "a common name only"),
        ("IP:127.0.0.1", policyHost, false, "the address, and a common name"),
        ("email:postmaster@mta-sts.example.com", policyHost, false, "a mailbox, and a common name"),
        ("URI:https://mta-sts.example.com/", policyHost, false, "a URI, and a common name"),
    ]

    @Test("STS-12 the certificate carries the policy host as DNS-ID", arguments: names)
    func name(names: String, host: String, isGood: Bool, why: String) async throws {
        let leaf = try TestCertificate {
            $0.issuer = try? TestPKI.shared.root
            $0.commonName = host
            $0.names = names
        }
        let result = try await fetch(presenting: [leaf], host: host, TestServer.policy())
        if isGood {
            #expect(result.response?.status == 200, "\(why): \(result)")
        } else {
            #expect(result == .failure(HTTPSFailure(.certificate, "the certificate is not for \(host)")), "\(why)")
        }
    }

    @Test("STS-12 an expired certificate is refused")
    func expired() async throws {
        let leaf = try TestCertificate {
            $0.issuer = try? TestPKI.shared.root
            $0.names = "DNS:\(policyHost)"
            $0.from = -7_200
            $0.until = -3_600
        }
        let result = try await fetch(presenting: [leaf], TestServer.policy())
        #expect(result == .failure(HTTPSFailure(.certificate, "the certificate of \(policyHost) has expired")))
    }

    @Test("STS-12 a certificate of the future is refused")
    func notYetValid() async throws {
        let leaf = try TestCertificate {
            $0.issuer = try? TestPKI.shared.root
            $0.names = "DNS:\(policyHost)"
            $0.from = 1_800
        }
        let result = try await fetch(presenting: [leaf], TestServer.policy())
        #expect(result == .failure(HTTPSFailure(.certificate, "the certificate of \(policyHost) is not yet valid")))
    }

    @Test("STS-12 a self-signed certificate is refused")
    func selfSigned() async throws {
        let leaf = try TestCertificate { $0.names = "DNS:\(policyHost)" }
        let result = try await fetch(presenting: [leaf], TestServer.policy())
        #expect(result == .failure(HTTPSFailure(.certificate, "the certificate of \(policyHost) is self-signed")))
    }

    @Test("STS-12 an unknown issuer is refused", arguments: [true, false])
    func unknownIssuer(sendsIssuer: Bool) async throws {
        let root = try TestCertificate {
            $0.commonName = "nobody"
            $0.isAuthority = true
        }
        let leaf = try TestCertificate {
            $0.issuer = root
            $0.names = "DNS:\(policyHost)"
        }
        let result = try await fetch(presenting: sendsIssuer ? [leaf, root] : [leaf], TestServer.policy())
        let words = "the certificate of \(policyHost) comes from no trusted issuer"
        #expect(result == .failure(HTTPSFailure(.certificate, words)))
    }

    @Test("STS-12 the system's anchors do not know the test's root")
    func systemAnchors() async throws {
        let result = try await fetch(trust: .system, TestServer.policy())
        let words = "the certificate of \(policyHost) comes from no trusted issuer"
        #expect(result == .failure(HTTPSFailure(.certificate, words)))
    }

    @Test("A chain needs its intermediate, and an anchor that issued itself")
    func intermediate() async throws {
        let leaf = try TestCertificate {
            $0.issuer = try? TestPKI.shared.intermediate
            $0.names = "DNS:\(policyHost)"
        }
        let whole = try await fetch(presenting: [leaf, TestPKI.shared.intermediate], TestServer.policy())
        #expect(whole.response?.status == 200)
        let gap = try await fetch(presenting: [leaf], TestServer.policy())
        #expect(gap.failure?.kind == .certificate)
        let partial = try await fetch(
            presenting: [leaf], trust: .file(TestPKI.shared.intermediateFile), TestServer.policy())
        #expect(partial.failure?.kind == .certificate)
    }

    @Test("A leaf of a leaf is refused")
    func leafAsIssuer() async throws {
        let leaf = try TestCertificate {
            $0.issuer = try? TestPKI.shared.leaf
            $0.names = "DNS:\(policyHost)"
        }
        let result = try await fetch(presenting: [leaf, TestPKI.shared.leaf], TestServer.policy())
        #expect(result.failure?.kind == .certificate)
    }

    @Test("A certificate that is not for servers is refused")
    func purpose() async throws {
        let leaf = try TestCertificate {
            $0.issuer = try? TestPKI.shared.root
            $0.names = "DNS:\(policyHost)"
            $0.purpose = "clientAuth"
        }
        let result = try await fetch(presenting: [leaf], TestServer.policy())
        #expect(result.failure?.kind == .certificate)
    }

    @Test(
        "TLS 1.2 is the least",
        arguments: [(TLS1_VERSION, false), (TLS1_1_VERSION, false), (TLS1_2_VERSION, true), (TLS1_3_VERSION, true)])
    func version(maximum: CInt, isGood: Bool) async throws {
        let server = try TestServer(
            presenting: [TestPKI.shared.leaf], maximumVersion: maximum, TestServer.policy())
        let client = try HTTPSClient()
        let result = await client.get(try .to(server))
        await client.close()
        #expect(result.response?.status == (isGood ? 200 : nil))
        #expect(result.failure?.kind == (isGood ? nil : .tls), "\(result)")
        server.stop()
    }

    @Test("A file of anchors that is not there is our own fault", arguments: ["/nonexistent/anchors.pem", "/dev/null"])
    func missingFile(path: String) async throws {
        let result = try await fetch(trust: .file(path), TestServer.policy())
        #expect(result.failure?.kind == .ours, "\(result)")
        #expect(result.failure?.kind.isOurs == true)
    }

    @Test("One client keeps the anchors of its requests apart")
    func anchorsApart() async throws {
        let server = try TestServer(presenting: [TestPKI.shared.leaf], TestServer.policy())
        let client = try HTTPSClient()
        for _ in 0..<2 {
            #expect(await client.get(try .to(server)).response?.status == 200)
            #expect(await client.get(try .to(server, trust: .system)).failure?.kind == .certificate)
        }
        await client.close()
        server.stop()
    }
}
