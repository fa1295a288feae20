import COpenSSL
import Mail
import Testing

@testable import TLS

/// Contexts, requirements that cannot be met, and the small pieces.
@Suite struct ContextTests {
    @Test("DANE-15 TLS-15 level encrypted takes any certificate, and says that nothing was verified")
    func unverified() throws {
        let leaf = try TestCertificate.make {
            $0.names = ["other.example"]
            $0.until = -100
        }
        let pair = try Pair(Contexts.unverified, .unverified(), to: .presenting([leaf]))
        let facts = try #require(pair.handshake().facts)
        #expect(facts.verification == .unverified)
        #expect(facts.certificate?.names == ["other.example"])
        // Nobody may take the library's word for verified here.
        #expect(SSL_get_verify_result(pair.client.owned.pointer) != Int(X509_V_OK))
    }

    @Test("a requirement that this context cannot verify never connects")
    func wrongContext() throws {
        let sockets = try SocketPair()
        let dane = try TLSRequirement.dane([TestPKI.shared().leaf.record(3, 1, 1)])
        let webPKI = try TLSRequirement.unverified(.authenticated)
        let plain = try TLSRequirement.unverified()
        let rows = [
            (try Contexts.unverified, dane), (try Contexts.dane, plain), (try Contexts.unverified, webPKI),
            (try Contexts.dane, webPKI),
        ]
        for (context, requirement) in rows {
            let error = #expect(throws: TLSError.self) {
                try TLSSession(client: context, descriptor: sockets.client, requirement: requirement)
            }
            #expect(error?.kind == .requirement)
        }
        let both = try Contexts.made.get()
        #expect(both[dane] === both.dane)
        #expect(both[plain] === both.unverified)
    }

    @Test("DANE-32 no certification authority of the system is loaded")
    func noAuthorities() throws {
        let store = SSL_CTX_get_cert_store(try Contexts.dane.owned.pointer)
        #expect(OPENSSL_sk_num(X509_STORE_get0_objects(store)) == 0)
        let lookups = SSL_CTX_get_verify_mode(try Contexts.dane.owned.pointer)
        #expect(lookups == SSL_VERIFY_PEER)
    }

    @Test("a certificate or key that cannot be used is refused with its path and the reason")
    func badFiles() throws {
        let folder = try TemporaryFolder()
        let pki = try TestPKI.shared()
        let chain = try folder.write(pki.leaf.pem, to: "chain.pem")
        let key = try folder.write(pki.leaf.keyPEM, to: "key.pem")
        let otherKey = try folder.write(pki.root.keyPEM, to: "other.pem")
        let garbage = try folder.write(Array("garbage".utf8), to: "garbage.pem")
        let cut = try folder.write(Array(pki.leaf.pem.prefix(200)), to: "cut.pem")
        let missing = "\(folder.path)/missing.pem"
        let locked = try folder.write(try lockedKey(of: pki.leaf), to: "locked.pem")
        _ = try ServerContext(certificateFile: chain, keyFile: key)
        let rows = [
            (missing, key, missing, "No such file"),
            (chain, missing, missing, "No such file"),
            (garbage, key, garbage, "certificate chain"),
            (cut, key, cut, "certificate chain"),
            (key, key, key, "certificate chain"),
            (folder.path, key, folder.path, "is no file"),
            (chain, garbage, garbage, "private key"),
            (chain, chain, chain, "private key"),
            (chain, locked, locked, "private key"),
            (chain, otherKey, otherKey, "not the key of the certificate"),
        ]
        for (chain, key, blamed, word) in rows {
            let error = #expect(throws: TLSError.self) { try ServerContext(certificateFile: chain, keyFile: key) }
            #expect(error?.kind == .file(blamed))
            #expect(error?.text.contains(blamed) == true)
            #expect(error?.text.contains(word) == true, "\(error?.text ?? "")")
        }
    }

    /// The key, encrypted: reading it must not ask the terminal.
    private func lockedKey(of certificate: TestCertificate) throws -> [UInt8] {
        let bio = try OpenSSL.make("BIO_new") { BIO_new(BIO_s_mem()) }
        defer { BIO_free(bio) }
        try OpenSSL.call("PEM_write_bio_PrivateKey") {
            PEM_write_bio_PrivateKey(bio, certificate.key, EVP_aes_128_cbc(), "secret", 6, nil, nil)
        }
        return [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
            count = max(0, Int(BIO_read(bio, buffer.baseAddress, CInt(buffer.count))))
        }
    }

    @Test("SHA-256 of FIPS 180-4 examples, whole and octet by octet")
    func digest() throws {
        let examples = [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ]
        for (text, expected) in examples {
            #expect(hexadecimal(try SHA256Digest.digest(of: Array(text.utf8))) == expected)
            var digest = try SHA256Digest.begin()
            for var octet in text.utf8 {
                try withUnsafeBytes(of: &octet) { try digest.update($0) }
            }
            #expect(hexadecimal(try digest.finish()) == expected)
        }
    }

    private func hexadecimal(_ octets: [UInt8]) -> String {
        octets.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    @Test(
        "versions of OpenSSL known to be unsafe",
        arguments: [
            (1, 1, 1, true), (3, 0, 19, true), (3, 0, 20, false), (3, 0, 22, false), (3, 1, 8, true), (3, 2, 6, true),
            (3, 3, 6, true), (3, 3, 7, false), (3, 4, 4, true), (3, 4, 5, false), (3, 5, 5, true), (3, 5, 6, false),
            (3, 6, 1, true), (3, 6, 2, false), (3, 7, 0, false), (4, 0, 0, false),
        ])
    func unsafeVersions(major: Int, minor: Int, patch: Int, isUnsafe: Bool) {
        #expect((OpenSSLLibrary.knownUnsafe(major: major, minor: minor, patch: patch) != nil) == isUnsafe)
        #expect(OpenSSLLibrary.version.hasPrefix("OpenSSL "))
    }
}
