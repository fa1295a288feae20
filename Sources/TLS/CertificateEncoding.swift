import COpenSSL

/// DER of a certificate (`X509`), as digests and TLSA records see it.
enum CertificateEncoding {
    /// The whole certificate; nil where OpenSSL cannot write it.
    static func certificate(_ certificate: OpaquePointer) -> [UInt8]? {
        octets { i2d_X509(certificate, $0) }
    }

    /// Its SubjectPublicKeyInfo, of a key OpenSSL need not know.
    static func publicKey(_ certificate: OpaquePointer) -> [UInt8]? {
        guard let key = X509_get_X509_PUBKEY(certificate) else { return nil }
        return octets { i2d_X509_PUBKEY(key, $0) }
    }

    static func digest(_ octets: [UInt8]?, by algorithm: OpaquePointer?) -> [UInt8]? {
        guard let octets, let algorithm else { return nil }
        var made = false
        let digest = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            var length: CUnsignedInt = 0
            made = EVP_Digest(octets, octets.count, buffer.baseAddress, &length, algorithm, nil) == 1
            count = made ? Int(length) : 0
        }
        return made ? digest : nil
    }

    /// What an `i2d` function writes into memory of its own.
    private static func octets(
        _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> CInt
    ) -> [UInt8]? {
        var start: UnsafeMutablePointer<UInt8>?
        let length = encode(&start)
        defer { CRYPTO_free(start, nil, 0) }
        guard length > 0, let start else { return nil }
        return Array(UnsafeBufferPointer(start: start, count: Int(length)))
    }
}
