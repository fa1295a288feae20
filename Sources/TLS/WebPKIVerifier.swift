import COpenSSL
import Mail

/// OpenSSL's check of a chain against trust anchors and names (RFC 8461 §4.2, RFC 9525 §6), after the handshake: the
/// certificate may have to satisfy several references, and what is only recorded must not end the handshake.
enum WebPKIVerifier {
    /// SSL_CTX_set_security_level(3): 112 bits for keys and signatures of the chain, as in an authenticated handshake.
    static let securityLevel: CInt = 2

    /// The result, and for a trusted chain the seconds until the first of its certificates expires.
    struct Finding {
        let evidence: WebPKIEvidence
        var secondsLeft: Int64?
    }

    /// STS-30: the CN never counts. TLS-07: a wildcard is the whole first label, and stands for one (X509_check_host(3)).
    private static let nameFlags = CUnsignedInt(
        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)

    /// - `untrusted`: what the server presented (`STACK_OF(X509)`), its leaf may be among it.
    ///
    /// Throws ``TLSError/Kind/library`` where nothing could be found out.
    static func verify(
        _ leaf: OpaquePointer, untrusted: OpaquePointer?, _ reference: WebPKIReference, _ anchors: OwnedTrust
    ) throws(TLSError) -> Finding {
        let store = try OpenSSL.make("X509_STORE_CTX_new") { X509_STORE_CTX_new() }
        defer { X509_STORE_CTX_free(store) }
        try OpenSSL.call("X509_STORE_CTX_init") { X509_STORE_CTX_init(store, anchors.pointer, leaf, untrusted) }
        // From here as OpenSSL does it within a handshake.
        try OpenSSL.call("X509_STORE_CTX_set_default") { X509_STORE_CTX_set_default(store, "ssl_server") }
        let parameters = X509_STORE_CTX_get0_param(store)
        X509_VERIFY_PARAM_set_auth_level(parameters, securityLevel)
        X509_VERIFY_PARAM_set_depth(parameters, CInt(ClientContext.chainDepthLimit))
        // OpenSSL checks no name where it is given none, or an empty one.
        let names = reference.names.filter { !$0.text.isEmpty }
        guard !names.isEmpty else { throw TLSError(.requirement, text: "no name to look for in the certificate") }
        X509_VERIFY_PARAM_set_hostflags(parameters, nameFlags)
        for name in names {
            try OpenSSL.call("X509_VERIFY_PARAM_add1_host") { X509_VERIFY_PARAM_add1_host(parameters, name.text, 0) }
        }

        ERR_clear_error()
        let accepted = X509_verify_cert(store) == 1
        ERR_clear_error()
        let result = X509_STORE_CTX_get_error(store)
        guard accepted, result == X509_V_OK else { return Finding(evidence: try failure(result, store)) }
        // X509_VERIFY_PARAM_get0_peername(3) tells the name as the certificate has it, "*.example.com".
        guard let matched = names.first(where: { X509_check_host(leaf, $0.text, 0, nameFlags, nil) == 1 }) else {
            return Finding(evidence: .failed(.hostMismatch, DANEVerifier.verifyText(Int(X509_V_ERR_HOSTNAME_MISMATCH))))
        }
        return Finding(
            evidence: .trusted(name: matched), secondsLeft: secondsLeft(of: X509_STORE_CTX_get0_chain(store)))
    }

    private static func failure(_ result: CInt, _ store: OpaquePointer) throws(TLSError) -> WebPKIEvidence {
        let code = result == X509_V_OK ? X509_V_ERR_UNSPECIFIED : result
        guard code != X509_V_ERR_OUT_OF_MEM else { throw TLSError(.library, text: "X509_verify_cert: out of memory") }
        var words = DANEVerifier.verifyText(Int(code))
        let depth = X509_STORE_CTX_get_error_depth(store)
        if depth > 0 { words += " (at depth \(depth) of the chain)" }
        return .failed(CertificateFault(verifyResult: Int(code)), words)
    }

    /// Seconds until the first certificate of `chain` expires; negative where one has. Nil where there is no saying.
    static func secondsLeft(of chain: OpaquePointer?) -> Int64? {
        var least: Int64?
        for index in 0..<max(0, OPENSSL_sk_num(chain)) {
            var days: CInt = 0
            var seconds: CInt = 0
            guard let certificate = OPENSSL_sk_value(chain, index),
                ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(OpaquePointer(certificate))) == 1
            else { return 0 }
            let left = Int64(days) * 86_400 + Int64(seconds)
            least = min(least ?? left, left)
        }
        return least
    }
}
