import COpenSSL
import Mail
import Testing

@testable import TLS

/// Keys: made, read, refused.
@Suite struct DKIMKeyTests {
    @Test("DKIM-02 DKIM-03 DKIM-05 new keys sign, and their records verify", arguments: DKIMPrivateKey.Kind.allCases)
    func generate(_ kind: DKIMPrivateKey.Kind) throws {
        let pem = try DKIMPrivateKey.generate(kind)
        #expect(String(decoding: pem, as: UTF8.self).hasPrefix("-----BEGIN PRIVATE KEY-----\n"), "PKCS#8")
        let key = try DKIMPrivateKey(pem: pem)
        let terms = try DKIMExchange.terms("sel", key.algorithm)
        let record = DKIMKeyRecord(keyType: key.keyType, publicKey: key.publicKey)
        switch kind {
        case .ed25519:
            #expect(key.keyType == .ed25519 && key.publicKey.count == 32 && key.algorithm == .ed25519SHA256)
            #expect(record.text.hasSuffix("=") && record.text.utf8.count == "v=DKIM1; k=ed25519; p=".utf8.count + 44)
        case .rsa2048, .rsa3072, .rsa4096:
            #expect(key.keyType == .rsa && "rsa-\(key.bits)" == kind.rawValue && key.algorithm == .rsaSHA256)
            #expect(record.text.contains("p=MII"), "SubjectPublicKeyInfo")
        }
        #expect(!key.isWeak)
        #expect(try DKIMKeyRecord(parsing: Array(record.text.utf8)).matches(key.keyType, publicKey: key.publicKey))
        let content = Array("From: a@example.org\r\n\r\nbody\r\n".utf8)
        let signed = try DKIMExchange.signed(content, [(key, terms)])
        #expect(try DKIMExchange.verify(signed, DKIMExchange.zone(key, terms)).map(\.verdict) == [.pass])
        let field = String(decoding: signed.prefix(signed.count - content.count), as: UTF8.self)
        #expect(field.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 78 }, "DKIM-24")
    }

    @Test("two new keys are two keys")
    func random() throws {
        #expect(try DKIMPrivateKey.generate(.ed25519) != DKIMPrivateKey.generate(.ed25519))
    }

    @Test(
        "DKIM-02 RSA below 1024 bits is refused, below 2048 it is weak", arguments: [512, 1000, 1023, 1024, 2047, 2048])
    func bits(_ bits: Int) throws {
        let pem = try Self.rsaKey(bits: bits)
        guard bits >= DKIMPrivateKey.bitsRequired else {
            #expect {
                try DKIMPrivateKey(pem: pem)
            } throws: {
                "\($0)" == "the RSA key has \(bits) bits: 1024 are needed (RFC 8301), 2048 are recommended"
            }
            return
        }
        let key = try DKIMPrivateKey(pem: pem)
        #expect(key.bits == bits && key.isWeak == (bits < DKIMPrivateKey.bitsRecommended))
    }

    @Test("DKIM-02 a signature by a short key does not count, however right it is")
    func shortKey() throws {
        let key = try DKIMPrivateKey.read(pem: Self.rsaKey(bits: 1023))
        let record = DKIMKeyRecord(keyType: .rsa, publicKey: try CertificateEncoding.publicKey(of: key))
        let signature = try KeyOperation().sign([1], by: key, EVP_sha256())
        #expect(DKIMPublicKey.check(record, signature, [1]) == .weakKey(bits: 1023))
    }

    @Test("PKCS#1 and PKCS#8 hold the same key, with text round it or not")
    func forms() throws {
        let pkcs8 = try DKIMPrivateKey.generate(.rsa2048)
        let pkcs1 = try Self.pkcs1(pkcs8)
        #expect(String(decoding: pkcs1, as: UTF8.self).hasPrefix("-----BEGIN RSA PRIVATE KEY-----"))
        let keys = try [pkcs8, pkcs1, Array("Bag attributes\n".utf8) + pkcs8 + Array("more\n".utf8)].map {
            try DKIMPrivateKey(pem: $0)
        }
        #expect(Set(keys.map(\.publicKey)).count == 1)
        #expect(Set(try keys.map { try $0.sign([1, 2, 3]) }).count == 1, "PKCS#1 v1.5 has no randomness")
    }

    @Test(
        "what is no key of ours is refused in words",
        arguments: [
            ("", "it holds no private key in PEM form, unencrypted"),
            ("hello", "it holds no private key in PEM form, unencrypted"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "it holds no private key in PEM form"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "it holds no private key in PEM form"),
        ])
    func refused(_ pem: String, _ words: String) {
        #expect {
            try DKIMPrivateKey(pem: Array(pem.utf8))
        } throws: {
            "\($0)".hasPrefix(words)
        }
    }

    @Test("an encrypted key is refused, and nobody is asked for its pass phrase")
    func encrypted() throws {
        let pem = try Self.encrypted(DKIMPrivateKey.generate(.ed25519))
        #expect {
            try DKIMPrivateKey(pem: pem)
        } throws: {
            "\($0)".hasPrefix("it holds no private key in PEM form, unencrypted")
        }
    }

    @Test("a key of another kind is refused")
    func otherKind() throws {
        #expect {
            try DKIMPrivateKey(pem: Self.ellipticKey())
        } throws: {
            "\($0)" == "the key is neither RSA nor Ed25519"
        }
    }

    @Test("a key says nothing about itself but its public part")
    func silence() throws {
        let pem = try DKIMPrivateKey.generate(.ed25519)
        let key = try DKIMPrivateKey(pem: pem)
        var text = "\(key)" + String(describing: key) + String(reflecting: key)
        dump(key, to: &text)
        let secret = String(decoding: pem, as: UTF8.self).split(separator: "\n")[1]
        #expect(!text.contains(secret.suffix(40)))
        #expect("\(key)" == "TLS.DKIMPrivateKey")
    }
}
