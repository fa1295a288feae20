import COpenSSL
import Mail

extension OwnedContext {
    /// Asks every client for a certificate, and takes any or none: what it is worth is said by the verify result.
    ///
    /// - `authorities`: a PEM file; without one the verify result is always an error.
    func askForCertificates(of authorities: String?) throws(TLSError) {
        let context = pointer
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        SSL_CTX_set_verify_depth(context, CInt(ClientContext.chainDepthLimit))
        _ = shim_SSL_CTX_set_max_cert_list(context, ClientContext.certificateListLimit)
        // A resumed session would show the certificate and the verify result of the first one, also after the certificate has
        // expired or the authorities were changed. So each handshake is a full one.
        SSL_CTX_set_options(context, shim_options_no_ticket)
        try OpenSSL.call("SSL_CTX_set_num_tickets") { SSL_CTX_set_num_tickets(context, 0) }
        guard let authorities else {
            SSL_CTX_set_cert_verify_callback(context, ClientVerification.unjudged, nil)
            return
        }
        let anchors = try OwnedTrust(.file(authorities))
        try OpenSSL.call("SSL_CTX_set1_verify_cert_store") {
            CInt(shim_SSL_CTX_set1_verify_cert_store(context, anchors.pointer))
        }
        SSL_CTX_set_cert_verify_callback(context, ClientVerification.judged, nil)
        try nameAuthorities(in: authorities)
    }

    /// Sends the names of the authorities with the question.
    private func nameAuthorities(in path: String) throws(TLSError) {
        let names = try OpenSSL.make("SSL_load_client_CA_file") { SSL_load_client_CA_file(path) }
        var octets = 0
        for index in 0..<max(0, OPENSSL_sk_num(names)) {
            guard let name = OPENSSL_sk_value(names, index) else { continue }
            octets += Int(max(0, i2d_X509_NAME(OpaquePointer(name), nil))) + 2
        }
        // Takes the names over.
        SSL_CTX_set_client_CA_list(pointer, names)
        guard octets <= ClientVerification.authorityNamesLimit else {
            throw TLSError(
                .file(path),
                text:
                    "\(path) names so many authorities (\(octets) octets of names) that they cannot be sent to clients")
        }
    }
}

/// What becomes of a client's certificate within the handshake. Never its end: mail of a client with a bad certificate is refused
/// in words, if it is refused.
enum ClientVerification {
    /// Octets of the names of all authorities, each with two octets of length. Ours: with what else stands in it, a
    /// CertificateRequest has place for some 65,000 (RFC 8446 §4.3.2); the 140 of a system's bundle take 16,000.
    static let authorityNamesLimit = 60_000

    typealias Callback = @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> CInt

    /// By the authorities of the context: purpose, dates and signatures, as OpenSSL does it for servers. Its verifier stops at the
    /// first fault, which stays the verify result.
    static let judged: Callback = { store, _ in
        guard let store else { return 0 }
        let parameters = X509_STORE_CTX_get0_param(store)
        X509_VERIFY_PARAM_set_auth_level(parameters, WebPKIVerifier.securityLevel)
        // An authority that is listed is trusted itself, be it a root or not.
        _ = X509_VERIFY_PARAM_set_flags(parameters, CUnsignedLong(X509_V_FLAG_PARTIAL_CHAIN))
        if X509_verify_cert(store) != 1, X509_STORE_CTX_get_error(store) == X509_V_OK {
            X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED)
        }
        ERR_clear_error()
        return 1
    }

    /// By nobody: no chain of a stranger is built.
    static let unjudged: Callback = { store, _ in
        guard let store else { return 0 }
        X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
        return 1
    }
}
