import COpenSSL
import Foundation
import Glibc
import Mail
import TLS
import Testing

@testable import Relay

/// Keys in PEM.
enum DKIMKeyFiles {
    static func ed25519() throws -> [UInt8] { try DKIMPrivateKey.generate(.ed25519) }

    /// An RSA key of any length: we make none below 2048 ourselves.
    static func rsa(bits: Int) throws -> [UInt8] {
        let context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nil)
        defer { EVP_PKEY_CTX_free(context) }
        try #require(EVP_PKEY_keygen_init(context) == 1)
        try #require(EVP_PKEY_CTX_set_rsa_keygen_bits(context, CInt(bits)) == 1)
        var key: OpaquePointer?
        try #require(EVP_PKEY_keygen(context, &key) == 1)
        defer { EVP_PKEY_free(key) }
        let memory = BIO_new(BIO_s_mem())
        defer { BIO_free(memory) }
        try #require(PEM_write_bio_PKCS8PrivateKey(memory, key, nil, nil, 0, nil, nil) == 1)
        var pem = [UInt8](repeating: 0, count: 16_384)
        let length = BIO_read(memory, &pem, CInt(pem.count))
        return Array(pem.prefix(max(0, Int(length))))
    }
}

/// A key file that goes with the test.
final class KeyFile: Sendable {
    let path: String

    init(_ pem: [UInt8], mode: mode_t = 0o600) throws {
        path = "/tmp/waxwing-key-\(getpid())-\(UInt64.random(in: 0 ... .max)).pem"
        try Data(pem).write(to: URL(filePath: path))
        try #require(chmod(path, mode) == 0)
    }

    deinit { unlink(path) }

    func written(_ selector: String, _ domain: String) throws -> Configuration.WrittenKey {
        var key = Configuration.WrittenKey()
        key.domain = try DomainName(domain)
        key.selector = try DomainName(selector)
        key.file = path
        return key
    }
}
