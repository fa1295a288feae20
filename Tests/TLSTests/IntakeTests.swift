import COpenSSL
import Mail
import Testing

@testable import TLS

/// What clients try on the intake's own TLS.
@Suite struct IntakeTests {
    /// A client of TLS 1.2 that renegotiates where it is let, and the intake; `refuses`: as the intake is set up.
    private func renegotiating(refuses: Bool) throws -> (pair: Pair, handshakes: Int, read: String) {
        let pki = try TestPKI.shared()
        let context = try ServerContext.presenting([pki.leaf, pki.intermediate])
        _ = shim_SSL_CTX_set_max_proto_version(context.owned.pointer, TLS1_2_VERSION)
        // OpenSSL 3 refuses by itself, unless SSL_OP_ALLOW_CLIENT_RENEGOTIATION is set; what is tested is our refusal.
        SSL_CTX_set_options(context.owned.pointer, 1 << 8)
        if !refuses { SSL_CTX_clear_options(context.owned.pointer, shim_options) }
        let pair = try Pair(Contexts.unverified, .unverified(), to: context)
        #expect(pair.handshake().facts?.version == "TLSv1.2")
        let client = pair.client.owned.pointer
        SSL_clear_options(client, shim_options)
        // What is written before arrives; then the second ClientHello.
        #expect(try pair.client.writeOnce(Array("EHLO x\r\n".utf8)) == .wrote(8))
        #expect(SSL_renegotiate(client) == 1)
        var read = ""
        for _ in 0..<(refuses ? 1 : 10) {
            _ = SSL_do_handshake(client)
            read += try pair.server.readAll()
        }
        return (pair, SSL_CTX_ctrl(context.owned.pointer, SSL_CTRL_SESS_ACCEPT_GOOD, 0, nil), read)
    }

    @Test("TLS-03 a client that asks for renegotiation does not get it (CVE-2009-3555); what it sent before is read")
    func renegotiation() throws {
        let (pair, handshakes, read) = try renegotiating(refuses: true)
        #expect(read == "EHLO x\r\n" && handshakes == 1)
        #expect(SSL_get_state(pair.server.owned.pointer) == TLS_ST_OK)
        // The client is told no, by a warning; the intake goes on.
        #expect(SSL_do_handshake(pair.client.owned.pointer) <= 0)
        #expect(try pair.server.writeOnce(Array("250 x\r\n".utf8)) == .wrote(7))
    }

    @Test("That client would renegotiate where it could: without the refusal there is a second handshake")
    func control() throws {
        #expect(try renegotiating(refuses: false).handshakes == 2)
    }

    @Test(
        "D13 TLS-05 whatever a client names as SNI it gets our certificate, and nothing is made of the name",
        arguments: ["\\", "mx.example.com\\", "../../etc/passwd", "${run{id}}", "a\nb", "%s%n", "mx.example.com.", ""])
    func names(name: String) throws {
        try greets(name)
    }

    @Test("D13 TLS-05 the longest name that can be sent as SNI")
    func longestName() throws {
        try greets(String(repeating: "x", count: Int(TLSEXT_MAXLEN_host_name)))
    }

    private func greets(_ name: String) throws {
        let pki = try TestPKI.shared()
        let context = try ServerContext.presenting([pki.leaf])
        let pair = try Pair(Contexts.unverified, .unverified(name: nil), to: context)
        _ = name.withCString {
            SSL_ctrl(
                pair.client.owned.pointer, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                UnsafeMutableRawPointer(mutating: $0))
        }
        #expect(pair.handshake().facts?.certificate?.names == ["mx.example.com"])
        #expect(try pair.serverSays("220 x") == "220 x")
    }
}
