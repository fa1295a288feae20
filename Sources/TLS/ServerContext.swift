import COpenSSL
public import Mail

/// Our certificate and key for STARTTLS at the intake.
///
/// Whatever name a client sends as SNI, or none, it gets this certificate (D13, TLS-05). No client certificate is asked
/// for (TLS-14). Session tickets are encrypted with keys that live as long as this object: a reload rotates them.
public final class ServerContext: @unchecked Sendable {
    // @unchecked Sendable because the SSL_CTX is changed by nobody after `init`; OpenSSL counts its references
    // atomically.

    let owned: OwnedContext

    /// Reads PEM files: the chain, leaf first, and its key. Fails with ``TLSError/Kind/file(_:)``, naming the path and
    /// what is wrong with it.
    public init(certificateFile: String, keyFile: String, minimumVersion: TLSVersionFloor = .tls12) throws(TLSError) {
        owned = try OwnedContext(TLS_server_method())
        let context = owned.pointer
        let floor = minimumVersion
        try owned.configure(from: floor)
        try owned.restrict(
            to: floor < .tls12 ? CipherList.obsolete : CipherList.opportunistic, securityLevel: floor < .tls12 ? 0 : 1)
        SSL_CTX_set_options(context, shim_server_options)
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        // Tickets only: the library's table of sessions would be memory that clients fill.
        _ = shim_SSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
        try owned.present(certificateFile: certificateFile, keyFile: keyFile)
    }
}
