import COpenSSL
import Glibc

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
    public init(certificateFile: String, keyFile: String, minimumVersion: TLSVersion = .tls12) throws(TLSError) {
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
        // Without a callback OpenSSL asks the terminal for the key's pass phrase.
        SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in -1 }

        try Self.readable(certificateFile)
        try Self.readable(keyFile)
        try Self.load(certificateFile, "holds no usable certificate chain in PEM form") {
            SSL_CTX_use_certificate_chain_file(context, certificateFile)
        }
        do throws(TLSError) {
            try Self.load(keyFile, "holds no usable private key in PEM form, unencrypted") {
                SSL_CTX_use_PrivateKey_file(context, keyFile, SSL_FILETYPE_PEM)
            }
        } catch {
            // OpenSSL has compared the two already.
            let mismatches = [X509_R_KEY_VALUES_MISMATCH, X509_R_KEY_TYPE_MISMATCH]
            guard mismatches.contains(ERR_GET_REASON(CUnsignedLong(error.code))) else { throw error }
            throw TLSError(
                error.kind, code: error.code,
                text: "\(keyFile) is not the key of the certificate in \(certificateFile)")
        }
        try Self.load(keyFile, "does not go with the certificate in \(certificateFile)") {
            SSL_CTX_check_private_key(context)
        }
    }

    /// A missing file is said in the system's words; OpenSSL's are about its own layers.
    private static func readable(_ path: String) throws(TLSError) {
        guard access(path, R_OK) == 0 else {
            throw TLSError(.file(path), text: "\(path): \(OpenSSL.systemText(errno))")
        }
    }

    private static func load(_ path: String, _ fault: String, _ body: () -> CInt) throws(TLSError) {
        do throws(TLSError) {
            try OpenSSL.call("OpenSSL", body)
        } catch {
            throw TLSError(.file(path), code: error.code, text: "\(path) \(fault) (\(error.text))")
        }
    }
}
