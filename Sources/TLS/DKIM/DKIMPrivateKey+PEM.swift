import COpenSSL

extension DKIMPrivateKey {
    /// The keys we make.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case rsa2048 = "rsa-2048"
        case rsa3072 = "rsa-3072"
        case rsa4096 = "rsa-4096"
        case ed25519

        /// Of an RSA key.
        var bits: Int? {
            switch self {
            case .rsa2048: 2048
            case .rsa3072: 3072
            case .rsa4096: 4096
            case .ed25519: nil
            }
        }
    }

    /// A new key, as PKCS#8 in PEM, unencrypted: to be written to a file that only its reader can read.
    public static func generate(_ kind: Kind) throws(TLSError) -> [UInt8] {
        let key = try OwnedKey("EVP_PKEY_generate") { make(kind) }
        let memory = try Memory("BIO_new") { BIO_new(BIO_s_secmem()) }
        try OpenSSL.call("PEM_write_bio_PKCS8PrivateKey") {
            PEM_write_bio_PKCS8PrivateKey(memory.pointer, key.pointer, nil, nil, 0, nil, nil)
        }
        var pem = [UInt8](repeating: 0, count: fileLimit)
        let length = try OpenSSL.call("BIO_read") { BIO_read(memory.pointer, &pem, CInt(pem.count)) }
        defer { pem.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        return Array(pem.prefix(Int(length)))
    }

    private static func make(_ kind: Kind) -> OpaquePointer? {
        let context = EVP_PKEY_CTX_new_id(kind.bits == nil ? EVP_PKEY_ED25519 : EVP_PKEY_RSA, nil)
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_keygen_init(context) == 1 else { return nil }
        if let bits = kind.bits, EVP_PKEY_CTX_set_rsa_keygen_bits(context, CInt(bits)) != 1 { return nil }
        var key: OpaquePointer?
        return EVP_PKEY_keygen(context, &key) == 1 ? key : nil
    }

    /// The first private key in `pem`.
    static func read(_ pem: UnsafeRawBufferPointer) throws(TLSError) -> OwnedKey {
        guard let length = CInt(exactly: pem.count) else { throw TLSError(.requirement, text: "the key is too long") }
        let memory = try Memory("BIO_new_mem_buf") { BIO_new_mem_buf(pem.baseAddress, length) }
        do throws(TLSError) {
            return try OwnedKey("PEM_read_bio_PrivateKey") {
                // Without a callback OpenSSL asks the terminal for the key's pass phrase.
                PEM_read_bio_PrivateKey(memory.pointer, nil, { _, _, _, _ in -1 }, nil)
            }
        } catch {
            throw TLSError(.requirement, code: error.code, text: unreadable(pem, error))
        }
    }

    /// Owns a `BIO` over memory.
    private struct Memory: ~Copyable {
        let pointer: OpaquePointer

        init(_ name: StaticString, _ make: () -> OpaquePointer?) throws(TLSError) {
            pointer = try OpenSSL.make(name, make)
        }

        deinit {
            BIO_free(pointer)
        }
    }
}
