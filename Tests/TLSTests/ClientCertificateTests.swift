import COpenSSL
import Mail
import Testing

@testable import TLS

/// Certificates of clients at our listeners (RFC 8314 §4.2).
@Suite struct ClientCertificateTests {
    /// An authority of its own, an intermediate one, and clients of it.
    struct ClientPKI {
        let root: TestCertificate
        let intermediate: TestCertificate
        let folder: TemporaryFolder

        init() throws {
            let root = try TestCertificate.make {
                $0.name = "client root"
                $0.authority = true
            }
            self.root = root
            intermediate = try TestCertificate.make {
                $0.name = "client intermediate"
                $0.issuer = root
                $0.authority = true
            }
            folder = try TemporaryFolder()
        }

        func client(_ edit: (inout TestCertificate.Recipe) -> Void = { _ in }) throws -> TestCertificate {
            try TestCertificate.make {
                $0.name = "app.example"
                $0.issuer = intermediate
                $0.purposes = ["clientAuth"]
                edit(&$0)
            }
        }

        func authorities(_ certificates: [TestCertificate]) throws -> ClientCertificateRequest {
            .asked(authorities: try folder.write(certificates.flatMap(\.pem), to: "authorities.pem"))
        }

        /// A server that asks as `request` says.
        func server(_ request: ClientCertificateRequest, version: CInt = TLS1_3_VERSION) throws -> ServerContext {
            let pki = try TestPKI.shared()
            let server = try ServerContext(
                certificateFile: folder.write(pki.leaf.pem + pki.intermediate.pem, to: "chain.pem"),
                keyFile: folder.write(pki.leaf.keyPEM, to: "key.pem"), clientCertificates: request)
            _ = shim_SSL_CTX_set_max_proto_version(server.owned.pointer, version)
            return server
        }

        /// A handshake of a client that shows `chain`, or has none to show.
        func connect(_ server: ServerContext, showing chain: [TestCertificate]) throws -> Pair {
            let pair = try attempt(server, showing: chain)
            try #require(pair.client.facts != nil, "\(pair.handshake())")
            try #require(pair.server.facts != nil)
            return pair
        }

        func attempt(_ server: ServerContext, showing chain: [TestCertificate]) throws -> Pair {
            let identity = try chain.first.map { leaf in
                ClientIdentity(
                    certificateFile: try folder.write(chain.flatMap(\.pem), to: "client.pem"),
                    keyFile: try folder.write(leaf.keyPEM, to: "client-key.pem"))
            }
            let requirement = TLSRequirement(
                level: .encrypted, by: nil, serverName: nil, clientIdentity: identity, reason: Explanation("test"))
            let pair = try Pair(Contexts.unverified, requirement, to: server)
            pair.handshake()
            return pair
        }

        /// Names of authorities that the client of `pair` was sent; nil where it was asked for nothing.
        func namesAsked(_ pair: Pair) -> [String] {
            let names = SSL_get0_peer_CA_list(pair.client.owned.pointer)
            return (0..<max(0, OPENSSL_sk_num(names))).compactMap { index in
                OPENSSL_sk_value(names, index).map { CertificateFacts.text(of: OpaquePointer($0)) }
            }
        }
    }

    @Test("TLS-14 without need no CertificateRequest goes out", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func notAsked(version: CInt) throws {
        let pki = try ClientPKI()
        for (request, isAsked) in [
            (ClientCertificateRequest.none, false), (.asked(authorities: nil), true),
            (try pki.authorities([pki.root]), true),
        ] {
            let server = try pki.server(request, version: version)
            let asked = MessageWatch()
            let pair = try Pair(Contexts.unverified, .unverified(), to: server)
            asked.attach(to: pair.client)
            try #require(pair.handshake().facts != nil)
            #expect(asked.types.contains(UInt8(SSL3_MT_CERTIFICATE)), "the watch sees handshake messages")
            #expect(asked.types.contains(UInt8(SSL3_MT_CERTIFICATE_REQUEST)) == isAsked)
            #expect(pair.server.clientCertificate == nil)
        }
    }

    @Test(
        "a client of a listed authority is verified; with none, or a stranger's, it connects all the same",
        arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func verified(version: CInt) throws {
        let pki = try ClientPKI()
        let server = try pki.server(pki.authorities([pki.root]), version: version)
        let good = try pki.client()
        let pair = try pki.connect(server, showing: [good, pki.intermediate])
        #expect(
            pair.server.clientCertificate
                == ClientCertificate(
                    fingerprint: try SHA256Digest.digest(of: good.der), isVerified: true, subject: "CN = app.example"))
        #expect(pair.client.clientCertificate == nil)
        #expect(pki.namesAsked(pair) == ["CN = client root"])

        #expect(try pki.connect(server, showing: []).server.clientCertificate == nil)
    }

    @Test("what is wrong with a certificate ends no handshake, and is not verified")
    func unverified() throws {
        let pki = try ClientPKI()
        let other = try ClientPKI()
        let rows: [(String, [TestCertificate])] = [
            ("a stranger's", [try other.client(), other.intermediate]),
            ("self-signed", [try TestCertificate.make { $0.name = "self" }]),
            ("without its intermediate", [try pki.client()]),
            ("expired", [try pki.client { $0.until = -10 }, pki.intermediate]),
            ("not yet valid", [try pki.client { $0.from = 1000 }, pki.intermediate]),
            ("for servers only", [try pki.client { $0.purposes = ["serverAuth"] }, pki.intermediate]),
        ]
        for version in [TLS1_2_VERSION, TLS1_3_VERSION] {
            let server = try pki.server(pki.authorities([pki.root]), version: version)
            for (fault, chain) in rows {
                let shown = try #require(try pki.connect(server, showing: chain).server.clientCertificate)
                #expect(!shown.isVerified, "\(fault)")
                #expect(shown.fingerprint == (try SHA256Digest.digest(of: chain[0].der)), "\(fault)")
            }
        }
    }

    @Test("an intermediate authority that is listed is enough, and so is the certificate itself")
    func partialChain() throws {
        let pki = try ClientPKI()
        let client = try pki.client()
        for listed in [pki.intermediate, client] {
            let server = try pki.server(pki.authorities([listed]))
            #expect(try pki.connect(server, showing: [client]).server.clientCertificate?.isVerified == true)
        }
        // A listed certificate that is no authority vouches for nobody else.
        let forged = try TestCertificate.make {
            $0.name = "forged"
            $0.issuer = client
        }
        let server = try pki.server(pki.authorities([client]))
        #expect(try pki.connect(server, showing: [forged, client]).server.clientCertificate?.isVerified == false)
    }

    @Test(
        "without authorities nothing is verified, and the fingerprint is there",
        arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func fingerprintOnly(version: CInt) throws {
        let pki = try ClientPKI()
        let client = try pki.client()
        let pair = try pki.connect(pki.server(.asked(authorities: nil), version: version), showing: [client])
        let shown = try #require(pair.server.clientCertificate)
        #expect(shown.fingerprint.count == 32 && !shown.isVerified)
        #expect(pki.namesAsked(pair).isEmpty)
    }

    @Test("a chain of ten intermediate certificates is verified, one of eleven is not")
    func depth() throws {
        for (length, isVerified) in [(ClientContext.chainDepthLimit, true), (ClientContext.chainDepthLimit + 1, false)]
        {
            let pki = try ClientPKI()
            var chain: [TestCertificate] = []
            for number in 1...length {
                let issuer = chain.first ?? pki.root
                chain.insert(
                    try TestCertificate.make {
                        $0.name = "intermediate \(number)"
                        $0.issuer = issuer
                        $0.authority = true
                    }, at: 0)
            }
            let issuer = try #require(chain.first)
            let client = try TestCertificate.make { $0.issuer = issuer }
            let server = try pki.server(pki.authorities([pki.root]))
            let pair = try pki.connect(server, showing: [client] + chain)
            #expect(pair.server.clientCertificate?.isVerified == isVerified, "\(length)")
        }
    }

    @Test("a list of certificates beyond the bound ends the handshake", arguments: [false, true])
    func listLimit(isBeyond: Bool) throws {
        let pki = try ClientPKI()
        let filler = try pki.client { $0.extensions = [(NID_netscape_comment, String(repeating: "x", count: 30_000))] }
        let room = ClientContext.certificateListLimit / (filler.der.count + 8)
        let chain = [try pki.client()] + Array(repeating: filler, count: isBeyond ? room + 1 : room - 1)
        let server = try pki.server(.asked(authorities: nil))
        let pair = try pki.attempt(server, showing: chain)
        #expect((pair.server.clientCertificate == nil) == isBeyond)
        #expect((pair.server.facts == nil) == isBeyond)
    }

    @Test("where certificates are asked for no session is resumed", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func notResumed(version: CInt) throws {
        let pki = try ClientPKI()
        for (request, isKept) in [(ClientCertificateRequest.none, true), (try pki.authorities([pki.root]), false)] {
            var peer = try ResumptionTests.Peer(version: version)
            peer.server = try pki.server(request, version: version)
            #expect(try peer.connect().facts?.resumed == false)
            #expect((peer.cache.count == 1) == isKept)
            #expect(try peer.connect().facts?.resumed == isKept)
        }
    }

    @Test("authorities that cannot be used are refused with their path and the reason")
    func badAuthorities() throws {
        let pki = try ClientPKI()
        let garbage = try pki.folder.write(Array("garbage".utf8), to: "garbage.pem")
        let key = try pki.folder.write(pki.root.keyPEM, to: "only-key.pem")
        for (path, word) in [
            (pki.folder.path + "/missing.pem", "No such file"), (garbage, "no usable certificates"),
            (key, "certificates"),
        ] {
            let error = #expect(throws: TLSError.self) { try pki.server(.asked(authorities: path)) }
            #expect(error?.kind == .file(path))
            #expect(error?.text.contains(word) == true, "\(error?.text ?? "")")
        }
    }

    @Test("names of authorities up to the bound are sent, one more is refused at start")
    func namesLimit() throws {
        let pki = try ClientPKI()
        func authority(_ number: Int) throws -> TestCertificate {
            let digits = String(number + 1000)
            return try TestCertificate.make {
                $0.name = digits + String(repeating: "x", count: 60)
                $0.authority = true
            }
        }
        let first = try authority(0)
        let each = Int(i2d_X509_NAME(X509_get_subject_name(first.certificate), nil)) + 2
        let count = ClientVerification.authorityNamesLimit / each
        var listed = [first] + (try (1..<count).map(authority))
        for version in [TLS1_2_VERSION, TLS1_3_VERSION] {
            let server = try pki.server(pki.authorities(listed), version: version)
            #expect(try pki.namesAsked(pki.connect(server, showing: [])).count == count)
        }
        listed.append(try authority(count))
        let error = #expect(throws: TLSError.self) { try pki.server(pki.authorities(listed)) }
        #expect(error?.text.contains("so many authorities") == true, "\(error?.text ?? "")")
    }
}

/// Types of the handshake messages that a session receives.
final class MessageWatch {
    private(set) var types: Set<UInt8> = []

    func attach(to session: TLSSession) {
        SSL_set_msg_callback(session.owned.pointer) { isSent, _, type, content, length, _, argument in
            guard isSent == 0, type == SSL3_RT_HANDSHAKE, length > 0, let content, let argument else { return }
            let watch = Unmanaged<MessageWatch>.fromOpaque(argument).takeUnretainedValue()
            watch.types.insert(content.load(as: UInt8.self))
        }
        SSL_ctrl(
            session.owned.pointer, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, Unmanaged.passUnretained(self).toOpaque())
    }
}
