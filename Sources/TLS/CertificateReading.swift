import COpenSSL
import Mail

extension CertificateFacts {
    /// Octets of a subject or an issuer shown to people; the rest is cut. Ours.
    static let subjectLimit = 512
    /// DNS names of one certificate shown to people. Ours.
    static let nameLimit = 100

    /// Reads a certificate (`X509`), which stays the caller's. Never fails: what cannot be read is empty.
    init(reading certificate: OpaquePointer) {
        self.init(
            subject: Self.text(of: X509_get_subject_name(certificate)), names: Self.names(of: certificate),
            notBefore: WallTime(X509_get0_notBefore(certificate)), notAfter: WallTime(X509_get0_notAfter(certificate)),
            issuer: Self.text(of: X509_get_issuer_name(certificate)),
            certificateDigest: CertificateEncoding.digest(
                CertificateEncoding.certificate(certificate), by: EVP_sha256()),
            publicKeyDigest: CertificateEncoding.digest(CertificateEncoding.publicKey(certificate), by: EVP_sha256()))
        ERR_clear_error()
    }

    /// "C = DE, O = Example, CN = mx.example.com"
    static func text(of name: OpaquePointer?) -> String {
        guard let name, let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        guard X509_NAME_print_ex(bio, name, 0, shim_name_flags) >= 0 else { return "" }
        return String(decoding: octets(of: bio), as: UTF8.self)
    }

    private static func octets(of bio: OpaquePointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: subjectLimit) { buffer, count in
            count = max(0, Int(BIO_read(bio, buffer.baseAddress, CInt(buffer.count))))
        }
    }

    /// DNS names of the subjectAltName extension, as they stand there: a log must escape them.
    private static func names(of certificate: OpaquePointer) -> [String] {
        guard let extensionValue = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let stack = OpaquePointer(extensionValue)
        defer { GENERAL_NAMES_free(stack) }
        var names: [String] = []
        for index in 0..<min(OPENSSL_sk_num(stack), CInt(nameLimit)) {
            guard let entry = OPENSSL_sk_value(stack, index) else { continue }
            var type: CInt = 0
            let value = GENERAL_NAME_get0_value(entry.assumingMemoryBound(to: GENERAL_NAME.self), &type)
            guard type == GEN_DNS, let value else { continue }
            let string = value.assumingMemoryBound(to: ASN1_STRING.self)
            let length = min(Int(ASN1_STRING_length(string)), DomainName.lengthLimit + 1)
            guard length > 0, let start = ASN1_STRING_get0_data(string) else { continue }
            names.append(String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self))
        }
        return names
    }
}

extension WallTime {
    /// Reads an `ASN1_TIME`; nil where it is none.
    init?(_ time: UnsafePointer<ASN1_TIME>?) {
        guard let time, let epoch = ASN1_TIME_set(nil, 0) else { return nil }
        defer { ASN1_TIME_free(epoch) }
        var days: CInt = 0
        var seconds: CInt = 0
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
        self.init(seconds: Int64(days) * 86_400 + Int64(seconds))
    }
}
