import COpenSSL
import Glibc
import Mail
import Testing

@testable import TLS

/// What peers and paths do to a session.
@Suite struct WireTests {
    let pki = try? TestPKI.shared()

    /// A server that presents the leaf, changed by `edit`.
    private func server(_ edit: (OpaquePointer) -> Void = { _ in }) throws -> ServerContext {
        let pki = try #require(pki)
        let context = try ServerContext.presenting([pki.leaf, pki.intermediate])
        edit(context.owned.pointer)
        return context
    }

    private func requirement() throws -> TLSRequirement {
        try .dane([#require(pki).leaf.record(3, 1, 1)])
    }

    @Test(
        "TLS-01 1.3 is preferred, 1.2 is supported",
        arguments: [(TLS1_3_VERSION, "TLSv1.3"), (TLS1_2_VERSION, "TLSv1.2")])
    func versions(newest: CInt, name: String) throws {
        let context = try server { _ = shim_SSL_CTX_set_max_proto_version($0, newest) }
        let pair = try Pair(Contexts.dane, requirement(), to: context)
        let facts = try #require(pair.handshake().facts)
        #expect(facts.version == name)
        #expect(!facts.cipher.isEmpty)
        #expect(!facts.resumed)
        #expect(facts.certificate?.subject == "CN = mx")
        #expect(facts.certificate?.names == ["mx.example.com"])
        #expect(facts.certificate?.notAfter?.seconds ?? 0 > 1_700_000_000)
        #expect(pair.client.evidence == .established(facts))
        #expect(pair.server.handshake().facts?.verification == .unverified)
        #expect(try pair.serverSays("220 hello") == "220 hello")
    }

    @Test("TLS-01 D14 a peer with TLS 1.1 only is refused; by switch it is taken where nothing is authenticated")
    func oldVersion() throws {
        let old = try server {
            _ = shim_SSL_CTX_set_min_proto_version($0, TLS1_1_VERSION)
            _ = shim_SSL_CTX_set_max_proto_version($0, TLS1_1_VERSION)
            SSL_CTX_set_security_level($0, 0)
            SSL_CTX_set_cipher_list($0, "ALL:@SECLEVEL=0")
        }
        #expect(try Pair(Contexts.dane, requirement(), to: old).handshake().failure == .negotiation)
        #expect(try Pair(Contexts.unverified, .unverified(), to: old).handshake().failure == .negotiation)
        for (level, version) in [(TLSRequirement.Level.opportunistic, "TLSv1.1"), (.encrypted, nil)] {
            let lenient = try TLSRequirement.unverified(level, from: .tls10)
            #expect(try Pair(Contexts.unverified, lenient, to: old).handshake().facts?.version == version)
        }
        let recorded = try requirement()
        let looking = TLSRequirement(
            level: .opportunistic, by: nil, demands: [], dane: recorded.dane, serverName: recorded.serverName,
            minimumVersion: .tls10, reason: Explanation("test"))
        #expect(try Pair(Contexts.dane, looking, to: old).handshake().facts?.version == "TLSv1.1")
        let twelve = try server { _ = shim_SSL_CTX_set_max_proto_version($0, TLS1_2_VERSION) }
        let strict = try TLSRequirement.unverified(.opportunistic, from: .tls13)
        #expect(try Pair(Contexts.unverified, strict, to: twelve).handshake().failure == .negotiation)
    }

    @Test("TLS-02 DANE-46 a server with NULL or anonymous suites only is refused", arguments: ["eNULL", "aNULL"])
    func worthlessSuites(list: String) throws {
        let worthless = try server {
            _ = shim_SSL_CTX_set_max_proto_version($0, TLS1_2_VERSION)
            SSL_CTX_set_security_level($0, 0)
            SSL_CTX_set_cipher_list($0, "\(list):@SECLEVEL=0")
        }
        #expect(try Pair(Contexts.dane, requirement(), to: worthless).handshake().failure == .negotiation)
        #expect(try Pair(Contexts.unverified, .unverified(), to: worthless).handshake().failure == .negotiation)
        let lenient = try TLSRequirement.unverified(.opportunistic, from: .tls10)
        #expect(try Pair(Contexts.unverified, lenient, to: worthless).handshake().failure == .negotiation)
    }

    @Test(
        "TLS-02 DANE-46 no NULL, anonymous, RC4, export suite is offered; static RSA only where nothing is authenticated"
    )
    func offeredSuites() throws {
        let sockets = try SocketPair()
        let lenient = try TLSRequirement.unverified(.opportunistic, from: .tls10)
        for (context, requirement) in [
            (try Contexts.dane, try requirement()), (try Contexts.unverified, try TLSRequirement.unverified()),
            (try Contexts.unverified, lenient),
        ] {
            let session = try TLSSession(client: context, descriptor: sockets.client, requirement: requirement)
            let stack = SSL_get_ciphers(session.owned.pointer)
            var count = 0
            for index in 0..<OPENSSL_sk_num(stack) {
                let cipher = OpaquePointer(OPENSSL_sk_value(stack, index))
                #expect(SSL_CIPHER_get_auth_nid(cipher) != NID_auth_null)
                #expect(SSL_CIPHER_get_cipher_nid(cipher) != NID_undef)
                #expect(SSL_CIPHER_get_cipher_nid(cipher) != NID_rc4)
                #expect(SSL_CIPHER_get_bits(cipher, nil) >= 128)
                if context.verification == .dane { #expect(SSL_CIPHER_get_kx_nid(cipher) != NID_kx_rsa) }
                count += 1
            }
            #expect(count > 5)
        }
    }

    @Test("TLS-03 no compression, no early data; extended master secret in 1.2")
    func extras() throws {
        let context = try server { _ = shim_SSL_CTX_set_max_proto_version($0, TLS1_2_VERSION) }
        let pair = try Pair(Contexts.dane, requirement(), to: context)
        #expect(pair.handshake().facts != nil)
        #expect(SSL_get_current_compression(pair.client.owned.pointer) == nil)
        #expect(shim_SSL_get_extms_support(pair.client.owned.pointer) == 1)
        #expect(SSL_get_early_data_status(pair.client.owned.pointer) == SSL_EARLY_DATA_NOT_SENT)
        #expect(SSL_CTX_get_max_early_data(context.owned.pointer) == 0)
    }

    @Test("TLS-03 a server that asks for renegotiation does not get it, and the session goes on")
    func renegotiation() throws {
        let context = try server {
            _ = shim_SSL_CTX_set_max_proto_version($0, TLS1_2_VERSION)
            SSL_CTX_clear_options($0, shim_options)
        }
        let pair = try Pair(Contexts.dane, requirement(), to: context)
        #expect(pair.handshake().facts != nil)
        let ssl = pair.server.owned.pointer
        #expect(SSL_renegotiate(ssl) == 1)
        _ = SSL_do_handshake(ssl)
        #expect(try pair.client.readAll() == "")
        // The client's warning alert tells the server no.
        _ = SSL_do_handshake(ssl)
        #expect(SSL_get_state(pair.client.owned.pointer) == TLS_ST_OK)
        #expect(pair.client.handshake().facts != nil)
    }

    @Test("TLS-14 no client certificate is asked for")
    func noCertificateRequest() throws {
        let pair = try Pair(Contexts.dane, requirement(), to: server())
        #expect(pair.handshake().facts != nil)
        #expect(SSL_get_verify_mode(pair.server.owned.pointer) == SSL_VERIFY_NONE)
    }

    @Test("a handshake that comes octet by octet is the same handshake")
    func dribbled() throws {
        let clientSide = try SocketPair()
        let serverSide = try SocketPair()
        let client = try TLSSession(
            client: Contexts.dane, descriptor: clientSide.client, requirement: requirement())
        let server = try TLSSession(server: server(), descriptor: serverSide.server)
        var moved = 0
        for _ in 0..<100_000 where !(client.handshake().hasEnded && server.handshake().hasEnded) {
            _ = client.handshake()
            moved += carry(1, from: clientSide.server, to: serverSide.client)
            _ = server.handshake()
            moved += carry(1, from: serverSide.client, to: clientSide.server)
        }
        #expect(client.handshake().matched != nil)
        #expect(server.handshake().facts != nil)
        #expect(moved > 1000)
    }

    /// Moves at most `limit` octets on; how many.
    private func carry(_ limit: Int, from source: CInt, to target: CInt) -> Int {
        var octets = [UInt8](repeating: 0, count: limit)
        let count = Glibc.read(source, &octets, limit)
        return count > 0 ? Glibc.write(target, octets, count) : 0
    }

    @Test(
        "garbage instead of a ServerHello fails the negotiation",
        arguments: [
            "220 mx.example.com ESMTP\r\n", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
            "\u{16}\u{3}\u{3}\u{0}\u{5}garbage",
        ])
    func garbage(text: String) throws {
        let sockets = try SocketPair()
        let client = try TLSSession(client: Contexts.dane, descriptor: sockets.client, requirement: requirement())
        #expect(client.handshake() == .wantRead)
        #expect(Glibc.write(sockets.server, text, text.utf8.count) == text.utf8.count)
        #expect(client.handshake().failure == .negotiation)
        #expect(client.certificate == nil)
        // The answer stays, and nothing can be sent.
        #expect(client.handshake().failure == .negotiation)
        #expect(throws: TLSError.self) { try client.writeOnce([1]) }
    }

    @Test(
        "the connection ends within the handshake, before and after the server's first octets", arguments: [0, 1, 100])
    func cut(after count: Int) throws {
        let clientSide = try SocketPair()
        let serverSide = try SocketPair()
        let client = try TLSSession(client: Contexts.dane, descriptor: clientSide.client, requirement: requirement())
        let server = try TLSSession(server: server(), descriptor: serverSide.server)
        #expect(client.handshake() == .wantRead)
        #expect(carry(4096, from: clientSide.server, to: serverSide.client) > 100)
        #expect(server.handshake() == .wantRead)
        #expect(carry(count, from: serverSide.client, to: clientSide.server) == count)
        #expect(client.handshake() == .wantRead)
        clientSide.closeServer()
        #expect(client.handshake().failure == .connectionLost)
    }
}
