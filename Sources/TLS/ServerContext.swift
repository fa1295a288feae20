import COpenSSL
public import Mail

/// Our certificate and key at the intake, for STARTTLS and for TLS from the first octet.
///
/// Whatever name a client sends as SNI, or none, it gets this certificate (D13, TLS-05). Where no client certificates are asked
/// for, sessions are resumed by tickets, encrypted with keys that live as long as this object: a reload rotates them.
public final class ServerContext: @unchecked Sendable {
    // @unchecked Sendable because the SSL_CTX is changed by nobody after `init`; OpenSSL counts its references
    // atomically.

    let owned: OwnedContext

    /// Reads PEM files: the chain, leaf first, and its key. Fails with ``TLSError/Kind/file(_:)``, naming the path and
    /// what is wrong with it.
    public init(
        certificateFile: String, keyFile: String, minimumVersion: TLSVersionFloor = .tls12,
        clientCertificates: ClientCertificateRequest = .none
    ) throws(TLSError) {
        owned = try OwnedContext(TLS_server_method())
        let context = owned.pointer
        let floor = minimumVersion
        try owned.configure(from: floor)
        try owned.restrict(
            to: floor < .tls12 ? CipherList.obsolete : CipherList.opportunistic, securityLevel: floor < .tls12 ? 0 : 1)
        SSL_CTX_set_options(context, shim_server_options)
        // Tickets only: the library's table of sessions would be memory that clients fill.
        _ = shim_SSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
        try OpenSSL.call("SSL_CTX_set_session_id_context") {
            SSL_CTX_set_session_id_context(context, Self.sessionContext, CUnsignedInt(Self.sessionContext.count))
        }
        switch clientCertificates {
        case .none: SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        case .asked(let authorities): try owned.askForCertificates(of: authorities)
        }
        try owned.present(certificateFile: certificateFile, keyFile: keyFile)
    }

    /// When our certificate ends; nil where it has no date that can be read.
    public var notAfter: WallTime? {
        guard let certificate = SSL_CTX_get0_certificate(owned.pointer) else { return nil }
        return WallTime(X509_get0_notAfter(certificate))
    }

    /// Tells our sessions from those of other programs with the same ticket keys; there are none, but OpenSSL resumes no session
    /// without it where it verifies clients (SSL_CTX_set_session_id_context(3)). At most 32 octets.
    private static let sessionContext = Array("waxwing intake".utf8)
}
