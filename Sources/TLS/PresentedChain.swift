import COpenSSL

extension TLSSession {
    /// Certificates of a chain that are kept. Ours: honest chains have two to four.
    public static let keptCertificates = 8
    /// Octets of one certificate that is kept. Ours: honest ones have one to three thousand.
    public static let keptCertificateOctets = 16 * 1024

    /// The certificates as the server presented them, DER, leaf first, as far as they are within the bounds; for a resumed session
    /// those of the full handshake.
    ///
    /// Where the handshake failed for its certificate, those that the verifier had in its hands. Empty where none came so far.
    public func presentedEncodings() -> [[UInt8]] {
        guard case .ofServer = demanded else { return [] }
        defer { ERR_clear_error() }
        let ssl = owned.pointer
        var chain = SSL_get_peer_cert_chain(ssl)
        if OPENSSL_sk_num(chain) <= 0 { chain = SSL_get0_verified_chain(ssl) }
        var encodings: [[UInt8]] = []
        for index in 0..<min(max(0, OPENSSL_sk_num(chain)), CInt(Self.keptCertificates)) {
            guard let certificate = OPENSSL_sk_value(chain, index),
                let octets = CertificateEncoding.certificate(OpaquePointer(certificate)),
                octets.count <= Self.keptCertificateOctets
            else { break }
            encodings.append(octets)
        }
        return encodings
    }
}
