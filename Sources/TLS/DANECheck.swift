import COpenSSL
public import Mail

/// Whether a chain satisfies TLSA records: the verifier of the handshake without a handshake, for `relayctl`.
public enum DANECheck: Hashable, Sendable {
    /// By this record; depth 0 is the leaf.
    case verified(matched: TLSARecord, depth: Int)
    /// With OpenSSL's words.
    case refused(CertificateFault, String)
    /// No record that SMTP can use.
    case unusable

    /// Certificates read from a chain; ours.
    public static let certificateLimit = 100

    /// Throws ``TLSError/Kind/file(_:)`` (with an empty path) where `chain` holds no certificate, or too many.
    ///
    /// - `chain`: PEM, as the server presents it, leaf first. Anything between certificates is skipped.
    /// - `time`: nil is now.
    /// - `context`: of class `dane`.
    public init(
        chain: [UInt8], reference: DANEReference, at time: WallTime? = nil, context: ClientContext
    ) throws(TLSError) {
        guard context.verification == .dane else {
            throw TLSError(.requirement, text: "the TLS context is not made for DANE")
        }
        let certificates = try CertificateStack(pem: chain)
        defer { extendLifetime(certificates) }
        guard let leaf = certificates.first else {
            throw TLSError(.file(""), text: "the chain holds no certificate in PEM form")
        }
        let connection = try OwnedConnection(context.owned)
        defer { extendLifetime(connection) }
        let ssl = connection.pointer
        SSL_set_connect_state(ssl)
        guard try !context.usableRecords(of: reference.records).isEmpty else {
            self = .unusable
            return
        }
        try DANEVerifier.demand(reference, of: ssl)
        if let time { X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), Int(time.seconds)) }

        let store = try OpenSSL.make("X509_STORE_CTX_new") { X509_STORE_CTX_new() }
        defer { X509_STORE_CTX_free(store) }
        try OpenSSL.call("X509_STORE_CTX_init") {
            X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(context.owned.pointer), leaf, certificates.pointer)
        }
        // From here as OpenSSL does it within a handshake: purpose, then the session's own parameters, then DANE.
        try OpenSSL.call("X509_STORE_CTX_set_default") { X509_STORE_CTX_set_default(store, "ssl_server") }
        let parameters = X509_STORE_CTX_get0_param(store)
        X509_VERIFY_PARAM_set_auth_level(parameters, SSL_get_security_level(ssl))
        try OpenSSL.call("X509_VERIFY_PARAM_set1") { X509_VERIFY_PARAM_set1(parameters, SSL_get0_param(ssl)) }
        X509_STORE_CTX_set0_dane(store, SSL_get0_dane(ssl))
        ERR_clear_error()
        let accepted = X509_verify_cert(store) == 1
        ERR_clear_error()
        let result = X509_STORE_CTX_get_error(store)
        guard accepted, result == X509_V_OK else {
            let code = result == X509_V_OK ? Int(X509_V_ERR_UNSPECIFIED) : Int(result)
            self = .refused(CertificateFault(verifyResult: code), DANEVerifier.verifyText(code))
            return
        }
        // The session had no part in it so far: its verify result says what the store's does.
        SSL_set_verify_result(ssl, Int(result))
        switch DANEVerifier.verification(by: ssl) {
        case .dane(let matched, let depth): self = .verified(matched: matched, depth: depth)
        case .failed(let fault, let text): self = .refused(fault, text)
        case .unverified: self = .refused(.other, "nothing was verified")
        }
    }
}

/// Owns a `STACK_OF(X509)` and the certificates in it.
private final class CertificateStack {
    let pointer: OpaquePointer

    init(pem: [UInt8]) throws(TLSError) {
        pointer = try OpenSSL.make("sk_X509_new_null") { OPENSSL_sk_new_null() }
        let bio = try OpenSSL.make("BIO_new") { BIO_new(BIO_s_mem()) }
        defer { BIO_free(bio) }
        guard let length = CInt(exactly: pem.count), pem.isEmpty || BIO_write(bio, pem, length) == length else {
            throw TLSError(.file(""), text: "the chain is too long")
        }
        while true {
            ERR_clear_error()
            guard let certificate = PEM_read_bio_X509(bio, nil, nil, nil) else { break }
            guard OPENSSL_sk_num(pointer) < DANECheck.certificateLimit,
                OPENSSL_sk_push(pointer, UnsafeRawPointer(certificate)) > 0
            else {
                X509_free(certificate)
                throw TLSError(.file(""), text: "more than \(DANECheck.certificateLimit) certificates")
            }
        }
        // The end of the text is "no start line"; anything else is a certificate that cannot be read.
        let code = ERR_peek_last_error()
        guard ERR_GET_REASON(code) == PEM_R_NO_START_LINE else {
            throw OpenSSL.drained("PEM_read_bio_X509", .file(""))
        }
        ERR_clear_error()
    }

    deinit {
        OPENSSL_sk_pop_free(pointer) { certificate in X509_free(certificate.map { OpaquePointer($0) }) }
    }

    var first: OpaquePointer? {
        OPENSSL_sk_value(pointer, 0).map { OpaquePointer($0) }
    }
}
