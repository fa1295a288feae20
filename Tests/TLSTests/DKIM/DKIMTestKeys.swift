import COpenSSL

@testable import TLS

/// Keys that we do not make ourselves, and keys in forms that we do not write.
extension DKIMKeyTests {
    static func rsaKey(bits: Int) throws -> [UInt8] {
        let key = try OwnedKey("EVP_PKEY_generate") {
            let context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nil)
            defer { EVP_PKEY_CTX_free(context) }
            guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_rsa_keygen_bits(context, CInt(bits)) == 1 else {
                return nil
            }
            var key: OpaquePointer?
            return EVP_PKEY_keygen(context, &key) == 1 ? key : nil
        }
        return try written { PEM_write_bio_PKCS8PrivateKey($0, key.pointer, nil, nil, 0, nil, nil) }
    }

    static func ellipticKey() throws -> [UInt8] {
        let key = try OwnedKey("EVP_PKEY_generate") {
            let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil)
            defer { EVP_PKEY_CTX_free(context) }
            guard EVP_PKEY_keygen_init(context) == 1,
                EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1
            else { return nil }
            var key: OpaquePointer?
            return EVP_PKEY_keygen(context, &key) == 1 ? key : nil
        }
        return try written { PEM_write_bio_PKCS8PrivateKey($0, key.pointer, nil, nil, 0, nil, nil) }
    }

    static func pkcs1(_ pem: [UInt8]) throws -> [UInt8] {
        let key = try DKIMPrivateKey.read(pem: pem)
        return try written { PEM_write_bio_PrivateKey_traditional($0, key.pointer, nil, nil, 0, nil, nil) }
    }

    static func encrypted(_ pem: [UInt8]) throws -> [UInt8] {
        let key = try DKIMPrivateKey.read(pem: pem)
        return try written { PEM_write_bio_PKCS8PrivateKey($0, key.pointer, EVP_aes_256_cbc(), "secret", 6, nil, nil) }
    }

    private static func written(_ write: (OpaquePointer) -> CInt) throws -> [UInt8] {
        let memory = try OpenSSL.make("BIO_new") { BIO_new(BIO_s_mem()) }
        defer { BIO_free(memory) }
        try OpenSSL.call("PEM_write_bio") { write(memory) }
        var pem = [UInt8](repeating: 0, count: DKIMPrivateKey.fileLimit)
        let length = try OpenSSL.call("BIO_read") { BIO_read(memory, &pem, CInt(pem.count)) }
        return Array(pem.prefix(Int(length)))
    }
}

extension DKIMPrivateKey {
    static func read(pem: [UInt8]) throws -> OwnedKey {
        try Result { try pem.withUnsafeBytes { try DKIMPrivateKey.read($0) } }.get()
    }
}
