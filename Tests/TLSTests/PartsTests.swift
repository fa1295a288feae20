import COpenSSL
import Glibc
import Mail
import Testing

@testable import TLS

/// Trust stores, client identities, the floor of versions.
@Suite struct PartsTests {
    let pki: TestPKI

    init() throws {
        pki = try TestPKI.shared()
    }

    @Test("a file of trust anchors that cannot be loaded is told with its path and the reason")
    func badStores() throws {
        let folder = try TemporaryFolder()
        let pipe = "\(folder.path)/pipe"
        #expect(mkfifo(pipe, 0o600) == 0, "opening it would block")
        let rows = [
            ("\(folder.path)/missing.pem", "No such file"),
            (try folder.write([], to: "empty.pem"), "holds no usable certificates"),
            (try folder.write(Array("garbage".utf8), to: "garbage.pem"), "holds no usable certificates"),
            (try folder.write(pki.root.keyPEM, to: "key.pem"), "holds no"),
            (try folder.write(Array(pki.root.pem.prefix(200)), to: "cut.pem"), "holds no usable certificates"),
            (folder.path, "is no file"), (pipe, "is no file"),
        ]
        let stores = TrustStores()
        for (path, word) in rows {
            let error = #expect(throws: TLSError.self) { try stores.load(.file(path)) }
            #expect(error?.kind == .file(path))
            #expect(error?.text.hasPrefix(path) == true)
            #expect(error?.text.contains(word) == true, "\(error?.text ?? "")")
        }
        // Nor does a session begin without them.
        let sockets = try SocketPair()
        let reference = WebPKIReference(names: [try DomainName("mx.example.com")], trust: .file(rows[0].0))
        for requirement in [
            try TLSRequirement.proving([[.webPKI]], webPKI: reference),
            try .proving([[.pkix]], pkix: reference),
        ] {
            let error = #expect(throws: TLSError.self) {
                try TLSSession(client: Contexts.dane, descriptor: sockets.client, requirement: requirement)
            }
            #expect(error?.kind == .file(rows[0].0))
        }
    }

    @Test("a store is loaded once")
    func loadedOnce() throws {
        let folder = try TemporaryFolder()
        let file = TrustStore.file(try folder.write(pki.root.pem, to: "root.pem"))
        let stores = TrustStores()
        let first = try stores.anchors(of: file)
        #expect(try stores.anchors(of: file) === first)
        #expect(try TrustStores().anchors(of: file) !== first)
        try stores.load(.system)
        #expect(try stores.anchors(of: .system) !== stores.anchors(of: file))
    }

    @Test("the group of the key exchange, in both versions", arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func group(version: CInt) throws {
        let edit = { (server: ServerContext) in
            _ = shim_SSL_CTX_set_max_proto_version(server.owned.pointer, version)
        }
        let requirement = try TLSRequirement.dane([pki.leaf.record(3, 1, 1)])
        #expect(try facts(presenting: [pki.leaf], requirement, to: edit).group == "x25519")
        let narrow = { (server: ServerContext) in
            edit(server)
            "P-384".withCString { list in
                _ = SSL_CTX_ctrl(
                    server.owned.pointer, SSL_CTRL_SET_GROUPS_LIST, 0, UnsafeMutableRawPointer(mutating: list))
            }
        }
        #expect(try facts(presenting: [pki.leaf], requirement, to: narrow).group == "secp384r1")
    }

    @Test(
        "TLS-01 a floor of 1.3 refuses a server of 1.2, at every level and in both contexts",
        arguments: [TLSRequirement.Level.opportunistic, .encrypted, .authenticated])
    func floor(level: TLSRequirement.Level) throws {
        let server = try ServerContext.presenting([pki.leaf, pki.intermediate])
        _ = shim_SSL_CTX_set_max_proto_version(server.owned.pointer, TLS1_2_VERSION)
        for (floor, good) in [(TLSVersionFloor.tls12, true), (.tls13, false)] {
            let authenticated = level == .authenticated
            let requirement = TLSRequirement(
                level: level, by: .local, demands: authenticated ? [[.webPKI]] : [],
                webPKI: authenticated ? try TestTrust.reference() : nil,
                serverName: try DomainName("mx.example.com"), minimumVersion: floor, reason: Explanation("test"))
            let pair = try Pair(
                Contexts.made.get()[requirement], requirement, to: server, trust: TestTrust.shared().stores)
            let result = pair.handshake()
            #expect(result.facts?.version == (good ? "TLSv1.2" : nil))
            #expect(result.failure == (good ? nil : .negotiation))
        }
    }

    @Test("D14 TLS-01 a requirement's floor is the session's; below 1.2 only where nothing is demanded")
    func lenientFloor() throws {
        let sockets = try SocketPair()
        let rows: [(TLSRequirement.Level, TLSVersionFloor, CInt, securityLevel: CInt)] = [
            (.opportunistic, .tls10, TLS1_VERSION, 0), (.opportunistic, .tls11, TLS1_1_VERSION, 0),
            (.opportunistic, .tls12, TLS1_2_VERSION, 1), (.opportunistic, .tls13, TLS1_3_VERSION, 1),
            (.encrypted, .tls10, TLS1_2_VERSION, 1), (.encrypted, .tls13, TLS1_3_VERSION, 1),
        ]
        for (level, floor, least, securityLevel) in rows {
            let requirement = try TLSRequirement.unverified(level, from: floor)
            let session = try TLSSession(
                client: Contexts.unverified, descriptor: sockets.client, requirement: requirement)
            #expect(SSL_ctrl(session.owned.pointer, SSL_CTRL_GET_MIN_PROTO_VERSION, 0, nil) == Int(least))
            #expect(SSL_get_security_level(session.owned.pointer) == securityLevel)
        }
    }

    /// A chain and its key in files.
    private func identity(_ folder: TemporaryFolder, _ chain: [TestCertificate], key: TestCertificate? = nil) throws
        -> ClientIdentity
    {
        ClientIdentity(
            certificateFile: try folder.write(chain.flatMap(\.pem), to: "client.pem"),
            keyFile: try folder.write((key ?? chain[0]).keyPEM, to: "client.key"))
    }

    private func requirement(_ identity: ClientIdentity?) throws -> TLSRequirement {
        TLSRequirement(
            level: .encrypted, by: .local, serverName: try DomainName("mx.example.com"), clientIdentity: identity,
            reason: Explanation("test"))
    }

    @Test("our certificate is shown with its chain where the server asks, and only there", arguments: [true, false])
    func clientCertificate(asked: Bool) throws {
        let ours = try pki.leaf {
            $0.name = "client"
            $0.purposes = ["clientAuth"]
        }
        let folder = try TemporaryFolder()
        let identity = try identity(folder, [ours, pki.intermediate])
        let identities = ClientIdentities()
        for version in [TLS1_2_VERSION, TLS1_3_VERSION] {
            let server = try ServerContext.presenting([pki.leaf, pki.intermediate])
            _ = shim_SSL_CTX_set_max_proto_version(server.owned.pointer, version)
            if asked { SSL_CTX_set_verify(server.owned.pointer, SSL_VERIFY_PEER) { _, _ in 1 } }
            let pair = try Pair(Contexts.unverified, requirement(identity), to: server, identities: identities)
            #expect(pair.handshake().facts != nil)
            let shown = SSL_get0_peer_certificate(pair.server.owned.pointer).map { CertificateFacts(reading: $0) }
            #expect(shown?.subject == (asked ? "CN = client" : nil))
            // Of its peer a server has the chain without the leaf.
            #expect(OPENSSL_sk_num(SSL_get_peer_cert_chain(pair.server.owned.pointer)) == (asked ? 1 : -1))
            let none = try Pair(Contexts.unverified, requirement(nil), to: server)
            #expect(none.handshake().facts != nil)
            #expect(SSL_get0_peer_certificate(none.server.owned.pointer) == nil)
        }
    }

    @Test("an identity that cannot be used is told with its path and the reason, and no session begins")
    func badIdentity() throws {
        let folder = try TemporaryFolder()
        let identity = try identity(folder, [pki.leaf], key: pki.root)
        let missing = ClientIdentity(certificateFile: "/nonexistent/c.pem", keyFile: identity.keyFile)
        let identities = ClientIdentities()
        for (identity, blamed, word) in [
            (identity, identity.keyFile, "is not the key of the certificate"),
            (missing, "/nonexistent/c.pem", "No such file"),
        ] {
            let sockets = try SocketPair()
            let errors = [
                #expect(throws: TLSError.self) { try identities.load(identity) },
                #expect(throws: TLSError.self) {
                    try TLSSession(
                        client: Contexts.unverified, descriptor: sockets.client, requirement: requirement(identity))
                },
            ]
            for error in errors {
                #expect(error?.kind == .file(blamed))
                #expect(error?.text.contains(word) == true)
            }
        }
    }

    @Test("an identity is loaded once")
    func identityOnce() throws {
        let folder = try TemporaryFolder()
        let identity = try identity(folder, [pki.leaf])
        let identities = ClientIdentities()
        try identities.load(identity)
        let first = try identities.owned(identity)
        #expect(try identities.owned(identity) === first)
        #expect(try ClientIdentities().owned(identity) !== first)
    }
}
