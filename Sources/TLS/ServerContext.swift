import COpenSSL

/// Our certificate and key for STARTTLS at the intake. Whatever name a client sends as SNI, it gets this certificate
/// (D13, TLS-05); no client certificate is asked for (TLS-14).
public final class ServerContext: @unchecked Sendable {
    /// Reads PEM files: the chain, leaf first, and its key. Fails with ``TLSError/Kind/file(_:)``, naming the path and
    /// what is wrong with it.
    public init(certificateFile: String, keyFile: String, minimumVersion: TLSVersion = .tls12) throws(TLSError) {
    }
}
