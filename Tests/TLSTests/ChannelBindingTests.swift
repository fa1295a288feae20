import COpenSSL
import Mail
import Testing

@testable import TLS

/// What a SCRAM exchange is bound to. The client's side is asked of OpenSSL here, in other words than the server's.
@Suite struct ChannelBindingTests {
    struct Ends {
        let pair: Pair
        var server: TLSSession { pair.server }
        var client: OpaquePointer { pair.client.owned.pointer }

        var exported: [UInt8] {
            var octets = [UInt8](repeating: 0, count: 32)
            let label = "EXPORTER-Channel-Binding"
            #expect(SSL_export_keying_material(client, &octets, 32, label, 24, nil, 0, 0) == 1)
            return octets
        }

        /// Of the client itself, and of the server.
        var finished: (own: [UInt8], peer: [UInt8]) {
            var own = [UInt8](repeating: 0, count: 12)
            var peer = own
            #expect(SSL_get_finished(client, &own, 12) == 12 && SSL_get_peer_finished(client, &peer, 12) == 12)
            return (own, peer)
        }
    }

    static func ends(version: CInt, to edit: (ServerContext) -> Void = { _ in }) throws -> Ends {
        let pki = try TestPKI.shared()
        let server = try ServerContext.presenting([pki.leaf, pki.intermediate])
        _ = shim_SSL_CTX_set_max_proto_version(server.owned.pointer, version)
        edit(server)
        let pair = try Pair(Contexts.unverified, .unverified(), to: server)
        #expect(
            ChannelBindingType.allCases.allSatisfy { pair.server.channelBinding($0) == nil }, "before the handshake")
        try #require(pair.handshake().facts != nil)
        try #require(pair.server.facts != nil)
        #expect(ChannelBindingType.allCases.allSatisfy { pair.client.channelBinding($0) == nil }, "of a client")
        return Ends(pair: pair)
    }

    @Test("RFC 9266 tls-exporter is the same at both ends, and another one in each session")
    func exporter() throws {
        for version in [TLS1_2_VERSION, TLS1_3_VERSION] {
            let ends = try Self.ends(version: version)
            let value = try #require(ends.server.channelBinding(.tlsExporter))
            #expect(value.count == 32 && value == ends.exported)
            #expect(try Self.ends(version: version).server.channelBinding(.tlsExporter) != value)
        }
    }

    @Test("RFC 5929 tls-unique is the client's Finished in a full handshake of TLS 1.2, and nothing in TLS 1.3")
    func unique() throws {
        let ends = try Self.ends(version: TLS1_2_VERSION)
        let value = try #require(ends.server.channelBinding(.tlsUnique))
        #expect(value.count == 12)
        #expect(value == ends.finished.own && value != ends.finished.peer)
        #expect(try Self.ends(version: TLS1_3_VERSION).server.channelBinding(.tlsUnique) == nil)
    }

    @Test("RFC 5929 tls-unique is the server's Finished where a session is resumed; the exporter holds there too")
    func resumed() throws {
        let peer = try ResumptionTests.Peer(version: TLS1_2_VERSION)
        #expect(try peer.connect().facts?.resumed == false)
        let pair = try Pair(
            peer.context, peer.requirement, to: peer.server,
            resumption: Resumption(
                cache: peer.cache, host: DomainName(peer.host), address: .v4(peer.address), port: peer.port,
                now: ResumptionTests.start, expires: ResumptionTests.start.advanced(by: .seconds(100))))
        #expect(pair.handshake().facts?.resumed == true)
        let ends = Ends(pair: pair)
        #expect(ends.server.channelBinding(.tlsUnique) == ends.finished.peer)
        #expect(ends.server.channelBinding(.tlsUnique) != ends.finished.own)
        #expect(ends.server.channelBinding(.tlsExporter) == ends.exported)
        #expect(ends.server.channelBinding(.tlsServerEndPoint) != nil)
    }

    @Test("RFC 7627 without the extended master secret only the certificate binds")
    func noExtendedMasterSecret() throws {
        let ends = try Self.ends(version: TLS1_2_VERSION) {
            SSL_CTX_set_options($0.owned.pointer, 1)  // SSL_OP_NO_EXTENDED_MASTER_SECRET
        }
        #expect(ends.server.channelBinding(.tlsExporter) == nil)
        #expect(ends.server.channelBinding(.tlsUnique) == nil)
        #expect(ends.server.channelBinding(.tlsServerEndPoint) != nil)
    }

    @Test("RFC 5929 tls-server-end-point is the digest of the certificate that the client saw")
    func endPoint() throws {
        for version in [TLS1_2_VERSION, TLS1_3_VERSION] {
            let ends = try Self.ends(version: version)
            let seen = try #require(ends.pair.client.certificate?.certificateDigest)
            #expect(ends.server.channelBinding(.tlsServerEndPoint) == seen, "signed with SHA-256")
        }
    }

    @Test(
        "RFC 5929 the hash is that of the signature, never weaker than SHA-256, and none where the signature has none",
        arguments: [
            ("EC", "SHA256", 32), ("EC", "SHA384", 48), ("EC", "SHA512", 64), ("EC", "SHA1", 32),
            ("RSA", "SHA512", 64), ("RSA", "MD5", 32), ("RSA-PSS", "SHA384", 48), ("ED25519", nil, nil),
        ] as [(String, String?, Int?)])
    func hash(_ key: String, _ hash: String?, _ length: Int?) throws {
        let recipe = try TestCertificate.make { $0.rsaBits = key == "RSA" ? 2048 : nil }
        var signing: OpaquePointer? = recipe.key
        var made: OpaquePointer?
        defer { EVP_PKEY_free(made) }
        if key == "RSA-PSS" || key == "ED25519" {
            let context = EVP_PKEY_CTX_new_from_name(nil, key, nil)
            defer { EVP_PKEY_CTX_free(context) }
            try #require(EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_generate(context, &made) == 1)
            signing = made
        }
        let certificate = recipe.certificate
        try #require(X509_sign(certificate, signing, hash.flatMap { EVP_get_digestbyname($0) }) > 0)
        let names = [32: "SHA256", 48: "SHA384", 64: "SHA512"]
        let expected = length.flatMap { length in
            CertificateEncoding.digest(recipe.der, by: names[length].flatMap { EVP_get_digestbyname($0) })
        }
        #expect(TLSSession.endPointDigest(certificate) == expected)
        #expect(expected?.count == length)
    }
}
