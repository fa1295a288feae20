import COpenSSL
import Mail

@testable import TLS

/// A certificate made for a test, with its key.
final class TestCertificate: @unchecked Sendable {
    // @unchecked Sendable because nothing changes after `init`.

    let certificate: OpaquePointer
    let key: OpaquePointer

    /// What to make. Times are seconds from now.
    struct Recipe {
        var name = "test"
        var issuer: TestCertificate?
        var authority = false
        var pathLength: Int?
        var names: [String] = []
        var purposes: [String] = []
        var from = -3600
        var until = 3600
        /// Of an RSA key; nil for an EC key of P-256.
        var rsaBits: CInt?
        /// Further extensions, by NID, in the words of x509v3_config(5).
        var extensions: [(CInt, String)] = []
    }

    init(_ recipe: Recipe) throws {
        key = try recipe.rsaBits.map(Self.freshRSAKey) ?? Self.freshKey()
        certificate = try OpenSSL.make("X509_new") { X509_new() }
        let issuer = recipe.issuer
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), Int64.random(in: 1...(.max)))
        X509_gmtime_adj(X509_getm_notBefore(certificate), recipe.from)
        X509_gmtime_adj(X509_getm_notAfter(certificate), recipe.until)
        let subject = X509_get_subject_name(certificate)
        try OpenSSL.call("X509_NAME_add_entry_by_txt") {
            X509_NAME_add_entry_by_txt(subject, "CN", CInt(0x1000 | 1), recipe.name, -1, -1, 0)
        }
        X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0.certificate) } ?? subject)
        X509_set_pubkey(certificate, key)
        let pathLength = recipe.pathLength.map { ",pathlen:\($0)" } ?? ""
        var extensions = [(NID_basic_constraints, recipe.authority ? "critical,CA:TRUE\(pathLength)" : "CA:FALSE")]
        extensions.append((NID_subject_key_identifier, "hash"))
        if issuer != nil { extensions.append((NID_authority_key_identifier, "keyid")) }
        if !recipe.names.isEmpty {
            extensions.append((NID_subject_alt_name, recipe.names.map { "DNS:\($0)" }.joined(separator: ",")))
        }
        if !recipe.purposes.isEmpty { extensions.append((NID_ext_key_usage, recipe.purposes.joined(separator: ","))) }
        for (identifier, text) in extensions + recipe.extensions {
            var context = X509V3_CTX()
            X509V3_set_ctx(&context, issuer?.certificate ?? certificate, certificate, nil, nil, 0)
            let value = try OpenSSL.make("X509V3_EXT_conf_nid") { X509V3_EXT_conf_nid(nil, &context, identifier, text) }
            X509_add_ext(certificate, value, -1)
            X509_EXTENSION_free(value)
        }
        try OpenSSL.call("X509_sign") { X509_sign(certificate, issuer?.key ?? key, EVP_sha256()) }
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    /// `mx.example.com`, or what the recipe is made into.
    static func make(_ edit: (inout Recipe) -> Void) throws -> TestCertificate {
        var recipe = Recipe()
        edit(&recipe)
        return try TestCertificate(recipe)
    }

    private static func freshKey() throws -> OpaquePointer {
        let context = try OpenSSL.make("EVP_PKEY_CTX") { EVP_PKEY_CTX_new_from_name(nil, "EC", nil) }
        defer { EVP_PKEY_CTX_free(context) }
        try OpenSSL.call("EVP_PKEY_keygen_init") { EVP_PKEY_keygen_init(context) }
        try OpenSSL.call("EVP_PKEY_CTX_set_group_name") { EVP_PKEY_CTX_set_group_name(context, "P-256") }
        var key: OpaquePointer?
        try OpenSSL.call("EVP_PKEY_generate") { EVP_PKEY_generate(context, &key) }
        return try OpenSSL.make("EVP_PKEY_generate") { key }
    }

    private static func freshRSAKey(_ bits: CInt) throws -> OpaquePointer {
        let context = try OpenSSL.make("EVP_PKEY_CTX") { EVP_PKEY_CTX_new_from_name(nil, "RSA", nil) }
        defer { EVP_PKEY_CTX_free(context) }
        try OpenSSL.call("EVP_PKEY_keygen_init") { EVP_PKEY_keygen_init(context) }
        try OpenSSL.call("EVP_PKEY_CTX_set_rsa_keygen_bits") { EVP_PKEY_CTX_set_rsa_keygen_bits(context, bits) }
        var key: OpaquePointer?
        try OpenSSL.call("EVP_PKEY_generate") { EVP_PKEY_generate(context, &key) }
        return try OpenSSL.make("EVP_PKEY_generate") { key }
    }

    /// The whole certificate, DER.
    var der: [UInt8] {
        octets { i2d_X509(certificate, $0) }
    }

    /// SubjectPublicKeyInfo, DER.
    var publicKey: [UInt8] {
        octets { i2d_PUBKEY(key, $0) }
    }

    private func octets(_ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> CInt) -> [UInt8] {
        var start: UnsafeMutablePointer<UInt8>?
        let length = encode(&start)
        defer { CRYPTO_free(start, nil, 0) }
        return Array(UnsafeBufferPointer(start: start, count: Int(max(0, length))))
    }

    var pem: [UInt8] {
        written { PEM_write_bio_X509($0, certificate) }
    }

    var keyPEM: [UInt8] {
        written { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    private func written(_ write: (OpaquePointer?) -> CInt) -> [UInt8] {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: BIO_ctrl_pending(bio)) { buffer, count in
            count = max(0, Int(BIO_read(bio, buffer.baseAddress, CInt(buffer.count))))
        }
    }

    /// The TLSA record that matches this certificate.
    func record(_ usage: UInt8, _ selector: UInt8, _ matchingType: UInt8) throws -> TLSARecord {
        let content = selector == 0 ? der : publicKey
        let data: [UInt8]
        switch matchingType {
        case 1: data = try SHA256Digest.digest(of: content)
        case 2:
            data = [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
                _ = SHA512(content, content.count, buffer.baseAddress)
                count = 64
            }
        default: data = content
        }
        return TLSARecord(usage: usage, selector: selector, matchingType: matchingType, data: data)
    }
}

extension TLSARecord {
    /// The same parameters, other data.
    var mismatching: TLSARecord {
        TLSARecord(
            usage: usage, selector: selector, matchingType: matchingType,
            data: [UInt8](repeating: 0, count: data.count))
    }
}
