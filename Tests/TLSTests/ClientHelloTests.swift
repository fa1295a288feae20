import Glibc
import Mail
import Testing

@testable import TLS

/// What we offer hosts, read off the wire.
@Suite struct ClientHelloTests {
    /// The extensions of a ClientHello (RFC 8446 §4.1.2), by their numbers in the IANA registry.
    private func extensions(_ context: ClientContext, _ requirement: TLSRequirement) throws -> Set<Int> {
        let sockets = try SocketPair()
        let session = try TLSSession(client: context, descriptor: sockets.client, requirement: requirement)
        #expect(session.handshake() == .wantRead)
        var octets = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(sockets.server, &octets, octets.count)
        var rest = octets[..<max(0, count)]
        func take(_ count: Int) throws -> ArraySlice<UInt8> {
            try #require(rest.count >= count, "the ClientHello breaks off")
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func number(_ count: Int) throws -> Int { try take(count).reduce(0) { $0 << 8 | Int($1) } }
        // A record of type handshake, in it a message of type ClientHello.
        #expect(try number(1) == 22)
        _ = try take(4)
        #expect(try number(1) == 1)
        // Length, version and random; session id, cipher suites and compression methods behind their lengths.
        _ = try take(3 + 2 + 32)
        for width in [1, 2, 1] { _ = try take(number(width)) }
        #expect(try number(2) == rest.count)
        var found: Set<Int> = []
        while !rest.isEmpty {
            found.insert(try number(2))
            _ = try take(number(2))
        }
        return found
    }

    /// Versions of OpenSSL from 3.2 on went on with the handshake where a raw key did not match the records (CVE-2024-12797).
    @Test("Raw public keys are never offered, whatever records there are, nor early data, ALPN or a compressed chain")
    func offered() throws {
        let pki = try TestPKI.shared()
        for (context, requirement) in [
            (try Contexts.dane, try TLSRequirement.dane([pki.leaf.record(3, 1, 1)])),
            (try Contexts.dane, try TLSRequirement.dane([pki.leaf.record(3, 1, 0), pki.root.record(2, 1, 1)])),
            (try Contexts.unverified, try TLSRequirement.unverified()),
            (try Contexts.unverified, try TLSRequirement.unverified(.opportunistic, from: .tls10)),
        ] {
            let found = try extensions(context, requirement)
            // server_name, supported_groups, extended_master_secret, supported_versions: the reading finds what is there.
            #expect(found.isSuperset(of: [0, 10, 23, 43]), "\(found)")
            // heartbeat, ALPN, client_certificate_type, server_certificate_type, compress_certificate, early_data.
            #expect(found.isDisjoint(with: [15, 16, 19, 20, 27, 42]), "\(found)")
        }
    }

    @Test("SNI can be told from none by that reading")
    func withoutName() throws {
        let requirement = try TLSRequirement.unverified(name: nil)
        #expect(!(try extensions(Contexts.unverified, requirement).contains(0)))
    }
}
